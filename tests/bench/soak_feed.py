"""A live feed at a steady rate for as long as one likes, that says how far it is.

``python -m tests.bench.soak_feed PORT SOURCE COUNTER``: then reads a rate a line. The seq of the last
event that it emitted is in the first eight bytes of the file COUNTER, also after it was killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import mmap
import struct
import sys
import time
from pathlib import Path
from typing import Final

from backend.tap.batch import Batch
from backend.tap.feed import FeedServer
from backend.tap.hub import Hub
from tests.bench.interface_lines import SOURCE
from tests.bench.interface_story import FIRST_SEQ, Story

_PIECE: Final = 128
_HISTORY: Final = 65_536


class Emitter:
    """Emits the story as `source`, event after event; seqs count from `FIRST_SEQ`."""

    def __init__(self, hub: Hub, source: str, counter: Path) -> None:
        self.rate = 0
        self._hub = hub
        self._source = source.encode()
        self._pieces = Story().pieces(_PIECE)
        self._telling = self._next = self._emitted = 0
        with counter.open("r+b") as file:
            self._counter = mmap.mmap(file.fileno(), 8)

    async def emit(self) -> None:
        """Until it is cancelled."""
        due, before = 0.0, time.monotonic()
        while True:
            await asyncio.sleep(0.005)
            now = time.monotonic()
            due = due + (now - before) * self.rate if self.rate else 0.0
            before = now
            while due > 0:
                due -= self._write()

    def _write(self) -> int:
        piece = self._pieces[self._next]
        lines = (piece % self._telling).replace(SOURCE.encode(), self._source)
        self._hub.write(Batch.encoded(lines, FIRST_SEQ + self._emitted, piece.count))
        self._emitted += piece.count
        self._counter[:8] = struct.pack("<q", FIRST_SEQ + self._emitted - 1)
        self._next = (self._next + 1) % len(self._pieces)
        self._telling += not self._next
        return piece.count


async def _serve(port: int, source: str, counter: Path) -> None:
    hub = Hub(history_events=_HISTORY)
    emitter = Emitter(hub, source, counter)
    async with FeedServer(hub, port=port) as feed:
        emitting = asyncio.create_task(emitter.emit())
        print(feed.url, flush=True)
        while rate := await asyncio.to_thread(sys.stdin.readline):
            emitter.rate = int(rate)
        emitting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await emitting


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
