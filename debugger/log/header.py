"""All fields of one event but its payloads, from columns and line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from backend.events import Event
from backend.events.vocabulary import SEVERITIES
from debugger.log.columns import INTERNED, NONE
from debugger.log.encode import FAMILIES
from debugger.log.records import NO_HEADER, Header

if TYPE_CHECKING:
    from debugger.log.eventlog import EventLog

_COLUMNS: Final = (*INTERNED, "timestamp_ns", "direction", "seq", "turn", "severity", "family")
_NOTHING: Final = Event(0.0, "", "")


def header_of(log: EventLog, row: int, event: Event | None) -> Header:
    """The header of a row; of a row that is forgotten it has nothing. `event` is the line, if it is there."""
    if row < log.first_row:
        return msgspec.structs.replace(NO_HEADER, row=row)
    at = {name: log.column(name)[row].item() for name in _COLUMNS}
    names = {name: log.interner(name).value(at[name]) for name in (*INTERNED, "direction")}
    known = event if event is not None else _NOTHING
    return Header(
        row=row,
        timestamp_ns=at["timestamp_ns"],
        mono_ns=_given(int(log.column("mono_ns")[row])),
        event_type=names["event_type"] or "",
        component=names["component"] or "",
        message_type=names["message_type"],
        session_id=names["session"],
        user_id=known.user_id,
        direction=names["direction"],
        correlation_id=names["correlation"],
        id=known.id,
        source=names["source"],
        seq=_given(at["seq"]),
        cause=known.cause,
        cause_row=log.cause_row(row),
        task=names["task"],
        turn=_given(at["turn"]),
        worker_id=names["worker"],
        severity=known.severity if event is not None else SEVERITIES[at["severity"]],
        family=FAMILIES[at["family"]],
        reads=known.reads,
        writes=known.writes,
        evicted=event is None,
    )


def _given(number: int) -> int | None:
    return None if number == NONE else number
