"""Takes rows of the log into the order, one after the other, in one pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.order import kinds as kind_of
from debugger.analysis.order.chains import Chains, Pred
from debugger.analysis.order.clocks import NEVER, PLACE
from debugger.analysis.order.edges import Edges
from debugger.analysis.order.holes import Holes, unknown_causes
from debugger.analysis.order.kinds import Kinds
from debugger.analysis.order.links import Links
from debugger.analysis.order.mailboxes import Mailboxes
from debugger.analysis.order.paths import Paths
from debugger.analysis.order.payloads import Told, read
from debugger.analysis.order.ports import Address, Mailbox, Ports, places
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
_ASK: Final = cast("Mailbox", object())


_BEGINS: Final = 16
"""Added to the kind of a row that begins a segment."""
_RECEIVED: Final = _BEGINS + kind_of.RECEIVED
_JOINED: Final = _BEGINS + kind_of.JOINED
_KIND: Final = _BEGINS - 1
_ENDS: Final = frozenset({kind_of.HANDLED, kind_of.FINISHED})
_SUBSCRIPTIONS: Final = frozenset({kind_of.SUBSCRIBED, kind_of.UNSUBSCRIBED})

_Walked = tuple[int, int, int, int, int, int, int, int, int, int, int, int, int]
"""A row at which something happens to the order, its kind, task and segment, and the segment before of the
task; its cause, the segment of that (-1: none, or one of its own task) and its task, up to where it comes
before, and by which rule; its source, the last row of the segment, and where a message came to
(`ports.place`)."""


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
        self.chains: Final = Chains(self.segments, self.preds_of, self._session_of, limits)
        self.paths: Final = Paths(self.segments, self.chains, self.preds_of)
        self._links = Links(self._tasks, self.segments, limits, self._reaches)
        self.ports: Final = Ports(is_concurrent, limits)
        self.mailboxes: Final = Mailboxes(self.segments, self.chains, limits, self._reaches)
        self._open: dict[int, int] = {}  # by source
        self._several = False  # sources
        self._unfinished: set[int] = set()
        self._names: list[NDArray[Any]] = []
        self._causes, self._sources = log.column("cause_row"), log.column("source")
        self.used: Final[Counter[int]] = Counter()  # edges that told something, by what they are
        self.received = 0

    def _reaches(self, before: int, after: int) -> bool | None:
        return self.paths.reaches(before, after, _SEARCHED)

    def _session_of(self, row: int) -> int:
        return int(self._names[1].item(row))

    def preds_of(self, segment: int) -> list[Pred]:
        """What comes right before a segment; its task's own segment first."""
        segments, rows = self.segments, self.segments.of_row
        first, task = segments.first.at(segment), segments.task.at(segment)
        preds: list[Pred] = []
        prev = segments.prev.at(segment)
        if prev >= segments.first.first:
            last = segments.last.at(prev)
            preds.append((prev, last, BY_TASK, last))
        told = self._edges.to(segment)
        cause = self._causes.item(first)
        if 0 <= cause < first:
            told.append((cause, self.kinds.rule(cause, first)))
        known, sources, links = rows.first, self._sources, self._links
        for row, rule in told:
            if row < known:
                continue
            before, bound = rows.at(row), row
            if rule in OF_EVENTS:
                if task != NO_TASK and segments.task.at(before) == task:
                    continue
                if sources.item(row) == sources.item(first):
                    bound = links.bound(before, row, same_source=True, task=task)
            preds.append((before, bound, rule, row))
        return preds

    # --- a piece of the log --------------------------------------------------------------------

    def take(self, start: int, stop: int) -> None:
        """Take in rows from `start`, the next one, up to `stop`."""
        log = self._log
        self._names = [log.column(name) for name in ("component", "session", "message_type")]
        self._causes, self._sources = log.column("cause_row"), log.column("source")
        kinds = self.kinds.of(start, stop)
        sources = log.column("source")[start:stop]
        told = self._read(start, kinds, sources)
        tasks = self._tasks.of(start, stop)
        self.activations.fill(start, stop, kinds, tasks)
        self._links.resolve(self._tasks.new())
        named = log.column("cause_row")[start:stop].astype(np.int64)
        causes, unknown = unknown_causes(named, np.arange(start, stop))
        self.holes.look(start, stop, kinds == kind_of.LOST, unknown)
        matched = self._match(start, kinds, named, causes)
        still_open = self.segments.open()
        starts = self.segments.add(Rows(start, kinds, tasks, causes, sources))
        if not self._several and len(self.segments.open()) > 1:
            self._several, self._open = True, still_open
            self._unfinished.update(still_open.values())
        for segment in still_open.values():
            self.chains.went_on(segment)
        self.received += int((kinds == kind_of.RECEIVED).sum())
        self._walk(self._interesting(Rows(start, kinds, tasks, causes, sources), starts), told, matched)
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

    def _interesting(self, rows: Rows, starts: NDArray[np.bool_]) -> Iterator[_Walked]:
        segments, codes = self.segments, rows.kinds + starts * np.uint8(_BEGINS)
        at = np.flatnonzero(starts | kind_of.LOOKED_AT[rows.kinds])
        kinds, tasks, causes, sources = rows.kinds[at], rows.tasks[at], rows.causes[at], rows.sources[at]
        theirs = segments.of_row.part(rows.start, rows.start + len(rows.kinds))[at].astype(np.int64)
        caused = np.flatnonzero((causes >= 0) & starts[at])
        cause_rows = causes[caused]
        own = segments.of_row.take(cause_rows)
        before = np.full(len(at), NONE, np.int64)
        before[caused] = own
        their_tasks = np.full(len(at), NO_TASK, np.int64)
        their_tasks[caused] = segments.task.take(own)
        before[(their_tasks == tasks) & (tasks != NO_TASK)] = NONE
        bounds = causes.copy()
        here = self._log.column("source")[cause_rows] == sources[caused]
        bounds[caused[here]] = segments.last.take(own[here])
        rules = np.zeros(len(at), np.uint8)
        rules[caused] = kind_of.BY_KINDS[self.kinds.at(cause_rows), kinds[caused]]
        return zip(
            (at + rows.start).tolist(),
            codes[at].tolist(),
            tasks.tolist(),
            theirs.tolist(),
            segments.prev.take(theirs).tolist(),
            causes.tolist(),
            before.tolist(),
            their_tasks.tolist(),
            bounds.tolist(),
            rules.tolist(),
            sources.tolist(),
            segments.last.take(theirs).tolist(),
            places(*(names[at + rows.start] for names in self._names)).tolist(),
            strict=True,
        )

    # --- row by row ------------------------------------------------------------------------------

    def _walk(  # noqa: C901, PLR0912, PLR0915 - the hot path, in one piece
        self, rows: Iterable[_Walked], told: dict[int, Told], matched: dict[int, int]
    ) -> None:
        links, edges, used = self._links, self._edges, self.used
        mailboxes, boxes, due = self.mailboxes, self.ports.known, self.ports.due
        spawns, nameless, cancels, threads = links.spawns, links.nameless, links.cancels, links.threads
        chains = self.chains
        of, first, late, add, set_tail = chains.chains, chains.first, chains.late, chains.add, chains.set_tail
        segment_at, clock_at, tail_at = chains.segment_at, chains.clock_at, chains.tail_at
        last_in, unfinished, several = self._open, self._unfinished, self._several
        for row, code, task, segment, prev, cause, before, other, upto, by, source, last, place in rows:
            if code >= _BEGINS:
                preds: list[Pred] = []
                if prev < 0 and (task in spawns or cause in nameless) and task >= 0:
                    preds = links.begins(task, row, source, cause)
                if cancels and task in cancels:
                    preds += links.sees(task, source)
                rule = by
                if matched and row in matched:
                    rule = matched[row]
                    edges.add(segment, cause, rule)
                if before >= 0:
                    if threads and (task in threads or other in threads):
                        upto = cause  # noqa: PLW2901 - a thread goes on meanwhile
                    preds.append((before, upto, rule, cause))
                box = None
                if code == _RECEIVED:
                    if row >= due:
                        self._close(row)
                        due = self.ports.due
                    box = boxes.get(place, _ASK)
                    if box is _ASK:
                        box = self._mailbox(row)
                    if box is not None and box.ordered and task >= 0:
                        publish = None
                        if rule == BY_PUBLISH:
                            publish = before if before >= 0 else self.segments.of_row.at(cause), cause
                        if box.busy and box.declared:
                            self.holes.add(Missing.OVERLAP, row)
                        preds += mailboxes.before(box, publish, row)
                    else:
                        box = None
                elif code == _JOINED:
                    preds += self._joined(row, segment, task, source, told.get(row, _NOTHING))
                if several:
                    unfinished.discard(last_in.get(source, NONE))
                    unfinished.add(segment)
                    last_in[source] = segment
                if prev >= 0 and not preds and segment_at[at := of[prev - first] & PLACE] == prev:
                    segment_at[at] = segment  # it goes on, and nothing came in between
                    of.append(of[prev - first])
                    late.append(clock_at[at])
                    if tail_at[at] != NEVER:
                        set_tail(at, NEVER)
                else:
                    for pred in add(row, last, prev, preds, unfinished, ends=task < 0):
                        used[pred[2]] += 1
                        if pred[2] > MATCHED_PUT:
                            edges.add(segment, pred[3], pred[2])
                if box is not None and box.ordered:
                    mailboxes.start(box, task, publish, segment, row)
            kind = code & _KIND
            if kind in _ENDS:
                if task >= 0:
                    if kind == kind_of.HANDLED:
                        mailboxes.end(task, segment, row)
                    elif self._tasks.is_call(task, row):
                        continue  # only a call ends, not the task that made it
                    at = of[segment - first] & PLACE
                    if segment_at[at] == segment:
                        set_tail(at, last)
                    if task in links.running or task in cancels:
                        links.ended(task, source, segment, row)
            elif kind == kind_of.CANCEL:
                child = told[row].child_name
                if child is not None:
                    links.cancel(child, row, source)
            elif kind in _SUBSCRIPTIONS:
                self._subscribed(row, kind, told[row])
                due = self.ports.due

    def _mailbox(self, row: int) -> Mailbox | None:
        components, sessions, messages = self._names
        return self.ports.mailbox(components.item(row), sessions.item(row), messages.item(row))

    def _close(self, row: int) -> None:
        over = set(self.ports.closed(row))
        if over:
            self.chains.retire(over, row)

    def _joined(self, row: int, segment: int, task: int, source: int, told: Told) -> list[Pred]:
        name = told.child_name
        child = NO_TASK if name is None else self._links.find(name, source)
        if child == task != NO_TASK:
            return []  # a call, which is part of its caller
        last = NONE if child == NO_TASK else self.segments.last_before(child, segment)
        if last == NONE:
            if name is None or not self._links.is_spawned(name, source, row):
                self.holes.add(Missing.UNKNOWN_CHILD, row)
            return []
        bound = self.segments.last.at(last)
        if bound > row:  # of another source, which goes on
            first = self.segments.first.at(last)
            rows = np.flatnonzero(self.segments.of_row.part(first, row) == last)
            bound = first + int(rows[-1])
        return [(last, bound, JOINED_CHILD, bound)]

    def _subscribed(self, row: int, kind: int, told: Told) -> None:
        component, session, message = (names.item(row) for names in self._names)
        if message == ABSENT and isinstance(told.message_type, str):
            message = self._log.id_of("message_type", told.message_type) or ABSENT
        if kind == kind_of.SUBSCRIBED:
            self.ports.subscribed(component, session, message, told)
        else:
            self.ports.unsubscribed(component, session, message, row)

    # --- bounds --------------------------------------------------------------------------------

    def forget(self, first: int) -> None:
        """Rows below `first` are no longer asked for."""
        segments = self.segments
        kept, alive = segments.forget(first)
        self.chains.forget(first, kept, len(segments.of_row))
        self._edges.forget(kept)
        self._open = {source: segment for source, segment in self._open.items() if segment >= kept}
        self._unfinished = {segment for segment in self._unfinished if segment >= kept}
        self._links.forget(first)
        self._tasks.forget(alive)
        for box in self.ports.mailboxes:
            box.handled.forget(kept)
        self.holes.forget(first)
