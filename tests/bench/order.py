"""How fast the happens-before order takes in events: ``python -m tests.bench order [EVENTS]``.

The logs are recorded conversations, many at once (`order_story`), at about 48 and at about 300 chains of
tasks that have not ended. Each is grown to EVENTS, by default a million; the rate should be the same
throughout.
Reading and decoding a file is not part of it, reading the payloads that order needs is.

The baseline is what the literature begins with: a vector clock for each event, with an entry for each
handler. It knows of tasks, causes and ordered mailboxes only, and gets the first few thousand events.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from debugger.analysis.order import Order
from debugger.log import EventLog
from tests.bench.__main__ import counted, noise
from tests.bench.order_story import Crowd

EVENTS: Final = 1_000_000
SMALLEST: Final = 100_000
BASELINE: Final = (5_000, 20_000)
CONVERSATIONS: Final = {"48 chains": 7, "300 chains": 42}
_QUESTIONS: Final = 200
_APART: Final = 50_000
_PIECE: Final = 1 << 15


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


def _child(conversations: int, count: int) -> None:
    """In a process of its own, so that memory is that of the order alone; prints JSON."""
    log = Crowd(conversations).log(count)
    gc.collect()
    gc.freeze()
    before = _resident()
    order, marks = Order(log), []
    size = min(SMALLEST, len(log))
    spent = 0.0
    open_chains = [0]
    while not order.complete:
        began = time.process_time()
        order.take(min(order.looked_at + _PIECE, size))
        spent += time.process_time() - began
        open_chains.append(order.counts.open_chains)
        if order.looked_at == size:
            marks.append((order.looked_at, spent))
            size = min(size * 10, len(log))
    gc.collect()
    result: dict[str, Any] = {
        "marks": marks,
        "open": max(open_chains),
        "bytes": (_resident() - before) / len(log),
        "counts": [order.counts.segments, order.counts.chains, order.counts.live_chains],
        "questions": _questions(log, order),
    }
    print(msgspec.json.encode(result).decode())


def _questions(log: EventLog, order: Order) -> dict[str, list[float]]:
    """Milliseconds that explanations take, of two events of one conversation: median, 99th of a hundred."""
    chance, sessions = random.Random(1), log.column("session")
    ask: dict[str, Callable[[int, int], Any]] = {
        "ordered": order.ordered,
        "why": order.why,
        "history": lambda _, after: order.history(after),
        "parting": order.parting,
    }
    took: dict[str, list[float]] = {name: [] for name in ask}
    for _ in range(_QUESTIONS):
        one = chance.randrange(len(log))
        low = max(0, one - _APART)
        near = np.flatnonzero(sessions[low : one + _APART] == sessions[one]) + low
        before, after = sorted((one, int(chance.choice(near))))
        for name, question in ask.items():
            began = time.process_time()
            question(before, after)
            took[name].append((time.process_time() - began) * 1e3)
    return {
        name: [statistics.median(times), sorted(times)[-_QUESTIONS // 100]] for name, times in took.items()
    }


def full_clocks(log: EventLog, count: int) -> float:
    """Seconds for the first `count` events with a clock for each, that has an entry for each handler."""
    types = [log.name("event_type", number) for number in log.column("event_type")[:count].tolist()]
    columns = [log.column(name)[:count].tolist() for name in ("task", "cause_row", "component", "session")]
    began = time.process_time()
    places: dict[int, int] = {}
    now: dict[int, NDArray[np.int32]] = {}
    at: list[NDArray[np.int32]] = []
    boxes: dict[tuple[int, int], list[tuple[int, int]]] = {}
    publishes: dict[int, tuple[tuple[int, int], int]] = {}
    size = len(set(columns[0]))
    for row, (kind, task, cause, component, session) in enumerate(zip(types, *columns, strict=True)):
        place = places.setdefault(task, len(places))
        clock = now[task].copy() if task in now else np.full(size, -1, np.int32)
        if 0 <= cause < row:
            np.maximum(clock, at[cause], out=clock)
            if kind == "message_received":
                box = (component, session)
                publishes[task] = (box, cause)
                for published, end in boxes.get(box, ()):
                    if at[cause][places[columns[0][published]]] >= published:
                        np.maximum(clock, at[end], out=clock)
        if kind == "message_handled" and task in publishes:
            box, publish = publishes[task]
            boxes.setdefault(box, []).append((publish, row))
        clock[place] = row
        now[task] = clock
        at.append(clock)
    return time.process_time() - began


def _measured(name: str, conversations: int, count: int) -> None:
    command = [sys.executable, "-m", "tests.bench.order", str(conversations), str(count)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    got = msgspec.json.decode(told)
    segments, chains, live = got["counts"]
    done, spent = 0, 0.0
    for rows, seconds in got["marks"]:
        rate = (rows - done) / (seconds - spent)
        print(f"order {name:<11} to {rows:>11,} events {rate:>10,.0f} events/s")
        done, spent = rows, seconds
    print(
        f"order {name:<11} {conversations} conversations at once, at most {got['open']:,} chains not over; "
        f"{chains:,} chains of {segments:,} segments, {live:,} at hand in the end"
    )
    print(f"order {name:<11} {got['bytes']:.0f} bytes/event resident, clocks of late events included")
    asked = ", ".join(f"{what} {low:.2f} ({high:.1f})" for what, (low, high) in got["questions"].items())
    print(f"order {name:<11} ms, median and 99th: {asked}", flush=True)


def _compared(name: str, conversations: int) -> None:
    log = Crowd(conversations).log(BASELINE[-1])
    for size in BASELINE:
        theirs = full_clocks(log, size)
        began = time.process_time()
        Order(log).take(size)
        ours = time.process_time() - began
        print(
            f"order {name:<11} first {size:,} events: a clock with an entry a handler "
            f"{size / theirs:,.0f} events/s, ours {size / ours:,.0f} ({theirs / ours:.1f}x)"
        )


def main(arguments: list[str]) -> int:
    """Print the figures of logs of so many events."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench order", description=__doc__)
    parser.add_argument("events", type=counted, nargs="?", default=EVENTS, help="for example 1_000_000")
    count = parser.parse_args(arguments).events
    for name, conversations in CONVERSATIONS.items():
        _measured(name, conversations, count)
        _compared(name, conversations)
    print(noise())
    return 0


def report() -> None:
    """As part of all benchmarks."""
    main([])


if __name__ == "__main__":
    _child(int(sys.argv[1]), int(sys.argv[2]))
