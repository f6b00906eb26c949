"""Takes rows of the log, and tells what each shows to have been read and written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.events import vocabulary as words
from debugger.analysis.conflicts.exclusion import Held, Inboxes
from debugger.analysis.conflicts.labels import Labels
from debugger.analysis.conflicts.lines import Said, decoded, payload, read_all
from debugger.analysis.conflicts.records import Limits
from debugger.analysis.conflicts.states import State, States
from debugger.analysis.conflicts.values import Change, changes, known_keys, leaves
from debugger.analysis.order import Order
from debugger.log import EventLog
from debugger.log.fields import MISSING

NO_TASK: Final = -1
_EMPTY: Final = (b"", b"{}", b"null")
_BLANK: Final = 4
_UNDER_WAY: Final = 64  # activations of a state that are remembered

OTHER, RECEIVED, HANDLED, CHANGED, ASKED, ACQUIRED, RELEASED, SUBSCRIBED, FINISHED = range(9)
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
_QUIET: Final = frozenset({OTHER, RECEIVED, HANDLED, FINISHED})
_TELLING: Final = frozenset({ACQUIRED, RELEASED, SUBSCRIBED})


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
    changes: list[Change]
    """What the snapshot of its own state shows."""
    writer: int
    """The row to which the writes are put down."""


class Intake:
    """Reads the log on, in the order of rows, and keeps the last snapshot of each state.

    A change is what the segment wrote whose event shows it first. A handler that starts cannot have written
    yet: what its receive shows to be changed was written by the one other activation of the component that
    is under way, or by nobody knows whom (`unattributed`).

    ``ended`` is called with each handler that is over. With ``receives`` each of those is told.
    """

    def __init__(
        self,
        log: EventLog,
        order: Order,
        labels: Labels,
        limits: Limits,
        ended: Callable[[int], None],
        *,
        receives: bool,
    ) -> None:
        self._log = log
        self._order = order
        self._labels = labels
        self._limits = limits
        self._ended = ended
        self._receives = receives
        self._codes: NDArray[np.uint8] = np.zeros(0, np.uint8)
        self.states: Final = States(log, limits)
        self.held: Final = Held(limits.tasks)
        self.inboxes: Final = Inboxes(limits.tasks)
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
    ) -> Iterator[Shown]:
        """What rows show, in order: those of which there is anything to tell."""
        log, state_of = self._log, self.states.of
        columns = (log.column(name)[start:stop].tolist() for name in ("component", "session", "source"))
        segments, tasks = self._order.places(start, stop)
        lines = read_all(log, start, stop)
        kinds = self._kinds(start, stop).tolist()
        rows = zip(range(start, stop), lines, kinds, segments.tolist(), tasks.tolist(), *columns, strict=True)
        for row, (line, said), kind, segment, task, component, session, source in rows:
            state = state_of(component, session, source)
            if said is None:
                state.raw, state.value = b"", None
                continue
            raw = bytes(said.component_state)
            if len(raw) <= _BLANK and raw in _EMPTY:
                raw = b""
            if (not raw or raw == state.raw) and kind in _QUIET and not said.reads and not said.writes:
                if kind != OTHER:
                    self._note(kind, row, task, component, session, state)
                    if kind == RECEIVED and self._receives:
                        yield Shown(row, kind, segment, task, state, [], [], [], row)
                continue  # nearly always
            shown = Shown(row, kind, segment, task, state, [], [], [], row)
            if kind in _TELLING:
                self._tell(shown, line, component, session, source)
            known = bool(raw) and state.value is not None and kind != ASKED
            if kind == ASKED:
                self._asked(shown, line, said, raw, source)
            else:
                if raw and raw != state.raw:
                    shown = self._changed(shown, raw)
                self._declared_reads(shown, said, source)
            if said.writes:
                self._declared_writes(shown, said, source, known=known)
            if kind == HANDLED:
                yield shown
                self._note(kind, row, task, component, session, state)
            else:
                self._note(
                    kind, row, task, component, session, state, wrote=bool(shown.writes or shown.changes)
                )
                yield shown

    def _tell(self, shown: Shown, line: bytes, component: int, session: int, source: int) -> None:
        told = payload(self._log, shown.row, line)
        if shown.kind == ACQUIRED:
            self.held.take(shown.task, told, source, shown.row)
        elif shown.kind == RELEASED:
            self.held.give(shown.task, shown.segment, told, source)
        else:
            self.inboxes.subscribed((component, session), told)

    def _note(
        self,
        kind: int,
        row: int,
        task: int,
        component: int,
        session: int,
        state: State,
        *,
        wrote: bool = False,
    ) -> None:
        """Who is under way."""
        if task == NO_TASK:
            return
        running = state.open
        if kind == RECEIVED:
            self.inboxes.received(task, (component, session))
            self._labels.received(task, row)
            running[task] = row
        elif kind == HANDLED:
            running.pop(task, None)
            self.held.end(task)
            self._ended(task)
        elif kind == FINISHED:
            running.pop(task, None)
        elif wrote:
            running[task] = row
        if len(running) > _UNDER_WAY:
            del running[next(iter(running))]

    # --- snapshots -----------------------------------------------------------------------------

    def _changed(self, shown: Shown, raw: bytes) -> Shown:
        """A snapshot that is written otherwise than the one before."""
        state, before = shown.state, shown.state.value
        state.raw, state.value = raw, decoded(raw)
        if before is None:
            found = self._first(shown, state.value)
        else:
            found = changes(before, state.value, self._limits.changes)
        if not found:
            return shown
        if shown.kind == RECEIVED:
            others = [row for task, row in state.open.items() if task != shown.task]
            if len(others) != 1 or others[0] < max(self._order.first_row, self._log.first_row):
                self.unattributed += 1
                return shown
            (writer,) = others
            task = self._order.task(writer)
            shown = shown._replace(writer=writer, segment=self._order.segment(writer))
            shown = shown._replace(task=NO_TASK if task is None else task)
        shown.changes.extend(found)
        return shown

    def _first(self, shown: Shown, value: dict[str, Any]) -> list[Change]:
        """The first snapshot: who made it so is not known, but for what was read, or what can only be it."""
        state, asked = shown.state, shown.state.asked
        state.asked = {}
        if asked:
            return changes(asked, {key: value.get(key, MISSING) for key in asked}, self._limits.changes)
        if shown.kind == CHANGED and len(value) == 1:
            (key,) = value
            if len(leaves(value[key], key, 2)) == 1:
                return [Change(key, MISSING, value[key])]
        return []

    # --- what is declared ------------------------------------------------------------------------

    def _keys(self, shown: Shown, name: str, source: int) -> tuple[State, list[str]]:
        """The state and the keys that a declared ``component.key`` means."""
        component, _, key = name.partition(".")
        state = shown.state
        if component != state.place.component:
            state = self.states.named(component, shown.state.place.session, source)
        if state.value is None or not key:
            return state, [key] if key else []
        return state, known_keys(state.value, key, self._limits.changes)

    def _asked(self, shown: Shown, line: bytes, said: Said, raw: bytes, source: int) -> None:
        """A `state_read`: what it read is declared, or listed, or else all that it holds."""
        if raw and shown.state.value is None and len(shown.state.asked) < self._limits.changes:
            shown.state.asked |= decoded(raw)
        if said.reads:
            self._declared_reads(shown, said, source)
            return
        listed = payload(self._log, shown.row, line).keys
        if not isinstance(listed, list):
            listed = list(decoded(raw)) if raw else []
        own = shown.state.place.component
        names = tuple(f"{own}.{key}" for key in listed[: self._limits.changes] if isinstance(key, str))
        self._declared_reads(shown, Said(reads=names), source)

    def _declared_reads(self, shown: Shown, said: Said, source: int) -> None:
        for name in said.reads[: self._limits.changes]:
            state, keys = self._keys(shown, name, source)
            shown.reads.extend((state, key) for key in keys)

    def _declared_writes(self, shown: Shown, said: Said, source: int, *, known: bool) -> None:
        """Writes that the snapshot does not show: of another component, or of an equal value."""
        seen = {change.key for change in shown.changes}
        for name in said.writes[: self._limits.changes]:
            state, keys = self._keys(shown, name, source)
            own = state is shown.state
            if own and any(key in seen or _within(key, seen) for key in keys):
                continue  # the snapshot tells which part of it
            shown.writes.extend(Write(state, key, known and own) for key in keys)


def _within(key: str, known: set[str]) -> bool:
    return any(one.startswith(f"{key}.") for one in known)
