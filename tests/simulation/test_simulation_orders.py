"""What may happen in a simulated run is what may happen: all of it, and nothing else."""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.simulation import AtRandom, Outcome, Plain, Settings, simulate
from tests.simulation.schedules import every_schedule
from tests.support.examples import tried

Action = tuple[str, str]  # what, and to which of two variables
Script = list[Action]  # each action is a step of its own: between two of them, others may run

SEEDS = st.integers(0, 2**32)


def interleavings(counts: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Every order of so many steps of each task: the oracle, which knows nothing of loops."""
    if not any(counts):
        yield ()
    for task, left in enumerate(counts):
        if left:
            rest = (*counts[:task], left - 1, *counts[task + 1 :])
            yield from ((task, *order) for order in interleavings(rest))


def state_after(scripts: list[Script], order: tuple[int, ...]) -> tuple[tuple[str, int], ...]:
    """The variables when the steps ran in this order."""
    shared, own = {"x": 0, "y": 0}, [0] * len(scripts)
    at = [0] * len(scripts)
    for task in order:
        what, variable = scripts[task][at[task]]
        at[task] += 1
        do(what, variable, shared, own, task)
    return tuple(sorted(shared.items()))


def do(what: str, variable: str, shared: dict[str, int], own: list[int], task: int) -> None:
    if what == "load":
        own[task] = shared[variable]
    elif what == "add":
        own[task] += task + 1
    else:
        shared[variable] = own[task]


def program_of_scripts(
    scripts: list[Script],
) -> Callable[[], Coroutine[Any, Any, tuple[tuple[str, int], ...]]]:
    async def main() -> tuple[tuple[str, int], ...]:
        shared, own = {"x": 0, "y": 0}, [0] * len(scripts)

        async def work(task: int) -> None:
            for number, (what, variable) in enumerate(scripts[task]):
                if number:
                    await asyncio.sleep(0)
                do(what, variable, shared, own, task)

        await asyncio.gather(*(work(task) for task in range(len(scripts))))
        return tuple(sorted(shared.items()))

    return main


_ACTIONS = st.tuples(st.sampled_from(["load", "add", "store"]), st.sampled_from("xy"))
_SCRIPTS = st.lists(st.lists(_ACTIONS, min_size=1, max_size=3), min_size=1, max_size=3).filter(
    lambda scripts: sum(map(len, scripts)) <= 6
)


@given(_SCRIPTS, SEEDS)
@tried(60)
def test_any_seed_gives_a_result_that_is_possible(scripts: list[Script], seed: int) -> None:
    """The oracle lists all interleavings of the steps; a random run's end is that of one of them."""
    possible = {
        state_after(scripts, order) for order in interleavings(tuple(len(script) for script in scripts))
    }
    assert simulate(program_of_scripts(scripts), AtRandom(seed)).result() in possible


@given(_SCRIPTS.filter(lambda scripts: sum(map(len, scripts)) <= 5))
@tried(20)
def test_every_result_that_is_possible_is_found(scripts: list[Script]) -> None:
    """All schedules of a program together end as all interleavings do: none is out of reach."""
    possible = {
        state_after(scripts, order) for order in interleavings(tuple(len(script) for script in scripts))
    }
    assert {run.result() for run in every_schedule(program_of_scripts(scripts))} == possible


@pytest.mark.parametrize("counts", [(2, 2), (3, 2), (2, 2, 1)])
def test_every_order_of_steps_is_a_schedule(counts: tuple[int, ...]) -> None:
    """As many traces as interleavings: (sum of steps)! by the product of each task's steps!."""

    async def main() -> tuple[int, ...]:
        trace: list[int] = []

        async def work(task: int) -> None:
            for step in range(counts[task]):
                if step:
                    await asyncio.sleep(0)
                trace.append(task)

        await asyncio.gather(*(work(task) for task in range(len(counts))))
        return tuple(trace)

    traces = {run.result() for run in every_schedule(main)}
    assert traces == set(interleavings(counts))
    assert len(traces) == math.factorial(sum(counts)) // math.prod(math.factorial(count) for count in counts)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8), SEEDS, st.sampled_from([0.0, 0.002, 0.01]))
@tried(80)
def test_nothing_is_early_and_nothing_later_than_it_may_be(
    delays: list[int], seed: int, lateness: float
) -> None:
    """A timer fires at its time or up to ``lateness`` after it; with 0, exactly."""

    async def main() -> list[tuple[float, float]]:
        loop = asyncio.get_running_loop()
        fired: list[tuple[float, float]] = []
        done = asyncio.Event()

        def fire(due: float) -> None:
            fired.append((due, loop.time()))
            if len(fired) == len(delays):
                done.set()

        for delay in delays:
            due = delay / 1000
            loop.call_at(due, fire, due)
        await done.wait()
        return fired

    run = simulate(main, AtRandom(seed), settings=Settings(lateness=lateness))
    assert all(due <= at <= due + lateness + 1e-9 for due, at in run.result())
    assert simulate(main, Plain()).result() == [(due / 1000, due / 1000) for due in sorted(delays)]


@given(SEEDS)
@tried(40)
def test_callbacks_keep_the_order_that_asyncio_promises(seed: int) -> None:
    """Among themselves, and before whoever waits for the future that they were added to first."""

    async def main() -> list[str]:
        log: list[str] = []
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        future.add_done_callback(lambda _: log.append("first"))

        both_wait = asyncio.Barrier(3)

        async def wait() -> None:
            await both_wait.wait()
            await future
            log.append("waiter")

        waiting = [asyncio.create_task(wait()) for _ in range(2)]
        for name in "abc":
            loop.call_soon(log.append, name)
        await both_wait.wait()
        await asyncio.sleep(0.1)
        future.set_result(None)
        await asyncio.gather(*waiting)
        return log

    log = simulate(main, AtRandom(seed)).result()
    assert [name for name in log if name in "abc"] == ["a", "b", "c"]
    assert log.index("first") < log.index("waiter")


def test_a_timer_overtakes_what_is_ready_for_longer() -> None:
    """A busy machine: the timeout fires before a task has gone on that could have gone on in time."""

    async def main() -> bool:
        async def slow() -> None:
            for _ in range(3):
                await asyncio.sleep(0)

        try:
            async with asyncio.timeout(0.001):
                await slow()
        except TimeoutError:
            return False
        return True

    assert {run.result() for run in every_schedule(main)} == {True, False}
    exact = Settings(lateness=0.0)
    assert {run.result() for run in every_schedule(main, exact)} == {True}


@given(SEEDS)
@tried(30)
def test_a_lock_holds_in_every_schedule(seed: int) -> None:
    """Without one, an update is lost under some schedule; with it, under none."""

    async def main() -> int:
        lock, box = asyncio.Lock(), [0]

        async def add() -> None:
            async with lock:
                value = box[0]
                await asyncio.sleep(0.001)
                box[0] = value + 1

        await asyncio.gather(*(add() for _ in range(4)))
        return box[0]

    run = simulate(main, AtRandom(seed))
    assert run.outcome is Outcome.RETURNED
    assert run.value == 4
    assert run.clean


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="asyncio.wait_for was written anew")
def test_a_race_of_asyncio_itself_is_found() -> None:
    """Until Python 3.12, ``wait_for`` may swallow a cancellation that comes as what it waits for is done.

    https://github.com/python/cpython/issues/86296; `asyncio.timeout` never does.
    """

    async def cancelled(wait: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        task = asyncio.create_task(wait())
        await asyncio.sleep(0.002)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    async def by_wait_for() -> None:
        await asyncio.wait_for(asyncio.sleep(0.001), 1)
        await asyncio.sleep(1)

    async def by_timeout() -> None:
        async with asyncio.timeout(1):
            await asyncio.sleep(0.001)
        await asyncio.sleep(1)

    swallowed = [not run.result() for run in every_schedule(lambda: cancelled(by_wait_for))]
    assert any(swallowed)
    assert simulate(lambda: cancelled(by_wait_for)).result()
    assert all(run.result() for run in every_schedule(lambda: cancelled(by_timeout)))
