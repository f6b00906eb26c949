"""Executors without threads: what a pool promises holds, and when a job is done is a choice."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.simulation import AtRandom, Outcome, Settings, simulate
from tests.simulation.schedules import every_schedule
from tests.support.examples import tried

SEEDS = st.integers(0, 2**32)


@given(SEEDS, st.integers(1, 3))
@tried(40)
def test_a_pool_runs_as_many_as_it_has_workers(seed: int, workers: int) -> None:
    """One worker is a lock: jobs in order of submission; more may overtake each other, but no others."""

    async def main() -> tuple[list[int], float]:
        loop, order = asyncio.get_running_loop(), list[int]()
        with ThreadPoolExecutor(workers) as pool:

            def job(number: int) -> int:
                order.append(number)
                time.sleep(1)
                return number

            ends = await asyncio.gather(*(loop.run_in_executor(pool, job, number) for number in range(6)))
        assert ends == list(range(6))
        return order, loop.time()

    order, seconds = simulate(main, AtRandom(seed)).result()
    assert all(abs(order.index(number) - number) < 2 * workers - 1 for number in range(6))
    assert sorted(order) == list(range(6))
    rounds = 6 // workers
    assert rounds <= seconds < rounds + 0.3
    if workers == 1:
        assert order == list(range(6))


def test_a_job_may_be_done_before_or_after_a_timer() -> None:
    """Its time is a choice: both orders are schedules."""

    async def main() -> tuple[str, ...]:
        order: list[str] = []

        async def sleep() -> None:
            await asyncio.sleep(0.01)
            order.append("timer")

        async def work() -> None:
            await asyncio.to_thread(int)
            order.append("job")

        await asyncio.gather(sleep(), work())
        return tuple(order)

    exact = Settings(lateness=0.0)
    assert {run.result() for run in every_schedule(main, exact)} == {("job", "timer"), ("timer", "job")}
    assert simulate(main).result() == ("job", "timer")


def test_a_job_is_in_no_task_and_in_no_loop() -> None:
    """As in a thread: no running loop, no current task, a context of its own but for `asyncio.to_thread`."""
    who: ContextVar[str] = ContextVar("who", default="nobody")

    def look() -> tuple[bool, str]:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return False, who.get()
        return True, who.get()

    async def main() -> list[tuple[bool, str]]:
        who.set("main")
        loop = asyncio.get_running_loop()
        return [await loop.run_in_executor(None, look), await asyncio.to_thread(look)]

    assert simulate(main).result() == [(False, "nobody"), (False, "main")]


def test_jobs_fail_are_cancelled_and_refused_as_in_a_pool() -> None:
    """An error is the future's; a job that waits for a worker can be cancelled; a closed pool takes none."""

    async def main() -> list[str]:
        loop, told = asyncio.get_running_loop(), list[str]()
        pool = ThreadPoolExecutor(1, initializer=lambda: told.append("initialised"))
        first = loop.run_in_executor(pool, told.append, "first")
        second = loop.run_in_executor(pool, told.append, "second")
        failing = loop.run_in_executor(pool, int, "x")
        second.cancel()
        await first
        with pytest.raises(ValueError, match="invalid literal"):
            await failing
        last = pool.submit(told.append, "last")
        pool.shutdown(wait=True)
        assert last.done()
        with pytest.raises(RuntimeError, match="after shutdown"):
            pool.submit(print)
        return told

    run = simulate(main)
    assert run.result() == ["initialised", "first", "last"]
    assert run.clean


def test_waiting_for_a_job_without_the_loop_never_ends_and_is_told() -> None:
    """``future.result()`` blocks the loop's thread: in a simulation as in life."""

    async def main() -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(int).result()

    run = simulate(main, settings=Settings(patience=0.3))
    assert run.outcome is Outcome.NEVER_YIELDS
    assert "test_simulation_jobs.py" in str(run.error)


def test_a_job_calls_back_into_the_loop() -> None:
    """``call_soon_threadsafe`` and `asyncio.run_coroutine_threadsafe`, which are a thread's ways to it."""

    async def main() -> tuple[list[str], int]:
        loop, told = asyncio.get_running_loop(), list[str]()

        async def answer() -> int:
            await asyncio.sleep(0.1)
            return 42

        def job() -> Future[int]:
            loop.call_soon_threadsafe(told.append, "called")
            return asyncio.run_coroutine_threadsafe(answer(), loop)

        future = await asyncio.to_thread(job)
        return told, await asyncio.wrap_future(future)

    assert simulate(main).result() == (["called"], 42)


def test_an_executor_of_ones_own_is_its_own_affair() -> None:
    """One that runs jobs at once does so; one with threads of its own is refused."""

    class AtOnce(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_result(fn(*args, **kwargs))
            return future

    class Threaded(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            threading.Thread(target=fn).start()
            return Future()

    async def main(executor: Executor) -> int:
        return await asyncio.get_running_loop().run_in_executor(executor, int, "7")

    assert simulate(lambda: main(AtOnce())).result() == 7
    run = simulate(lambda: main(Threaded()))
    assert run.outcome is Outcome.ESCAPED
    assert "a thread" in str(run.error)
