"""Opening recordings of 1 and 5 million lines beside lnav, on terminals of one size, one after the other.

Both are started anew, with the file in the page cache. Counted are the seconds until the first event is
on the screen, and until everything is read and the program says so (lnav: the last line at 100%; ours: the
number of all events in the status line), and the peak of resident memory, that of our reading
processes included.

lnav without a format takes a recording for plain text: it finds the ends of lines and no more. To
read what we read it is given a format with our fields. By itself it shows the fields that an event has
below its line, and keeps each as a line (`fields`); with all of them hidden (`one line`) it needs least,
and shows least. We report both; the first is what a debugger shows, the second is lnav at its best.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from debugger.log import EventLog
from debugger.sources.file import open_recordings
from tests.bench.__main__ import noise
from tests.bench.lnav import all_read, lnav, write_format
from tests.bench.recorded import write_recording
from tests.bench.terminal import Watched, watch

MILLION = 1_000_000
SIZES = (MILLION, 5 * MILLION)
_LIMIT_SECONDS = 120.0
_FIRST_SCREEN, _FULL_INDEX = "first screen", "full index"


def _child(path: str) -> None:
    """Load in a process of its own, so that memory is that of the log alone; prints JSON."""
    gc.collect()
    before = _resident()
    log = EventLog()
    began, cpu = time.perf_counter(), sum(os.times()[:4])
    steps = open_recordings([path]).load(log)
    next(steps)
    first = time.perf_counter() - began
    for _ in steps:
        pass
    took, cpu = time.perf_counter() - began, sum(os.times()[:4]) - cpu
    gc.collect()
    result: dict[str, Any] = {
        "events": len(log),
        "seconds": took,
        "cpu": cpu,
        "first": first,
        "resident": _resident() - before,
    }
    last = len(log) - 1
    began = time.perf_counter()
    log.state_at("overseer", log.header(last - 500).session_id, last)
    log.effect_rows(5)
    log.neighbour(5, "message_type", 1)
    result["look"] = time.perf_counter() - began
    print(msgspec.json.encode(result).decode())


def _resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


def measure(path: Path) -> dict[str, float]:
    """The figures of loading alone, without an interface, by name."""
    command = [sys.executable, "-m", "tests.bench.log_open", str(path)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    got = msgspec.json.decode(told)
    return {
        "lines/s": got["events"] / got["seconds"],
        "lines/s of CPU time": got["events"] / got["cpu"],
        "first rows ms": got["first"] * 1e3,
        "resident bytes/event": got["resident"] / got["events"],
        "three questions ms": got["look"] * 1e3,
    }


def _ours(path: Path, count: int) -> Watched:
    whole = f"{count:,} events"
    return watch(
        [sys.executable, "-m", "debugger.cli", "replay", str(path)],
        {
            _FIRST_SCREEN: lambda shown: "RECORDING_STARTED" in shown,
            _FULL_INDEX: lambda shown: whole in shown,
        },
        limit=_LIMIT_SECONDS,
        environment={
            "TERM": "xterm-256color",
            "XDG_CONFIG_HOME": str(path.parent),
            "XDG_STATE_HOME": str(path.parent),
        },
    )


def _theirs(program: str, path: Path, count: int, *, one_line: bool) -> Watched:
    with tempfile.TemporaryDirectory() as folder:
        return watch(
            [program, "-I", str(write_format(Path(folder, "lnav"), one_line=one_line)), str(path)],
            {
                _FIRST_SCREEN: lambda shown: "message_" in shown or "assistant-" in shown,
                _FULL_INDEX: lambda shown: all_read(shown, count, one_line=one_line),
            },
            limit=_LIMIT_SECONDS,
            environment={"TERM": "vt100", "HOME": folder},  # vt100 moves in the fewest ways
        )


def _line(name: str, watched: Watched, to: Watched | None = None) -> str:
    told = []
    for mark, seconds in watched.seconds.items():
        other = None if to is None else to.seconds[mark]
        ratio = "" if not other or seconds is None else f" ({seconds / other:.2f}x)"
        told.append(f"{mark} {'never' if seconds is None else f'{seconds:.2f} s'}{ratio}")
    ratio = "" if to is None else f" ({watched.peak_bytes / to.peak_bytes:.2f}x)"
    return f"log {name:<24} {', '.join(told)}, peak {watched.peak_bytes / 1e6:,.0f} MB{ratio}"


def report() -> None:
    """Print the figures, a line each; ours also as multiples of lnav's."""
    program = lnav()
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "recording.jsonl")
            count = write_recording(path, size)
            print(f"log {count:,} lines of {path.stat().st_size / count:.0f} bytes; {noise()}")
            for name, figure in measure(path).items():
                print(f"log {name:<24} {figure:>12,.1f}")
            ours = _ours(path, count)
            print(_line("doubletalk replay", ours))
            if program is None:
                print("log skipped: lnav is not installed, so there is nothing to compare with")
                continue
            for one_line in (False, True):
                theirs = _theirs(program, path, count, one_line=one_line)
                name = "one line" if one_line else "fields"
                print(_line(f"lnav, {name}", theirs))
                print(_line(f"ours to lnav, {name}", ours, theirs))
            print(f"log afterwards: {noise()}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _child(sys.argv[1])
    else:
        report()
