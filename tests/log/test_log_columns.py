"""Columns are as narrow as they can be, and answer as if they were not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import Event, decode_line, encode_event
from debugger.log import NONE, NOT_IN_LOG, EventLog, clocks
from debugger.log.columns import Columns
from debugger.log.pack import nanoseconds
from tests.support.examples import tried

WIDE = st.one_of(
    st.none(),
    st.integers(-2, 130),
    st.sampled_from((2**8, 2**15, 2**16, 2**31, 2**32 + 1, 2**40, 2**62, -(2**40))),
)


def _or_none(value: int | None) -> int:
    return NONE if value is None else value


@tried(80)
@given(
    st.lists(st.tuples(WIDE, WIDE, WIDE, WIDE, st.sampled_from((None, "a", "b"))), min_size=1, max_size=30),
    st.integers(1, 9),
)
def test_numbers_of_any_size_come_back(rows: list[tuple[Any, ...]], step: int) -> None:
    """Narrow ones first and wide ones later, or the reverse; what views showed before stays."""
    log = EventLog()
    events = [
        Event(1.0, "x", "c", seq=seq, turn=turn, timestamp_ns=wall, mono_ns=mono, source=source)
        for seq, turn, wall, mono, source in rows
    ]
    seen: list[Any] = []
    for start in range(0, len(events), step):
        part = events[start : start + step]
        log.append_many([encode_event(event) for event in part], part)
        seen.append(log.column("seq"))
    assert log.column("seq").tolist() == [_or_none(event.seq) for event in events]
    turns = [min(max(_or_none(event.turn), -(2**31)), 2**31 - 1) for event in events]
    assert log.column("turn").tolist() == turns
    assert log.column("timestamp_ns").tolist() == [nanoseconds(event) for event in events]
    monos = [_or_none(event.mono_ns) for event in events]
    column = log.column("mono_ns")
    assert (
        column[:].tolist()
        == monos
        == np.asarray(column).tolist()
        == [int(column[at]) for at in range(len(log))]
    )
    assert column[np.array([len(log) - 1, 0])].tolist() == [monos[-1], monos[0]]
    bases: dict[str | None, int] = {}
    for event, mono in zip(events, monos, strict=True):
        if mono != NONE:
            bases.setdefault(event.source, nanoseconds(event) - mono)
    steady = [
        nanoseconds(event) if mono == NONE else mono + bases[event.source]
        for event, mono in zip(events, monos, strict=True)
    ]
    column = log.column("steady_ns")
    assert column[:].tolist() == steady == [int(column[at]) for at in range(len(log))]
    for view in seen:
        assert view.tolist() == log.column("seq")[: len(view)].tolist()
    assert [log.header(row).mono_ns for row in range(len(log))] == [
        None if mono == NONE else mono for mono in monos
    ]


def test_a_usual_row_costs_some_forty_bytes() -> None:
    """As wide as what our own recordings hold needs, at a million events."""
    columns = Columns()
    columns.reserve(1)
    wide = {"session": 2130, "correlation": 8520, "task": 241_000, "worker": 8520, "turn": 4, "seq": 10**6}
    columns.write(0, {name: np.array([value]) for name, value in wide.items()})
    columns.write(0, {"length": np.array([5000]), "cause_row": np.array([NOT_IN_LOG])})
    assert columns.row_bytes <= 44


@tried(80)
@given(
    st.lists(st.integers(-5, 20), min_size=1, max_size=60),
    st.integers(1, 7),
    st.integers(1, 9),
    st.integers(-30, 700),
)
def test_the_row_at_a_time_is_that_of_the_running_maximum(
    steps: list[int], block: int, batch: int, asked: int
) -> None:
    """Where the clock jumped back, time went no further; whatever the blocks."""
    times = np.cumsum(steps)
    log = EventLog()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clocks, "BLOCK", block)
        for start in range(0, len(times), batch):
            events = [
                Event(0.0, "x", "c", timestamp_ns=time) for time in times[start : start + batch].tolist()
            ]
            log.append_many([encode_event(event) for event in events], events)
        running = np.maximum.accumulate(times)
        assert log.row_at_time(asked) == max(int(np.searchsorted(running, asked, side="right")) - 1, 0)


class Far:
    """A store of a file of many gigabytes, mostly nothing."""

    first_offset = 0

    def __init__(self, lines: dict[int, bytes]) -> None:
        self._lines = lines

    def read(self, offset: int, length: int) -> bytes:
        return self._lines[offset][:length]


@given(st.lists(st.integers(0, 40 << 30), min_size=1, max_size=9, unique=True), st.booleans())
def test_lines_are_found_beyond_four_gigabytes(places: list[int], mixed: bool) -> None:
    """A store is numbered by parts, so that four bytes say where in it a line is."""
    log = EventLog()
    numbers = [log.add_store(Far({})) for _ in range(2)]
    lines = {place: encode_event(Event(1.0, "x", "c", seq=place)) for place in places}
    stores = [numbers[at % 2 if mixed else 0] for at in range(len(places))]
    for number in numbers:
        log._lines._stores[number] = Far(lines)
    events = [decode_line(lines[place]) for place in places]
    log.extend(events, stores if mixed else stores[0], places, [len(lines[place]) for place in places])
    assert [log.raw(row) for row in range(len(log))] == [lines[place] for place in places]
    assert log.column("offset").dtype == np.uint32
    for row, place in enumerate(places):
        store = log.store_of(int(log.column("store")[row]))
        assert store.read(int(log.column("offset")[row]), 500) == lines[place]


class Naive:
    """Causes by dict: what `EventLog` has to say."""

    def __init__(self) -> None:
        self.rows: list[set[int]] = []
        self._known: dict[str, dict[int, int]] = {}
        self._waiting: dict[str, list[int]] = {}

    def add(self, batch: list[tuple[int, Event]]) -> None:
        first = len(self.rows)
        for row, (file, event) in enumerate(batch, first):
            if event.id is not None:
                self._known.setdefault(event.id, {})[file] = row
        for row, (file, event) in enumerate(batch, first):
            self.rows.append({NONE} if event.cause is None else self._found(file, event.cause, row))
        for row, (_, event) in enumerate(batch, first):
            for effect in self._waiting.pop(event.id or "", ()):
                self.rows[effect] = {row}

    def _found(self, file: int, cause: str, row: int) -> set[int]:
        known = self._known.get(cause, {})
        if not known:
            self._waiting.setdefault(cause, []).append(row)
        return {known[file]} if file in known else set(known.values()) or {NOT_IN_LOG}


@st.composite
def files_of_ids(draw: st.DrawFn) -> list[tuple[int, Event]]:
    """Events of three files; no file has an id twice, several may have the same."""
    heads = st.sampled_from(("a-", "b-", "x", "", "a-0"))
    names = st.builds(lambda head, count: f"{head}{count}", heads, st.integers(0, 30))
    ids = draw(st.lists(st.tuples(st.integers(1, 3), names), min_size=1, max_size=60, unique=True))
    if draw(st.booleans()):
        ids.sort()
    causes = st.one_of(st.none(), st.sampled_from([name for _, name in ids]), st.just("a-99999999999"))
    return [(file, Event(1.0, "x", "c", id=name or None, cause=draw(causes))) for file, name in ids]


@tried(50)
@given(files_of_ids(), st.integers(1, 25))
def test_causes_are_found_as_a_dict_would(events: list[tuple[int, Event]], step: int) -> None:
    """In the own file first, then in any other; late ones when they come; of several files, in any order."""
    log, naive = EventLog(), Naive()
    assert [log.add_store(Far({})) for _ in range(3)] == [1, 2, 3]
    for start in range(0, len(events), step):
        batch = events[start : start + step]
        log.extend(
            [event for _, event in batch], [file for file, _ in batch], [0] * len(batch), [0] * len(batch)
        )
        naive.add(batch)
    found = log.column("cause_row").tolist()
    assert all(row in allowed for row, allowed in zip(found, naive.rows, strict=True)), (found, naive.rows)
