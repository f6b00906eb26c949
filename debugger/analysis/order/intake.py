"""Takes rows of the log into the order, one after the other, in one pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from backend.events.vocabulary import CONTROL
from debugger.analysis.order import kinds as kind_of
from debugger.analysis.order.chains import Chains, Pred, RunPred
from debugger.analysis.order.edges import Edges
from debugger.analysis.order.holes import Holes, unknown_causes
from debugger.analysis.order.kinds import Kinds
from debugger.analysis.order.links import Links
from debugger.analysis.order.mailboxes import NO_RUN, Mailboxes
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
from debugger.analysis.order.runs import Runs
from debugger.analysis.order.segments import Rows, Segments
from debugger.analysis.order.steps import BEGINS, ODD, Piece, Steps
from debugger.analysis.order.tasks import NO_TASK, Tasks
from debugger.log import ABSENT, NONE, EventLog

_SEARCHED: Final = 2_000  # segments that are looked at to order two events that clocks do not
_NOTHING: Final = Told()
_ASK: Final = cast("Mailbox", object())


_RECEIVED: Final = BEGINS + kind_of.RECEIVED
_JOINED: Final = BEGINS + kind_of.JOINED
_CODE: Final = ODD - 1
_KIND: Final = BEGINS - 1
_ENDS: Final = frozenset({kind_of.HANDLED, kind_of.FINISHED})
_SUBSCRIPTIONS: Final = frozenset({kind_of.SUBSCRIBED, kind_of.UNSUBSCRIBED})
_NO_PREDS: Final[list[RunPred]] = []


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
        self.edges: Final = Edges()
        self.runs: Final = Runs(self.segments, self.kinds)
        self.chains: Final = Chains(
            self.segments, self.runs, self.preds_of, self._session_of, self.edges, limits
        )
        self.paths: Final = Paths(self.segments, self.chains, self.preds_of)
        self._links = Links(self._tasks, self.segments, limits, self._reaches)
        self.ports: Final = Ports(is_concurrent, limits)
        self.mailboxes: Final = Mailboxes(self.segments, self.chains, limits, self._reaches)
        self._steps = Steps(log, self.kinds, self._tasks, self.segments, self.runs, self.chains, self._links)
        self._open: dict[int, int] = {}  # the last run by source
        self._several = False  # sources
        self._unfinished: set[int] = set()  # runs
        self._names: list[NDArray[Any]] = []
        self._causes, self._sources = log.column("cause_row"), log.column("source")
        self.received = 0
        self._by_hand: set[tuple[int, int]] = set()  # publish and component
        self.moved: Final[set[int]] = set()
        """Tasks that handle what was moved by hand: their mailbox would have had them in another place."""

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
        told = self.edges.to(segment)
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
        self._look_for_hands(start, stop)
        tasks = self._tasks.of(start, stop)
        self.activations.fill(start, stop, kinds, tasks)
        self._links.resolve()
        named = log.column("cause_row")[start:stop].astype(np.int64)
        causes, unknown = unknown_causes(named, np.arange(start, stop))
        self.holes.look(start, stop, kinds == kind_of.LOST, unknown)
        matched = self._match(start, kinds, named, causes)
        still_open = self.segments.open()
        rows = Rows(start, kinds, tasks, causes, sources)
        starts = self.segments.add(rows)
        if not self._several and len(self.segments.open()) > 1:
            self._several = True
            self._open = {source: self.runs.of(segment) for source, segment in still_open.items()}
            self._unfinished.update(self._open.values())
        for segment in still_open.values():
            self.chains.went_on(segment)
        self.received += int((kinds == kind_of.RECEIVED).sum())
        piece = self._steps.of(rows, starts, told, self.mailboxes.active, matched, merge=not self._several)
        self._walk(piece, told, matched)
        self.mailboxes.settle()
        self.chains.kept.trim()

    def _read(self, start: int, kinds: NDArray[np.uint8], sources: NDArray[Any]) -> dict[int, Told]:
        """The payloads that matter; what they say of tasks is noted before the tasks are numbered."""
        messages = self._names[2][start : start + len(kinds)]
        places = np.flatnonzero(
            kind_of.TELLING[kinds] | (kinds == kind_of.UNSUBSCRIBED) & (messages == ABSENT)
        )
        if not len(places):
            return {}
        rows = (places + start).tolist()
        told = dict(zip(rows, read(self._log, rows), strict=True))
        for place in places[kinds[places] == kind_of.SPAWNED].tolist():
            row = start + place
            spawn = told[row]
            if spawn.kind == "call" and spawn.child_name is not None:
                self._tasks.called(spawn.child_name, row)
            else:
                self._links.spawned(spawn, row, int(sources[place]))
        return told

    def _look_for_hands(self, start: int, stop: int) -> None:
        """Deliveries that somebody who held the bus let go out of their order: the cause is the publish."""
        control = self._log.id_of("message_type", CONTROL)
        if control is None:
            return
        rows = (np.flatnonzero(self._names[2][start:stop] == control) + start).tolist()
        for row, told in zip(rows, read(self._log, rows), strict=True):
            if told.out_of_order is True and isinstance(told.component, str):
                component = self._log.id_of("component", told.component)
                if component is not None:
                    self._by_hand.add((self._causes.item(row), component))

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

    # --- row by row ------------------------------------------------------------------------------

    def _walk(  # noqa: C901, PLR0912, PLR0915 - the hot path, in one piece
        self, piece: Piece, told: dict[int, Told], matched: dict[int, int]
    ) -> None:
        links, edges = self._links, self.edges
        mailboxes, boxes, due = self.mailboxes, self.ports.known, self.ports.due
        add, receives = self.chains.add, iter(piece.receives)
        unfinished, several = self._unfinished, self._several
        for row, code, task, segment, run, prev, cause, before, upto, by, tail in piece.steps:
            if code >= BEGINS:
                rule = by
                if code >= ODD:
                    if row in matched:
                        rule = matched[row]
                        edges.add(segment, cause, rule)
                    preds = self._preds(row, task, prev, cause, before, upto, rule)
                    code &= _CODE  # noqa: PLW2901 - what it is
                elif before >= 0:
                    preds = [(before, upto, rule, cause)]
                else:
                    preds = _NO_PREDS
                box = None
                if code == _RECEIVED:
                    if row >= due:
                        self._close(row)
                        due = self.ports.due
                    place, end_run, end = next(receives)
                    box = boxes.get(place, _ASK)
                    if box is _ASK:
                        box = self._mailbox(row)
                    if self._by_hand and (cause, self._names[0].item(row)) in self._by_hand:
                        box = None
                        self.moved.add(task)
                    if box is not None and box.ordered and task >= 0:
                        publish = NO_RUN
                        if rule == BY_PUBLISH:
                            publish = before if before >= 0 else self._run_of(cause)
                        if box.declared and box.latest >= 0 and box.end >= row:
                            self.holes.add(Missing.OVERLAP, row)
                        preds = mailboxes.before(box, task, publish, cause, row) + preds
                    else:
                        box = None
                elif code == _JOINED:
                    preds = preds + self._joined(row, segment, task, told.get(row, _NOTHING))
                if several:
                    source = self._sources.item(row)
                    unfinished.discard(self._open.get(source, NONE))
                    unfinished.add(run)
                    self._open[source] = run
                add(row, segment, prev, preds, unfinished, tail)
                if box is not None and box.ordered:
                    mailboxes.start(box, run, row, end_run, end)
            kind = code & _KIND
            if kind in _ENDS:
                if kind == kind_of.HANDLED:
                    mailboxes.end(task, run, row)
                if task in links.running or task in links.cancels:
                    links.ended(task, self._sources.item(row), segment, row)
            elif kind == kind_of.CANCEL:
                child = told[row].child_name
                if child is not None:
                    links.cancel(child, row, self._sources.item(row))
            elif kind in _SUBSCRIPTIONS:
                self._subscribed(row, kind, told.get(row, _NOTHING))
                due = self.ports.due

    def _preds(
        self, row: int, task: int, prev: int, cause: int, before: int, upto: int, rule: int
    ) -> list[RunPred]:
        """What comes before a run, of which that may be more than its cause."""
        links = self._links
        preds: list[RunPred] = []
        if prev < 0 <= task and not links.begins_plainly(task, cause):
            preds = self._in_runs(links.begins(task, row, self._sources.item(row), cause))
        if task in links.cancels:
            preds += self._in_runs(links.sees(task, self._sources.item(row)))
        if before >= 0:
            threads = links.threads
            if threads and (task in threads or self._task_of(cause) in threads):
                upto = cause  # a thread goes on meanwhile
            preds.append((before, upto, rule, cause))
        return preds

    def _in_runs(self, preds: list[Pred]) -> list[RunPred]:
        return [(self.runs.of(segment), bound, rule, row) for segment, bound, rule, row in preds]

    def _run_of(self, row: int) -> int:
        return self.runs.of(self.segments.of_row.at(row))

    def _task_of(self, row: int) -> int:
        return self.segments.task.at(self.segments.of_row.at(row))

    def _mailbox(self, row: int) -> Mailbox | None:
        components, sessions, messages = self._names
        return self.ports.mailbox(components.item(row), sessions.item(row), messages.item(row))

    def _close(self, row: int) -> None:
        over = set(self.ports.closed(row))
        if over:
            self.chains.retire(over, row)

    def _joined(self, row: int, segment: int, task: int, told: Told) -> list[RunPred]:
        name, source = told.child_name, self._sources.item(row)
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
        return [(self.runs.of(last), bound, JOINED_CHILD, bound)]

    def _subscribed(self, row: int, kind: int, told: Told) -> None:
        components, sessions, messages = self._names
        component, session, message = components.item(row), sessions.item(row), messages.item(row)
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
        run = self.runs.forget(kept)
        self.chains.forget(first, run, len(segments.of_row))
        self.edges.forget(kept)
        self._open = {source: last for source, last in self._open.items() if last >= run}
        self._unfinished = {last for last in self._unfinished if last >= run}
        self._links.forget(first)
        self._tasks.forget(alive)
        for box in self.ports.mailboxes:
            box.forget(run)
        self.holes.forget(first)
