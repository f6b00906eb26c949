"""Takes rows of the log, and tells what each shows to have been read and written."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from backend.events import vocabulary as words
from backend.wire.query.nodes import MISSING
from debugger.analysis.conflicts.exclusion import Held, Inboxes
from debugger.analysis.conflicts.labels import Labels
from debugger.analysis.conflicts.lines import NO_STATE, Said, Told, decoded, payload, read_all
from debugger.analysis.conflicts.records import NO_TASK, Limits
from debugger.analysis.conflicts.states import State, States
from debugger.analysis.conflicts.values import (
    Change,
    Written,
    changes,
    differences,
    known_keys,
    leaves,
    written,
)
from debugger.analysis.order import Order
from debugger.log import EventLog
from debugger.log.fields import read_lines

_NOTHING: Final = frozenset({b"", b"{}", b"null"})
_EMPTY: Final = Raw(b"{}")
_BLANK: Final = 4
_UNDER_WAY: Final = 64  # activations of a state that are remembered
_SWEEP: Final = 1 << 16  # rows after which states are looked through for those that are over

# Those from `ASKED` on have something in their payload.
OTHER, RECEIVED, HANDLED, FINISHED, CHANGED, ASKED, ACQUIRED, RELEASED, SUBSCRIBED = range(9)
_PLAIN: Final = (OTHER, CHANGED)
_SAYING: Final = frozenset({ACQUIRED, RELEASED, SUBSCRIBED})
_CODES: Final = {
    words.RECEIVED: RECEIVED,
    words.HANDLED: HANDLED,
    words.STATE_CHANGE: CHANGED,
    words.STATE_READ: ASKED,
    words.LOCK_ACQUIRED: ACQUIRED,
    words.LOCK_RELEASED: RELEASED,
    words.SUBSCRIBED: SUBSCRIBED,
    words.TASK_FINISHED: FINISHED,
}


class Write(NamedTuple):
    """A key that an event declares as written, and that its snapshot does not show."""

    state: State
    key: str
    same: bool
    """It is known to have the value that it had."""


class Shown(NamedTuple):
    """What one event shows. It may be put down to an earlier row: see `Intake`."""

    row: int
    kind: int
    segment: int
    task: int
    state: State
    reads: list[tuple[State, str]]
    writes: list[Write]
    changes: Sequence[Written]
    """What the snapshot of its own state shows."""
    writer: int
    """The row to which the writes are put down."""


class Sink(Protocol):
    """Who is told what rows show, in the order of rows."""

    def changed(self, state: State, changes: Sequence[Written], row: int, segment: int, task: int) -> None:
        """A snapshot shows what its own segment wrote, and that is all that there is to tell of a row."""

    def announced(self, state: State, row: int, segment: int, task: int) -> None:
        """A `state_change` in which nothing changed."""

    def look(self, shown: Shown) -> None:
        """Whatever else a row shows."""

    def ended(self, task: int) -> None:
        """A handler is over."""


class Intake:
    """Reads the log on, in the order of rows, and keeps the last snapshot of each state.

    A change is what the segment wrote whose event shows it first. A handler that starts cannot have written
    yet: what its receive shows to be changed was written by the one other activation of the component that
    is under way, or by nobody knows whom (`unattributed`).

    With ``receives`` each handler that starts is told.
    """

    def __init__(
        self, log: EventLog, order: Order, labels: Labels, limits: Limits, sink: Sink, *, receives: bool
    ) -> None:
        self._log = log
        self._order = order
        self._labels = labels
        self._limits = limits
        self._sink = sink
        self._receives = receives
        self._codes: NDArray[np.uint8] = np.zeros(0, np.uint8)
        self._swept = 0
        self.states: Final = States(log, limits)
        self.held: Final = Held(limits.tasks)
        self.inboxes: Final = Inboxes(log, labels.receipts, limits.tasks)
        self.unattributed = 0

    def _kinds(self, start: int, stop: int) -> NDArray[np.uint8]:
        names = self._log.interner("event_type")
        known = len(self._codes)
        if known < len(names):
            more = [_CODES.get(names.name(number), OTHER) for number in range(known, len(names))]
            self._codes = np.concatenate((self._codes, np.array(more, np.uint8)))
        kinds: NDArray[np.uint8] = self._codes[self._log.column("event_type")[start:stop]]
        return kinds

    def take(  # noqa: C901, PLR0912 - the hot path, in one piece
        self, start: int, stop: int
    ) -> None:
        """Tell the sink what rows show."""
        if start >= self._swept + _SWEEP:
            self.states.retire(start)
            self._swept = start
        kinds = self._kinds(start, stop)
        telling = (np.flatnonzero(kinds >= ASKED) + start).tolist()
        lines = dict(zip(telling, read_lines(self._log, telling), strict=True)) if telling else {}
        segments, tasks = self._order.places(start, stop)
        rows = zip(
            range(start, stop),
            chain.from_iterable(read_all(self._log, start, stop)),
            kinds.tolist(),
            segments.tolist(),
            tasks.tolist(),
            self.states.all(start, stop),
            strict=True,
        )
        sink, received, receives, empty = self._sink, self._labels.received, self._receives, _EMPTY
        for row, said, kind, segment, task, state in rows:
            if said is None:
                state.raw, state.value = NO_STATE, None
                continue
            raw = said.component_state
            new = raw != state.raw and raw != empty  # noqa: PLR1714 - they cannot be hashed, and a tuple costs
            if kind > CHANGED or said.reads or said.writes:
                shown = Shown(row, kind, segment, task, state, [], [], (), row)
                self._look_into(shown, said, raw if new else NO_STATE, lines.get(row, b""))
            elif kind in _PLAIN:
                if new and (found := self._differing(state, raw, kind)):
                    sink.changed(state, found, row, segment, task)
                    if task != NO_TASK:
                        self._runs(state, task, row)
                elif kind == CHANGED:
                    sink.announced(state, row, segment, task)
            elif kind == RECEIVED:
                found = self._differing(state, raw, kind) if new else ()
                if found or receives:
                    shown = Shown(row, kind, segment, task, state, [], [], (), row)
                    sink.look(self._begins(shown, found))
                elif task != NO_TASK:
                    received(task, row)
                    self._runs(state, task, row)
            else:
                if new and (found := self._differing(state, raw, kind)):
                    sink.changed(state, found, row, segment, task)
                if task != NO_TASK:
                    state.open.pop(task, None)
                    if kind == HANDLED:
                        self._ended(task)

    @staticmethod
    def _runs(state: State, task: int, row: int) -> None:
        """An activation is under way that has shown a state."""
        running = state.open
        running[task] = row
        if len(running) > _UNDER_WAY:
            del running[next(iter(running))]

    def _ended(self, task: int) -> None:
        self.held.end(task)
        self._sink.ended(task)

    # --- snapshots -----------------------------------------------------------------------------

    def _differing(self, state: State, raw: Raw, kind: int) -> Sequence[Written]:
        """What a snapshot shows that is written otherwise than the one before."""
        text = bytes(raw)
        if len(text) <= _BLANK and text in _NOTHING:
            return ()
        before, value = state.value, decoded(text)
        state.raw, state.value = Raw(text), value  # a slice would hold on to all that was read with it
        if before is None:
            return self._first(state, value, kind)
        return differences(before, value, self._limits.changes)

    def _first(self, state: State, value: dict[str, Any], kind: int) -> Sequence[Written]:
        """The first snapshot: who made it so is not known, but for what was read, or what can only be it."""
        asked, state.asked = state.asked, {}
        if asked:
            now = {key: value.get(key, MISSING) for key in asked}
            return written(changes(asked, now, self._limits.changes))
        if kind == CHANGED and len(value) == 1:
            (key,) = value
            if len(leaves(value[key], key, 2)) == 1:
                return written([Change(key, MISSING, value[key])])
        return ()

    def _begins(self, shown: Shown, found: Sequence[Written]) -> Shown:
        """A handler starts: what its snapshot shows is put down to the other activation that is under way."""
        state, began, task = shown.state, shown.row, shown.task
        if found:
            others = [row for other, row in state.open.items() if other != task]
            if len(others) == 1 and others[0] >= max(self._order.first_row, self._log.first_row):
                (row,) = others
                of = self._order.task(row)
                shown = shown._replace(
                    changes=found,
                    writer=row,
                    segment=self._order.segment(row),
                    task=NO_TASK if of is None else of,
                )
            else:
                self.unattributed += 1
        if task != NO_TASK:
            self._labels.received(task, began)
            self._runs(state, task, began)
        return shown

    # --- what else a row says --------------------------------------------------------------------

    def _look_into(self, shown: Shown, said: Said, raw: Raw, line: bytes) -> None:
        """A row that declares what it read or wrote, or has a payload that matters."""
        row, kind, state, task = shown.row, shown.kind, shown.state, shown.task
        source = state.place.source
        if kind in _SAYING:
            self._tell(shown, payload(self._log, row, line), source)
        known = bool(
            bytes(said.component_state) not in _NOTHING and state.value is not None and kind != ASKED
        )
        if kind == ASKED:
            self._asked(shown, line, said, source)
        else:
            found = self._differing(state, raw, kind) if bytes(raw) else ()
            shown = self._begins(shown, found) if kind == RECEIVED else shown._replace(changes=found)
            self._declared_reads(shown, said.reads, source)
        if said.writes:
            self._declared_writes(shown, said, source, known=known)
        self._sink.look(shown)
        if task == NO_TASK:
            return
        if kind in (HANDLED, FINISHED):
            state.open.pop(task, None)
            if kind == HANDLED:
                self._ended(task)
        elif kind != RECEIVED and (shown.writes or shown.changes):
            self._runs(state, task, row)

    def _tell(self, shown: Shown, told: Told, source: int) -> None:
        if shown.kind == ACQUIRED:
            self.held.take(shown.task, told, source, shown.row)
        elif shown.kind == RELEASED:
            self.held.give(shown.task, shown.segment, told, source)
        else:
            component = int(self._log.column("component")[shown.row])
            self.inboxes.subscribed((component, shown.state.place.session), told)

    # --- what is declared ------------------------------------------------------------------------

    def _keys(self, shown: Shown, name: str, source: int) -> tuple[State, list[str]]:
        """The state and the keys that a declared ``component.key`` means."""
        component, _, key = name.partition(".")
        state = shown.state
        if component != state.place.component:
            state = self.states.named(component, shown.state.place.session, source, shown.row)
        if state.value is None or not key:
            return state, [key] if key else []
        return state, known_keys(state.value, key, self._limits.changes)

    def _asked(self, shown: Shown, line: bytes, said: Said, source: int) -> None:
        """A `state_read`: what it read is declared, or listed, or else all that it holds."""
        raw = bytes(said.component_state)
        raw = b"" if raw in _NOTHING else raw
        if raw and shown.state.value is None and len(shown.state.asked) < self._limits.changes:
            shown.state.asked |= decoded(raw)
        if said.reads:
            self._declared_reads(shown, said.reads, source)
            return
        listed = payload(self._log, shown.row, line).keys
        if not isinstance(listed, list):
            listed = list(decoded(raw)) if raw else []
        own = shown.state.place.component
        names = tuple(f"{own}.{key}" for key in listed[: self._limits.changes] if isinstance(key, str))
        self._declared_reads(shown, names, source)

    def _declared_reads(self, shown: Shown, reads: Sequence[str], source: int) -> None:
        for name in reads[: self._limits.changes]:
            state, keys = self._keys(shown, name, source)
            shown.reads.extend((state, key) for key in keys)

    def _declared_writes(self, shown: Shown, said: Said, source: int, *, known: bool) -> None:
        """Writes that the snapshot does not show: of another component, or of an equal value."""
        seen = {key for key, _, _, _ in shown.changes}
        for name in said.writes[: self._limits.changes]:
            state, keys = self._keys(shown, name, source)
            own = state is shown.state
            if own and any(key in seen or _within(key, seen) for key in keys):
                continue  # the snapshot tells which part of it
            shown.writes.extend(Write(state, key, known and own) for key in keys)


def _within(key: str, known: set[str]) -> bool:
    return any(one.startswith(f"{key}.") for one in known)
