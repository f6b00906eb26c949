"""Conditions on columns: whole slices at once, no line is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from backend.wire.query.matching import Conditional, Test, name_test
from backend.wire.query.nodes import Compare, Field, Kind, OneOf
from debugger.log.columns import NONE
from debugger.log.distinct import distinct
from debugger.log.eventlog import EventLog
from debugger.log.interner import Interner
from debugger.log.query.intervals import Interval, intervals
from debugger.log.query.times import DAY, SECOND

Mask = NDArray[np.bool_]

_FEW_NAMES: Final = 4_096
_FEW_MATCHES: Final = 3
_UNKNOWN, _NO, _YES = 0, 1, 2


class ColumnTest(Protocol):
    """A condition that columns alone answer."""

    def mask(self, log: EventLog, start: int, stop: int) -> Mask:
        """For each row from `start` up to `stop`, whether it holds."""
        ...


def column_test(condition: Conditional) -> ColumnTest:
    """What evaluates a condition on a field that is in columns."""
    field = condition.field
    if field.kind is Kind.NAME:
        return _Names(field.source, name_test(condition))
    allowed = intervals(condition) if isinstance(condition, Compare | OneOf) else ()
    return _Numbers(_source(field), allowed)


# --- numbers --------------------------------------------------------------------------


class _Slice(NamedTuple):
    """Numbers of a stretch of rows, and which rows have one; None: all."""

    numbers: NDArray[Any]
    there: Mask | None = None


_Source = Callable[[EventLog, int, int], _Slice]


def _source(field: Field) -> _Source:
    computed: dict[str, _Source] = {"row": _rows, "delta": _delta, "lag": _lag}
    if field.source in computed:
        return computed[field.source]
    optional = field.source in {"turn", "seq", "mono_ns"}

    def numbers(log: EventLog, start: int, stop: int) -> _Slice:
        values = log.column(field.source)[start:stop]
        return _Slice(values, values != NONE if optional else None)

    return numbers


def _rows(log: EventLog, start: int, stop: int) -> _Slice:
    del log
    return _Slice(np.arange(start + 1, stop + 1))


def _delta(log: EventLog, start: int, stop: int) -> _Slice:
    first = max(start - 1, log.first_row)
    times = log.column("timestamp_ns")[first:stop]
    if start > first:
        return _Slice(_between(times[:-1], times[1:]))
    there = np.ones(stop - start, np.bool_)
    there[:1] = False  # no row is before the first
    return _Slice(_between(np.concatenate((times[:1], times[:-1])), times), there)


def _lag(log: EventLog, start: int, stop: int) -> _Slice:
    times = log.column("timestamp_ns")
    causes = log.column("cause_row")[start:stop]
    there = (causes >= 0) & (causes < len(times))
    return _Slice(_between(times[np.where(there, causes, 0)], times[start:stop]), there)


def _between(earlier: NDArray[np.int64], later: NDArray[np.int64]) -> NDArray[np.int64]:
    """The spans between times; those that do not fit become the longest that do."""
    spans = later - earlier
    wrapped = ((later ^ earlier) & (later ^ spans)) < 0  # foreign clocks may say anything
    if wrapped.any():
        spans[wrapped] = np.where(later[wrapped] < 0, np.iinfo(np.int64).min, np.iinfo(np.int64).max)
    return spans


class _Numbers:
    """Numbers in intervals; with no interval, those that are there at all."""

    def __init__(self, source: _Source, allowed: tuple[Interval, ...]) -> None:
        self._source = source
        self._allowed = allowed
        self._midnights = _Midnights()

    def mask(self, log: EventLog, start: int, stop: int) -> Mask:
        """As `ColumnTest.mask`."""
        numbers, there = self._source(log, start, stop)
        if not self._allowed:
            return np.ones(stop - start, np.bool_) if there is None else there
        holds = self._in(self._allowed[0], numbers)
        for interval in self._allowed[1:]:
            holds |= self._in(interval, numbers)
        if there is not None:
            holds &= there
        return holds

    def _in(self, interval: Interval, numbers: NDArray[Any]) -> Mask:
        return interval.holds(self._midnights.since(numbers) if interval.daily else numbers)


class _Midnights:
    """Times as ns since local midnight; -1 for what no calendar has."""

    _STEP: Final = 900 * SECOND  # clocks are set at a quarter of an hour
    _STEADY: Final = 28 * DAY  # they are not set forth and back within that

    def __init__(self) -> None:
        self._offsets: dict[int, int | None] = {}

    def since(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each time."""
        if not len(times):
            return times
        first, last = int(times.min()), int(times.max())
        ends = (self._offset(first // self._STEP), self._offset(last // self._STEP))
        if ends[0] is not None and ends[0] == ends[1] and last - first <= self._STEADY:
            return (times + ends[0]) % DAY
        steps, places = np.unique(times // self._STEP, return_inverse=True)
        offsets = [self._offset(step) for step in steps.tolist()]
        known = np.array([offset is not None for offset in offsets], np.bool_)[places]
        shifts = np.array([offset or 0 for offset in offsets], np.int64)[places]
        return np.where(known, (np.where(known, times, 0) + shifts) % DAY, -1)

    def _offset(self, step: int) -> int | None:
        if step not in self._offsets:
            if len(self._offsets) > _FEW_NAMES:
                self._offsets.clear()
            try:
                moment = dt.datetime.fromtimestamp(step * self._STEP // SECOND, dt.UTC).astimezone()
                offset = moment.utcoffset()
                self._offsets[step] = None if offset is None else round(offset.total_seconds()) * SECOND
            except (ValueError, OverflowError, OSError):
                self._offsets[step] = None
        return self._offsets[step]


# --- names ----------------------------------------------------------------------------


class _Names:
    """A condition on a name: asked of each name once, then looked up by number."""

    def __init__(self, column: str, test: Test) -> None:
        self._column = column
        self._test = test
        self._interner: Interner | None = None
        self._answers: NDArray[np.uint8] = np.zeros(0, np.uint8)
        self._few: tuple[int, list[int], list[int]] = (0, [], [])
        # Answers are those of names from this number on: those before are forgotten, but for a few.
        self._base = 0
        self._older: dict[int, bool] = {}

    def mask(self, log: EventLog, start: int, stop: int) -> Mask:
        """As `ColumnTest.mask`."""
        numbers = log.column(self._column)[start:stop]
        interner = log.interner(self._column)
        self._grow(interner)
        if self._base or len(self._answers) > _FEW_NAMES:
            return self._one_by_one(interner, numbers)
        unknown = np.flatnonzero(self._answers == _UNKNOWN)
        if len(unknown):
            self._ask(interner, unknown)
        return self._looked_up(numbers)

    def _grow(self, interner: Interner) -> None:
        if interner is not self._interner:
            self._interner, self._answers = interner, np.zeros(0, np.uint8)
            self._few, self._base = (0, [], []), 0
            self._older.clear()
        if interner.first - self._base > _FEW_NAMES:
            self._answers = self._answers[interner.first - self._base :].copy()
            self._base = interner.first
            self._older.clear()
        more = len(interner) - self._base - len(self._answers)
        if more > 0:
            # By doubling: a log that grows would copy millions of answers again and again.
            room = more if len(interner) <= _FEW_NAMES else more + len(self._answers)
            self._answers = np.concatenate((self._answers, np.zeros(room, np.uint8)))

    def _ask(self, interner: Interner, numbers: NDArray[Any]) -> None:
        for number in numbers.tolist():
            self._answers[number] = _YES if self._test(interner.value(self._base + number)) else _NO

    def _one_by_one(self, interner: Interner, numbers: NDArray[Any]) -> Mask:
        """Of a million names only those are asked that the rows have."""
        if self._base:
            numbers = numbers.astype(np.int64) - self._base
            old = np.flatnonzero(numbers < 0)
            if len(old):
                holds = np.zeros(len(numbers), np.bool_)
                recent = np.flatnonzero(numbers >= 0)
                holds[recent] = self._answered(interner, numbers[recent])
                holds[old] = self._of_older(interner, numbers[old] + self._base)
                return holds
        return self._answered(interner, numbers)

    def _answered(self, interner: Interner, places: NDArray[Any]) -> Mask:
        answers = self._answers[places]
        unknown = places[answers == _UNKNOWN]
        if len(unknown):
            self._ask(interner, distinct(unknown))
            answers = self._answers[places]
        return np.asarray(answers == _YES)

    def _of_older(self, interner: Interner, numbers: NDArray[np.int64]) -> Mask:
        distinct, places = np.unique(numbers, return_inverse=True)
        for number in distinct.tolist():
            if number not in self._older:
                self._older[number] = self._test(interner.value(number))
        return np.array([self._older[number] for number in distinct.tolist()], np.bool_)[places]

    def _looked_up(self, numbers: NDArray[Any]) -> Mask:
        answers = self._answers
        if self._few[0] != len(answers):
            yes, no = (np.flatnonzero(answers == one)[: _FEW_MATCHES + 1].tolist() for one in (_YES, _NO))
            self._few = (len(answers), yes, no)
        _, yes, no = self._few
        if len(yes) <= _FEW_MATCHES:
            return _any_of(numbers, yes)
        if len(no) <= _FEW_MATCHES:
            return ~_any_of(numbers, no)
        if numbers.dtype == np.uint8:
            # Bytes are translated four times faster than an array is indexed.
            table = (answers[:256] == _YES).tobytes().ljust(256, b"\0")
            return np.frombuffer(bytearray(numbers.tobytes().translate(table)), np.bool_)
        return np.asarray((answers == _YES)[numbers])


def _any_of(numbers: NDArray[Any], wanted: list[int]) -> Mask:
    holds = np.zeros(len(numbers), np.bool_)
    for at, number in enumerate(wanted):
        if at:
            holds |= numbers == number
        else:
            holds = np.asarray(numbers == number)
    return holds
