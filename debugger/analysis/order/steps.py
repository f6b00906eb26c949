"""Finds, for many rows at once, where something happens to the order, and all that can be told of it then."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.order import kinds as kind_of
from debugger.analysis.order.chains import Chains
from debugger.analysis.order.clocks import NEVER
from debugger.analysis.order.links import Links
from debugger.analysis.order.mailboxes import NO_RUN
from debugger.analysis.order.payloads import Told
from debugger.analysis.order.ports import places
from debugger.analysis.order.runs import Begun, Runs
from debugger.analysis.order.segments import Rows, Segments
from debugger.analysis.order.tasks import NO_TASK, Tasks
from debugger.log import NONE, EventLog

BEGINS: Final = 16
"""Added to the kind of a row that begins a run."""
ODD: Final = 32
"""And to that of one which more may come before than its cause, or which a thread may be part of."""

Step = tuple[int, int, int, int, int, int, int, int, int, int, int]
"""A row at which something happens to the order, its kind, task, segment and run, and the run before of the
task; its cause, the run of that (-1: none, or one of its own task), up to where it comes before, and by
which rule; and the row with which its task ends, as far as that is known."""

Receive = tuple[int, int, int]
"""Where a message came to (`ports.place`), and the run and the row, if known, in which its handler ends."""


class Piece(NamedTuple):
    """What happens in a stretch of rows, in their order. Receives are steps too."""

    steps: Iterable[Step]
    receives: Iterable[Receive]


class Steps:
    """Looks at rows that are in segments already, and puts them into runs."""

    def __init__(
        self,
        log: EventLog,
        kinds: kind_of.Kinds,
        tasks: Tasks,
        segments: Segments,
        runs: Runs,
        chains: Chains,
        links: Links,
    ) -> None:
        self._log = log
        self._kinds = kinds
        self._tasks = tasks
        self._segments = segments
        self._runs = runs
        self._chains = chains
        self._links = links

    def of(
        self,
        rows: Rows,
        starts: NDArray[np.bool_],
        told: Mapping[int, Told],
        active: Collection[int],
        odd: Collection[int],
        *,
        merge: bool,
    ) -> Piece:
        """The steps of some rows. ``starts`` says where segments begin.

        The handlers of ``active`` tasks have not ended, ``odd`` are rows that have more than a cause. Unless
        they are to `merge`, all segments are runs.
        """
        tasks, links = rows.tasks, self._links
        ends, calls = self._ends(rows)
        if calls:
            kinds = rows.kinds.copy()
            kinds[calls] = kind_of.OTHER
            rows = rows._replace(kinds=kinds)
        cancels = self._cancels(rows, told)
        begun = self._runs.add(rows, starts, ends, cancels if merge else None)
        for run, last in begun.older:
            self._chains.ends(run, last)
        looked_at = begun.starts | kind_of.LOOKED_AT[rows.kinds]
        cancelled, timers = {task for task, _ in cancels}, links.timers()
        looked_at[ends if timers is None else ends[_among(tasks[ends], cancelled | timers)]] = True
        receives = self._receives(rows, active, looked_at)
        return Piece(self._steps(rows, begun, np.flatnonzero(looked_at), cancelled, odd), receives)

    def _ends(self, rows: Rows) -> tuple[NDArray[np.intp], list[int]]:
        """Where tasks end, and where only a call ends, not the task that made it."""
        ends = np.flatnonzero(kind_of.ENDS[rows.kinds] & (rows.tasks != NO_TASK))
        callers = self._tasks.callers
        if not callers:
            return ends, []
        asked = np.flatnonzero(_among(rows.tasks[ends], callers) & (rows.kinds[ends] == kind_of.FINISHED))
        where = zip(asked.tolist(), rows.tasks[ends[asked]].tolist(), ends[asked].tolist(), strict=True)
        calls = [at for at, task, place in where if self._tasks.is_call(task, rows.start + place)]
        return np.delete(ends, calls), ends[calls].tolist()

    def _cancels(self, rows: Rows, told: Mapping[int, Told]) -> list[tuple[int, int]]:
        """Tasks that are asked to stop, each with the row; -1 for those of before."""
        cancels = [(task, NONE) for task in self._links.cancels]
        for place in np.flatnonzero(rows.kinds == kind_of.CANCEL).tolist():
            child = told[rows.start + place].child_name
            if child is not None:
                cancels.append((self._links.find(child, int(rows.sources[place])), rows.start + place))
        return cancels

    def _receives(
        self, rows: Rows, active: Collection[int], looked_at: NDArray[np.bool_]
    ) -> Iterable[Receive]:
        """What there is to know of receives; ``looked_at`` gets the ends that are to be looked at then."""
        kinds, tasks, segments = rows.kinds, rows.tasks, self._segments
        received = np.flatnonzero(kinds == kind_of.RECEIVED)
        handled = np.flatnonzero((kinds == kind_of.HANDLED) & (tasks != NO_TASK))
        theirs = tasks[received]
        again = theirs[segments.prev.take(segments.of_row.take(received + rows.start)) >= 0]
        # Of a task that receives several times it is not told which handler ends.
        looked_at[handled[_among(tasks[handled], {*active, *again.tolist()})]] = True
        ends, end_runs = np.full(len(received), NEVER, np.int64), np.full(len(received), NO_RUN, np.int64)
        ended, first = np.unique(tasks[handled], return_index=True)
        if len(ended):
            at = np.minimum(np.searchsorted(ended, theirs), len(ended) - 1)
            once = ended[at] == theirs
            known = np.flatnonzero(once & ~np.isin(theirs, again) if len(again) else once)
            ends[known] = handled[first[at[known]]] + rows.start
            end_runs[known] = self._runs.of_segment.take(segments.of_row.take(ends[known]))
        names = (
            self._log.column(name)[received + rows.start] for name in ("component", "session", "message_type")
        )
        return zip(places(*names).tolist(), end_runs.tolist(), ends.tolist(), strict=True)

    def _steps(
        self, rows: Rows, begun: Begun, at: NDArray[np.intp], cancelled: set[int], odd: Collection[int]
    ) -> Iterable[Step]:
        segments, run_of = self._segments, self._runs.of_segment
        starts, here = begun.starts[at], at + rows.start
        kinds, tasks, causes = rows.kinds[at], rows.tasks[at], rows.causes[at]
        theirs = segments.of_row.take(here)
        prevs = segments.prev.take(theirs)
        goes_on = prevs >= 0
        prevs[goes_on] = run_of.take(prevs[goes_on])
        caused = np.flatnonzero((causes >= 0) & starts)
        cause_rows = causes[caused]
        own = segments.of_row.take(cause_rows)
        cause_tasks = segments.task.take(own)
        foreign = (cause_tasks != tasks[caused]) | (cause_tasks == NO_TASK)
        before = np.full(len(at), NO_RUN, np.int64)
        before[caused[foreign]] = run_of.take(own[foreign])
        bounds = causes.copy()
        same = self._log.column("source")[cause_rows] == rows.sources[at[caused]]
        bounds[caused[same]] = segments.last.take(own[same])
        rules = np.zeros(len(at), np.uint8)
        rules[caused] = kind_of.BY_KINDS[self._kinds.at(cause_rows), kinds[caused]]
        tails = np.full(len(at), NEVER, np.int64)
        tails[starts] = begun.tails
        more = self._more(tasks, ~goes_on, cancelled)
        more[caused] |= self._links.may_be_threads(tasks[caused]) | self._links.may_be_threads(cause_tasks)
        if odd:
            more |= _among(here, odd)
        return zip(
            here.tolist(),
            (kinds + starts * np.uint8(BEGINS) + (more & starts) * np.uint8(ODD)).tolist(),
            tasks.tolist(),
            theirs.tolist(),
            run_of.take(theirs).tolist(),
            prevs.tolist(),
            causes.tolist(),
            before.tolist(),
            bounds.tolist(),
            rules.tolist(),
            tails.tolist(),
            strict=True,
        )

    def _more(
        self, tasks: NDArray[np.int64], firsts: NDArray[np.bool_], cancelled: set[int]
    ) -> NDArray[np.bool_]:
        """What may come after more than its cause: tasks that were spawned, or that are asked to stop."""
        links = self._links
        more = _among(tasks, cancelled)
        if links.nameless:
            more |= firsts
        else:
            at = np.flatnonzero(firsts)
            more[at] |= _among(tasks[at], links.spawns)
        return more


def _among(values: NDArray[Any], some: Collection[int]) -> NDArray[np.bool_]:
    """Which of some numbers are among others."""
    if not some or not len(values):
        return np.zeros(len(values), np.bool_)
    found: NDArray[np.bool_] = np.isin(values, np.fromiter(some, np.int64, len(some)))
    return found
