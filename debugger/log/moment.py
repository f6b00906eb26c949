"""Moments as people write them: ``seq=812``, ``10:02:03.4``, ``+200ms``, ``turn=3``, ``FILE#seq=812``."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from debugger.log.columns import NONE
from debugger.log.eventlog import EventLog

_NS: Final = 1_000_000_000
_UNITS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": _NS,
    "m": 60 * _NS,
    "min": 60 * _NS,
    "h": 3_600 * _NS,
}
_NAMED: Final = re.compile(r"(seq|row|time|id|turn)\s*=\s*(.+)", re.IGNORECASE)
_SPAN: Final = re.compile(r"([+-])\s*([0-9]+(?:\.[0-9]+)?)\s*([a-zµ]+)")
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?")
_FRACTION: Final = re.compile(r"[.,](\d{1,9})")
_PERCENT: Final = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%")
_NUMBER: Final = re.compile(r"#?([0-9]{1,18})")
_HOURS, _SIXTY, _WHOLE = 24, 60, 100
USAGE: Final = "812 or seq=812 · row=5 · 10:02:03.4 · +200ms · 50% · turn=3 · id=…"


class MomentError(ValueError):
    """A moment that is none, or is not in the log: one line that says what to write instead."""


class Link(NamedTuple):
    """A recording and, after ``#``, a moment in it; empty for none."""

    path: str
    moment: str


def parse_link(text: str) -> Link:
    """``FILE#seq=812`` in its parts. A file whose name has a ``#`` in it is taken as it is.

    Behind the name of a file that is there, whatever follows is meant for a moment, if a wrong one.
    """
    path, mark, moment = text.rpartition("#")
    if not mark or not path or _exists(text):
        return Link(text, "")
    return Link(path, moment) if _NAMED.fullmatch(moment) or _exists(path) else Link(text, "")


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # a name that is too long, or has a zero in it
        return False


def needs_all(text: str) -> bool:
    """Whether a moment is known only when everything is loaded: a time or a share, not a seq or an id."""
    text = text.strip()
    named = _NAMED.fullmatch(text)
    return named[1].lower() == "time" if named is not None else _NUMBER.fullmatch(text) is None


def link_to(log: EventLog, row: int, path: str) -> str:
    """The link to a row, by its seq if it has one; `parse_link` and `row_of` read it."""
    seq = int(log.column("seq")[row])
    return f"{path}#seq={seq}" if seq != NONE else f"{path}#row={row + 1}"


def row_of(log: EventLog, text: str, cursor: int) -> int:
    """The row of a moment, of those named in `USAGE`. Spans count from the row `cursor`.

    Rows count from 1, as the screen shows them where there is no seq.

    Raises:
        MomentError: it is none, or nothing is there.
    """
    text = text.strip()
    if not len(log):
        raise MomentError("the log is empty")
    named = _NAMED.fullmatch(text)
    if named is not None:
        return _named(log, named[1].lower(), named[2].strip(), cursor)
    if number := _NUMBER.fullmatch(text):
        return _seq(log, int(number[1]), cursor)
    if percent := _PERCENT.fullmatch(text):
        known = len(log) - 1 - log.first_row
        return log.first_row + min(round(float(percent[1]) / _WHOLE * known), known)
    if span := _SPAN.fullmatch(text):
        return _after(log, cursor, span)
    return _at_time(log, text, cursor)


def _named(log: EventLog, name: str, value: str, cursor: int) -> int:
    if name == "time":
        return _at_time(log, value, cursor)
    if name == "id":
        row = log.find_id(value)
        if row is None:
            raise MomentError(f"no event has the id {value!r}")
        return row
    number = _NUMBER.fullmatch(value)
    if number is None:
        raise MomentError(f"{name} is a number, not {value!r}; write {USAGE}")
    if name == "seq":
        return _seq(log, int(number[1]), cursor)
    if name == "turn":
        return _turn(log, int(number[1]), cursor)
    if not 1 <= int(number[1]) <= len(log):
        raise MomentError(f"there are rows {log.first_row + 1:,} to {len(log):,}, not {value}")
    return _known(log, int(number[1]) - 1)


def _known(log: EventLog, row: int) -> int:
    if row < log.first_row:
        raise MomentError(f"row {row + 1:,} is forgotten: this log begins at row {log.first_row + 1:,}")
    return row


def _seq(log: EventLog, seq: int, cursor: int) -> int:
    """A seq of the source at the cursor, else of any; a row number where nothing has a seq."""
    source = log.interner("source").value(int(log.column("source")[max(cursor, log.first_row)]))
    for one in (source, None):
        row = log.find(one, seq)
        if row is not None:
            return row
    if int(log.column("seq")[log.first_row]) == NONE and 1 <= seq <= len(log):
        return _known(log, seq - 1)
    raise MomentError(f"no event has seq {seq}{', of those that are not forgotten' if log.first_row else ''}")


def _turn(log: EventLog, turn: int, cursor: int) -> int:
    """The first row of a turn, of the session at the cursor if it has that turn."""
    rows = np.flatnonzero(log.column("turn")[log.first_row :] == turn) + log.first_row
    if not len(rows):
        raise MomentError(f"no event is of turn {turn}")
    own = rows[log.column("session")[rows] == log.column("session")[max(cursor, log.first_row)]]
    return int(own[0]) if len(own) else int(rows[0])


def _after(log: EventLog, cursor: int, span: re.Match[str]) -> int:
    unit = _UNITS.get(span[3])
    if unit is None:
        raise MomentError(f"{span[3]!r} is no unit of time; use one of {', '.join(_UNITS)}")
    try:
        distance = round(float(span[2]) * unit) * (-1 if span[1] == "-" else 1)
    except OverflowError:
        raise MomentError(f"{span[0][:20]}… is outside of what clocks know") from None
    return log.row_at_time(int(log.column("timestamp_ns")[max(cursor, log.first_row)]) + distance)


def _at_time(log: EventLog, text: str, cursor: int) -> int:
    at = int(log.column("timestamp_ns")[max(cursor, log.first_row)])
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        known = _NS // 10 ** len(clock[4] or "") if clock[3] else _SIXTY * _NS
        return _within(log, _on_day_of(at, clock), known)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise MomentError(f"{text!r} is no moment; write {USAGE}") from None
    fraction = _FRACTION.search(text)
    try:
        at = round(moment.timestamp() * 1e6) * 1_000
    except (OverflowError, OSError, ValueError):
        raise MomentError(f"{text!r} is outside of what clocks know") from None
    return _within(log, at, _NS // 10 ** len(fraction[1]) if fraction is not None else _NS)


def _within(log: EventLog, at_ns: int, known_ns: int) -> int:
    """The first row of a time that is known to so many ns, as it is shown: cut off, not rounded.

    The last row before it where nothing happened then, the first of all where nothing happened before.
    """
    before = log.row_at_time(at_ns - 1)
    times = log.column("timestamp_ns")
    first = before if int(times[before]) >= at_ns else before + 1
    return first if first < len(log) and int(times[first]) - at_ns < known_ns else before


def _on_day_of(at_ns: int, clock: re.Match[str]) -> int:
    """A local clock time on the day of `at_ns`, in ns."""
    hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
    if hour >= _HOURS or minute >= _SIXTY or second >= _SIXTY:
        raise MomentError(f"{clock[0]} is no time of a day")
    try:
        day = dt.datetime.fromtimestamp(at_ns // _NS).astimezone()
    except (OverflowError, OSError, ValueError):
        raise MomentError("the cursor's event has no time of this world; name a seq") from None
    moment = day.replace(hour=hour, minute=minute, second=second, microsecond=0, tzinfo=None).astimezone()
    return round(moment.timestamp()) * _NS + int((clock[4] or "0").ljust(9, "0"))
