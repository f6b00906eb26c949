"""A program with a live feed, to be killed: ``python -m tests.faults.feeding SERVER PORT COUNTERS RATE``.

SERVER is ``feed`` (the tap's own) or ``gateway``. It says its source when it serves, emits until its
standard input ends, and then ends in order. The last seq that any sink was given is in the first eight
bytes of the file COUNTERS/source, also after it was killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import mmap
import struct
import sys
from pathlib import Path

from backend.tap import Batch, Tap
from backend.tap.hub import Hub

_EVERY = 0.004


class Counter:
    """A sink that only counts. First among the sinks: what it has not counted, no other was given."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self._last = mmap.mmap(file.fileno(), 8)

    def write(self, batch: Batch) -> None:
        """Count."""
        self._last[:8] = struct.pack("<q", batch.last_seq)

    def close(self) -> None:
        """Nothing."""


def counted(folder: Path) -> dict[str, int]:
    """Of each source the last seq."""
    return {path.name: struct.unpack("<q", path.read_bytes()[:8])[0] for path in sorted(folder.iterdir())}


async def main(server: str, port: int, counters: Path, rate: float) -> None:
    """Serve."""
    hub = Hub()
    tap = Tap("killed")
    tap.add_sink(Counter(counters / tap.source))
    tap.add_sink(hub)
    if server == "gateway":
        from backend.gateway import Gateway

        serving: contextlib.AbstractAsyncContextManager[object] = Gateway(hub, port=port)
    else:
        from backend.tap.feed import FeedServer

        serving = FeedServer(hub, port=port)
    async with serving, tap:
        sys.stdout.write(f"{tap.source}\n")
        sys.stdout.flush()
        emitting = asyncio.create_task(_emit(tap, max(round(rate * _EVERY), 1)))
        await asyncio.to_thread(sys.stdin.read)
        emitting.cancel()
        await asyncio.gather(emitting, return_exceptions=True)


async def _emit(tap: Tap, count: int) -> None:
    number = 0
    while True:
        for _ in range(count):
            number += 1
            tap.emit("message_published", "overseer", "TEXT_CHUNK", {"number": number})
        await asyncio.sleep(_EVERY)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4])))
