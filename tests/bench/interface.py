"""The interface as its user feels it: through a pseudo-terminal, from a key to what it changes on the screen.

``python -m tests.bench.interface [EVENTS]``, 10 million by default: some 1.5 GB and five minutes. Among
all benchmarks it is one million, with fewer keys: two to three minutes.
A live feed in one process sends events to the application in another; this one presses keys and reads
the screen. It sleeps in between by milliseconds, and how much longer than a millisecond that takes tells
a noisy machine from a slow program.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from tests.bench.interface_app import Figures
from tests.bench.interface_bench import HEIGHT, WIDTH, Feed, bench_of, environ, idle, settle
from tests.bench.interface_keys import keys, seeks
from tests.bench.pty_terminal import Terminal

EVENTS: Final = 10_000_000
RATE: Final = 50_000
KEYS: Final = 1_040
SEEKS: Final = 200

FEW_EVENTS: Final = 1_000_000
FEW_KEYS: Final = 520
FEW_SEEKS: Final = 60

_KEY_MS, _SEEK_MS, _SYNC_MS, _IDLE_PERCENT = 50.0, 150.0, 25.0, 2.0


class Line(NamedTuple):
    """A figure, and what it should be at most."""

    name: str
    figure: float
    unit: str
    target: float | None = None

    def __str__(self) -> str:
        """As it is printed."""
        told = f"interface  {self.name:<44} {self.figure:>10,.1f} {self.unit:<9}"
        if self.target is None:
            return told.rstrip()
        return f"{told} target < {self.target:g}  {'ok' if self.figure < self.target else 'NOT'}"


def spread(name: str, took: list[float], target: float) -> list[Line]:
    """Median, 99th percentile and maximum."""
    median, high = np.percentile(took, [50, 99]).tolist()
    return [
        Line(f"{name}, p50 of {len(took):,}", median, "ms"),
        Line(f"{name}, p99", high, "ms", target),
        Line(f"{name}, max", max(took), "ms"),
    ]


def table(figures: Figures, presses: int) -> Iterator[str]:
    """What each pane costs: ms of the processor a call, and a key."""
    yield f"interface  {'':<24}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}{'calls':>9}{'ms a key':>10}"
    for name, (median, high, most, total, count) in sorted(figures.times.items()):
        told = f"{median:>9.2f}{high:>9.2f}{most:>9.2f}{count:>9,}{total / presses:>10.2f}"
        yield f"interface  {name:<24}{told}"


def measure(events: int = EVENTS, presses: int = KEYS, moments: int = SEEKS) -> Iterator[Line | str]:
    """The figures, as they are known."""
    with bench_of(events) as (bench, filled):
        yield Line("all panes have looked at everything after", settle(bench), "s")
        first = bench.figures()
        yield Line("events loaded", float(first.events), "")
        yield Line("making and loading them", first.filling_seconds, "s")
        yield Line("resident for each", first.filled_bytes / filled, "bytes")
        yield Line("idle with all of them", idle(bench.terminal), "% a core", _IDLE_PERCENT)

        bench.feed.rate(RATE)
        bench.rest(3.0)
        before, began, cpu = bench.figures(), time.perf_counter(), bench.terminal.cpu_seconds()
        bench.row = filled
        took = keys(bench, presses)
        after, elapsed = bench.figures(), time.perf_counter() - began
        pressed = sum(map(len, took.values()))
        yield Line("events arriving", (after.events - before.events) / elapsed, "a second")
        yield Line("gaps", float(after.gaps), "", 1)
        yield from spread("key to paint meanwhile", [one for each in took.values() for one in each], _KEY_MS)
        for name, each in sorted(took.items()):
            median, high = np.percentile(each, [50, 99]).tolist()
            yield f"interface    key {name:<8} p50 {median:6.1f}  p99 {high:6.1f} ms of {len(each)}"
        yield Line(
            "processor, of the interface", 100 * (bench.terminal.cpu_seconds() - cpu) / elapsed, "% a core"
        )
        yield Line("all panes brought up to date, p99", after.times["sync of all"].high, "ms", _SYNC_MS)
        yield from table(after, pressed)

        bench.feed.rate(0)
        settle(bench)
        shown, settled = seeks(bench, filled, bench.figures().events, moments)
        last = bench.figures()
        yield from spread("seek: place shown", shown, _SEEK_MS)
        yield from spread("seek: all panes painted", settled, _SEEK_MS)
        yield from table(last, moments)
        yield Line("peak resident", last.peak_bytes / (1 << 20), "MiB")
        late = bench.probe.late
        yield Line(f"noise: a sleep of 1 ms too long by, p99 of {len(late):,}", _p99(late), "ms")
    yield Line("idle on a recording", idle_replay(), "% a core", _IDLE_PERCENT)
    yield Line("idle on a silent feed", idle_attached(), "% a core", _IDLE_PERCENT)


def _p99(values: list[float]) -> float:
    return float(np.percentile(values, 99))


def idle_replay() -> float:
    """Of `replay` as users run it."""
    recording = Path(__file__).parents[2] / "sample_logs" / "barge_in.jsonl"
    return _idle_of(["replay", str(recording)], " REPLAY ")


def idle_attached() -> float:
    """Of `attach` to a program that says nothing."""
    feed = Feed(0)
    try:
        return _idle_of(["attach", feed.url], " LIVE ")
    finally:
        feed.close()


def _idle_of(arguments: list[str], shown: str) -> float:
    with tempfile.TemporaryDirectory() as home:
        surroundings = environ() | {"HOME": home}
        command = [sys.executable, "-m", "debugger.cli", *arguments]
        with Terminal(command, surroundings, (WIDTH, HEIGHT)) as terminal:
            terminal.until(lambda screen: any(shown in line for line in screen.lines), 30.0)
            terminal.press(b"j")  # takes the hint for newcomers away
            return idle(terminal)


def report() -> None:
    """Print the figures of a short run, a line each."""
    for line in measure(FEW_EVENTS, FEW_KEYS, FEW_SEEKS):
        print(line, flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # `timeout` is no reason to leave processes behind
    for told in measure(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS):
        print(told, flush=True)
