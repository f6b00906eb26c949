"""The publisher of the service's bench: a tap that emits at a rate, with its sinks and its feed in one loop.

``python -m tests.bench.service_publisher [FILE [STREAM]]`` prints where its feed is. A line of
``RATE SECONDS`` has it emit so many for so long, and print what that took; the end of stdin ends it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from backend.events.vocabulary import PUBLISHED
from backend.mux.protocol import Limits
from backend.mux.sink import BusSink
from backend.mux.streams import EVENTS, LIMITS
from backend.tap import Activation, Recorder, Tap, current
from backend.tap.batch import Sink
from backend.tap.feed import FeedServer
from backend.tap.hub import Hub
from tests.bench.emit_story import CAUSE, COMPONENT, KIND, MESSAGE, SCOPE, TASK

_STEP: Final = 0.001
"""Seconds between two bursts: at 50,000 events a second each has fifty."""

_ENTRIES: Final = 1_000
"""That the stream keeps, 2.5 s of it: what is measured is a stream that is full, not a server that grows."""

_MOST: Final = 600_000
"""Bursts of which the times are kept, the latest: ten minutes."""

_SAMPLE: Final = 0.5
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE


def _waited() -> float:
    """Seconds for which this thread could have run, and others did."""
    return int(Path("/proc/thread-self/schedstat").read_text(encoding="ascii").split()[1]) / 1e9


class Bursts:
    """What each burst took of who emits, and how late it was."""

    def __init__(self) -> None:
        # Room for ten minutes, there from the beginning: else the publisher's memory would grow by this.
        self.walls, self.cpus, self.late = (np.full(_MOST, -1.0) for _ in range(3))
        self._count = 0

    @contextmanager
    def burst(self, due: float) -> Iterator[None]:
        """One of them."""
        at = self._count % _MOST
        self._count += 1
        self.late[at] = time.perf_counter() - due
        cpu, wall = time.thread_time_ns(), time.perf_counter_ns()
        yield
        self.walls[at] = time.perf_counter_ns() - wall
        self.cpus[at] = time.thread_time_ns() - cpu

    def told(self, size: int) -> dict[str, float]:
        """By event, in ns; lateness in ms."""
        known = slice(min(self._count, _MOST))
        late50, late99 = np.percentile(self.late[known], [50, 99]) * 1e3
        return {
            "emit_wall_ns": float(np.median(self.walls[known])) / size,
            "emit_cpu_ns": float(np.mean(self.cpus[known])) / size,
            "late_p50_ms": float(late50),
            "late_p99_ms": float(late99),
        }


async def emit(tap: Tap, rate: int, seconds: float) -> dict[str, Any]:
    """Emit at a rate, what is late as soon as possible; what it took."""
    size = max(round(rate * _STEP), 1)
    bursts, tell = Bursts(), tap.emit
    samples: list[tuple[float, int]] = []
    waited, cpu, began = _waited(), time.process_time(), time.perf_counter()
    due, ends, sampled = began, began + seconds, 0.0
    emitted = 0
    while due < ends:
        wait = due - time.perf_counter()
        await asyncio.sleep(max(wait, 0.0))
        with bursts.burst(due):
            for _ in range(size):
                tell(PUBLISHED, COMPONENT, KIND, MESSAGE, direction="publish")
        emitted += size
        due += size / rate
        if due - sampled >= _SAMPLE:
            sampled = due
            samples.append((due - began, _resident()))
    took = time.perf_counter() - began
    tap.drain()
    return {
        "events": emitted,
        "seconds": took,
        "cpu": (time.process_time() - cpu) / took,
        "waited": (_waited() - waited) / took,
        "samples": samples,
        **bursts.told(size),
    }


async def main(arguments: list[str]) -> None:
    """Serve, and emit what is asked for."""
    hub = Hub()
    sinks: list[Sink] = [hub]
    if arguments:
        sinks.append(Recorder(arguments[0]))
    bus = (
        BusSink(arguments[1], service="bench", limits=LIMITS | {EVENTS: Limits(1_000)})
        if arguments[1:]
        else None
    )
    if bus is not None:
        sinks.append(bus)
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with FeedServer(hub) as feed:
        async with Tap("bench", sinks=tuple(sinks)) as tap:
            # As within a handler: what a handler emits has a cause, a task and a turn.
            current.set(Activation(TASK, CAUSE, COMPONENT, SCOPE))
            # What a program has loaded is not to be looked through while it is measured: 50 to 100 ms.
            gc.collect()
            gc.freeze()
            print(feed.url, flush=True)
            while line := await reader.readline():
                rate, seconds = line.split()
                told = await emit(tap, int(rate), float(seconds))
                stats = hub.stats()
                told |= {"last_seq": stats.next_seq - 1, "dropped": stats.dropped, "lost": stats.lost}
                told |= {"viewers": stats.active_subscribers, "gaps": stats.gaps}
                print(json.dumps(told), flush=True)
        print(json.dumps({"last_seq": hub.stats().next_seq - 1}), flush=True)
        await asyncio.sleep(0)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
