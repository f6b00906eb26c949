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
_CELLS = 400  # of a payload's summary; no terminal is wider


class EventRow(NamedTuple):
    """One line of the table; all text is safe to paint."""

    row: int
    time: str
    delta: str
    family: Family
    glyph: str
    component: str
    kind: str
    place: str
    summary: str
    quiet: bool
    bad: bool
    gap: bool
    turn: tuple[int, int]


class Column(NamedTuple):
    """A column of the table: the field of `EventRow` in it, and its cells. 0 takes what is left."""

    field: str
    title: str
    width: int
    right: bool = False


_CURSOR = Column("cursor", "", 1)
_FAMILY = Column("family", "", 1)
_GLYPH = Column("glyph", "", 1)
_SUMMARY = Column("summary", "Payload", 0)
_LAYOUTS: Final = (
    # from this width on
    (
        150,
        (
            _CURSOR,
            Column("time", "Time", 12),
            Column("delta", "Δ", 7, right=True),
            _FAMILY,
            _GLYPH,
            Column("component", "Component", 20),
            Column("kind", "Message", 28),
            Column("place", "Session·turn", 14),
            _SUMMARY,
        ),
    ),
    (
        100,
        (
            _CURSOR,
            Column("time", "Time", 12),
            Column("delta", "Δ", 7, right=True),
            _FAMILY,
            _GLYPH,
            Column("component", "Component", 18),
            Column("kind", "Message", 25),
            Column("place", "Sess·turn", 9),
            _SUMMARY,
        ),
    ),
    (
        72,
        (
            _CURSOR,
            Column("time", "Time", 12),
            _FAMILY,
            _GLYPH,
            Column("component", "Component", 18),
            Column("kind", "Message", 24),
            _SUMMARY,
        ),
    ),
    (
        0,
        (
            _CURSOR,
            _FAMILY,
            _GLYPH,
            Column("component", "Component", 12),
            Column("kind", "Message", 18),
            _SUMMARY,
        ),
    ),
)


def columns_for(width: int) -> tuple[Column, ...]:
    """The columns for a table of ``width`` cells, with the last one's width filled in."""
    chosen = next(columns for least, columns in _LAYOUTS if width >= least)
    fixed = sum(column.width + 1 for column in chosen[:-1])
    return (*chosen[:-1], chosen[-1]._replace(width=max(width - fixed - 1, 0)))


def describe(log: EventLog, row: int, before: int) -> EventRow:
    """The line for a row; ``before`` is the row shown above it, -1 at the top."""
    times = log.column("timestamp_ns")
    at = int(times[row])
    kind = log.name("event_type", int(log.column("event_type")[row]))
    message = log.name("message_type", int(log.column("message_type")[row]))
    session_number, turn = int(log.column("session")[row]), int(log.column("turn")[row])
    severity = int(log.column("severity")[row])
    family = FAMILIES[log.column("family")[row]]
    summary = safe_text(log.summary(row), _CELLS)
    shown = message if message and kind in _MESSAGES else f"{kind} {message}".strip()
    return EventRow(
        row=row,
        time=clock_time(at),
        delta=span(at - int(times[before])) if before >= 0 else "",
        family=family,
        glyph=GLYPHS.get(kind, _OTHER),
        component=safe_text(log.name("component", int(log.column("component")[row])), 64),
        kind=safe_text(shown, 64),
        place=_place(log.name("session", session_number), turn),
        summary=summary,
        quiet=kind not in {PUBLISHED, RECEIVED, STATE_CHANGE, ERROR} and severity < _WARNING,
        bad=severity > _WARNING or kind == ERROR or (family is Family.ERROR and kind in _ON_THE_WAY),
        gap=kind == SYSTEM and message == GAP,
        turn=(session_number, turn),
    )


def _place(session: str, turn: int) -> str:
    if not session and turn == NONE:
        return ""
    return f"{safe_text(session, 32) or '-'}·{'-' if turn == NONE else turn}"
