"""Runs: segments of one task, one after the other, into which nothing comes from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.order import kinds as kind_of
from debugger.analysis.order.clocks import NEVER
from debugger.analysis.order.segments import Rows, Segments
from debugger.analysis.order.tape import Tape
from debugger.analysis.order.tasks import NO_TASK
from debugger.log import NONE

_COMES_IN: Final = np.isin(np.arange(kind_of.LOST + 1), (kind_of.RECEIVED, kind_of.JOINED))
"""Kinds by which a segment begins that may come after others than those it names."""


class Begun(NamedTuple):
    """What some rows brought."""

    starts: NDArray[np.bool_]
    """By row, whether a run begins there."""
    tails: NDArray[np.int64]
    """By new run, the row with which its task ends in it; `NEVER` where it does not."""
    older: list[tuple[int, int]]
    """Runs of before in which their task ends now, each with the row."""


class Runs:
    """All segments of a run know the same of other tasks: what the first one knows.

    So order has to be found only for the first segment of each. A run ends with its task.
    """

    def __init__(self, segments: Segments, kinds: kind_of.Kinds) -> None:
        self._segments = segments
        self._kinds = kinds
        self.of_segment: Final = Tape()
        self.first: Final = Tape()  # segment, by run
        self._spawn = Tape()  # the last spawn that its task named, by segment; -1 if it named none
        self._ends = Tape(dtype=np.int8)  # by segment, whether its task ended in it

    def __len__(self) -> int:
        """All runs so far, forgotten ones included."""
        return len(self.first)

    def of(self, segment: int) -> int:
        """The run that a segment is in."""
        return self.of_segment.at(segment)

    def add(
        self,
        rows: Rows,
        starts: NDArray[np.bool_],
        ends: NDArray[np.intp],
        asked: Sequence[tuple[int, int]] | None,
    ) -> Begun:
        """Take in rows that are in segments already.

        ``starts`` says where segments begin, ``ends`` are the places among the rows at which a task ends.
        With a task and a row that are ``asked`` for the first segment of the task after that row begins a
        run; None: all do.
        """
        segments, number = self._segments, len(self.of_segment)
        places = np.flatnonzero(starts)
        in_row = segments.of_row.part(rows.start, rows.start + len(starts))
        self._ends.append(np.zeros(len(places), np.int8))
        self._ends.put(in_row[ends], np.ones(len(ends), np.int8))
        first, tasks = len(self.first), rows.tasks[places]
        prev = segments.prev.part(number, number + len(places)).astype(np.int64)
        order, heads = _ranked(tasks)
        causes = rows.causes[places]
        spawns = np.where(causes >= 0, causes, NONE)
        named_one = np.flatnonzero(spawns >= 0)
        is_spawn = np.zeros(len(places), np.bool_)
        is_spawn[named_one] = self._kinds.at(spawns[named_one]) == kind_of.SPAWNED
        spawns[~is_spawn] = NONE
        self._enter(self._spawn, prev, spawns, is_spawn | (prev < 0), order, heads)
        alone = np.ones(len(places), np.bool_)
        if asked is not None:
            alone = (prev < 0) | _COMES_IN[rows.kinds[places]]
            if asked:
                alone[_first_after(asked, tasks, places + rows.start, order)] = True
            self._look(causes, number, prev, alone)
        self.first.append(np.flatnonzero(alone) + number)
        self._enter(self.of_segment, prev, np.cumsum(alone) - 1 + first, alone, order, heads)
        tails = np.full(len(self.first) - first, NEVER, np.int64)
        loose = tasks == NO_TASK  # an event without a task is all of its own
        ended = np.concatenate((in_row[ends], np.flatnonzero(loose) + number))
        of_ended, last = self.of_segment.take(ended), segments.last.take(ended)
        new = of_ended >= first
        tails[of_ended[new] - first] = last[new]
        begun = np.zeros(len(starts), np.bool_)
        begun[places[alone]] = True
        older = list(zip(of_ended[~new].tolist(), last[~new].tolist(), strict=True))
        return Begun(begun, tails, older)

    def _look(
        self, causes: NDArray[np.int64], number: int, prev: NDArray[np.int64], alone: NDArray[np.bool_]
    ) -> None:
        """See also which new segments, from `number` on, come after something that is new to their task."""
        segments = self._segments
        at = np.flatnonzero(~alone)
        alone[at] = self._ends.take(prev[at]) != 0  # what comes after the end of a task is not part of it
        at = at[causes[at] >= 0]
        causes = causes[at]
        # A task names its spawn in all that it does: what it named before tells nothing new.
        again = self._spawn.take(prev[at]) == causes
        own = segments.task.take(segments.of_row.take(causes)) == segments.task.take(at + number)
        alone[at] |= ~again & ~own

    def _enter(
        self,
        tape: Tape,
        prev: NDArray[np.int64],
        values: NDArray[np.int64],
        own: NDArray[np.bool_],
        order: NDArray[np.intp],
        heads: NDArray[np.bool_],
    ) -> None:
        """Each new segment has a value of its ``own``, or that of the segment before of its task."""
        origins, ranked = own[order], values[order]
        goes_on = heads & ~origins
        ranked[goes_on] = tape.take(prev[order[goes_on]])
        at = np.maximum.accumulate(np.where(origins | heads, np.arange(len(order)), 0))
        values[order] = ranked[at]
        tape.append(values)

    def forget(self, segment: int) -> int:
        """Drop segments below one that is known; returns the first run that is still known."""
        of = self.of_segment
        kept = int(of.part(segment, len(of)).min()) if segment < len(of) else len(self.first)
        of.drop(segment)
        self._ends.drop(segment)
        self._spawn.drop(segment)
        self.first.drop(kept)
        return kept


def _ranked(tasks: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Segments task by task, and which of these are the first of their task."""
    order = np.argsort(tasks, kind="stable")
    heads = np.ones(len(tasks), np.bool_)
    heads[1:] = np.diff(tasks[order]) != 0
    return order, heads


def _first_after(
    asked: Sequence[tuple[int, int]],
    tasks: NDArray[np.int64],
    rows: NDArray[np.intp],
    order: NDArray[np.intp],
) -> list[int]:
    """Of each task and row that is asked for, the first of the task's segments that begins after that row."""
    found: list[int] = []
    wanted = np.array([task for task, _ in asked], np.int64)
    ranked, ranked_rows = tasks[order], rows[order]
    starts, stops = np.searchsorted(ranked, wanted), np.searchsorted(ranked, wanted, "right")
    for (_, row), start, stop in zip(asked, starts.tolist(), stops.tolist(), strict=True):
        at = start + int(np.searchsorted(ranked_rows[start:stop], row, "right"))
        if at < stop:
            found.append(int(order[at]))
    return found
