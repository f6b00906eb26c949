"""One turn in full, made when somebody looks at it."""

from __future__ import annotations

from typing import Final

import numpy as np

from backend.events.vocabulary import ERROR
from debugger.analysis.turns.fold import ANSWERED, NAME
from debugger.analysis.turns.payload import payload, words
from debugger.analysis.turns.records import MILESTONES, STATUSES, Milestone, Stage, Status, Turn
from debugger.analysis.turns.resolve import Resolved
from debugger.analysis.turns.table import MARK, NO_NUMBER, TurnTable
from debugger.log import ABSENT, EventLog

_REASON: Final = 160
_LOOKED_THROUGH: Final = 16_384  # rows after a turn's first piece of text in which more is looked for
_PIECES: Final = 120
_CANCELLED_BY: Final = {
    "COMPLETE_TRANSCRIPT": "there were no words in what was heard",
    "AUDIO_OUTPUT_COMPLETE": "nothing was played",
}


def portrait(log: EventLog, table: TurnTable, resolved: Resolved, index: int) -> Turn:
    """What the log tells of one turn."""
    number = int(table["number"][index])
    status = STATUSES[int(resolved.status[index])]
    status_row = int(resolved.status_row[index])
    milestones = _milestones(log, resolved, index)
    total = int(resolved.total[index])
    session, correlation = _names(log, table, index)
    return Turn(
        session=session,
        number=None if number == NO_NUMBER else number,
        correlation=correlation,
        first_row=int(table["first_row"][index]),
        last_row=int(table["last_row"][index]),
        events=int(table["events"][index]),
        said=table.said[index],
        answered=table.answered[index] or _written(log, table, index),
        agent=table.agent[index],
        tool_calls=int(table["tools"][index]),
        status=status,
        reason=_reason(log, table, index, status, status_row),
        status_row=None if status_row < 0 else status_row,
        milestones=milestones,
        missing=tuple(name for name in MILESTONES if name not in milestones),
        stages=_stages(resolved, index),
        total_ns=None if total < 0 else total,
        total_since="" if total < 0 else MILESTONES[int(resolved.base[index])],
        clock_suspect=bool(resolved.suspect[index]),
    )


def _names(log: EventLog, table: TurnTable, index: int) -> tuple[str | None, str]:
    """Of session and correlation."""
    number = int(table["session"][index])
    if table.names:
        session, correlation = table.names[index]
        return session if number != ABSENT else None, correlation
    name = log.interner("session").value(number)
    correlation = words(log.name("correlation", int(table["correlation"][index])), NAME)
    return None if name is None else words(name, NAME), correlation


def _milestones(log: EventLog, resolved: Resolved, index: int) -> dict[str, Milestone]:
    rows, times = resolved.rows[index].tolist(), resolved.times[index].tolist()
    messages = log.column("message_type")
    found = {}
    for name, row, time in zip(MILESTONES, rows, times, strict=True):
        if row >= 0:
            found[name] = Milestone(row, time, words(log.name("message_type", int(messages[row])), NAME))
    return found


def _stages(resolved: Resolved, index: int) -> tuple[Stage, ...]:
    """In the order of time."""
    waits, since = resolved.stages[index], resolved.since[index]
    there = np.flatnonzero(waits >= 0)
    order = there[np.argsort(resolved.times[index][there], kind="stable")]
    return tuple(Stage(MILESTONES[int(since[at])], MILESTONES[at], int(waits[at])) for at in order.tolist())


def _reason(log: EventLog, table: TurnTable, index: int, status: Status, row: int) -> str:
    """Why the status is as it is, in the words of the event that shows it."""
    if status == "ok":
        failed = int(table["failed_row"][index])
        return f"recovered from: {_told(log, failed)}" if 0 <= failed < row else ""
    if status == "failed":
        return _told(log, row)
    if status == "interrupted":
        return "the user spoke into the answer"
    return _why_cancelled(log, table, index, row) if status == "cancelled" else ""


def _why_cancelled(log: EventLog, table: TurnTable, index: int, row: int) -> str:
    if row != int(table["cancelled_row"][index]):
        return "the next turn began"
    message = log.name("message_type", int(log.column("message_type")[row]))
    return _CANCELLED_BY.get(message) or _told(log, row)


def _told(log: EventLog, row: int) -> str:
    """What an event says went wrong; its name where it says nothing."""
    if row < log.first_row:
        return "the event that told is forgotten"
    data = payload(log, row)
    kind = words(data.error_type, _REASON)
    text = words(data.error_message, _REASON) or words(data.error, _REASON) or words(data.reason, _REASON)
    both = ": ".join(filter(None, (kind, text)))
    if both:
        return words(both, _REASON)
    name = log.name("message_type", int(log.column("message_type")[row])) or ERROR
    status = words(data.status, NAME) or words(data.event, NAME)
    return words(f"{name} {status}".rstrip(), _REASON)


def _written(log: EventLog, table: TurnTable, index: int) -> str:
    """The answer of a turn whose text was handed to no voice: the stream's own account, or its pieces."""
    for row in (int(table["stream_row"][index]), int(table["cancelled_row"][index])):
        if row >= 0 and (text := words(payload(log, row).text, ANSWERED)) and _is_stream(log, row):
            return text
    for name in ("TEXT_CHUNK", "LLM_RAW_CHUNK"):
        first = int(table.marks[index, MARK[name]])
        if first >= log.first_row:
            return _joined(log, first, int(table["last_row"][index]))
    return ""


def _is_stream(log: EventLog, row: int) -> bool:
    return int(log.column("message_type")[row]) == log.id_of("message_type", "LLM_EVENT")


def _joined(log: EventLog, first: int, last: int) -> str:
    """The pieces told as the first one is told: those of its turn, message, component and kind of event."""
    stop = min(last + 1, first + _LOOKED_THROUGH)
    same = np.ones(stop - first, np.bool_)
    for name in ("message_type", "event_type", "component", "session", "turn", "correlation"):
        column = log.column(name)[first:stop]
        same &= column == column[0]
    pieces = [payload(log, first + int(at)).text for at in np.flatnonzero(same)[:_PIECES]]
    return words("".join(piece for piece in pieces if isinstance(piece, str)), ANSWERED)
