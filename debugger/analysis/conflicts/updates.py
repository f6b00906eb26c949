"""Atomicity: reads that a later write of the same activation relies on, and who wrote between."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, NamedTuple

from msgspec.structs import replace

from debugger.analysis.conflicts.clashes import Before
from debugger.analysis.conflicts.exclusion import Held
from debugger.analysis.conflicts.records import Limits, Place, Shape, Update
from debugger.analysis.conflicts.states import Cell, State, Wrote
from debugger.analysis.order.bounded import bounded

_KEYS: Final = 64  # of one activation
_LATE: Final = 4  # earlier updates of a key that a new one is compared to


class Act(NamedTuple):
    """An activation writes a key."""

    place: Place
    key: str
    row: int
    segment: int
    task: int


Exclusive = Callable[[int, int], bool]
"""Whether two tasks cannot be under way at once."""


class _Read:
    """An activation looked at a key, last in this row, when so many writes had been."""

    __slots__ = ("acted", "cell", "number", "row", "segment")

    def __init__(self, row: int, segment: int, cell: Cell) -> None:
        self.row = row
        self.segment = segment
        self.cell = cell
        self.number = cell.count
        self.acted = -1  # the later segment in which the activation wrote something else, if it did


class Updates:
    """Looks for updates that are lost, or could be.

    Lost: an activation reads a key, another one writes it, and the first writes it too without having read it
    again. That can happen only across awaits, and not where one lock is held from the read to the write. If
    it is the case in the log, it *happened*. If two activations read and wrote a key one after the other,
    and nothing orders them or keeps them apart, it *can* happen.

    Acted on: an activation looks at a key, another one changes that, and the first writes another key. What
    relies on a look is taken to be what its activation writes next after an await.
    """

    def __init__(self, before: Before, held: Held, exclusive: Exclusive, limits: Limits) -> None:
        self._before = before
        self._held = held
        self._exclusive = exclusive
        self._limits = limits
        self._reads: dict[int, dict[tuple[Place, str], _Read]] = {}  # by task
        self._told: dict[tuple[object, ...], Update] = {}
        self.found = 0
        self.untold = 0

    def all(self) -> list[Update]:
        """What is told, in the order in which it was found."""
        return list(self._told.values())

    def read(self, state: State, key: str, cell: Cell, row: int, segment: int, task: int) -> None:
        """An activation looked at a key."""
        reads = self._reads.get(task)
        if reads is None:
            reads = self._reads[task] = {}
            bounded(self._reads, self._limits.tasks)
        if len(reads) < _KEYS:
            cell.followed()
            state.followed = True
            reads[state.place, key] = _Read(row, segment, cell)

    def forget(self, held: Held) -> None:
        """Tasks have other numbers from here on, and their locks are in `held`."""
        self._held = held
        self._reads.clear()

    def end(self, task: int) -> None:
        """An activation is over."""
        self._reads.pop(task, None)

    def pending(self, state: State, task: int) -> list[str]:
        """Keys of a state that an activation has read, and that others wrote since."""
        found: list[str] = []
        for (of, key), read in self._reads.get(task, {}).items():
            cell = state.cells.get(key) if of == state.place else None
            if cell is not None and cell.count > read.number:
                found.append(key)
        return found

    def write(
        self, state: State, key: str, cell: Cell, row: int, segment: int, task: int, shape: Shape
    ) -> None:
        """An activation wrote a key that was read before (else there is nothing to look for)."""
        reads = self._reads.get(task)
        read = reads.pop((state.place, key), None) if reads else None
        locks = self._held.of(task, segment, row if read is None else read.row)
        mine = Wrote(
            cell.count + 1,
            row,
            segment,
            task,
            -1 if read is None else read.row,
            -1 if read is None else read.segment,
            locks,
            shape is Shape.SAME,
        )
        if read is not None and cell.history:
            if read.segment != segment and cell.count > read.number:
                self._happened(state, key, cell, mine, read)
            else:
                self._could(state, key, cell, mine)
        if shape is not Shape.SAME or read is not None:
            state.followed = True
            cell.wrote(mine)

    def looked(self, task: int) -> bool:
        """Whether an activation has looked at anything that it has not written since."""
        return task in self._reads

    def acts(self, state: State, keys: Collection[str], row: int, segment: int, task: int) -> None:
        """An activation writes keys: of what it looked at before, and others have changed since?"""
        reads = self._reads.get(task)
        if not reads:
            return
        for (place, key), read in list(reads.items()):
            if read.segment == segment or (place == state.place and key in keys):
                continue  # in one step, or `write` knows
            if read.acted not in (-1, segment):
                del reads[place, key]  # it has acted on that before
                continue
            read.acted = segment
            if read.cell.count > read.number:
                self._stale(place, key, read, Act(state.place, next(iter(keys)), row, segment, task))

    def _stale(self, place: Place, key: str, read: _Read, act: Act) -> None:
        """Somebody else may have changed what an activation looked at before it acts."""
        for other in read.cell.history or ():
            if other.number <= read.number or other.task == act.task or other.same:
                continue
            if other.locks & self._held.of(act.task, act.segment, read.row):
                continue
            if self._before(other.row, act.row):
                continue  # it was waited for: that is how the program goes
            on = f"{act.place.component}.{act.key}"
            update = Update(place, key, read.row, other.read, other.row, act.row, happened=True, on=on)
            self._tell(update, (place.component, key, on))
            return

    def _happened(self, state: State, key: str, cell: Cell, mine: Wrote, read: _Read) -> None:
        """Somebody else wrote between a read and the write."""
        for other in cell.history or ():
            if other.number <= read.number or other.task == mine.task:
                continue
            if self._before(other.row, mine.row):
                continue  # it was waited for: that is how the program goes
            update = Update(state.place, key, read.row, other.read, other.row, mine.row, happened=True)
            self._tell(update, (state.place, key, mine.task, mine.row))
            return

    def _could(self, state: State, key: str, cell: Cell, mine: Wrote) -> None:
        """Two that came one after the other, each in the order read, write."""
        for other in list(cell.history or ())[-_LATE:]:
            if other.read < 0 or other.task == mine.task or other.task < 0 or other.row >= mine.read:
                continue
            if other.locks & mine.locks or self._exclusive(other.task, mine.task):
                continue
            theirs = other.read_segment != other.segment and not self._before(other.row, mine.row)
            ours = mine.read_segment != mine.segment and not self._before(other.row, mine.read)
            if theirs or ours:
                update = Update(state.place, key, other.read, mine.read, mine.row, other.row, happened=False)
                self._tell(update, (state.place, key))
                return

    def _tell(self, update: Update, at: tuple[object, ...]) -> None:
        """What happened is told of each activation, what could, or was acted on, once for its keys."""
        self.found += 1
        known = self._told.get(at)
        if known is not None:
            self._told[at] = replace(known, like=known.like + 1)
        elif len(self._told) < self._limits.kept:
            self._told[at] = update
        else:
            self.untold += 1
