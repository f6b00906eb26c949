"""The world at one moment: what the panes show of it, for programs."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from backend.events.vocabulary import HANDLED, RECEIVED
from debugger.analysis.turns import Turn, TurnIndex
from debugger.log import NONE, SYNTHETIC, EventLog
from debugger.log.counts import Counts
from debugger.log.history import last_change

MAX_CAUSES: Final = 100
MAX_EFFECTS: Final = 100
MAX_COMPONENTS: Final = 1_000
_MAX_FIELDS: Final = 200


class Ref(Struct, frozen=True):
    """An event in short. ``row`` counts from 1; ``seq`` is None where it has none."""

    row: int
    seq: int | None
    id: str | None
    timestamp_ns: int
    event_type: str
    component: str
    message_type: str | None


class FieldChange(Struct, frozen=True):
    """A top-level field of a state, and the event that last changed it; None where the log does not say."""

    field: str
    kind: str
    by: Ref | None
    because_of: Ref | None


class ComponentState(Struct, frozen=True):
    """A component at the moment: its snapshot, the one before, what differs, and its counts up to there."""

    component: str
    session_id: str | None
    snapshot: Ref | None
    state: dict[str, Any]
    changed: tuple[str, ...]
    sent: int
    received: int
    failed: int
    fields: tuple[FieldChange, ...] = ()


class Flow(Struct, frozen=True):
    """Deliveries of one message from one component to another, in the whole log."""

    publisher: str
    message_type: str
    receiver: str
    count: int


class World(Struct, frozen=True):
    """Everything at one row. ``causes`` lead from the event back to its root, ``effects`` are direct."""

    row: int
    rows: int
    event: dict[str, Any]
    causes: tuple[Ref, ...]
    effects: tuple[Ref, ...]
    running: tuple[Ref, ...]
    components: tuple[ComponentState, ...]
    flows: tuple[Flow, ...]
    turn: Turn | None


def ref(log: EventLog, row: int) -> Ref:
    """An event in short."""
    header = log.header(row)
    return Ref(
        row + 1,
        header.seq,
        header.id,
        header.timestamp_ns,
        header.event_type,
        header.component,
        header.message_type,
    )


def world_at(log: EventLog, row: int, *, component: str | None = None) -> World:
    """The world at `row` of a log that is not empty.

    Of one `component` alone, it also says who last changed each field of its state.
    """
    counts = Counts(log)
    counts.move(row)
    own = log.interner("session").value(int(log.column("session")[row]))
    names = [name for name in log.topology.components if name != SYNTHETIC]
    if component is not None:
        names = [name for name in names if name == component]
    turns = TurnIndex(log)
    while not turns.complete:
        turns.advance(_no_clock, 0)
    at = turns.turn_at(row)
    return World(
        row=row + 1,
        rows=len(log),
        event=log.event(row),
        causes=tuple(ref(log, one) for one in _causes(log, row)),
        effects=tuple(ref(log, one) for one in log.effect_rows(row, MAX_EFFECTS)),
        running=tuple(ref(log, one) for one in running(log, row)),
        components=tuple(
            _component(log, counts, name, own, row, who=component is not None)
            for name in names[:MAX_COMPONENTS]
        ),
        flows=tuple(Flow(*edge, count) for edge, count in log.topology.edges.items()),
        turn=None if at is None else turns.turn(at),
    )


def _causes(log: EventLog, row: int) -> list[int]:
    """From cause to cause; a circle ends where it began."""
    found: list[int] = []
    cause = log.cause_row(row)
    while cause is not None and cause not in found and len(found) < MAX_CAUSES:
        found.append(cause)
        cause = log.cause_row(cause)
    return found


def running(log: EventLog, row: int, look_back: int = 20_000) -> list[int]:
    """Handlers that were started, up to `look_back` rows before `row`, and are not handled there yet."""
    received, handled = (log.id_of("event_type", kind) for kind in (RECEIVED, HANDLED))
    start = max(row + 1 - look_back, log.first_row)
    kinds, tasks = log.column("event_type")[start : row + 1], log.column("task")[start : row + 1]
    going: dict[int, int] = {}
    for at, (kind, task) in enumerate(zip(kinds.tolist(), tasks.tolist(), strict=True), start):
        if task and kind == received:
            going[task] = at
        elif task and kind == handled:
            going.pop(task, None)
    return sorted(going.values())


def _component(
    log: EventLog, counts: Counts, name: str, own: str | None, row: int, *, who: bool
) -> ComponentState:
    count = counts.of(name)
    session, current = own, log.state_at(name, own, row)
    if current is None:
        others = ((one, log.state_at(name, one, row)) for one in log.state_sessions(name))
        found = [(one, snapshot) for one, snapshot in others if snapshot is not None]
        if not found:
            return ComponentState(name, None, None, {}, (), count.sent, count.received, count.failed)
        session, current = max(found, key=lambda one: one[1].row)
    before = log.previous_state(name, session, row)
    old = before.state if before is not None else {}
    keys = dict.fromkeys((*current.state, *old))
    changed = tuple(key for key in keys if before is not None and current.state.get(key) != old.get(key))
    fields = tuple(current.state)[:_MAX_FIELDS] if who else ()
    return ComponentState(
        name,
        session,
        ref(log, current.row),
        current.state,
        changed,
        count.sent,
        count.received,
        count.failed,
        tuple(_changed_by(log, name, session, field, row) for field in fields),
    )


def _changed_by(log: EventLog, name: str, session: str | None, field: str, row: int) -> FieldChange:
    change = last_change(log, name, session, (field,), row)
    if change is None:
        return FieldChange(field, "never", None, None)
    cause = log.cause_row(change.row)
    return FieldChange(field, change.kind, ref(log, change.row), None if cause is None else ref(log, cause))


def turn_label(session: str | None, turn: int) -> str:
    """A turn as people call it."""
    return f"{session or '-'}·{'-' if turn == NONE else turn}"


def _no_clock() -> int:
    return 0
