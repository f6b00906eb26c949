"""Who caused what, across tasks, threads, timers and decorated code."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from backend.events import Event
from backend.tap import (
    Tap,
    TappedExecutor,
    TappedLock,
    TappedQueue,
    TappedTask,
    call_later,
    current,
    for_worker,
    silent,
    to_thread,
    turn_scope,
    watch,
    within,
)
from tests.tap.kept import Kept, assert_framed

SCOPE = turn_scope("s1", "ada", 2, "COMPLETE_TRANSCRIPT")
mine: contextvars.ContextVar[str] = contextvars.ContextVar("mine", default="unset")


@asynccontextmanager
async def recording() -> AsyncIterator[tuple[Tap, Kept]]:
    """A tap inside a turn's scope; at the end its record is whole."""
    kept = Kept()
    async with Tap("app", sinks=(kept,)) as tap:
        with within(SCOPE):
            yield tap, kept
    assert_framed(kept.events)


def assert_child(kept: Kept, mark: str, *, name: str, kind: str) -> str:
    """The mark was left in a spawned activation of that name, for the same turn; returns its id."""
    spawned = next(e for e in kept.of("task_spawned", kind=kind) if e.payload()["name"].endswith(name))
    child = str(spawned.payload()["child"])
    event = kept.marked(mark)
    assert event.task == child != spawned.task
    assert event.cause == spawned.id
    assert (event.session_id, event.user_id, event.turn) == ("s1", "ada", 2)
    assert event.correlation_id == "s1_2_COMPLETE_TRANSCRIPT"
    finished = kept.one("task_finished", child=child)
    assert finished.task == child
    assert (finished.seq or 0) > (event.seq or 0)
    return child


async def test_a_task_is_caused_by_its_spawn_and_joined_by_who_awaits_it() -> None:
    """Spawn, the task's own events, finish, join: in this order, from code that passes no ids."""

    async def child(tap: Tap) -> int:
        await asyncio.sleep(0)
        tap.system("INSIDE")
        return 5

    async with recording() as (tap, kept):
        parent = current.get().task
        task = asyncio.create_task(child(tap), name="worker")
        assert isinstance(task, TappedTask)
        assert await task == 5
        tap.system("AFTER")
    name = assert_child(kept, "INSIDE", name="child", kind="task")
    finished, joined = kept.one("task_finished", child=name), kept.one("task_joined", child=name)
    assert finished.payload()["outcome"] == "ok"
    assert finished.payload()["name"] == "worker"
    assert joined.task == parent == kept.marked("AFTER").task
    assert (joined.seq or 0) > (finished.seq or 0)


async def test_grandchildren_are_caused_by_children() -> None:
    """The chain of spawns leads back to the root."""

    async def leaf(tap: Tap) -> None:
        tap.system("LEAF")

    async def middle(tap: Tap) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(leaf(tap))

    async with recording() as (tap, kept):
        root = current.get().task
        await asyncio.gather(middle(tap))
    spawn_leaf = kept.by_id(kept.marked("LEAF").cause)
    spawn_middle = kept.by_id(spawn_leaf.cause)
    assert spawn_leaf.task == spawn_middle.payload()["child"]
    assert spawn_middle.task == root


async def test_a_failing_task_says_so_once() -> None:
    """Its finish carries outcome, type and text, also when its error cannot print itself."""

    class Mute(Exception):  # noqa: N818 - named in the record
        def __str__(self) -> str:
            raise RuntimeError

    async def broken(error: Exception) -> None:
        raise error

    async with recording() as (_, kept):
        for error in (ValueError("no"), Mute()):
            with pytest.raises(type(error)):
                await asyncio.create_task(broken(error))
    first, second = (event.payload() for event in kept.of("task_finished"))
    assert (first["outcome"], first["error_type"], first["error_message"]) == ("error", "ValueError", "no")
    assert second["error_message"] == "<str failed: RuntimeError>"


async def test_a_cancel_request_is_recorded_before_the_end_it_leads_to() -> None:
    """Requested by whom, then finished as cancelled; a request to a finished task is none."""
    started = asyncio.Event()

    async def endless() -> None:
        started.set()
        await asyncio.Event().wait()

    async with recording() as (_, kept):
        task = asyncio.create_task(endless())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        task.cancel()
    requested, finished = kept.one("task_cancel_requested"), kept.one("task_finished")
    assert requested.payload()["child"] == finished.task
    assert requested.task == kept.one("task_spawned").task
    assert (requested.seq or 0) < (finished.seq or 0)
    assert finished.payload()["outcome"] == "cancelled"
    assert finished.severity == "info"


async def test_machinery_stays_out_of_the_record() -> None:
    """Tasks with a context of their own, and tasks of a loop whose tap has closed, are silent."""

    async def quiet() -> None:
        await asyncio.sleep(0)

    async with recording() as (_, kept):
        await silent(quiet(), "machinery")
    assert not kept.of("task_spawned")
    task = asyncio.create_task(quiet())
    assert not isinstance(task, TappedTask)
    await task


@pytest.mark.parametrize("way", ["tap.to_thread", "asyncio.to_thread", "run_in_executor", "submit"])
async def test_work_in_a_thread_keeps_turn_cause_and_context(way: str) -> None:
    """Each way into a thread is an activation of its own, and sees its submitter's context variables."""
    seen: list[str] = []

    def work(tap: Tap) -> str:
        seen.append(mine.get())
        tap.system("INSIDE")
        return "done"

    async with recording() as (tap, kept):
        mine.set("set by the caller")
        executor = TappedExecutor(tap, max_workers=1)
        if way == "tap.to_thread":
            assert await to_thread(tap, work, tap) == "done"
        else:
            loop = asyncio.get_running_loop()
            loop.set_default_executor(executor)
            if way == "asyncio.to_thread":
                assert await asyncio.to_thread(work, tap) == "done"
            elif way == "run_in_executor":
                assert await loop.run_in_executor(None, partial(work, tap)) == "done"
            else:
                assert await asyncio.wrap_future(executor.submit(work, tap)) == "done"
        tap.system("AFTER")
        executor.shutdown()
    assert seen == ["set by the caller"]
    child = assert_child(kept, "INSIDE", name="work", kind="thread")
    assert kept.marked("AFTER").task != child
    assert bool(kept.of("task_joined", child=child)) is (way == "tap.to_thread")


async def test_a_cancelled_wait_for_a_thread_is_no_join() -> None:
    """The thread runs on, so nothing may say that it was waited for; its finish comes when it comes."""
    release, running = threading.Event(), threading.Event()

    def work() -> None:
        running.set()
        release.wait(5)

    async with recording() as (tap, kept):
        task = asyncio.create_task(to_thread(tap, work))
        while not running.is_set():  # noqa: ASYNC110 - it is set in a thread
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        release.set()
        child = next(e.payload()["child"] for e in _spawned(tap, kept) if e.payload()["kind"] == "thread")
        await kept.until(lambda: bool(kept.of("task_finished", child=child)))
    assert not kept.of("task_joined", child=child)


def _spawned(tap: Tap, kept: Kept) -> list[Event]:
    tap.drain()
    return kept.of("task_spawned")


async def test_a_timer_is_caused_by_who_set_it() -> None:
    """The callback runs in an activation of its own, later; its delay is told."""
    rang = asyncio.Event()

    def ring(tap: Tap) -> None:
        tap.system("RANG")
        rang.set()

    async with recording() as (tap, kept):
        call_later(tap, 0.001, ring, tap)
        await rang.wait()
    assert_child(kept, "RANG", name="ring", kind="timer")
    assert kept.one("task_spawned").payload()["delay_ms"] == 1.0


async def test_a_decorated_function_reports_its_calls() -> None:
    """Spawned with its name, finished with its outcome, joined by its caller; results and errors pass."""
    async with recording() as (tap, kept):

        @watch(tap, "brain")
        def think(number: int) -> int:
            tap.system("THINKING")
            return 12 // number

        @watch(tap, "brain")
        async def ponder() -> str:
            await asyncio.sleep(0)
            tap.system("PONDERING")
            return "so"

        assert think(4) == 3
        assert await ponder() == "so"
        with pytest.raises(ZeroDivisionError):
            think(0)
        tap.system("AFTER")
    assert kept.events[2].component == "brain"
    child = kept.one("task_spawned", name=ponder.__qualname__).payload()["child"]
    assert kept.marked("PONDERING").task == child
    assert kept.marked("PONDERING").component == "brain"
    assert kept.one("task_joined", child=child).task == kept.marked("AFTER").task
    assert [e.payload()["outcome"] for e in kept.of("task_finished")] == ["ok", "ok", "error"]
    assert kept.of("task_finished", outcome="error")[0].severity == "warning"


async def test_a_decorated_class_reports_its_public_methods_with_its_state() -> None:
    """The component is the class's name, each event holds the state of then, private methods are silent."""
    async with recording() as (tap, kept):

        @watch(tap)
        class LLMOrchestrator:
            def __init__(self) -> None:
                self.count = 0

            def get_debug_state(self) -> dict[str, int]:
                return {"count": self.count}

            def step(self) -> int:
                self._add()
                return self.count

            def _add(self) -> None:
                self.count += 1

            def words(self) -> Iterator[str]:
                yield "a"

        machine = LLMOrchestrator()
        assert machine.step() == 1
        assert list(machine.words()) == ["a"]
    assert len(kept.of("task_spawned")) == 1
    assert kept.one("task_spawned").component == "llm_orchestrator"
    assert kept.one("task_spawned").state() == {"count": 0}
    assert kept.one("task_finished").state() == {"count": 1}


async def test_a_lock_is_told_when_taken_and_before_it_is_free_again() -> None:
    """Acquired, released, acquired by the next: never two holders in the record."""

    async def use(tap: Tap, lock: TappedLock) -> None:
        async with lock:
            tap.system("HOLDING")
            await asyncio.sleep(0)

    async with recording() as (tap, kept):
        lock = TappedLock(tap, "history")
        await asyncio.gather(*(use(tap, lock) for _ in range(3)))
        assert not lock.locked()
        with pytest.raises(RuntimeError):
            lock.release()
    types = [e.event_type for e in kept.events if e.event_type.startswith("lock_")]
    assert types == ["lock_acquired", "lock_released"] * 3
    assert {e.payload()["lock"] for e in kept.of("lock_acquired")} == {"history"}
    holders = [e.task for e in kept.of("lock_acquired")]
    assert holders == [e.task for e in kept.of("lock_released")]
    assert len(set(holders)) == 3


async def test_each_queue_item_is_followed_from_put_to_get() -> None:
    """`item_got` names its `item_put` as the cause, in the taker's task; sizes and items are told."""

    async def take(queue: TappedQueue[str]) -> list[str]:
        return [await queue.get() for _ in range(3)]

    async with recording() as (tap, kept):
        queue: TappedQueue[str] = TappedQueue(tap, "chunks", maxsize=2)
        taker = asyncio.create_task(take(queue))
        for item in "abc":
            await queue.put(item)
        assert await taker == ["a", "b", "c"]
    puts, gots = kept.of("item_put"), kept.of("item_got")
    assert [got.cause for got in gots] == [put.id for put in puts]
    assert [got.payload()["item"] for got in gots] == ["chunks:0", "chunks:1", "chunks:2"]
    assert {got.task for got in gots} != {put.task for put in puts}
    assert max(put.payload()["size"] for put in puts) <= 2


async def test_a_worker_is_named_in_the_events_inside_and_only_there() -> None:
    """`for_worker` adds to the scope and takes it back."""
    async with recording() as (tap, kept):
        with for_worker("w7"):
            tap.system("INSIDE")
        tap.system("OUTSIDE")
    assert (kept.marked("INSIDE").worker_id, kept.marked("INSIDE").turn) == ("w7", 2)
    assert kept.marked("OUTSIDE").worker_id is None


async def test_another_task_factory_is_left_in_charge() -> None:
    """A program that has its own task factory keeps it; closing the tap takes back only the tap's own."""
    loop = asyncio.get_running_loop()
    made: list[str] = []

    def own(loop: asyncio.AbstractEventLoop, coro: object, **more: object) -> asyncio.Task[None]:
        made.append("x")
        return asyncio.Task(coro, loop=loop, **more)  # type: ignore[arg-type]

    loop.set_task_factory(own)  # type: ignore[arg-type]
    try:
        async with recording():
            await asyncio.create_task(asyncio.sleep(0))
        assert loop.get_task_factory() is own
        assert made == ["x"]
    finally:
        loop.set_task_factory(None)
    async with recording():
        assert loop.get_task_factory() is not None
    assert loop.get_task_factory() is None
