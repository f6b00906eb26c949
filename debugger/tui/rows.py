"""Which rows of the log are shown: all, or those that a filter lets through, found bit by bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from debugger.log import EventLog
from debugger.log.hunt import Condition
from debugger.log.pace import Pace

_FIRST_PIECE: Final = 2_048
_LARGEST_PIECE: Final = 1 << 20


class ShownRows:
    """Positions 0 to ``len() - 1`` of the table, each a row of the log, in order.

    A filter on payloads may take seconds on millions of rows, so `extend` looks at some rows at a
    time; `looked_at` says how far it is. Of a log that forgets, position 0 is the first row that is known:
    positions hold until the next `extend`, and `dropped` says how many there were before.
    """

    def __init__(self, log: EventLog, condition: Condition | None = None) -> None:
        self._log = log
        self._condition = condition
        self._rows: NDArray[np.int64] = np.empty(0, np.int64)
        self._count = 0
        self._gone = 0
        self._start = 0  # rows before that place are forgotten; without a filter, before that row
        self._pace = Pace(_FIRST_PIECE, _LARGEST_PIECE)
        self.looked_at = 0

    @property
    def filtered(self) -> bool:
        """Whether a filter leaves rows out."""
        return self._condition is not None

    @property
    def condition(self) -> Condition | None:
        """The filter."""
        return self._condition

    @property
    def complete(self) -> bool:
        """Whether every row of the log was looked at."""
        return self.looked_at == len(self._log)

    @property
    def dropped(self) -> int:
        """Shown rows that are forgotten, as of the last `extend`."""
        return self._gone + self._start

    def __len__(self) -> int:
        """How many rows are shown."""
        return self._count - self._start

    def extend(self, clock: Callable[[], int], budget_ns: int) -> bool:
        """Look at new rows for about ``budget_ns``, one piece at least; whether anything changed."""
        if self.complete:
            return False
        first = self._log.first_row
        self.looked_at = max(self.looked_at, first)
        if self._condition is None:
            self._count = self.looked_at = len(self._log)
            self._start = first
            return True
        self._forget(first)
        for count in self._pace.pieces(clock, budget_ns):
            if self.looked_at == len(self._log):
                break
            stop = min(self.looked_at + count, len(self._log))
            matches = np.flatnonzero(self._condition.mask(self._log, self.looked_at, stop))
            self._keep(matches + self.looked_at)
            self.looked_at = stop
        return True

    def _forget(self, first: int) -> None:
        """Rows below `first` go; a copy is made when half of them have."""
        if first:
            self._start = int(np.searchsorted(self._rows[: self._count], first))
        if self._start > max(self._count // 2, _FIRST_PIECE):
            self._rows = self._rows[self._start : self._count].copy()
            self._gone += self._start
            self._count -= self._start
            self._start = 0

    def _keep(self, rows: NDArray[np.int64]) -> None:
        needed = self._count + len(rows)
        if needed > len(self._rows):
            grown = np.empty(max(needed, 2 * len(self._rows), _FIRST_PIECE), np.int64)
            grown[: self._count] = self._rows[: self._count]
            self._rows = grown
        self._rows[self._count : needed] = rows
        self._count = needed

    def row(self, position: int) -> int:
        """The row at a position, the ends standing in for what is beyond them; -1 if nothing is shown."""
        if not len(self):
            return -1
        place = self._start + min(max(position, 0), len(self) - 1)
        return place if self._condition is None else int(self._rows[place])

    def rows(self, positions: range) -> NDArray[np.int64]:
        """The rows at existing positions, in the order of `positions`."""
        places = np.arange(positions.start, positions.stop, positions.step, dtype=np.int64) + self._start
        return places if self._condition is None else self._rows[places]

    def position(self, row: int) -> int:
        """Where `row` is, or the last shown row before it; -1 if there is none."""
        if self._condition is None:
            return max(min(row, self._count - 1) - self._start, -1)
        return int(np.searchsorted(self._rows[self._start : self._count], row, side="right")) - 1

    def shows(self, row: int) -> bool:
        """Whether `row` is among the shown ones."""
        position = self.position(row)
        return position >= 0 and self.row(position) == row
