"""A program that records itself: bus, mailboxes, a pool, tasks, locks. As a script, it tells its digest."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from pathlib import Path
from typing import Any, ClassVar

from backend.bus import Bus, Dropped
from backend.events.messages import Message
from backend.simulation import AtRandom, Run, Tape, replay, simulate
from backend.tap import Batch, Scope, Tap, TappedExecutor, TappedLock, TappedQueue


class Ping(Message, frozen=True, gc=False):
    """A message."""

    message_type: ClassVar[str] = "PING"
    number: int


class Lines:
    """A sink that keeps the bytes."""

    def __init__(self) -> None:
        self.content = b""

    def write(self, batch: Batch) -> None:
        self.content += batch.jsonl

    def close(self) -> None:
        pass


async def talk() -> bytes:
    """Its recording. It makes its own tap: nothing here knows that time is not the machine's."""
    lines = Lines()
    async with Tap("app", sinks=(lines,)) as tap:
        bus = Bus(tap)
        pool = TappedExecutor(tap, max_workers=1)
        lock, queue = TappedLock(tap, "lock"), TappedQueue[int](tap, "queue")
        kept = {"sum": 0}

        async def count(message: Ping, _scope: Scope) -> None:
            before = kept["sum"]
            await asyncio.get_running_loop().run_in_executor(pool, int, message.number)
            kept["sum"] = before + message.number

        async def spread(message: Ping, _scope: Scope) -> Dropped | None:
            if message.number == 3:
                raise ValueError("three")
            async with lock, asyncio.TaskGroup() as group:
                for delay in (0.002, 0.001):
                    group.create_task(asyncio.sleep(delay))
            await queue.put(message.number)
            return Dropped("old") if message.number == 2 else None

        for number, handler in enumerate((count, spread, count, spread)):
            port = bus.attach(f"component_{number}", state=lambda: kept, concurrency=1 + number // 2)
            port.on(Ping, handler)
        for number in range(5):
            port.publish(Ping(number=number))
            await asyncio.sleep(0.001)
        while not queue.empty():
            await queue.get()
        stuck: set[asyncio.Task[Any]] = {asyncio.create_task(asyncio.sleep(60)) for _ in range(9)}
        await asyncio.wait(stuck, timeout=0.01)
        for task in stuck:  # a set: walked by address, were it not for numbered tasks
            task.cancel()
        await bus.close()
        pool.shutdown()
    return lines.content


def run(seed: int | None) -> Run[bytes]:
    """One run: plain, or at random."""
    return simulate(talk, None if seed is None else AtRandom(seed))


if __name__ == "__main__":
    if sys.argv[1] == "record":
        made = run(int(sys.argv[2]))
        made.tape.save(sys.argv[3])
        content = made.result()
    else:
        content = replay(talk, Tape.load(Path(sys.argv[3]))).result()
    sys.stdout.write(hashlib.sha256(content).hexdigest())
