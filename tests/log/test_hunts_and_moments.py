"""Hunts find what a plain search finds; moments as people write them lead to the right row."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from backend.events import Event, decode_line, encode_event
from debugger.log import EventLog
from debugger.log.hunt import Both, Equals, Hunt, OtherTurn, nearest
from debugger.log.moment import MomentError, link_to, parse_link, row_of
from debugger.tui.units import clock_time
from tests.tui.interface import START_NS, STEP_NS, Script, conversation


def log_of(lines: list[bytes]) -> EventLog:
    log = EventLog()
    log.append_many(lines, [decode_line(line) for line in lines])
    return log


LOG = log_of(conversation())


class Rows:
    """A condition that holds on given rows."""

    def __init__(self, rows: set[int]) -> None:
        self.rows = rows

    def mask(self, log: EventLog, start: int, stop: int) -> NDArray[np.bool_]:
        assert 0 <= start <= stop <= len(log)
        return np.array([row in self.rows for row in range(start, stop)], np.bool_)


@given(
    rows=st.sets(st.integers(0, len(LOG) - 1), max_size=5),
    row=st.integers(-1, len(LOG)),
    forwards=st.booleans(),
)
def test_a_hunt_finds_the_nearest_row_whatever_its_pieces(rows: set[int], row: int, forwards: bool) -> None:
    """Forwards the first after, backwards the last before; a step of the budget changes nothing."""
    beyond = [one for one in rows if (one > row if forwards else one < row)]
    expected = (min(beyond) if forwards else max(beyond)) if beyond else None
    hunt = Hunt(LOG, Rows(rows), row, 1 if forwards else -1)
    hunt._chunk = 3
    while not hunt.advance(lambda: 0, 0):
        pass
    assert hunt.found == expected
    assert nearest(LOG, Rows(rows), row, 1 if forwards else -1) == expected


def test_a_hunt_forwards_looks_at_what_came_meanwhile() -> None:
    """Its end is where the log ends when it gets there, not where it ended at the start."""
    lines = conversation()
    log = log_of(lines[:10])
    hunt = Hunt(log, Rows({12}), 0, 1)
    log.append_many(lines[10:20], [decode_line(line) for line in lines[10:20]])
    assert hunt.advance(lambda: 0, 1)
    assert hunt.found == 12


def test_both_conditions_must_hold() -> None:
    """And the second is not asked where the first leaves nothing."""
    session = LOG.id_of("session", "s1")
    assert session is not None
    both = Both(Equals(session=session, turn=2), Rows({3, 17, 30}))
    turns = LOG.column("turn")
    expected = [row for row in (3, 17, 30) if turns[row] == 2]
    assert np.flatnonzero(both.mask(LOG, 0, len(LOG))).tolist() == expected
    assert not Both(Equals(turn=99), Rows({1})).mask(LOG, 0, len(LOG)).any()


def test_the_next_turn_is_a_later_one_of_the_session() -> None:
    """Rows of the turn itself and rows without a turn are passed over."""
    session = LOG.id_of("session", "s1")
    assert session is not None
    turns = LOG.column("turn")
    row = nearest(LOG, OtherTurn(session, 1, 1), 5, 1)
    assert row is not None
    assert turns[row] == 2
    assert turns[row - 1] == 1


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("7", 6),
        ("#7", 6),
        ("seq=7", 6),
        ("seq = 7", 6),
        ("row=3", 2),
        ("0%", 0),
        ("100%", len(LOG) - 1),
        ("id=assistant-1-9", 8),
        ("turn=1", 1),
        ("+8ms", 11),
        ("-7ms", 9),
        ("+1h", len(LOG) - 1),
        ("-1h", 0),
    ],
)
def test_a_moment_leads_to_its_row(text: str, row: int) -> None:
    """Spans count from the cursor, here on row 10; beyond the ends it is the end."""
    assert row_of(LOG, text, 10) == row


def test_a_clock_time_is_meant_on_the_day_of_the_cursor() -> None:
    """Local time, to the nanosecond; the row is the last at or before it. ISO 8601 says the day itself."""
    at = START_NS + 5 * STEP_NS
    local = dt.datetime.fromtimestamp(at // 1_000_000_000).astimezone()
    assert row_of(LOG, f"{local:%H:%M:%S}.{at % 1_000_000_000:09}", 0) == 4
    assert row_of(LOG, f"time={local:%H:%M:%S}.{at % 1_000_000_000 - 1:09}", 0) == 3
    utc = dt.datetime.fromtimestamp(at / 1e9 + 0.001, dt.UTC)
    assert row_of(LOG, utc.isoformat(), 0) == 4


@given(
    times=st.lists(st.integers(0, 3_000_000_000), min_size=1, max_size=20).map(sorted),
    at=st.integers(0, 3_000_000_000),
    digits=st.sampled_from([0, 1, 3, 6, 9]),
)
def test_a_time_as_it_is_shown_leads_to_the_first_event_that_is_shown_with_it(
    times: list[int], at: int, digits: int
) -> None:
    """Cut off to the digits that are typed; where nothing has it, to the last event before."""
    log = EventLog()
    begin = START_NS // 60_000_000_000 * 60_000_000_000
    events = [Event((begin + one) / 1e9, "x", "c", timestamp_ns=begin + one) for one in times]
    log.append_many([encode_event(one) for one in events], events)
    typed = clock_time(begin + at, digits=digits).rstrip(".")
    shown = [clock_time(begin + one, digits=digits).rstrip(".") for one in times]
    before = [row for row, text in enumerate(shown) if text <= typed]
    expected = shown.index(typed) if typed in shown else before[-1] if before else 0
    assert row_of(log, typed, 0) == expected


def test_a_time_in_minutes_leads_to_the_first_event_of_the_minute() -> None:
    """As a time in seconds does to that of the second."""
    local = dt.datetime.fromtimestamp(START_NS // 1_000_000_000).astimezone()
    assert row_of(LOG, f"{local:%H:%M}", 10) == row_of(LOG, f"{local:%H:%M:%S}", 10) == 0


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "no moment"),
        ("yesterday", "write 812"),
        ("seq=99999", "no event has seq 99999"),
        ("row=0", "rows 1 to"),
        ("row=x", "is a number"),
        ("turn=9", "no event is of turn 9"),
        ("id=nobody", "no event has the id"),
        ("+5parsecs", "no unit of time"),
        ("25:00", "no time of a day"),
        ("9999-12-31T23:59:59.9+99:99", "no moment"),
    ],
)
def test_what_is_no_moment_is_told_in_a_line(text: str, word: str) -> None:
    """It says what is wrong, or what to write instead."""
    with pytest.raises(MomentError, match=word) as told:
        row_of(LOG, text, 0)
    assert "\n" not in str(told.value)


def test_an_empty_log_has_no_moments() -> None:
    """Nothing to go to, and nothing breaks."""
    with pytest.raises(MomentError, match="empty"):
        row_of(EventLog(), "5", -1)


def test_rows_stand_in_for_seqs_where_there_are_none() -> None:
    """A base-format log counts its rows from 1, and its links say so."""
    script = Script()
    for _ in range(3):
        script.event("state_change", "overseer", seq=None, id=None, source=None)
    log = log_of(script.lines)
    assert row_of(log, "2", 0) == 1
    assert link_to(log, 1, "a.jsonl") == "a.jsonl#row=2"


def test_a_link_leads_back_to_its_moment(tmp_path: Path) -> None:
    """What `link_to` writes, `parse_link` and `row_of` read; a `#` in a file's own name is no link."""
    link = parse_link(link_to(LOG, 12, "talk.jsonl"))
    assert link.path == "talk.jsonl"
    assert row_of(LOG, link.moment, 0) == 12
    odd = tmp_path / "take#seq=2"
    odd.write_text("")
    assert parse_link(str(odd)) == (str(odd), "")
    assert parse_link(f"{odd}#seq=5") == (str(odd), "seq=5")
    assert parse_link("a#b.jsonl") == ("a#b.jsonl", "")
    assert parse_link("talk.jsonl") == ("talk.jsonl", "")
