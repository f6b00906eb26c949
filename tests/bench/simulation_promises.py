"""What a run of a simulator must be, asked of ours and of `detangle`: for docs/simulation.md.

Not timed. Each question is a small program and how many different ends it has; the right number is known.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

Program = Callable[[], Coroutine[Any, Any, Any]]
Once = Callable[[Program, int], Any]
"""Run once under a random schedule of this seed, and give what the program returned."""


async def told_then_joined() -> tuple[str, ...]:
    """A task's done callback comes before whoever awaits it goes on: on asyncio, always."""
    log: list[str] = []
    task = asyncio.create_task(asyncio.sleep(0))
    task.add_done_callback(lambda _: log.append("told"))
    await task
    log.append("joined")
    await asyncio.sleep(0.1)
    return tuple(log)


async def group_ends() -> tuple[int, ...]:
    """Nine tasks of a group are cancelled: in which order, by one and the same seed."""
    log: list[int] = []

    async def wait(number: int) -> None:
        try:
            await asyncio.sleep(10)
        finally:
            log.append(number)

    async def fail() -> None:
        await asyncio.sleep(1)
        raise ValueError

    try:
        async with asyncio.TaskGroup() as group:
            for number in range(9):
                group.create_task(wait(number))
            group.create_task(fail())
    except* ValueError:
        pass
    return tuple(log)


async def one_worker() -> tuple[int, ...]:
    """Four jobs of a pool with one worker: it has one order."""
    log: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(pool, log.append, number) for number in range(4)))
    return tuple(log)


async def timeout_or_done() -> str:
    """A millisecond is over before three ready steps have run: on a busy machine, sometimes."""
    try:
        async with asyncio.timeout(0.001):
            for _ in range(3):
                await asyncio.sleep(0)
    except TimeoutError:
        return "timeout"
    return "done"


_ESCAPES: dict[str, Callable[[], Any]] = {
    "thread": lambda: threading.Thread(target=int).start(),
    "socket": lambda: socket.socket().close(),
    "time.sleep": lambda: time.sleep(0.001),
}


def unseen(once: Once) -> list[str]:
    """Which of these leave the simulation without being told."""
    found = []
    for name, act in _ESCAPES.items():

        async def program(act: Callable[[], Any] = act) -> str:
            await asyncio.sleep(0)
            act()
            return "went on"

        if once(program, 1) == "went on":
            found.append(name)
    return found


def promises(once: Once) -> str:
    """One line."""
    kept: list[object] = []

    def same_seed(_seed: int) -> Any:
        kept.extend(object() for _ in range(137))  # so that the next tasks are elsewhere
        return once(group_ends, 5)

    told = {once(told_then_joined, seed) for seed in range(200)}
    ends = {same_seed(seed) for seed in range(30)}
    pools = {once(one_worker, seed) for seed in range(100)}
    timeouts = {once(timeout_or_done, seed) for seed in range(300)}
    missed = ", ".join(unseen(once)) or "none"
    return (
        f"orders of told and joined {len(told)} (1 is right); ends by one seed {len(ends)} (1); "
        f"orders of one worker {len(pools)} (1); timeout or not {len(timeouts)} (2); escapes unseen: {missed}"
    )
