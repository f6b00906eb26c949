"""Asyncio programs that tell what they do, in order. They know nothing of simulations."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from typing import Any

Log = Callable[[object], None]
Program = Callable[[Log], Coroutine[Any, Any, None]]
PROGRAMS: dict[str, Program] = {}


def program(function: Program) -> Program:
    """Keep it."""
    PROGRAMS[function.__name__] = function
    return function


@program
async def tasks_take_turns(log: Log) -> None:
    async def count(name: str) -> None:
        for number in range(4):
            log((name, number))
            await asyncio.sleep(0)

    await asyncio.gather(*(count(name) for name in "abc"))


@program
async def timers_fire_in_order(log: Log) -> None:
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    for delay in (0.03, 0.01, 0.0, 0.02):
        loop.call_later(delay, log, delay)
    loop.call_soon(log, "soon")
    loop.call_at(loop.time() - 1, log, "long ago")
    cancelled = loop.call_later(0.005, log, "never")
    loop.call_later(0.04, done.set)
    cancelled.cancel()
    await done.wait()


@program
async def a_queue_is_bounded(log: Log) -> None:
    queue: asyncio.Queue[int] = asyncio.Queue(2)

    async def produce(first: int) -> None:
        for number in range(first, first + 4):
            await queue.put(number)
            log(("put", number))

    async def consume() -> None:
        while True:
            log(("got", await queue.get()))
            queue.task_done()

    consumers = [asyncio.create_task(consume()) for _ in range(2)]
    await asyncio.gather(produce(0), produce(10))
    await queue.join()
    for consumer in consumers:
        consumer.cancel()
    log([type(end).__name__ for end in await asyncio.gather(*consumers, return_exceptions=True)])


@program
async def locks_are_fair(log: Log) -> None:
    lock, semaphore, condition = asyncio.Lock(), asyncio.Semaphore(2), asyncio.Condition()

    async def work(name: str) -> None:
        async with lock:
            log(("lock", name))
            await asyncio.sleep(0)
        async with semaphore:
            log(("semaphore", name))
            await asyncio.sleep(0)
        async with condition:
            log(("condition", name))
            condition.notify_all()
            with suppress(TimeoutError):
                await asyncio.wait_for(condition.wait(), 0.05)

    await asyncio.gather(*(work(name) for name in "abcd"))


@program
async def a_group_fails_together(log: Log) -> None:
    async def last(name: str) -> None:
        try:
            await asyncio.sleep(10)
        finally:
            log(("ends", name))

    async def fail() -> None:
        await asyncio.sleep(0.01)
        raise ValueError("no")

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(last("a"))  # two would end in the order of their addresses
            group.create_task(fail())
    except* ValueError as errors:
        log([str(error) for error in errors.exceptions])


@program
async def timeouts_cut_short(log: Log) -> None:
    async def slow() -> None:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            log("cancelled")
            await asyncio.sleep(0)
            log("cleaned up")
            raise

    with suppress(TimeoutError):
        async with asyncio.timeout(0.01):
            await slow()
    with suppress(TimeoutError):
        await asyncio.wait_for(slow(), 0.01)
    done, pending = await asyncio.wait(
        [asyncio.create_task(asyncio.sleep(delay, delay)) for delay in (0.0, 0.3)], timeout=0.05
    )
    log((sorted(task.result() for task in done), len(pending)))
    for task in pending:
        task.cancel()
    log(await asyncio.wait_for(asyncio.shield(asyncio.sleep(0, "shielded")), 1))


@program
async def generators_are_closed(log: Log) -> None:
    async def numbers() -> AsyncIterator[int]:
        try:
            for number in range(10):
                await asyncio.sleep(0)
                yield number
        finally:
            await asyncio.sleep(0)
            log("closed")

    async for number in numbers():
        log(number)
        if number == 2:
            break
    kept = numbers()
    log(await anext(kept))
    await asyncio.sleep(0.01)


@program
async def callbacks_keep_their_order(log: Log) -> None:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[str] = loop.create_future()
    for name in "ab":
        future.add_done_callback(lambda done, name=name: log((name, done.result())))  # type: ignore[misc]

    async def wait(name: str) -> None:
        log((name, await future))

    waiting = [asyncio.create_task(wait(name)) for name in "cd"]
    future.add_done_callback(lambda _done: log("late"))
    await asyncio.sleep(0)
    loop.call_soon(future.set_result, "set")
    loop.call_soon(log, "after set")
    for task in waiting:
        task.add_done_callback(lambda done: log(("done", done.exception())))
    await asyncio.gather(*waiting)
    for first in asyncio.as_completed([asyncio.sleep(0.02, 2), asyncio.sleep(0.01, 1)]):
        log(await first)


@program
async def contexts_are_their_own(log: Log) -> None:
    who: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")

    async def work(name: str) -> None:
        log(who.get())
        who.set(name)
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(lambda: log(("called for", who.get())))
        await asyncio.sleep(0)

    who.set("main")
    await asyncio.gather(work("a"), work("b"))
    log(who.get())
    log(await asyncio.to_thread(who.get))


@program
async def threads_answer(log: Log) -> None:
    loop = asyncio.get_running_loop()

    def fail() -> None:
        raise LookupError("not there")

    log(await loop.run_in_executor(None, sum, (1, 2, 3)))
    log(await asyncio.to_thread(lambda: 7))
    try:
        await asyncio.to_thread(fail)
    except LookupError as error:
        log(str(error))


@program
async def cancelling_reaches_the_innermost(log: Log) -> None:
    async def inner() -> None:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            log("inner")
            raise

    async def stubborn() -> str:
        with suppress(asyncio.CancelledError):
            await inner()
        await asyncio.sleep(0)
        return "went on"

    tasks = [asyncio.create_task(inner()), asyncio.create_task(stubborn())]
    unstarted = asyncio.create_task(inner())
    unstarted.cancel()
    await asyncio.sleep(0)
    for task in tasks:
        log(task.cancel("enough"))
    log([repr(end) for end in await asyncio.gather(*tasks, unstarted, return_exceptions=True)])


@program
async def the_last_round_is_finished(log: Log) -> None:
    """What is in the round in which the program ends still runs; what would come after is cancelled."""

    async def other(name: str) -> None:
        try:
            for number in range(3):
                log((name, number))
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            log((name, "cancelled"))

    log("begin")
    first = asyncio.create_task(other("x"))
    second = asyncio.create_task(other("y"))
    await asyncio.sleep(0)
    log((first.done(), second.done()))
