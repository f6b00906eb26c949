"""Looking for the next row that matches a condition, forwards or backwards, bit by bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from debugger.log.columns import NONE
from debugger.log.eventlog import EventLog
from debugger.log.pace import Pace

_FIRST_PIECE: Final = 1_024
_LARGEST_PIECE: Final = 1 << 20


class Condition(Protocol):
    """What rows are looked for, or shown; a `Query` is one."""

    def mask(self, log: EventLog, start: int, stop: int) -> NDArray[np.bool_]:
        """For each row from `start` up to `stop`: whether it matches."""
        ...


class Hunt:
    """A search from a row on, which is not looked at itself; backwards with a negative direction.

    `advance` until it is `done`; then ``found`` is the nearest matching row, or None. The ends
    of the log are where they are when the hunt gets there.
    """

    def __init__(self, log: EventLog, condition: Condition, row: int, direction: int) -> None:
        self.found: int | None = None
        self.done = False
        self.forwards = direction > 0
        self._log = log
        self._condition = condition
        self._next = row + 1 if self.forwards else min(row, len(log))
        self._pace = Pace(_FIRST_PIECE, _LARGEST_PIECE)

    def advance(self, clock: Callable[[], int], budget_ns: int) -> bool:
        """Look for about ``budget_ns`` of `clock`, one piece at least; whether it is done."""
        for rows in self._pace.pieces(clock, budget_ns):
            if self.done:
                break
            self._look(rows)
        return self.done

    def _look(self, count: int) -> None:
        if self.forwards:
            start = max(self._next, self._log.first_row)
            stop = min(start + count, len(self._log))
            self._next = stop
        else:
            start, stop = max(self._next - count, self._log.first_row), self._next
            self._next = start
        if start >= stop:
            self.done = True
            return
        rows = np.flatnonzero(self._condition.mask(self._log, start, stop))
        if len(rows):
            self.found = start + int(rows[0 if self.forwards else -1])
            self.done = True


def nearest(log: EventLog, condition: Condition, row: int, direction: int) -> int | None:
    """The nearest matching row after or before `row`, in one go: for conditions on columns alone."""
    hunt = Hunt(log, condition, row, direction)
    hunt.advance(lambda: 0, 1)
    return hunt.found


class Equals:
    """Columns that have given numbers, all of them."""

    def __init__(self, **values: int) -> None:
        self._values = values

    def mask(self, log: EventLog, start: int, stop: int) -> NDArray[np.bool_]:
        """As `Condition.mask`."""
        matched = np.ones(stop - start, np.bool_)
        for name, value in self._values.items():
            matched &= log.column(name)[start:stop] == value
        return matched


class Both:
    """Two conditions at once; the second is asked only where the first leaves something."""

    def __init__(self, first: Condition, second: Condition) -> None:
        self._first = first
        self._second = second

    def mask(self, log: EventLog, start: int, stop: int) -> NDArray[np.bool_]:
        """As `Condition.mask`."""
        matched = self._first.mask(log, start, stop)
        return matched & self._second.mask(log, start, stop) if matched.any() else matched


class OtherTurn:
    """Rows of another turn than the given one of a session, and later (or earlier) than it."""

    def __init__(self, session: int, turn: int, direction: int) -> None:
        self._session = session
        self._turn = turn
        self._direction = direction

    def mask(self, log: EventLog, start: int, stop: int) -> NDArray[np.bool_]:
        """As `Condition.mask`."""
        turns = log.column("turn")[start:stop]
        matched: NDArray[np.bool_] = turns != NONE
        if self._turn != NONE:
            matched &= log.column("session")[start:stop] == self._session
            matched &= turns > self._turn if self._direction > 0 else turns < self._turn
        return matched
