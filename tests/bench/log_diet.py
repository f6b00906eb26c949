"""Resident memory of 10 million events, and of what is asked of them most.

A file of them would have 6 GB. So their packs, which reading a file gives, are made here and appended
in the way that those of a file are; only the lines are nowhere, and none is read.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from typing import Any

import msgspec
import numpy as np

from debugger.log import EventLog
from tests.bench.log_open import _resident
from tests.bench.recorded import packs

EVENTS = 10_000_000


class _Nowhere:
    """A store without lines."""

    first_offset = 0

    def read(self, offset: int, length: int) -> bytes:
        del offset, length
        return b""


def _child(count: int) -> None:
    gc.collect()
    before = _resident()
    log = EventLog()
    store, place = log.add_store(_Nowhere()), 0
    began = spent = 0.0
    for pack, size in packs(count):
        rows = len(pack.times)
        offsets = place + np.arange(rows, dtype=np.int64) * (size // rows)
        began = time.perf_counter()
        log.extend_packed(pack, store, offsets, np.full(rows, size // rows - 1, np.int64))
        spent += time.perf_counter() - began
        place += size
    gc.collect()
    result: dict[str, Any] = {"events": len(log), "appending": spent, "resident": _resident() - before}
    result["row"] = log._columns.row_bytes
    times = log.column("timestamp_ns")
    for name, ask in {
        "row at a time": lambda: log.row_at_time(int(times[len(log) // 3])),
        "stats": lambda: log.stats,
        "find id": lambda: log._causes.find("assistant-00000007-7654321"),
        "state in the middle": lambda: log.snapshot_rows("overseer", "s1~5000", len(log) // 2, 5),
    }.items():
        ask()
        began = time.perf_counter()
        for _ in range(10):
            ask()
        result[name] = (time.perf_counter() - began) / 10
    print(msgspec.json.encode(result).decode())


def report() -> None:
    """Print the figures, a line each."""
    command = [sys.executable, "-m", "tests.bench.log_diet", str(EVENTS)]
    got = msgspec.json.decode(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    events = got.pop("events")
    print(f"log10m {'events':<24} {events:>12,}")
    print(f"log10m {'resident bytes/event':<24} {got.pop('resident') / events:>12,.1f}")
    print(f"log10m {'of which columns':<24} {got.pop('row'):>12,.1f}")
    print(f"log10m {'appended/s':<24} {events / got.pop('appending'):>12,.0f}")
    for name, seconds in got.items():
        print(f"log10m {name + ' ms':<24} {seconds * 1e3:>12,.3f}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _child(int(sys.argv[1]))
    else:
        report()
