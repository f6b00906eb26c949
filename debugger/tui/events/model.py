"""The lines of the event table as frozen values, and which columns there is room for."""

from __future__ import annotations

from typing import Final, NamedTuple

from backend.events import Family
from backend.events.vocabulary import (
    ERROR,
    GAP,
    HANDLED,
    ITEM_GOT,
    ITEM_PUT,
    LOCK_ACQUIRED,
    LOCK_RELEASED,
    PUBLISHED,
    RECEIVED,
    SEVERITIES,
    STATE_CHANGE,
    STATE_READ,
    SUBSCRIBED,
    SYSTEM,
    TASK_CANCEL_REQUESTED,
    TASK_FINISHED,
    TASK_JOINED,
    TASK_SPAWNED,
    UNSUBSCRIBED,
)
from debugger.log import FAMILIES, NONE, EventLog
from debugger.tui.text import safe_text
from debugger.tui.units import clock_time, span

GLYPHS: Final = {
    PUBLISHED: "→",
    RECEIVED: "←",
    HANDLED: "✓",
    STATE_CHANGE: "◆",
    STATE_READ: "◇",
    SUBSCRIBED: "⊕",
    UNSUBSCRIBED: "⊖",
    TASK_SPAWNED: "↳",
    TASK_FINISHED: "■",
    TASK_JOINED: "↲",
    TASK_CANCEL_REQUESTED: "✗",
    LOCK_ACQUIRED: "▣",
    LOCK_RELEASED: "□",
    ITEM_PUT: "⤓",
    ITEM_GOT: "⤒",
    ERROR: "!",
}
"""What happened, in one cell: to the bus, from the bus, or inside."""

_OTHER = "·"
_ON_THE_WAY: Final = frozenset({PUBLISHED, RECEIVED})
_MESSAGES: Final = frozenset({PUBLISHED, RECEIVED, HANDLED, SUBSCRIBED, UNSUBSCRIBED, SYSTEM})
_WARNING = SEVERITIES.index("warning")
_NAME = 64
_CELLS = 400  # of a payload's summary; no terminal is wider


class EventRow(NamedTuple):
    """One line of the table; all text is safe to paint."""

    row: int
    time: str
    delta: str
    lag: str
    seq: str
    family: Family
    glyph: str
    component: str
    kind: str
    place: str
    worker: str
    task: str
    correlation: str
    source: str
    severity: str
    summary: str
    quiet: bool
    bad: bool
    gap: bool
    turn: tuple[int, int]


class Column(NamedTuple):
    """A column of the table: the field of `EventRow` in it, and its cells. 0 takes what is left.

    ``about`` says what is in it, where one chooses columns.
    """

    field: str
    title: str
    width: int
    right: bool = False
    about: str = ""


_ALWAYS: Final = (Column("cursor", "", 1), Column("family", "", 1), Column("glyph", "", 1))
COLUMNS: Final = {
    column.field: column
    for column in (
        Column("time", "Time", 12, about="when, on the local clock"),
        Column("delta", "Δ", 7, right=True, about="since the row above"),
        Column("lag", "Lag", 7, right=True, about="since its cause"),
        Column("seq", "Seq", 9, right=True, about="the source's own count"),
        Column("component", "Component", 18, about="who"),
        Column("kind", "Message", 25, about="which message, or what happened"),
        Column("place", "Sess·turn", 11, about="session and turn"),
        Column("worker", "Worker", 12, about="the TTS worker"),
        Column("task", "Task", 16, about="the activation"),
        Column("correlation", "Correlation", 24, about="all that a turn caused has one"),
        Column("source", "Source", 16, about="the program that emitted it"),
        Column("severity", "Severity", 8, about="debug, info, warning, error"),
        Column("summary", "Payload", 0, about="the payload in a line"),
    )
}
"""What one can choose from."""

_PRESETS: Final = (
    # from this width on
    (150, ("time", "delta", "lag", "component", "kind", "place", "summary")),
    (100, ("time", "delta", "component", "kind", "place", "summary")),
    (72, ("time", "component", "kind", "summary")),
    (0, ("component", "kind", "summary")),
)
_NARROW: Final = {"component": 12, "kind": 18}
_NARROW_BELOW: Final = 72


def columns_for(width: int, chosen: tuple[str, ...] = ()) -> tuple[Column, ...]:
    """The columns for a table of ``width`` cells: those `chosen`, else what suits the width.

    What does not fit is left out, from the right; the payload has what remains.
    """
    fields = [one for one in chosen if one in COLUMNS]
    fields = fields or list(next(names for least, names in _PRESETS if width >= least))
    fields.sort(key=lambda field: field == "summary")  # what remains is known last
    columns = [*_ALWAYS]
    room = width - sum(column.width + 1 for column in _ALWAYS)
    for field in fields:
        column = COLUMNS[field]
        if width < _NARROW_BELOW:
            column = column._replace(width=_NARROW.get(field, column.width))
        if not column.width:
            column = column._replace(width=max(room - 1, 0))
        if column.width + 1 <= room or field == fields[0]:
            columns.append(column)
            room -= column.width + 1
    return tuple(columns)


def describe(log: EventLog, row: int, before: int, *, summary: bool = True) -> EventRow:
    """The line for a row; ``before`` is the row shown above it, -1 at the top.

    Without ``summary`` it has none, and its payload, which may be megabytes, is not read.
    """
    times = log.column("timestamp_ns")
    at = int(times[row])
    kind = log.name("event_type", int(log.column("event_type")[row]))
    message = log.name("message_type", int(log.column("message_type")[row]))
    session_number, turn = int(log.column("session")[row]), int(log.column("turn")[row])
    severity = int(log.column("severity")[row])
    family = FAMILIES[log.column("family")[row]]
    cause, seq = log.cause_row(row), int(log.column("seq")[row])
    told = safe_text(log.summary(row), _CELLS) if summary else ""
    shown = message if message and kind in _MESSAGES else f"{kind} {message}".strip()
    return EventRow(
        row=row,
        time=clock_time(at),
        delta=span(at - int(times[before])) if before >= 0 else "",
        lag=span(at - int(times[cause])) if cause is not None else "",
        seq=str(row + 1) if seq == NONE else str(seq),
        family=family,
        glyph=GLYPHS.get(kind, _OTHER),
        component=_name(log, "component", row),
        kind=safe_text(shown, _NAME),
        place=_place(log.name("session", session_number), turn),
        worker=_name(log, "worker", row),
        task=_name(log, "task", row),
        correlation=_name(log, "correlation", row),
        source=_name(log, "source", row),
        severity=SEVERITIES[severity],
        summary=told,
        quiet=kind not in {PUBLISHED, RECEIVED, STATE_CHANGE, ERROR} and severity < _WARNING,
        bad=severity > _WARNING or kind == ERROR or (family is Family.ERROR and kind in _ON_THE_WAY),
        gap=kind == SYSTEM and message == GAP,
        turn=(session_number, turn),
    )


def _name(log: EventLog, column: str, row: int) -> str:
    return safe_text(log.name(column, int(log.column(column)[row])), _NAME)


def _place(session: str, turn: int) -> str:
    if not session and turn == NONE:
        return ""
    return f"{safe_text(session, 32) or '-'}·{'-' if turn == NONE else turn}"
