"""Finds touches of one key that nothing orders, one of them a write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from debugger.analysis.conflicts.records import (
    CLASHES,
    READ,
    WRITE,
    Clash,
    Limits,
    Place,
    Touch,
)
from debugger.analysis.conflicts.states import Cell

Before = Callable[[int, int], bool]
"""Whether one row happens before a later one."""


_NONE: Final[tuple[Clash, ...]] = ()


class Clashes:
    """Keeps of each key the last touches that nothing orders, and compares new ones with those.

    Each clash is found, or one with a later touch that comes after its first: if a touch is forgotten, then
    because a write (of reads: another read) came after it, which clashes with all that it would clash with.
    """

    def __init__(self, before: Before, limits: Limits) -> None:
        self._before = before
        self._limits = limits
        self.clashes = 0
        self.serialised = 0
        self.dropped = 0
        self._row = -1
        self._known: dict[int, bool] = {}  # of the row that is asked about: which rows come before it

    def _comes_before(self, row: int, after: int) -> bool:
        if row > after:  # the new touch was put down to an earlier row
            return self._before(after, row)
        if after != self._row:
            self._row = after
            self._known = {}
        known = self._known.get(row)
        if known is None:
            known = self._known[row] = self._before(row, after)
        return known

    def add(self, place: Place, key: str, cell: Cell, touch: Touch, first_row: int) -> Sequence[Clash]:
        """The clashes of a new touch; rows below `first_row` are not known any more."""
        if not cell.reads and touch.kind == WRITE and len(cell.writes) <= 1:  # nearly always
            old = cell.writes[0] if cell.writes else touch
            if old.row >= first_row and (
                old.segment == touch.segment or self._comes_before(old.row, touch.row)
            ):
                cell.writes = [touch]
                return _NONE
        found: list[Clash] = []
        writes = self._left(cell.writes, touch, first_row, place, key, found)
        reads = cell.reads
        if reads:
            reads = self._left(reads, touch, first_row, place, key, found)
        if touch.kind == READ:
            reads = [*reads, touch]
        else:
            writes.append(touch)
        self.dropped += max(len(writes) - self._limits.writes, 0) + max(len(reads) - self._limits.reads, 0)
        cell.writes, cell.reads = writes[-self._limits.writes :], reads[-self._limits.reads :]
        return found

    def _left(
        self,
        touches: list[Touch],
        new: Touch,
        first_row: int,
        place: Place,
        key: str,
        found: list[Clash],
    ) -> list[Touch]:
        """Those that stay beside a new touch; clashes with it are added to `found`."""
        left: list[Touch] = []
        kind, segment = new.kind, new.segment
        for old in touches:
            if old.row < first_row:
                continue
            ordered = old.segment == segment or self._comes_before(old.row, new.row)
            if not ordered and CLASHES[old.kind][kind]:
                self.clashes += 1
                if old.locks and old.locks & new.locks:
                    self.serialised += 1
                else:
                    found.append(Clash(place, key, old, new))
            if not ordered or not _replaces(kind, old.kind):
                left.append(old)
        return left


def _replaces(new: int, old: int) -> bool:
    """Whether a touch clashes with all that an earlier one of its past clashes with."""
    return new in (WRITE, old)
