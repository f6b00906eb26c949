"""Takes rows of the log into the order, one after the other, in one pass."""

from __future__ import annotations

from array import array
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.order import kinds as kind_of
from debugger.analysis.order.chains import Chains, Pred
from debugger.analysis.order.edges import Edges
from debugger.analysis.order.holes import Holes, unknown_causes
from debugger.analysis.order.kinds import Kinds
from debugger.analysis.order.links import Links
from debugger.analysis.order.mailboxes import Mailboxes, Publish
from debugger.analysis.order.paths import Paths
from debugger.analysis.order.payloads import Told, read
from debugger.analysis.order.ports import Address, Mailbox, Ports
from debugger.analysis.order.rebuild import NO_ROW, Activations, Items, Receives
from debugger.analysis.order.records import Limits, Missing
from debugger.analysis.order.rules import (
    BY_PUBLISH,
    BY_TASK,
    JOINED_CHILD,
    MATCHED_PUBLISH,
    MATCHED_PUT,
    OF_EVENTS,
)
from debugger.analysis.order.segments import Rows, Segments
from debugger.analysis.order.tasks import NO_TASK, Tasks
from debugger.log import ABSENT, NONE, EventLog

_SEARCHED: Final = 2_000  # segments that are looked at to order two events that clocks do not
_NOTHING: Final = Told()


class _Row(NamedTuple):
    """A row at which something happens to the order, and what its columns say."""

    row: int
    kind: int
    task: int
    segment: int
    begins: bool
    source: int
    component: int
    session: int
    message: int
    cause: int
    cause_segment: int  # that of its cause, or -1
    before: int  # the same, but -1 for one in its own task
    bound: int
    rule: int  # what it has to do with its cause


class Intake:
    """All that is known of the order of the rows that were taken in.

    What a row tells depends on the rows before it and on nothing else: however the log came, and however
    it is cut into pieces, the result is the same.
    """

    def __init__(self, log: EventLog, limits: Limits, is_concurrent: Callable[[Address], bool]) -> None:
        self._log = log
        self._limits = limits
        self.first: Final = log.first_row
        self.kinds: Final = Kinds(log)
        self._tasks = Tasks(log)
        self.activations: Final = Activations(log, self._tasks.fresh)
        self.receives: Final = Receives(log, self.kinds, limits.lookback)
        self._items = Items(log, self.kinds, limits.lookback)
        self.holes: Final = Holes(log, limits.holes)
        self.segments: Final = Segments(log.first_row)
        self._edges = Edges()
        self._prev: array[int] = array("i")  # by segment, the one before of its task
        self.chains: Final = Chains(self.segments, self.preds_of, limits)
        self.paths: Final = Paths(self.segments, self.chains, self.preds_of)
        self._links = Links(self._tasks, self.segments, limits, self._reaches)
        self.ports: Final = Ports(is_concurrent, limits)
        self.mailboxes: Final = Mailboxes(self.segments, self.chains, limits, self._reaches)
        self._last_of: dict[int, int] = {}  # by task, its last segment
        self._ended: deque[tuple[int, int]] = deque()
        self._open: dict[int, int] = {}  # by source
        self._unfinished: set[int] = set()
        self.used: Final[Counter[int]] = Counter()  # edges that told something, by what they are
        self.received = 0

    def _reaches(self, before: int, after: int) -> bool | None:
        return self.paths.reaches(before, after, _SEARCHED)

    def preds_of(self, segment: int) -> list[Pred]:
        """What comes right before a segment; its task's own segment first."""
        segments, rows = self.segments, self.segments.of_row
        first, task = segments.first.at(segment), segments.task.at(segment)
        preds: list[Pred] = []
        prev = self._prev[segment - segments.first.first]
        if prev >= segments.first.first:
            last = segments.last.at(prev)
            preds.append((prev, last, BY_TASK, last))
        told = [(row, rule) for row, rule in self._edges.to(segment) if row >= rows.first]
        cause = int(self._log.column("cause_row")[first])
        if rows.first <= cause < first:
            told.append((cause, self._by_cause(cause, first)))
        sources = self._log.column("source")
        for row, rule in told:
            before, bound = rows.at(row), row
            if rule in OF_EVENTS:
                if task != NO_TASK and segments.task.at(before) == task:
                    continue
                same = bool(sources[row] == sources[first])
                bound = self._links.bound(before, row, same_source=same, task=task)
            preds.append((before, bound, rule, row))
        return preds

    def _by_cause(self, cause: int, row: int) -> int:
        kinds = self.kinds.at(np.array([cause, row]))
        return int(kind_of.BY_KINDS[kinds[0], kinds[1]])

    # --- a piece of the log --------------------------------------------------------------------

    def take(self, start: int, stop: int) -> None:
        """Take in rows from `start`, the next one, up to `stop`."""
        log = self._log
        kinds = self.kinds.of(start, stop)
        sources = log.column("source")[start:stop]
        told = self._read(start, kinds, sources)
        tasks = self._tasks.of(start, stop)
        self.activations.fill(start, stop, kinds, tasks)
        self._links.resolve()
        named = log.column("cause_row")[start:stop].astype(np.int64)
        causes, unknown = unknown_causes(named, np.arange(start, stop))
        self.holes.look(start, stop, kinds == kind_of.LOST, unknown)
        matched = self._match(start, kinds, named, causes)
        still_open = list(self.segments.open().values())
        starts = self.segments.add(Rows(start, kinds, tasks, causes, sources))
        for segment in still_open:
            self.chains.went_on(segment)
        self.received += int((kinds == kind_of.RECEIVED).sum())
        for row in self._interesting(Rows(start, kinds, tasks, causes, sources), starts):
            if row.begins:
                self._begin(row, told, matched)
            self._tell(row, told)
        self.chains.trim()

    def _read(self, start: int, kinds: NDArray[np.uint8], sources: NDArray[Any]) -> dict[int, Told]:
        """The payloads that matter; what they say of tasks is noted before the tasks are numbered."""
        places = np.flatnonzero(kind_of.TELLING[kinds])
        if not len(places):
            return {}
        rows = (places + start).tolist()
        told = dict(zip(rows, read(self._log, rows), strict=True))
        for place in places[kinds[places] == kind_of.SPAWNED].tolist():
            row = start + place
            child = told[row].child_name
            if told[row].kind == "call" and child is not None:
                self._tasks.called(child, row)
            else:
                self._links.spawned(told[row], row, int(sources[place]))
        return told

    def _match(
        self, start: int, kinds: NDArray[np.uint8], named: NDArray[np.int64], causes: NDArray[np.int64]
    ) -> dict[int, int]:
        """Find causes of receives and gets that name none, and enter them; says by which rule."""
        unnamed = named == NONE
        matched: dict[int, int] = {}
        asking = unnamed & (kinds == kind_of.RECEIVED)
        for rule, hole, found in (
            (
                MATCHED_PUBLISH,
                Missing.UNMATCHED_RECEIVE,
                self.receives.match(start, kinds, causes, asking),
            ),
            (
                MATCHED_PUT,
                Missing.UNMATCHED_ITEM,
                self._items.match(start, kinds, unnamed & (kinds == kind_of.GOT)),
            ),
        ):
            for row, cause in found:
                if cause != NO_ROW:
                    causes[row - start] = cause
                    matched[row] = rule
            self.holes.add_all(hole, [row for row, cause in found if cause == NO_ROW])
        return matched

    def _interesting(self, rows: Rows, starts: NDArray[np.bool_]) -> list[_Row]:
        log, segments = self._log, self.segments
        start, stop = rows.start, rows.start + len(rows.kinds)
        at = np.flatnonzero(starts | kind_of.LOOKED_AT[rows.kinds])
        kinds, tasks, causes, sources = rows.kinds[at], rows.tasks[at], rows.causes[at], rows.sources[at]
        caused = np.flatnonzero(causes >= 0)
        cause_rows = causes[caused]
        own = segments.of_row.take(cause_rows)
        cause_segments = np.full(len(at), -1, np.int64)
        cause_segments[caused] = own
        before = cause_segments.copy()
        before[caused[(segments.task.take(own) == tasks[caused]) & (tasks[caused] != NO_TASK)]] = -1
        bounds = causes.copy()
        here = log.column("source")[cause_rows] == sources[caused]
        bounds[caused[here]] = segments.last.take(own[here])
        rules = np.zeros(len(at), np.uint8)
        rules[caused] = kind_of.BY_KINDS[self.kinds.at(cause_rows), kinds[caused]]
        columns = (log.column(name)[start:stop][at] for name in ("component", "session", "message_type"))
        return list(
            map(
                _Row,
                (at + start).tolist(),
                kinds.tolist(),
                tasks.tolist(),
                segments.of_row.part(start, stop)[at].tolist(),
                starts[at].tolist(),
                sources.tolist(),
                *(column.tolist() for column in columns),
                causes.tolist(),
                cause_segments.tolist(),
                before.tolist(),
                bounds.tolist(),
                rules.tolist(),
            )
        )

    # --- a row ---------------------------------------------------------------------------------

    def _begin(  # noqa: C901 - the hot path
        self, at: _Row, told: dict[int, Told], matched: dict[int, int]
    ) -> None:
        """A segment begins: find what comes before it, and its chain."""
        row, task, segment, links = at.row, at.task, at.segment, self._links
        preds: list[Pred] = []
        prev = NONE
        if task != NO_TASK:
            prev = self._last_of.get(task, NONE)
            if prev == NONE:
                preds = links.begins(task, row, at.source, at.cause)
            if links.cancels and task in links.cancels:
                preds += links.sees(task, at.source)
            self._last_of[task] = segment
        rule = at.rule
        if matched and row in matched:
            rule = matched[row]
            self._edges.add(segment, at.cause, rule)
        if at.before != NONE:
            bound = at.bound
            if links.threads and bound != at.cause:
                bound = links.bound(at.before, at.cause, same_source=True, task=task)
            preds.append((at.before, bound, rule, at.cause))
        box, publish, follows = None, None, 0
        if at.kind == kind_of.RECEIVED:
            box, publish = self._mailbox(at)
            if box is not None:
                more, follows = self.mailboxes.before(box, publish, row)
                preds += more
        elif at.kind == kind_of.JOINED:
            preds += self._joined(at, told.get(row, _NOTHING))
        self._unfinished.discard(self._open.get(at.source, NONE))
        self._unfinished.add(segment)
        self._open[at.source] = segment
        self._prev.append(prev)
        for _, _, rule, event in self.chains.add(segment, row, task, prev, preds, self._unfinished):
            self.used[rule] += 1
            if rule > MATCHED_PUT:
                self._edges.add(segment, event, rule)
        if box is not None and box.ordered:
            self.mailboxes.start(box, task, publish, segment, row, follows)

    def _mailbox(self, at: _Row) -> tuple[Mailbox | None, Publish | None]:
        if at.row >= self.ports.due:
            self._close(at.row)
        box = self.ports.mailbox(at.component, at.session, at.message)
        if box is None or not box.ordered or at.task == NO_TASK:
            return None, None
        if box.busy and box.declared:
            self.holes.add(Missing.OVERLAP, at.row)
        return box, (at.cause_segment, at.cause) if at.rule == BY_PUBLISH else None

    def _close(self, row: int) -> None:
        over = set(self.ports.closed(row))
        if over:
            sessions, first = self._log.column("session"), self.segments.first.at
            self.chains.retire(lambda tails: [int(sessions[first(tail)]) in over for tail in tails], row)

    def _joined(self, at: _Row, told: Told) -> list[Pred]:
        name = told.child_name
        child = NO_TASK if name is None else self._tasks.find(name, at.source)
        if child == at.task != NO_TASK:
            return []  # a call, which is part of its caller
        last = self._last_of.get(child, NONE)
        if last == NONE:
            if name is None or not self._links.is_spawned(name, at.source, at.row):
                self.holes.add(Missing.UNKNOWN_CHILD, at.row)
            return []
        bound = self.segments.last.at(last)
        if bound > at.row:  # of another source, which goes on
            first = self.segments.first.at(last)
            rows = np.flatnonzero(self.segments.of_row.part(first, at.row) == last)
            bound = first + int(rows[-1])
        return [(last, bound, JOINED_CHILD, bound)]

    def _tell(self, at: _Row, told: dict[int, Told]) -> None:
        """What a row tells about others, or the end of its own task."""
        kind, row, task = at.kind, at.row, at.task
        if kind in (kind_of.HANDLED, kind_of.FINISHED):
            if task != NO_TASK:
                self._end(at)
        elif kind == kind_of.CANCEL:
            child = told[row].child_name
            if child is not None:
                self._links.cancel(child, row, at.source)
        elif kind in (kind_of.SUBSCRIBED, kind_of.UNSUBSCRIBED):
            message = at.message
            said = told[row].message_type
            if message == ABSENT and isinstance(said, str):
                message = self._log.id_of("message_type", said) or ABSENT
            if kind == kind_of.SUBSCRIBED:
                self.ports.subscribed(at.component, at.session, message, told[row])
            else:
                self.ports.unsubscribed(at.component, at.session, message, row)

    def _end(self, at: _Row) -> None:
        task, segment = at.task, at.segment
        if at.kind == kind_of.HANDLED:
            self.mailboxes.end(task, segment, at.row)
        elif self._tasks.is_call(task, at.row):
            return  # only a call ends, not the task that made it
        self.chains.ended(segment)
        self._links.ended(task, at.source, segment, at.row)
        self._ended.append((task, segment))
        if len(self._ended) > self._limits.ended:
            task, segment = self._ended.popleft()
            if self._last_of.get(task) == segment:
                del self._last_of[task]
        if len(self._last_of) > self._limits.ended + self._limits.tasks:
            oldest = sorted(self._last_of.items(), key=lambda item: item[1])
            self._last_of = dict(oldest[len(oldest) // 2 :])

    # --- bounds --------------------------------------------------------------------------------

    def forget(self, first: int) -> None:
        """Rows below `first` are no longer asked for."""
        segments = self.segments
        dropped = segments.first.first
        kept = segments.forget(first)
        self.chains.forget(first, kept, len(segments.of_row))
        self._edges.forget(kept)
        del self._prev[: kept - dropped]
        self._last_of = {task: last for task, last in self._last_of.items() if last >= kept}
        self._ended = deque(end for end in self._ended if end[1] >= kept)
        self._open = {source: segment for source, segment in self._open.items() if segment >= kept}
        self._unfinished = {segment for segment in self._unfinished if segment >= kept}
        self._links.forget(first)
        self._tasks.forget(set(self._last_of))
        for box in self.ports.mailboxes:
            box.handled.forget(kept)
        self.holes.forget(first)
