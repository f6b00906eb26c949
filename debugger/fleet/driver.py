"""Partitions through an engine, and what comes of them in the order in which they were asked for."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from msgspec import Struct

from backend.errors import UserError
from debugger.fleet.build import this_build
from debugger.fleet.engines import Engine, Named, opened
from debugger.fleet.engines.here import Here
from debugger.fleet.tasks import STDIN, Done, Group, Job, Task, cut, run_task

_PACKED: Final = 10  # times smaller are logs when they are compressed
_WORTH: Final = 8 << 20
"""Bytes for which a process more pays: it takes as long to begin as to judge so much."""

_MOST: Final = 32
"""Recordings of a partition: enough that what it costs to send it is nothing beside judging it."""

_BYTES: Final = 16 << 20
"""Of a partition of several: a second or two of judging, which is what a progress bar waits for."""

_EACH: Final = 4  # partitions for each worker at least, so that none is left with all the long ones
_AHEAD: Final = 3  # tasks for each worker that are submitted at once
_UNFOLDED: Final = 64  # partitions for each worker that may be done before the first that is not


class Progress(Struct, frozen=True):
    """How the driver says what happens."""

    done: Callable[[int], None]
    """So many recordings are done."""
    tell: Callable[[str], None]
    """A line about workers."""


def run_fleet(
    job: Job,
    groups: Sequence[Group],
    options: Any,
    named: Named,
    processes: int,
    progress: Progress,
    fold: Callable[[Done], None],
) -> None:
    """Have all recordings looked at; `fold` gets what comes of them, in their order, a partition a time.

    Raises:
        UserError: the engine cannot be had, is gone, or is of another build.
    """
    sizes = [_size(group) for group in groups]
    if not named.elsewhere:
        processes = processes_for(groups, processes)
    elif any(STDIN in group for group in groups):
        raise UserError("no worker elsewhere reads standard input: save it to a file, or leave out --engine")
    with contextlib.closing(opened(named, processes)) as engine:
        alone = isinstance(engine, Here)  # where partitions spare nothing
        most = 1 if alone else max(min(_MOST, len(groups) // (engine.width * _EACH)), 1)
        base, build = (os.getcwd(), this_build()) if engine.elsewhere else ("", None)  # noqa: PTH109 - as text
        tasks = [Task(job.function, piece, options, base, build) for piece in _pieces(groups, sizes, most)]
        for done in _Run(engine, job, tasks, progress).results():
            fold(done)
        for line in engine.notices():
            progress.tell(line)


def _pieces(groups: Sequence[Group], sizes: Sequence[int], most: int) -> Iterator[tuple[Group, ...]]:
    """Of each worker's size; standard input is alone, since only this process has it."""
    start = 0
    for number in [*(number for number, group in enumerate(groups) if STDIN in group), len(groups)]:
        yield from cut(groups[start:number], sizes[start:number], most, _BYTES)
        yield from [(group,) for group in groups[number : number + 1]]
        start = number + 1


def processes_for(groups: Sequence[Group], most: int) -> int:
    """How many processes of this machine are worth it, of at most so many."""
    return max(min(most, len(groups), 1 + sum(map(_size, groups)) // _WORTH), 1)


def _size(group: Group) -> int:
    """Bytes of its files, about as many as of text; of what has none nothing is expected."""
    size = 0
    for path in group:
        with contextlib.suppress(OSError, ValueError):
            there = os.stat(path).st_size  # noqa: PTH116 - a name of any kind
            size += there * _PACKED if path.endswith((".gz", ".zst")) else there
    return size


class _Run:
    """Of tasks that are in order, each one's result once, in that order, with bounded many under way."""

    def __init__(self, engine: Engine, job: Job, tasks: Sequence[Task], progress: Progress) -> None:
        self._engine = engine
        self._job = job
        self._tasks = tasks
        self._progress = progress
        self._waiting = deque(range(len(tasks)))
        self._flying = 0
        self._again: list[int] = []
        self._ready: dict[int, Done] = {}
        self._next = 0
        self._done = 0

    def results(self) -> Iterator[Done]:
        """All of them."""
        while self._next < len(self._tasks):
            self._submit()
            if self._flying:
                self._wait()
            elif self._again:
                self._look_again(self._again.pop(0))
            while self._next in self._ready:
                yield self._ready.pop(self._next)
                self._next += 1

    def _submit(self) -> None:
        width = self._engine.width
        while (
            self._waiting
            and self._flying < _AHEAD * width
            and self._waiting[0] < self._next + _UNFOLDED * width
        ):
            number = self._waiting.popleft()
            task = self._tasks[number]
            if any(STDIN in group for group in task.groups):
                self._arrived(number, run_task(task))
                continue
            self._engine.submit(number, task)
            self._flying += 1

    def _wait(self) -> None:
        for outcome in self._engine.wait():
            self._flying -= 1
            if outcome.done is not None:
                self._arrived(outcome.ticket, outcome.done)
                continue
            many = len(self._tasks[outcome.ticket].groups)
            self._progress.tell(
                f"a worker died ({outcome.died}) with {many:,} recording{'' if many == 1 else 's'}; "
                f"{'it is' if many == 1 else 'they are'} looked at again, alone"
            )
            self._again.append(outcome.ticket)
        for line in self._engine.notices():
            self._progress.tell(line)

    def _arrived(self, number: int, done: Done) -> None:
        self._ready[number] = done
        self._done += len(self._tasks[number].groups)
        self._progress.done(self._done)

    def _look_again(self, number: int) -> None:
        """One recording after the other, with nothing beside it: so it is known which one kills a worker."""
        task = self._tasks[number]
        parts: list[Done] = []
        for group in task.groups:
            self._engine.submit(number, Task(task.function, (group,), task.options, task.base, task.build))
            (outcome,) = self._engine.wait()
            if outcome.done is not None:
                parts.append(outcome.done)
                continue
            name = " ".join(group)
            why = f"{name}: not read: two workers died of it ({outcome.died}); try it with more memory"
            parts.append(Done(self._job.unread((group,), why)))
        first, *others = parts
        whole = first.part
        for one in others:
            whole = whole + one.part
        unseen = tuple((at, path) for at, one in enumerate(parts) for _, path in one.unseen)
        self._arrived(number, Done(whole, next((one.worker for one in parts if one.worker), ""), unseen))
