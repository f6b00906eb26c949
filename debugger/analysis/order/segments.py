"""Cuts the events of each task into segments: what it did in one go, as far as the log shows."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.order.kinds import RESUMES
from debugger.analysis.order.tape import Tape
from debugger.analysis.order.tasks import NO_TASK

_NOBODY: Final = -2
_TRIM: Final = 1 << 16


class Rows(NamedTuple):
    """Columns of some rows, as the order sees them; ``causes`` are -1 where none is known before the row."""

    start: int
    kinds: NDArray[np.uint8]
    tasks: NDArray[np.int64]
    causes: NDArray[np.int64]
    sources: NDArray[Any]


class _Last:
    """The last event of a source."""

    __slots__ = ("cause", "segment", "task")

    def __init__(self, segment: int, task: int, cause: int) -> None:
        self.segment = segment
        self.task = task
        self.cause = cause


class _LastOf:
    """The last segment of each task."""

    def __init__(self) -> None:
        self._last = Tape()  # by task, -1 for none
        self._old: dict[int, int] = {}  # of tasks below those

    def before(self, tasks: NDArray[np.int64], number: int) -> NDArray[np.int64]:
        """The one before, of its task, of each new segment, which are numbered from `number` on; -1: none."""
        order = np.argsort(tasks, kind="stable")
        ranked = tasks[order]
        heads = np.ones(len(tasks), np.bool_)
        heads[1:] = ranked[1:] != ranked[:-1]
        sorted_before = np.empty_like(tasks)
        sorted_before[1:] = order[:-1] + number
        distinct = ranked[heads]
        sorted_before[heads] = self._known(distinct)
        ends = np.append(np.flatnonzero(heads)[1:], len(tasks)) - 1
        self._enter(distinct, order[ends] + number)
        before = np.empty_like(tasks)
        before[order] = sorted_before
        before[tasks == NO_TASK] = -1
        return before

    def _known(self, tasks: NDArray[np.int64]) -> NDArray[np.int64]:
        found = np.full(len(tasks), -1, np.int64)
        here = (tasks >= self._last.first) & (tasks < len(self._last))
        found[here] = self._last.take(tasks[here])
        for at in np.flatnonzero((tasks >= 0) & (tasks < self._last.first)).tolist():
            found[at] = self._old.get(int(tasks[at]), -1)
        return found

    def _enter(self, tasks: NDArray[np.int64], segments: NDArray[np.int64]) -> None:
        missing = int(tasks[-1]) + 1 - len(self._last)
        if missing > 0:
            self._last.append(np.full(missing, -1, np.int64))
        here = tasks >= self._last.first
        self._last.put(tasks[here], segments[here])
        for at in np.flatnonzero((tasks >= 0) & ~here).tolist():
            self._old[int(tasks[at])] = int(segments[at])

    def of(self, task: int) -> int:
        """As far as segments were entered; -1 for none."""
        if task < self._last.first:
            return self._old.get(task, -1)
        return self._last.at(task) if task < len(self._last) else -1

    def forget(self, segment: int) -> set[int]:
        """Drop tasks that have no segment from `segment` on; returns the others."""
        first, stop = self._last.first, len(self._last)
        self._old = {task: last for task, last in self._old.items() if last >= segment}
        alive = np.flatnonzero(self._last.part(first, stop) >= segment) + first
        if stop - first > _TRIM:
            half = first + (stop - first) // 2
            self._old |= {task: self._last.at(task) for task in alive[alive < half].tolist()}
            self._last.drop(half)
        return {*self._old, *alive.tolist()}


class Segments:
    """Which segment each row is in, and which rows each segment has.

    A new segment begins

    - with the first event of a task, and with each event that has no task;
    - where a task goes on after it waited, or would have waited in another run: a receive, a join,
      an item got, a lock acquired, or the first event that names a cause in another task;
    - after an event of another task of the same source: that could run only because this one waited.

    Awaits at which nothing else of the program told anything, and which are none of these, are not seen.
    Segments are numbered in the order of their first rows.
    """

    def __init__(self, first_row: int = 0) -> None:
        self.of_row: Final = Tape(first_row)
        self.first: Final = Tape()
        self.last: Final = Tape()
        self.task: Final = Tape()
        self.prev: Final = Tape()  # the one before of its task, -1 for none
        self._last_of = _LastOf()
        self._sources: dict[int, _Last] = {}

    def __len__(self) -> int:
        """All segments so far, forgotten ones included."""
        return len(self.first)

    def open(self) -> dict[int, int]:
        """The last segment of each source, which may still go on."""
        return {source: last.segment for source, last in self._sources.items()}

    def add(self, rows: Rows) -> NDArray[np.bool_]:
        """Take in rows; returns which of them begin a segment."""
        sources = rows.sources
        several = len(self._sources) > 1 or bool((sources != sources[0]).any())
        several = several or (len(self._sources) == 1 and int(sources[0]) not in self._sources)
        order = np.argsort(sources, kind="stable") if several else None
        sorted_rows = rows if order is None else _picked(rows, order)
        heads = np.flatnonzero(sorted_rows.sources[1:] != sorted_rows.sources[:-1]) + 1
        groups = [0, *heads.tolist()]
        starts = self._starts(sorted_rows, groups, rows.tasks)
        in_row_order = starts
        if order is not None:
            in_row_order = np.empty_like(starts)
            in_row_order[order] = starts
        numbers = np.cumsum(in_row_order) - 1 + len(self)
        segments = self._filled(sorted_rows, starts, groups, numbers if order is None else numbers[order])
        self._remember(sorted_rows, segments, groups)
        if order is not None:
            unsorted = np.empty_like(segments)
            unsorted[order] = segments
            segments = unsorted
        self._enter(rows, segments, in_row_order)
        return in_row_order

    def _starts(self, rows: Rows, groups: list[int], new_tasks: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which rows, source by source, begin a segment. ``new_tasks`` are theirs in the order of rows."""
        tasks, causes = rows.tasks, rows.causes
        before = np.empty_like(tasks)
        before[1:] = tasks[:-1]
        caused_before = np.empty_like(causes)
        caused_before[1:] = causes[:-1]
        for head in groups:
            last = self._sources.get(int(rows.sources[head]))
            before[head], caused_before[head] = (_NOBODY, -1) if last is None else (last.task, last.cause)
        starts: NDArray[np.bool_] = (tasks != before) | (tasks == NO_TASK) | RESUMES[rows.kinds]
        # A cause that the event before did not have: one in the same task tells nothing new.
        asked = np.flatnonzero(~starts & (causes >= 0) & (causes != caused_before))
        if len(asked):
            starts[asked] = self._tasks_of(causes[asked], new_tasks) != tasks[asked]
        return starts

    def _tasks_of(self, rows: NDArray[np.int64], new_tasks: NDArray[np.int64]) -> NDArray[np.int64]:
        """The tasks of rows that are known, or new."""
        old = rows < len(self.of_row)
        found = np.empty(len(rows), np.int64)
        found[old] = self.task.take(self.of_row.take(rows[old]))
        found[~old] = new_tasks[rows[~old] - len(self.of_row)]
        return found

    def _filled(
        self, rows: Rows, starts: NDArray[np.bool_], groups: list[int], numbers: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """The segment of each row, source by source: that of the last row that began one."""
        values = numbers
        origins = starts.copy()
        for head in groups:
            if not starts[head]:
                values[head] = self._sources[int(rows.sources[head])].segment
                origins[head] = True
        at = np.maximum.accumulate(np.where(origins, np.arange(len(origins)), 0))
        filled: NDArray[np.int64] = values[at]
        return filled

    def _remember(self, rows: Rows, segments: NDArray[np.int64], groups: list[int]) -> None:
        for end in [*groups[1:], len(segments)]:
            at = end - 1
            self._sources[int(rows.sources[at])] = _Last(
                int(segments[at]), int(rows.tasks[at]), int(rows.causes[at])
            )

    def _enter(self, rows: Rows, segments: NDArray[np.int64], starts: NDArray[np.bool_]) -> None:
        places = np.flatnonzero(starts)
        self.of_row.append(segments)
        self.first.append(places + rows.start)
        tasks = rows.tasks[places]
        self.task.append(tasks)
        if len(places):
            self.prev.append(self._last_of.before(tasks, len(self.prev)))
        self.last.append(np.zeros(len(places), np.int64))
        # Of several rows of a segment the last one stays.
        self.last.put(segments, np.arange(rows.start, rows.start + len(segments)))

    def last_before(self, task: int, segment: int) -> int:
        """The last segment of a task below `segment`; -1 for none."""
        last = self._last_of.of(task)
        while last >= segment:
            last = self.prev.at(last)
        return last if last >= self.first.first else -1

    def forget(self, first: int) -> tuple[int, set[int]]:
        """Drop rows below `first`, a row that is known.

        Returns the first segment that is still known, and the tasks that have segments.
        """
        rows = self.of_row
        kept = int(rows.part(first, len(rows)).min())
        rows.drop(first)
        for tape in (self.first, self.last, self.task, self.prev):
            tape.drop(kept)
        self._sources = {source: last for source, last in self._sources.items() if last.segment >= kept}
        return kept, self._last_of.forget(kept)


def _picked(rows: Rows, order: NDArray[np.intp]) -> Rows:
    return Rows(rows.start, rows.kinds[order], rows.tasks[order], rows.causes[order], rows.sources[order])
