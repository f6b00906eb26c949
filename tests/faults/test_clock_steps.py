"""The wall clock is set an hour on or back while a program runs: what stays right, and who says so."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import decode_line
from backend.store.sink import StoreSink
from backend.tap import Clock, Recorder, Tap
from backend.tap.hub import Hub
from debugger.analysis.clock_steps import ClockSteps, Step
from debugger.analysis.findings import Findings
from debugger.log import EventLog
from tests.faults.books import in_store
from tests.faults.ledger import Ledger
from tests.support.commands import say

HOUR = 3_600 * 10**9
SECOND = 10**9


def logged(lines: list[bytes]) -> EventLog:
    log = EventLog()
    log.append_many(lines, [decode_line(line) for line in lines])
    return log


@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["on", "back"])
async def test_a_clock_that_is_set_touches_neither_order_nor_numbers_nor_waits(
    by: int, tmp_path: Path
) -> None:
    """In the recording, the store and the feed's history; the debugger says what happened, and where."""
    hub, path, offset = Hub(), tmp_path / "run.jsonl", 0
    clock = Clock(wall_ns=lambda: time.time_ns() + offset)
    async with Tap("app", sinks=(Recorder(path), StoreSink(tmp_path / "s"), hub), clock=clock) as tap:
        for number in range(50):
            tap.emit("message_published", "overseer", "TEXT_CHUNK", {"number": number})
        tap.drain()
        offset = by
        tap.drain()
        for number in range(50, 100):
            tap.emit("message_published", "overseer", "TEXT_CHUNK", {"number": number})
    lines = path.read_bytes().splitlines()
    events = [decode_line(line) for line in lines]
    assert [event.seq for event in events] == list(range(1, 103))
    assert len({event.id for event in events}) == 102
    monos = [event.mono_ns or 0 for event in events]
    assert monos == sorted(monos)
    walls = np.diff([event.timestamp_ns or 0 for event in events])
    (at,) = np.flatnonzero(np.abs(walls) > HOUR / 2)
    assert events[at + 1].payload()["number"] == 50
    for books in (Ledger(), in_store(tmp_path / "s")):
        if not books.sources:
            books.read(path)
        verdict = books.verdict({tap.source: 102})
        assert verdict.sound, verdict
    assert hub.stats().history_size == 102
    log = logged(lines)
    steady = np.diff(np.asarray(log.column("steady_ns")))
    assert (steady >= 0).all()
    assert steady.max() < HOUR / 2
    findings = Findings(log)
    while not findings.complete:
        findings.advance(lambda: 0, 1)
    (told,) = [one for one in findings.all() if one.rule == "clock-step"]
    way = "forward" if by > 0 else "back"
    assert told.message == f"the wall clock of {tap.source} jumps 60min {way}"
    assert told.row == at + 1
    checked = say("check", str(path), "--verbose")
    assert checked.code == 0
    assert told.message in checked.out


def told_at(log: EventLog) -> list[Step]:
    steps = ClockSteps(log)
    steps.advance()
    return steps.all()


def line_of(seq: int, wall: int, mono: int | None, source: str = "a") -> bytes:
    clock = "" if mono is None else f',"mono_ns":{mono}'
    return (
        f'{{"timestamp":1.0,"event_type":"system","component":"x","id":"{source}-{seq}","source":"{source}",'
        f'"seq":{seq},"timestamp_ns":{1_795_000_000 * SECOND + wall}{clock}}}'
    ).encode()


def test_a_clock_that_is_only_made_to_run_faster_was_not_set() -> None:
    """However long nothing was said meanwhile: only what no clock is made to do is a step."""
    assert (
        told_at(logged([line_of(1, 0, 0), line_of(2, 10_000 * SECOND + 5 * SECOND, 10_000 * SECOND)])) == []
    )
    assert told_at(logged([line_of(1, 0, 0), line_of(2, SECOND + 90_000_000, SECOND)])) == []
    assert told_at(logged([line_of(1, 0, None), line_of(2, HOUR, None), line_of(3, 0, 5)])) == []


@given(
    jumps=st.lists(st.sampled_from([0, 0, 0, 2 * SECOND, -2 * SECOND, HOUR, -HOUR]), min_size=1, max_size=30),
    pieces=st.integers(1, 10),
)
def test_each_jump_of_each_source_is_counted_however_the_log_grows(jumps: list[int], pieces: int) -> None:
    """Two sources in turns, one of which is never set; the farthest jump is the one that is shown."""
    lines, drift = [], 0
    for number, jump in enumerate(jumps, 1):
        drift += jump
        lines.append(line_of(number, number * SECOND + drift, number * SECOND))
        lines.append(line_of(number, number * SECOND, 7 * HOUR + number * SECOND, "steady"))
    log, grown = EventLog(), []
    steps = ClockSteps(log)
    for start in range(0, len(lines), pieces):
        some = lines[start : start + pieces]
        log.append_many(some, [decode_line(line) for line in some])
        steps.advance()
        grown = steps.all()
    steps = ClockSteps(log)
    steps.advance()
    assert steps.all() == grown
    real = [(jump, 2 * at) for at, jump in enumerate(jumps) if at and jump]
    if not real:
        assert grown == []
        return
    (found,) = grown
    farthest = max(abs(jump) for jump, _ in real)
    assert (found.source, found.times) == ("a", len(real))
    assert (found.ns, found.row) == next(one for one in real if abs(one[0]) == farthest)
