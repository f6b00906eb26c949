"""Who wrote a snapshot: the message that its component was handling, and who had sent it."""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct

from backend.events.vocabulary import HANDLED, RECEIVED
from debugger.log.columns import NONE
from debugger.log.eventlog import EventLog
from debugger.log.interner import ABSENT

_HOPS: Final = 32  # an event, its spawn, the spawn's handler: real chains have three
_LOOK_BACK: Final = 4_096


class Origin(Struct, frozen=True):
    """Rows of an event's cause, of the receive that began its activation, and of that receive's publish.

    ``message`` is what was handled, ``publisher`` who sent it; empty where the log does not tell.
    ``guessed``: no cause is recorded, and the receive is the component's nearest before.
    """

    row: int
    cause: int | None = None
    receive: int | None = None
    publish: int | None = None
    message: str = ""
    publisher: str = ""
    guessed: bool = False


def origin(log: EventLog, row: int) -> Origin:
    """Where the event in `row` comes from. Reads columns only, no line."""
    cause = log.cause_row(row)
    receive, guessed = _receive(log, row), False
    if receive is None and cause is None and log.column("cause_row")[row] == NONE:
        receive, guessed = _nearest_receive(log, row), True
    if receive is None:
        return Origin(row, cause)
    publish = log.cause_row(receive)
    return Origin(
        row,
        cause,
        receive,
        publish,
        log.name("message_type", int(log.column("message_type")[receive])),
        log.name("component", int(log.column("component")[publish])) if publish is not None else "",
        guessed,
    )


def _receive(log: EventLog, row: int) -> int | None:
    """The receive that `row` goes back to: itself, or along its causes within its component."""
    received = log.id_of("event_type", RECEIVED)
    kinds, components = log.column("event_type"), log.column("component")
    component, at = components[row], row
    for _ in range(_HOPS):
        if components[at] != component:
            return None  # it was caused from outside, by no message
        if kinds[at] == received:
            return at
        cause = log.cause_row(at)
        if cause is None:
            return None
        at = cause
    return None


def _nearest_receive(log: EventLog, row: int) -> int | None:
    """For logs without causes: the component's last receive in the session that was not handled before."""
    received, handled = (log.id_of("event_type", kind) for kind in (RECEIVED, HANDLED))
    session = log.column("session")[row]
    if received is None or session == ABSENT:
        return None
    start = max(row - _LOOK_BACK, log.first_row)
    here = (log.column("component")[start:row] == log.column("component")[row]) & (
        log.column("session")[start:row] == session
    )
    kinds = log.column("event_type")[start:row]
    ends = here & ((kinds == received) | (kinds == (received if handled is None else handled)))
    found = np.flatnonzero(ends)
    return start + int(found[-1]) if len(found) and kinds[found[-1]] == received else None
