"""Timers: ties go either way, near ones may swap, far ones never; cancelled ones are no choice."""

from __future__ import annotations

import asyncio

import pytest

from backend.simulation import AtRandom, Settings, simulate
from tests.simulation.schedules import every_schedule


@pytest.mark.parametrize(
    ("apart", "lateness", "orders"),
    [
        (0.0, 0.005, {"ab", "ba"}),
        (0.0, 0.0, {"ab", "ba"}),
        (0.004, 0.005, {"ab", "ba"}),
        (0.006, 0.005, {"ab"}),
        (0.004, 0.0, {"ab"}),
        (0.5, 1.0, {"ab", "ba"}),
    ],
)
def test_two_timers_swap_if_they_are_near(apart: float, lateness: float, orders: set[str]) -> None:
    """Callbacks and sleeping tasks: two that are further apart than one may be late keep their order."""
    exact = Settings(lateness=lateness)

    async def callbacks() -> str:
        loop, order = asyncio.get_running_loop(), list[str]()
        loop.call_at(1.0, order.append, "a")
        loop.call_at(1.0 + apart, order.append, "b")
        await asyncio.sleep(5)
        return "".join(order)

    async def tasks() -> str:
        loop, order = asyncio.get_running_loop(), list[str]()

        async def wait(name: str, until: float) -> None:
            await asyncio.sleep(until - loop.time())
            order.append(name)

        await asyncio.gather(wait("a", 1.0), wait("b", 1.0 + apart))
        return "".join(order)

    assert {run.result() for run in every_schedule(callbacks, exact)} == orders
    # A task that is late falls asleep late, but it computes until when: only its waking up is late twice.
    found = {run.result() for run in every_schedule(tasks, exact)}
    assert orders <= found
    assert simulate(tasks, settings=exact).result() == "ab"


def test_a_tie_of_three_has_six_orders() -> None:
    """Each of them is one schedule."""

    async def main() -> str:
        loop, order = asyncio.get_running_loop(), list[str]()
        for name in "abc":
            loop.call_at(1.0, order.append, name)
        await asyncio.sleep(5)
        return "".join(order)

    found = [run.result() for run in every_schedule(main, Settings(lateness=0.0))]
    assert sorted(found) == ["abc", "acb", "bac", "bca", "cab", "cba"]


def test_cancelled_timers_are_no_choice_and_not_kept() -> None:
    """Ten thousand timeouts that never fire: no choices of them, and the agenda holds a few at a time."""

    async def main() -> int:
        most = 0
        loop = asyncio.get_running_loop()
        for _ in range(10_000):
            loop.call_later(3600, print).cancel()
            most = max(most, len(loop.agenda._timers))  # type: ignore[attr-defined]  # the loop's own
        await asyncio.sleep(0)
        return most

    run = simulate(main, AtRandom(1))
    assert run.result() < 200
    assert len(run.tape) == 0
    assert run.seconds == 0


def test_time_is_round() -> None:
    """A day of sleep takes no time, and is a day."""

    async def main() -> float:
        await asyncio.sleep(86_000)
        return asyncio.get_running_loop().time()

    assert simulate(main).result() == 86_000
