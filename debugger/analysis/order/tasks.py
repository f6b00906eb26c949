"""Numbers for the tasks of a log: one for each activation, as long as it lives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.order.bounded import bounded
from debugger.log import ABSENT, EventLog

NO_TASK: Final = -1
"""An event of no task: nothing is in program order with it."""

_FIRST: Final = 1024
_TRIM: Final = 1 << 20
_MOST_CALLS: Final = 1 << 16


class _Call:
    """A call that reports itself runs in its caller's task."""

    __slots__ = ("caller", "parent", "row")

    def __init__(self, row: int) -> None:
        self.row = row
        self.parent = NO_TASK  # the task it was made in, and the log's number of that one's name
        self.caller = ABSENT


class Tasks:
    """The log's task names to numbers of our own.

    They differ from the log's in three ways: the same name in two sources is two tasks, a call that
    reports itself as a task is part of its caller, and activations can be added that the log does not name.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._next = 0
        self._base = 0  # names that are numbered lower in the log are in `_old`, if they still live
        self._numbers: NDArray[np.int64] = np.full(_FIRST, NO_TASK, np.int64)
        self._sources: NDArray[np.int64] = np.zeros(_FIRST, np.int64)
        self._old: dict[int, tuple[int, int]] = {}
        self._elsewhere: dict[tuple[int, int], int] = {}  # (source, name) of names that two sources use
        self._calls: dict[str, _Call] = {}
        self.callers: Final[
            dict[int, int]
        ] = {}  # tasks that made calls, with the log's number of their own name
        self._new: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]] = []
        self._names = log.interner("task")

    def fresh(self) -> int:
        """A number for an activation that the log does not name."""
        self._next += 1
        return self._next - 1

    def called(self, child: str, row: int) -> None:
        """The task of this name is a call made in the task of `row`, a row that is numbered next."""
        self._calls[child] = _Call(row)
        bounded(self._calls, _MOST_CALLS)

    def new(self) -> Iterator[tuple[list[int], list[str | None], list[int]]]:
        """Those that the last rows brought: our numbers, names and sources."""
        value = self._names.value
        for tasks, names, sources in self._new:
            yield tasks.tolist(), list(map(value, names.tolist())), sources.tolist()

    def find(self, name: str, source: int) -> int:
        """The number of a task that a source names; `NO_TASK` if it has none yet."""
        number = self._log.id_of("task", name)
        if number is None:
            return NO_TASK
        elsewhere = self._elsewhere.get((source, number))
        if elsewhere is not None:
            return elsewhere
        if number < self._base:
            task, first_source = self._old.get(number, (NO_TASK, source))
        else:
            at = number - self._base
            known = at < len(self._numbers)
            task, first_source = (int(self._numbers[at]), int(self._sources[at])) if known else (NO_TASK, 0)
        return task if first_source == source else NO_TASK

    def is_call(self, task: int, row: int) -> bool:
        """Whether a row of a task was told by a call that the task made."""
        own = self.callers.get(task)
        return own is not None and int(self._log.column("task")[row]) != own

    def of(self, start: int, stop: int) -> NDArray[np.int64]:
        """The tasks of some rows, which come after all that were asked for before."""
        self._new.clear()
        names = self._log.column("task")[start:stop].astype(np.int64)
        sources = self._log.column("source")[start:stop]
        self._reserve(int(names.max()))
        at = names - self._base
        behind = at < 0
        if self._base:
            at[behind] = 0
        tasks = self._numbers[at]
        if self._base:
            self._take_old(tasks, names, sources, np.flatnonzero(behind & (names != ABSENT)))
        tasks[names == ABSENT] = NO_TASK
        new = np.flatnonzero((tasks == NO_TASK) & (names != ABSENT) & ~behind)
        if len(new):
            self._enter(names, sources, new, start)
            tasks[new] = self._numbers[names[new] - self._base]
        if len(self._log.interner("source")) > 1:  # there is one, and events may have none
            self._tell_apart(tasks, names, sources)
        for call in self._calls.values():
            if call.row >= start:
                call.parent, call.caller = int(tasks[call.row - start]), int(names[call.row - start])
        return tasks

    def _reserve(self, name: int) -> None:
        need = name - self._base + 1
        if need > len(self._numbers):
            more = max(need, 2 * len(self._numbers)) - len(self._numbers)
            self._numbers = np.concatenate((self._numbers, np.full(more, NO_TASK, np.int64)))
            self._sources = np.concatenate((self._sources, np.zeros(more, np.int64)))

    def _enter(self, names: NDArray[Any], sources: NDArray[Any], new: NDArray[Any], start: int) -> None:
        """Number names that are new, in the order of their rows."""
        distinct, first = np.unique(names[new], return_index=True)
        order = np.argsort(first)
        distinct, rows = distinct[order], new[first[order]]
        at = distinct - self._base
        self._sources[at] = sources[rows]
        if self._calls:
            for name, place, row in zip(distinct.tolist(), at.tolist(), rows.tolist(), strict=True):
                self._numbers[place] = self._number_new(name, names, row, start)
        else:
            self._numbers[at] = np.arange(self._next, self._next + len(at))
            self._next += len(at)
        self._new.append((self._numbers[at], distinct, sources[rows]))

    def _number_new(self, name: int, names: NDArray[Any], row: int, start: int) -> int:
        text = self._log.name("task", name)
        call = self._calls.get(text)
        if call is not None and call.row < start + row:
            parent = call.parent
            if call.row >= start:
                call.caller = int(names[call.row - start])
                parent = self._known(call.caller) if call.caller != ABSENT else NO_TASK
            if parent != NO_TASK:
                del self._calls[text]
                self.callers.setdefault(parent, call.caller)
                return parent
        return self.fresh()

    def _known(self, name: int) -> int:
        if name < self._base:
            return self._old.get(name, (NO_TASK, 0))[0]
        return int(self._numbers[name - self._base])

    def _take_old(
        self, tasks: NDArray[np.int64], names: NDArray[Any], sources: NDArray[Any], rows: NDArray[Any]
    ) -> None:
        for row in rows.tolist():
            known = self._old.get(int(names[row]))
            if known is None:
                known = self._old[int(names[row])] = (self.fresh(), int(sources[row]))
                self._note(known[0], names[row], sources[row])
            tasks[row] = known[0]

    def _tell_apart(self, tasks: NDArray[np.int64], names: NDArray[Any], sources: NDArray[Any]) -> None:
        """Give tasks of another source than the name's first one numbers of their own."""
        at = names - self._base
        first = self._sources[np.maximum(at, 0)]
        for row in np.flatnonzero(at < 0).tolist() if self._base else ():
            first[row] = self._old.get(int(names[row]), (0, int(sources[row])))[1]
        for row in np.flatnonzero((first != sources) & (names != ABSENT)).tolist():
            key = (int(sources[row]), int(names[row]))
            number = self._elsewhere.get(key)
            if number is None:
                number = self._elsewhere[key] = self.fresh()
                self._note(number, names[row], sources[row])
            tasks[row] = number

    def _note(self, task: int, name: Any, source: Any) -> None:
        self._new.append((np.array([task]), np.array([name]), np.array([source])))

    def forget(self, alive: set[int]) -> None:
        """Drop what is known of tasks that are not `alive`, once that is much."""
        if len(self._numbers) >= _TRIM:
            half = len(self._numbers) // 2
            numbers, sources = self._numbers[:half], self._sources[:half]
            kept = np.flatnonzero(np.isin(numbers, np.fromiter(alive, np.int64, len(alive))))
            # Of the names of one task only its own is kept, not those of the calls that it made.
            for at in kept[np.unique(numbers[kept], return_index=True)[1]].tolist():
                self._old[self._base + at] = (int(numbers[at]), int(sources[at]))
            self._numbers, self._sources = self._numbers[half:].copy(), self._sources[half:].copy()
            self._base += half
        self._old = {name: known for name, known in self._old.items() if known[0] in alive}
        self._elsewhere = {key: number for key, number in self._elsewhere.items() if number in alive}
        for task in self.callers.keys() - alive:
            del self.callers[task]
