"""How fast recordings are judged: ``python -m tests.bench check [EVENTS…]``, by default 100,000.

The recordings are of many conversations at once (`check_story`), a handler activation for every message, at
about 48 and at about 300 chains of tasks that have not ended. ``check 100_000 1_000_000 10_000_000`` shows
that time and memory grow with the events and no faster (ten million take 7 GB of disk, and 10 minutes).

Counted is ``doubletalk check FILE`` as a user calls it, from start to end: reading and decoding, order,
conflicts, rules, explanations, the report; the time that passes, and the CPU time of all its processes, which
is what one core would take. The peak of memory is that of its largest process. Beside it stand programs that
only decode the same file (`check_baseline`).

`live` is what judging adds to a feed: the same events come in as a batch of a feed does, and are judged after
each batch (`debugger.analysis.online`), against a log that only takes them in.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
from itertools import islice, pairwise
from pathlib import Path
from typing import Final, NamedTuple

from backend.events import decode_line
from debugger.analysis.online import Online
from debugger.analysis.rules import load_rules
from debugger.log import EventLog
from tests.bench.__main__ import counted, noise
from tests.bench.check_story import lines_of, write

EVENTS: Final = (100_000,)
CONVERSATIONS: Final = {"48 chains": 7, "300 chains": 42}
LIVE: Final = 30_000
_BATCH: Final = 500
"""Events of one batch: what a feed of 20,000 events a second brings in 25 ms."""

_MB: Final = 1e6


class Spent(NamedTuple):
    """By a command and all that it started."""

    cpu: float
    wall: float
    peak: int


def spent(command: list[str]) -> Spent:
    """What a command takes.

    Raises:
        RuntimeError: it fails.
    """
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as run:
        _, status, used = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {run.returncode}")
    return Spent(used.ru_utime + used.ru_stime, time.perf_counter() - began, used.ru_maxrss * 1024)


def _check(path: Path) -> Spent:
    options = ["--fail-on", "never", "--format", "json"]
    return spent([sys.executable, "-m", "debugger.cli", "check", *options, str(path)])


def _baseline(way: str, path: Path) -> Spent:
    return spent([sys.executable, "-m", "tests.bench.check_baseline", way, str(path)])


class _Measured(NamedTuple):
    size: int
    took: Spent


def _measured(name: str, conversations: int, sizes: list[int]) -> None:
    runs: list[_Measured] = []
    for wanted in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "recording.jsonl")
            size = write(conversations, path, wanted)
            took = _check(path)
            others = {way: _baseline(way, path) for way in ("json", "msgspec")}
        print(
            f"check {name:<11} {size:>11,} events {size / took.wall:>9,.0f} events/s ({took.wall:.2f} s), "
            f"{size / took.cpu:,.0f} on one core ({took.cpu:.2f} s of CPU), peak {took.peak / _MB:,.0f} MB"
        )
        told = ", ".join(
            f"{way} {size / other.cpu:,.0f} events/s (check / {way} {other.cpu / took.cpu:.2f})"
            for way, other in others.items()
        )
        print(f"check {name:<11} {'':>11} only decoding: {told}", flush=True)
        runs.append(_Measured(size, took))
    for fewer, more in pairwise(runs):
        _print_growth(name, fewer, more)


def _print_growth(name: str, fewer: _Measured, more: _Measured) -> None:
    """What the events between two sizes take, beside what those of the smaller one do."""
    events = more.size - fewer.size
    cpu, wall = more.took.cpu - fewer.took.cpu, more.took.wall - fewer.took.wall
    print(
        f"check {name:<11} {fewer.size:,} to {more.size:,}: {more.size / fewer.size:.0f} times the events: "
        f"{more.took.cpu / fewer.took.cpu:.1f} times the CPU, {more.took.wall / fewer.took.wall:.1f} times "
        f"the time, {more.took.peak / fewer.took.peak:.1f} times the memory; each more "
        f"{cpu / events * 1e6:.1f} µs of CPU, {wall / events * 1e6:.1f} µs, "
        f"{(more.took.peak - fewer.took.peak) / events:,.0f} bytes",
        flush=True,
    )


def live(conversations: int, count: int, *, judged: bool) -> float:
    """CPU seconds that a log takes for so many events of a feed, judged as they come or not."""
    lines = [line[:-1] for line in islice(lines_of(conversations, count), count)]
    batches = [lines[start : start + _BATCH] for start in range(0, count, _BATCH)]
    events = [[decode_line(line) for line in batch] for batch in batches]
    log = EventLog()
    online = Online(log, load_rules(), dt.date(2026, 1, 1), live=True) if judged else None
    began = time.process_time()
    for batch, told in zip(batches, events, strict=True):
        log.append_many(batch, told)
        if online is not None:
            while not online.complete:
                online.advance(time.monotonic_ns, 1_000_000_000)
            online.findings()
    return time.process_time() - began


def main(arguments: list[str]) -> int:
    """Print the figures of recordings of so many events."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench check", description=__doc__)
    parser.add_argument("events", type=counted, nargs="*", default=EVENTS, help="for example 1_000_000")
    sizes = sorted(parser.parse_args(arguments).events)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "one.jsonl")
        path.write_bytes(next(lines_of(1, 1)))
        _check(path)  # so that its modules are compiled
        start = _check(path)
    print(f"check of one event {start.cpu:.2f} s of CPU: what it takes to begin, and is in all that follows")
    for name, conversations in CONVERSATIONS.items():
        _measured(name, conversations, sizes)
        alone, judged = (live(conversations, LIVE, judged=one) for one in (False, True))
        more = (judged - alone) / LIVE * 1e6
        print(
            f"check {name:<11} live: judging adds {more:,.1f} µs an event "
            f"to {alone / LIVE * 1e6:.1f} µs of taking it in, {LIVE / judged:,.0f} events/s",
            flush=True,
        )
    print(noise())
    return 0


def report() -> None:
    """As part of all benchmarks."""
    main([])
