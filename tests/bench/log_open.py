"""Opening a recording of a million events: lines a second, time to the first screen, memory an event."""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from backend.events import Event, encode_lines
from debugger.log import EventLog, compile_query
from debugger.sources.file import open_recordings
from tests.support.voicelog import voice_log

EVENTS = 1_000_000


def write_recording(path: Path, count: int) -> int:
    """Write at least `count` events, conversations told with new ids each time; returns how many."""
    story = voice_log(7, turns=4, sessions=2)
    written = 0
    with path.open("wb") as file:
        again = 0
        while written < count:
            mark = f"~{again}"
            shift = again * (story[-1].mono_ns or 0)
            file.write(encode_lines([_told_again(event, mark, shift, written) for event in story]))
            written += len(story)
            again += 1
    return written


def _told_again(event: Event, mark: str, shift: int, before: int) -> Event:
    session = None if event.session_id is None else f"{event.session_id}{mark}"
    correlation = event.correlation_id
    if correlation is not None and event.session_id is not None:
        correlation = f"{session}{correlation[len(event.session_id) :]}"
    return msgspec.structs.replace(
        event,
        timestamp=event.timestamp + shift / 1e9,
        timestamp_ns=(event.timestamp_ns or 0) + shift,
        mono_ns=(event.mono_ns or 0) + shift,
        seq=(event.seq or 0) + before,
        id=f"{event.id}{mark}",
        cause=event.cause and f"{event.cause}{mark}",
        task=event.task and f"{event.task}{mark}",
        session_id=session,
        correlation_id=correlation,
    )


def _resident() -> int:
    """Bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


def _child(path: str) -> None:
    """Load in a process of its own, so that memory is that of the log alone; prints JSON."""
    gc.collect()
    before = _resident()
    log = EventLog()
    began, cpu = time.perf_counter(), time.process_time()
    steps = open_recordings([path]).load(log)
    next(steps)
    first = time.perf_counter() - began
    for _ in steps:
        pass
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    gc.collect()
    resident = _resident() - before
    result: dict[str, Any] = {
        "events": len(log),
        "seconds": took,
        "cpu": cpu,
        "first": first,
        "resident": resident,
    }
    for name, text in (
        ("filter columns", "component:tts_* severity>=info -type:state_change"),
        ("filter text", '"mild today"'),
    ):
        began = time.perf_counter()
        compile_query(text).mask(log)
        result[name] = time.perf_counter() - began
    last = len(log) - 1
    began = time.perf_counter()
    log.state_at("overseer", log.header(last - 500).session_id, last)
    log.effect_rows(5)
    log.neighbour(5, "message_type", 1)
    result["look"] = time.perf_counter() - began
    print(msgspec.json.encode(result).decode())


def measure(count: int = EVENTS) -> dict[str, float]:
    """The figures, by name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "million.jsonl")
        write_recording(path, count)
        size = path.stat().st_size
        path.read_bytes()  # into the page cache: the disk is not what is measured
        command = [sys.executable, "-m", "tests.bench.log_open", str(path)]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    got = msgspec.json.decode(told)
    return {
        "events": got["events"],
        "bytes/line": size / got["events"],
        "lines/s": got["events"] / got["seconds"],
        "lines/s of CPU time": got["events"] / got["cpu"],
        "first screen ms": got["first"] * 1e3,
        "resident bytes/event": got["resident"] / got["events"],
        "filter columns ms": got["filter columns"] * 1e3,
        "filter text ms": got["filter text"] * 1e3,
        "three questions ms": got["look"] * 1e3,
    }


def report() -> None:
    """Print the figures, a line each."""
    for name, figure in measure().items():
        print(f"log {name:<24} {figure:>12,.1f}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _child(sys.argv[1])
    else:
        report()
