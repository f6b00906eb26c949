"""The simulated world: how long it takes, what it answers, where it cuts, when it hangs up."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.simulation import (
    AtRandom,
    Kind,
    Outcome,
    Settings,
    any_of,
    cancel_somewhere,
    duplex,
    how_long,
    simulate,
    takes,
)
from tests.simulation.schedules import every_schedule
from tests.support.examples import tried

SEEDS = st.integers(0, 2**32)


@given(SEEDS, st.floats(0, 5), st.floats(0, 5))
@tried(40)
def test_what_is_outside_takes_between_its_bounds(seed: int, low: float, more: float) -> None:
    """And its shortest time in the plain schedule."""
    exact = Settings(lateness=0.0)

    async def main() -> float:
        await takes(low, low + more, "model")
        return asyncio.get_running_loop().time()

    assert low <= simulate(main, AtRandom(seed), settings=exact).result() <= low + more + 1e-9
    assert simulate(main).result() == low


def test_any_answer_is_a_schedule() -> None:
    """As many as there are; the plain one is the first."""

    async def main() -> int:
        return any_of(3)

    assert [run.result() for run in every_schedule(main)] == [0, 1, 2]
    assert [choice.kind for choice in simulate(main).tape] == [Kind.OUTSIDE]


def test_a_task_is_cancelled_at_each_of_its_waits() -> None:
    """Each await is reached by some schedule, and no code between two of them."""

    async def main() -> tuple[str, ...]:
        log: list[str] = []

        async def work() -> None:
            try:
                for name in "abc":
                    log.append(name)
                    await asyncio.sleep(0)
            except asyncio.CancelledError:
                log.append("cancelled")

        task = asyncio.create_task(work())
        cancel_somewhere(task, 4)
        await asyncio.wait([task])
        return tuple(log)

    found = [run.result() for run in every_schedule(main)]
    assert set(found) == {
        ("a", "b", "c"),
        ("a", "cancelled"),
        ("a", "b", "cancelled"),
        ("a", "b", "c", "cancelled"),
    }
    assert simulate(main).result() == ("a", "b", "c")


@given(SEEDS, st.lists(st.binary(min_size=1, max_size=30), max_size=6))
@tried(60)
def test_a_connection_delivers_in_order_whatever_it_cuts(seed: int, writes: list[bytes]) -> None:
    """All bytes, in order, then the end; echoed by the other side."""

    async def main() -> bytes:
        (reader, writer), (far_reader, far_writer) = duplex(0.001, 0.2)

        async def echo() -> None:
            while data := await far_reader.read(10):
                far_writer.write(data)
                await far_writer.drain()
            far_writer.close()
            await far_writer.wait_closed()

        echoing = asyncio.create_task(echo())
        for data in writes:
            writer.write(data)
            await writer.drain()
        writer.write_eof()
        heard = await reader.read()
        writer.close()
        await writer.wait_closed()
        await echoing
        return heard

    for strategy in (None, AtRandom(seed)):
        run = simulate(main, strategy)
        assert run.result() == b"".join(writes)
        assert run.clean, (run.leaked, run.unhandled)


def test_a_writer_waits_for_a_reader_that_does_not_read() -> None:
    """``drain`` waits while more is under way than the limit, which virtual time shows."""

    async def main() -> float:
        (_, writer), (far_reader, _far) = duplex(1.0, limit=100)
        writer.write(b"x" * 250)
        await writer.drain()
        drained = asyncio.get_running_loop().time()
        assert await far_reader.readexactly(250) == b"x" * 250
        writer.close()
        return drained

    assert simulate(main).result() == 1.0


def test_a_broken_connection_is_seen_at_the_other_end() -> None:
    """Its reads fail, after the time that anything takes."""

    async def main() -> float:
        (_, writer), (far_reader, _far) = duplex(0.5)
        writer.transport.abort()
        with pytest.raises(ConnectionResetError):
            await far_reader.read()
        return asyncio.get_running_loop().time()

    assert simulate(main).result() == 0.5


def test_times_that_cannot_be_are_refused() -> None:
    """Less than nothing, longest shorter than shortest; one of no things; outside of a simulation."""

    async def main() -> None:
        for low, high in ((-1.0, 1.0), (2.0, 1.0)):
            with pytest.raises(ValueError, match="no time that something could take"):
                how_long(low, high)
            with pytest.raises(ValueError, match="no time that something could take"):
                duplex(low, high)
        with pytest.raises(ValueError, match="cannot happen"):
            any_of(0)

    assert simulate(main).outcome is Outcome.RETURNED

    async def real() -> None:
        with pytest.raises(RuntimeError, match="for simulated programs"):
            await takes(1)

    asyncio.run(real())
