"""What one event costs its publisher, against the least it could cost and against what people use.

All ways tell the same event, in bursts with a yield to the event loop after each, and are
measured to the last byte written, in CPU time of this process: nothing here waits, and
what other programs take of the machine is not counted. Every round runs all ways in
turn; a ratio is the median of the rounds' own ratios.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from backend.bus import Bus
from backend.events.messages import ChunkResponse
from backend.events.vocabulary import PUBLISHED
from backend.tap import Activation, Recorder, Scope, Tap, current, within
from tests.bench import emit_floor, stdlib_baseline
from tests.bench.emit_story import BURST, CAUSE, COMPONENT, KIND, MESSAGE, SCOPE, TASK

ROUNDS = 15
EVENTS = 400 * BURST
SLOW_EVENTS = 40 * BURST  # of the ways that take ten times as long

Way = Callable[[Path, int], Coroutine[Any, Any, float]]


async def tap_emit(path: Path, events: int) -> float:
    """Nanoseconds an event published through the tap, within an activation, into a recording."""
    tap = Tap("assistant", sinks=(Recorder(path),))
    tap.start()
    current.set(Activation(TASK, CAUSE, COMPONENT, SCOPE))
    emit = tap.emit
    began = time.process_time_ns()
    for _ in range(events // BURST):
        for _ in range(BURST):
            emit(PUBLISHED, COMPONENT, KIND, MESSAGE, direction="publish")
        await asyncio.sleep(0)
    tap.drain()
    took = time.process_time_ns() - began
    tap.close()
    return took / events


async def bus_hop(path: Path, events: int) -> float:
    """Nanoseconds an event of publish, receive, handled over the bus, each with a snapshot."""
    async with Tap("assistant", sinks=(Recorder(path),)) as tap:
        bus = Bus(tap)
        delivered = itertools.count()

        def state() -> dict[str, object]:
            return {
                "state": "ACTIVE",
                "queued": 2,
                "current_worker": "worker-7",
                "delivered": next(delivered),
            }

        async def handle(_message: ChunkResponse, _scope: Scope) -> None:
            """Take it: the hop itself is measured."""

        publisher = bus.attach(COMPONENT, state=state)
        bus.attach("tts_orchestrator", state=state).on(ChunkResponse, handle)
        began = time.process_time_ns()
        with within(SCOPE):
            for _ in range(events // (3 * BURST)):
                for _ in range(BURST):
                    publisher.publish(MESSAGE)
                await bus.idle()
        tap.drain()
        took = time.process_time_ns() - began
        await bus.close()
    return took / (events // (3 * BURST) * 3 * BURST)


def _ways() -> dict[str, tuple[Way, int]]:
    ways: dict[str, tuple[Way, int]] = {
        "floor": (emit_floor.constants, EVENTS),
        "floor with id and clocks": (emit_floor.stamped, EVENTS),
        "tap": (tap_emit, EVENTS),
        "tap over the bus": (bus_hop, SLOW_EVENTS),
        "stdlib logging": (stdlib_baseline.log_lines, SLOW_EVENTS),
    }
    try:
        from tests.bench import otel_baseline
    except ImportError:
        print("emit  OpenTelemetry is not installed: its span is not compared")
    else:
        ways["OpenTelemetry span"] = (otel_baseline.spans, SLOW_EVENTS)
    return ways


def measure(rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Nanoseconds an event of each way, in each round."""
    ways = _ways()
    took: dict[str, list[float]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.jsonl"
        for number in range(rounds + 1):
            for name in ways if number % 2 else reversed(ways):
                way, events = ways[name]
                gc.collect()
                nanoseconds = asyncio.run(way(path, events))
                if number:  # the first round only warms up
                    took[name].append(nanoseconds)
    return took


def ratio(took: dict[str, list[float]], name: str, over: str) -> float:
    """Median of the rounds' ratios of two ways."""
    return statistics.median(a / b for a, b in zip(took[name], took[over], strict=True))


def report() -> None:
    """Print the figures, a line each."""
    took = measure()
    for name, figures in took.items():
        print(f"emit  {name:<30} {statistics.median(figures):>10,.0f} ns/event")
    print(f"emit  tap / floor                    {ratio(took, 'tap', 'floor'):>10.2f}   (at most 1.5)")
    print(f"emit  tap / floor with id and clocks {ratio(took, 'tap', 'floor with id and clocks'):>10.2f}")
    print(
        f"emit  stdlib logging / tap           {ratio(took, 'stdlib logging', 'tap'):>10.2f}   (at least 8)"
    )
    if "OpenTelemetry span" in took:
        over = ratio(took, "OpenTelemetry span", "tap")
        print(f"emit  OpenTelemetry span / tap       {over:>10.2f}   (at least 20)")


if __name__ == "__main__":
    report()
