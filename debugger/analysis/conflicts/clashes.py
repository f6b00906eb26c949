"""Finds touches of one key that nothing orders, one of them a write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from debugger.analysis.conflicts.records import (
    CLASHES,
    NO_TASK,
    READ,
    WRITE,
    Clash,
    Limits,
    Place,
    Touch,
)
from debugger.analysis.conflicts.states import Cell, State
from debugger.analysis.conflicts.values import Written
from debugger.analysis.order.bounded import bounded

Before = Callable[[int, int], bool]
"""Whether one row happens before a later one."""


_NONE: Final[tuple[Clash, ...]] = ()
_AS_OF: Final = -2  # no task
_PAST: Final = 64  # other tasks that are remembered to come before one
_touch: Final[Callable[[tuple[Any, ...]], Touch]] = partial(tuple.__new__, Touch)
"""As ``Touch._make``, in half the time."""


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
        self._segment = -1
        self._known: dict[int, bool] = {}  # of the segment that is asked about: which rows come before it
        # By task, the last row of others that comes before it, as far as it was asked, and in which row that
        # was: what is before a task once is before all that it does later, and so is all before that.
        self._past: dict[int, dict[int, int]] = {}

    def forget(self) -> None:
        """Segments and tasks have other numbers from here on."""
        self._segment = -1
        self._known = {}
        self._past = {}

    def end(self, task: int) -> None:
        """A task is over."""
        self._past.pop(task, None)

    def _comes_before(self, old: Touch, new: Touch) -> bool:
        row, after = old.row, new.row
        if row > after:  # the new touch was put down to an earlier row
            return self._before(after, row)
        past = self._past.get(new.task)
        if past is not None and past.get(old.task, -1) >= row and past[_AS_OF] <= after:
            return True
        if new.segment != self._segment:
            self._segment = new.segment
            self._known = {}
        known = self._known.get(row)
        if known is None:
            known = self._known[row] = self._before(row, after)
            if known and NO_TASK not in (old.task, new.task):
                if past is None:
                    past = self._past[new.task] = {_AS_OF: 0}
                    bounded(self._past, self._limits.tasks)
                if len(past) < _PAST:
                    past[old.task] = row
                    past[_AS_OF] = max(past[_AS_OF], after)
        return known

    def wrote(
        self,
        state: State,
        changes: Sequence[Written],
        at: tuple[int, int, int, frozenset[str]],
        first_row: int,
    ) -> Sequence[Clash]:
        """The clashes of what a snapshot shows to be written, `at` a row, a segment, a task and its locks."""
        row, segment, task, locks = at
        cells, found = state.cells, _NONE
        for key, how, old, new in changes:
            cell = cells.get(key) or state.cell(key, self._limits.keys)
            touch = _touch((row, segment, task, WRITE, how, locks, old, new))
            if not cell.reads:
                writes = cell.writes
                if not writes:
                    cell.writes = [touch]
                    continue
                if len(writes) == 1:
                    last = writes[0]
                    if last.segment == segment or (
                        last.row <= row and (last.task == task != NO_TASK or self._comes_before(last, touch))
                    ):
                        writes[0] = touch
                        continue
            found = (*found, *self.add(state.place, key, cell, touch, first_row))
        return found

    def add(self, place: Place, key: str, cell: Cell, touch: Touch, first_row: int) -> Sequence[Clash]:
        """The clashes of a new touch; rows below `first_row` are not known any more."""
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
            ordered = (
                old.segment == segment or old.task == new.task != NO_TASK or self._comes_before(old, new)
            )
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
