"""How runs end that do not return: each says why, and where."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from contextlib import suppress

import pytest

from backend.simulation import (
    AtRandom,
    DeadlockError,
    NeverYieldsError,
    Outcome,
    Settings,
    simulate,
)

HERE = "test_simulation_endings.py:"


def test_a_deadlock_tells_where_each_task_waits() -> None:
    """Two locks in two orders: under some schedule nobody goes on, and both lines are named."""

    async def main() -> None:
        first, second = asyncio.Lock(), asyncio.Lock()

        async def take(one: asyncio.Lock, other: asyncio.Lock) -> None:
            async with one:
                await asyncio.sleep(0)
                async with other:
                    pass

        forth = asyncio.create_task(take(first, second), name="forth")
        back = asyncio.create_task(take(second, first), name="back")
        await asyncio.gather(forth, back)

    runs = [simulate(main, AtRandom(seed)) for seed in range(30)]
    assert {run.outcome for run in runs} == {Outcome.RETURNED, Outcome.DEADLOCK}
    stuck = next(run.error for run in runs if run.outcome is Outcome.DEADLOCK)
    assert isinstance(stuck, DeadlockError)
    waits = {wait.task: wait for wait in stuck.waits}
    assert set(waits) == {"main", "forth", "back"}
    assert waits["back"].what == "to acquire a lock"
    assert HERE in waits["back"].where
    assert waits["back"].where.endswith("take")
    assert "back waits to acquire a lock at " in str(stuck)


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("event", "for an event to be set"),
        ("queue", "for an item in a queue"),
        ("future", "for a future"),
        ("task", "for the task other"),
        ("group", "for the tasks of its group"),
    ],
)
def test_a_wait_is_told_for_what_it_is(what: str, told: str) -> None:
    """By what asyncio does there."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        never: asyncio.Future[None] = loop.create_future()

        async def wait() -> None:
            await never

        if what == "event":
            await asyncio.Event().wait()
        elif what == "queue":
            await asyncio.Queue[int]().get()
        elif what == "future":
            await never
        elif what == "task":
            await asyncio.create_task(wait(), name="other")
        else:
            async with asyncio.TaskGroup() as group:
                group.create_task(wait())

    error = simulate(main).error
    assert isinstance(error, DeadlockError)
    assert error.waits[0].what == told
    assert HERE in error.waits[0].where


def test_going_round_for_ever_is_told() -> None:
    """Without time passing, by its steps; with it, by its time."""

    async def spin() -> None:
        while True:  # noqa: ASYNC110 - for ever is the point
            await asyncio.sleep(0)

    async def tick() -> None:
        while True:  # noqa: ASYNC110 - for ever is the point
            await asyncio.sleep(60)

    run = simulate(spin, settings=Settings(steps=500))
    assert (run.outcome, run.steps) == (Outcome.STEP_LIMIT, 500)
    assert "500 steps, and no end; the last was of main" in str(run.error)
    run = simulate(tick, settings=Settings(seconds=3600))
    assert run.outcome is Outcome.TIME_LIMIT
    assert run.seconds > 3600


def _never_awaits() -> None:
    while True:
        pass


def _blocks() -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def _catches_all() -> None:
    for _ in range(2):
        with suppress(BaseException):
            while True:
                pass


@pytest.mark.parametrize("act", [_never_awaits, _blocks, _catches_all])
def test_a_step_that_does_not_end_is_ended(act: object) -> None:
    """A loop without an await, a lock that is never free: told with its line, when patience ends."""

    async def main() -> None:
        act()  # type: ignore[operator]  # one of the above

    run = simulate(main, settings=Settings(patience=0.3))
    assert isinstance(run.error, NeverYieldsError)
    assert HERE in str(run.error)
    assert f" in {act.__name__}" in str(run.error)  # type: ignore[attr-defined]  # the same
    assert simulate(main_that_returns, settings=Settings(thorough=True)).value == 1


async def main_that_returns() -> int:
    await asyncio.sleep(0)
    return 1


def test_tasks_that_are_left_are_told_and_cleared_up() -> None:
    """Where each waited; then they are cancelled as `asyncio.run` does, and their clean-up runs."""
    ended: list[str] = []

    async def main() -> str:
        async def serve(name: str) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0.01)
                ended.append(name)

        for name in ("first", "second"):
            asyncio.get_running_loop().create_task(serve(name), name=name)
        await asyncio.sleep(0.1)
        return "done"

    run = simulate(main)
    assert (run.outcome, run.value, run.clean) == (Outcome.RETURNED, "done", False)
    assert [wait.task for wait in run.leaked] == ["first", "second"]
    assert run.leaked[0].what == "for an event to be set"
    assert ended == ["first", "second"]


def test_a_task_that_does_not_let_itself_be_cancelled_is_closed() -> None:
    """Clearing up ends, too."""

    async def main() -> None:
        async def stubborn() -> None:
            while True:
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(0)

        asyncio.get_running_loop().create_task(stubborn(), name="stubborn")
        await asyncio.sleep(0)

    run = simulate(main)
    assert [wait.task for wait in run.leaked] == ["stubborn"]


def test_what_fails_unseen_is_told() -> None:
    """A task that nobody awaits, a callback that raises; a program's own handler is asked instead."""

    async def main() -> None:
        async def fail() -> None:
            raise ValueError("unseen")

        asyncio.get_running_loop().create_task(fail())
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.sleep(0)

    run = simulate(main)
    assert run.outcome is Outcome.RETURNED
    assert sorted(type(told["exception"]).__name__ for told in run.unhandled) == [
        "ValueError",
        "ZeroDivisionError",
    ]
    assert not run.clean
    heard: list[str] = []

    async def hearing() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, told: heard.append(told["message"]))
        await main()

    assert simulate(hearing).unhandled == ()
    assert len(heard) == 2


def test_what_a_program_raises_is_its_result() -> None:
    """Also what ends a program; an interruption by the user is the user's, and goes through."""

    async def fail(error: BaseException) -> None:
        await asyncio.sleep(0)
        raise error

    for error in (ValueError("x"), asyncio.CancelledError(), SystemExit(3)):
        run = simulate(lambda error=error: fail(error))  # type: ignore[misc]
        assert run.outcome is Outcome.RAISED
        assert type(run.error) is type(error)
        with pytest.raises(type(error)):
            run.result()
    with pytest.raises(KeyboardInterrupt):
        simulate(lambda: fail(KeyboardInterrupt()))
    assert simulate(main_that_returns).value == 1
    assert time.monotonic() > 0


def test_garbage_is_not_looked_for_in_a_run() -> None:
    """When it is depends on what ran before, and what it closes is seen; afterwards it is as it was."""

    async def main() -> bool:
        return gc.isenabled()

    assert simulate(main).value is False
    assert gc.isenabled()
