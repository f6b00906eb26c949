"""Clocks that are kept: of late runs, of some of those before, and of those that were asked for again."""

from __future__ import annotations

from typing import Final

from debugger.analysis.order.bounded import bounded
from debugger.analysis.order.clocks import FIRST, Clock
from debugger.analysis.order.records import Limits

_FEWEST: Final = 16  # clocks that are kept, however large they are
_CLOCK_BYTES: Final = 320  # of a clock without its blocks


class Kept:
    """Clocks by run. ``late`` has those of all runs from `late_from` on; who adds runs appends to it.

    ``widest`` is the most places that a block has.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.late: Final[list[Clock]] = []
        self.late_from = 0
        self.widest = FIRST
        self._sparse: dict[int, Clock] = {}
        self._again: dict[int, Clock] = {}
        self._stride = max(limits.sparse, 1)

    def of(self, run: int) -> Clock | None:
        """The clock of a run; None if it is not kept."""
        at = run - self.late_from
        if at >= 0:
            return self.late[at]
        clock = self._sparse.get(run)
        return self._again.get(run) if clock is None else clock

    def made_again(self, run: int, clock: Clock) -> None:
        """Keep a clock for a while."""
        bounded(self._again, self._most // 4)
        self._again[run] = clock

    @property
    def _most(self) -> int:
        return max(self._limits.clock_bytes // (8 * self.widest + _CLOCK_BYTES), _FEWEST)

    def trim(self) -> None:
        """Let go of clocks beyond the limit: of those that are not late, each so manyth is kept."""
        most = self._most
        gone = len(self.late) - most
        if gone > 0:
            for at in range(-self.late_from % self._stride, gone, self._stride):
                self._sparse[self.late_from + at] = self.late[at]
            del self.late[:gone]
            self.late_from += gone
        while len(self._sparse) > most:
            self._stride *= 2
            self._sparse = {one: clock for one, clock in self._sparse.items() if one % self._stride == 0}

    def forget(self, run: int) -> None:
        """Drop clocks of runs below this one."""
        if run > self.late_from:
            del self.late[: run - self.late_from]
            self.late_from = run
        for clocks in (self._sparse, self._again):
            for one in [one for one in clocks if one < run]:
                del clocks[one]
