"""What tests of the streams share: batches of events, and waiting."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable

from backend.events import Event, encode_lines
from backend.tap import Batch

SECONDS = 30.0


def batch(first: int, count: int, text: str = "x", source: str = "app-1") -> Batch:
    """Consecutive events of a source."""
    events = [
        Event(1.0, "system", "c", id=f"{source}-{seq}", source=source, seq=seq, data={"text": text})
        for seq in range(first, first + count)
    ]
    return Batch.encoded(encode_lines(events), first, count)


def until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait for a condition, without a loop."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


async def settled(condition: Callable[[], object | Awaitable[object]], seconds: float = SECONDS) -> None:
    """Wait for a condition, on a loop."""
    async with asyncio.timeout(seconds):
        while True:
            there = condition()
            if await there if inspect.isawaitable(there) else there:
                return
            await asyncio.sleep(0.005)
