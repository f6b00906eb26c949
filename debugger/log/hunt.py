"""Looking for the next row that matches a condition, forwards or backwards, bit by bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from debugger.log.columns import NONE
from debugger.log.eventlog import EventLog

_FIRST_CHUNK: Final = 1_024
_LARGEST_CHUNK: Final = 1 << 20
_FAST_NS: Final = 4_000_000  # a chunk quicker than this may be twice as large


class Condition(Protocol):
    """What is looked for; a `Query` is one."""

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
        self._chunk = _FIRST_CHUNK

    def advance(self, clock: Callable[[], int], budget_ns: int) -> bool:
        """Look for about ``budget_ns`` of `clock`, one chunk at least; whether it is done."""
        began = clock()
        while not self.done:
            before = clock()
            self._look()
            after = clock()
            if after - before < _FAST_NS:
                self._chunk = min(self._chunk * 2, _LARGEST_CHUNK)
            elif self._chunk > _FIRST_CHUNK:
                self._chunk //= 2
            if after - began >= budget_ns:
                break
        return self.done

    def _look(self) -> None:
        if self.forwards:
            start = max(self._next, self._log.first_row)
            stop = min(start + self._chunk, len(self._log))
            self._next = stop
        else:
            start, stop = max(self._next - self._chunk, self._log.first_row), self._next
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
