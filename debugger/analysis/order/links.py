"""Order between tasks that events tell by name: spawn, join and cancel; and timers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.order.bounded import bounded
from debugger.analysis.order.chains import Pred
from debugger.analysis.order.payloads import Told
from debugger.analysis.order.records import Limits
from debugger.analysis.order.rules import CANCEL_SEEN, SPAWNED_CHILD, TIMER_FIRED
from debugger.analysis.order.segments import Segments
from debugger.analysis.order.tape import Tape
from debugger.analysis.order.tasks import NO_TASK, Tasks

_MOST_NAMES: Final = 1 << 14
_MOST_CHILDREN: Final = 1 << 16
_MOST_MARKS: Final = 1 << 20
_APART: Final = ("thread", "timer")  # kinds of tasks that are ordered in other ways too

Child = tuple[int, str]
"""Source and name of a task."""


class _Spawn(NamedTuple):
    """A task that is to begin."""

    row: int
    kind: str | None
    delay: float | None


class _Cancel(NamedTuple):
    row: int
    source: int


class _Timer(NamedTuple):
    """A timer that fired, and where its callback ended."""

    source: int
    spawn: int
    delay: float
    segment: int
    row: int


class Links:
    """What was told of tasks by others. ``reaches`` says whether one row happens before another.

    A child has the source of whoever names it.
    """

    def __init__(
        self,
        tasks: Tasks,
        segments: Segments,
        limits: Limits,
        reaches: Callable[[int, int], bool | None],
    ) -> None:
        self._tasks = tasks
        self._segments = segments
        self._reaches = reaches
        self._unseen: dict[Child, _Spawn] = {}
        self.spawns: Final[dict[int, _Spawn]] = {}  # by task
        self.nameless: Final[dict[int, _Spawn]] = {}  # by row: threads and timers known by it alone
        self._children: dict[Child, int] = {}  # tasks that were spawned, and have begun
        self._unseen_cancels: dict[Child, list[_Cancel]] = {}
        self.cancels: Final[dict[int, list[_Cancel]]] = {}
        self.running: Final[dict[int, _Spawn]] = {}  # timers, by task
        self._fired: deque[_Timer] = deque(maxlen=limits.timers)
        self.threads: Final[set[int]] = set()
        self._marks = Tape(dtype=np.int8)  # by task, whether it is a thread, or will be one

    def bound(self, segment: int, row: int, *, same_source: bool, task: int) -> int:
        """Up to where a segment comes before what one of its rows orders, in another segment of `task`.

        Within one event loop that is its last row, for nothing can run until it waits. A thread, or
        another process, runs meanwhile.
        """
        if same_source and not (
            self.threads and (task in self.threads or self._segments.task.at(segment) in self.threads)
        ):
            return self._segments.last.at(segment)
        return row

    # --- told ------------------------------------------------------------------------------------

    def spawned(self, told: Told, row: int, source: int) -> None:
        """A spawn in rows that are looked at next."""
        kind = told.kind if isinstance(told.kind, str) else None
        spawn = _Spawn(row, kind, told.delay if kind == "timer" else None)
        if told.child_name is not None:
            _keep(self._unseen, (source, told.child_name), spawn)
        elif kind in _APART:
            _keep(self.nameless, row, spawn)

    def resolve(self) -> None:
        """Tasks are numbered that are new: find what was told of them by name."""
        unseen, cancelled = self._unseen, self._unseen_cancels
        if not unseen and not cancelled:
            return
        for tasks, names, sources in self._tasks.new():
            children = list(zip(sources, names, strict=True))
            told = [at for at, child in enumerate(children) if child in unseen or child in cancelled]
            for at in told:
                task, source, name = tasks[at], sources[at], names[at]
                if name is None:
                    continue
                child = (source, name)
                if child in unseen:
                    spawn = unseen.pop(child)
                    if spawn.kind == "thread":
                        self._mark(task)
                    _keep(self.spawns, task, spawn)
                    _keep(self._children, child, task, _MOST_CHILDREN)
                if child in cancelled:
                    self.cancels.setdefault(task, []).extend(cancelled.pop(child))

    def find(self, child: str, source: int) -> int:
        """The number of a task that a source names; `NO_TASK` if it has not begun."""
        task = self._children.get((source, child))
        return self._tasks.find(child, source) if task is None else task

    def is_spawned(self, child: str, source: int, row: int) -> bool:
        """Whether a task of this name was to begin before a row, and has not."""
        spawn = self._unseen.get((source, child)) or self.spawns.get(self.find(child, source))
        return spawn is not None and spawn.row < row

    def cancel(self, child: str, row: int, source: int) -> None:
        """Somebody asks a task to stop."""
        task = self.find(child, source)
        cancel = _Cancel(row, source)
        if task == NO_TASK:
            _keep(self._unseen_cancels, (source, child), self._unseen_cancels.get((source, child), []))
            self._unseen_cancels[source, child].append(cancel)
        else:
            self.cancels.setdefault(task, []).append(cancel)

    # --- asked -----------------------------------------------------------------------------------

    def begins_plainly(self, task: int, cause: int) -> bool:
        """Whether there is nothing to ask `begins`: the spawn is the cause of the task's first event."""
        spawn = self.spawns.get(task)
        if spawn is None or spawn.row != cause or spawn.kind in _APART:
            return False
        del self.spawns[task]
        return True

    def begins(self, task: int, row: int, source: int, cause: int) -> list[Pred]:
        """What comes before the first event of a task, but for its cause (-1: it has none).

        To be asked of tasks that have a place in `spawns`, or a cause that has one in `nameless`.
        """
        preds: list[Pred] = []
        spawn = self.spawns.pop(task, None) or self.nameless.get(cause)
        if spawn is None or spawn.row >= row:
            return preds
        if spawn.kind == "thread":
            self.threads.add(task)
        if spawn.row != cause:
            segment = self._segments.of_row.at(spawn.row)
            bound = self.bound(segment, spawn.row, same_source=True, task=task)
            preds.append((segment, bound, SPAWNED_CHILD, spawn.row))
        if spawn.kind == "timer" and spawn.delay is not None:
            self.running[task] = spawn
            # Timers that were set before this one, to fire no later, and that did.
            preds += [
                (timer.segment, timer.row, TIMER_FIRED, timer.row)
                for timer in reversed(self._fired)
                if timer.source == source
                and timer.delay <= spawn.delay
                and self._reaches(timer.spawn, spawn.row)
            ]
        return preds

    def sees(self, task: int, source: int) -> list[Pred]:
        """What comes before the segment in which a task sees that it was asked to stop."""
        preds: list[Pred] = []
        for row, asker in self.cancels.pop(task):
            segment = self._segments.of_row.at(row)
            bound = self.bound(segment, row, same_source=asker == source, task=task)
            preds.append((segment, bound, CANCEL_SEEN, row))
        return preds

    def ended(self, task: int, source: int, segment: int, row: int) -> None:
        """A task is over that has a place in `cancels` or in `running`."""
        self.cancels.pop(task, None)
        timer = self.running.pop(task, None)
        if timer is not None and timer.delay is not None:
            self._fired.append(_Timer(source, timer.row, timer.delay, segment, row))

    def _mark(self, task: int) -> None:
        marks = self._marks
        if task >= len(marks):
            marks.append(np.zeros(task + 1 - len(marks), np.int8))
        if task >= marks.first:
            marks.put(np.array([task]), np.array([1]))

    def may_be_threads(self, tasks: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of some tasks may be threads, or become one."""
        marks = self._marks
        if self.nameless:
            return np.ones(len(tasks), np.bool_)
        found: NDArray[np.bool_] = (tasks >= 0) & (tasks < marks.first)
        known = (tasks >= marks.first) & (tasks < len(marks))
        found[known] = marks.take(tasks[known]) != 0
        return found

    def timers(self) -> set[int] | None:
        """Tasks that are timers, or may become one; None: that cannot be told."""
        if self.nameless:
            return None
        return {*self.running, *(task for task, spawn in self.spawns.items() if spawn.kind == "timer")}

    def forget(self, first: int) -> None:
        """Drop what was told by rows below `first`."""
        for spawns in (self._unseen, self.spawns, self.nameless, self.running):
            _drop(spawns, lambda spawn: spawn.row < first)
        for cancels in (self._unseen_cancels, self.cancels):
            _drop(cancels, lambda told: told[0].row < first)
        for _ in range(len(self._fired)):
            timer = self._fired.popleft()
            if min(timer.spawn, timer.row) >= first:
                self._fired.append(timer)
        marks = self._marks
        if len(marks) - marks.first > _MOST_MARKS:
            marks.drop(marks.first + _MOST_MARKS // 2)
        if len(self.threads) > _MOST_NAMES:
            tasks = self._segments.task
            threads = np.fromiter(self.threads, np.int64, len(self.threads))
            known = np.isin(threads, tasks.part(tasks.first, len(tasks)))
            self.threads.intersection_update(threads[known].tolist())


def _keep(known: dict[Any, Any], key: Any, value: Any, most: int = _MOST_NAMES) -> None:
    """Enter something; of too much the oldest goes."""
    known[key] = value
    if len(known) > most:
        bounded(known, most)


def _drop(known: dict[Any, Any], gone: Callable[[Any], bool]) -> None:
    for key in [key for key, value in known.items() if gone(value)]:
        del known[key]
