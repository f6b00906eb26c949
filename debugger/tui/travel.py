"""Moving the cursor along something: a turn, a correlation, a component, a task, changes of state."""

from __future__ import annotations

from typing import Final

import numpy as np

from backend.events.vocabulary import PUBLISHED, RECEIVED, STATE_CHANGE
from debugger.log import ABSENT, NONE
from debugger.log.hunt import Both, Condition, Equals, OtherTurn, nearest
from debugger.log.moment import MomentError, row_of
from debugger.tui.session import Session

ALONG: Final = {
    "turn": "turn",
    "correlation": "correlation",
    "component": "component",
    "task": "task",
    "worker": "worker",
    "message_type": "message",
}
"""Columns along which one can step, and what to call them."""

_SCAN: Final = 65_536  # rows looked at in one go when a message is searched
_NUMBERS: Final = frozenset({"turn"})


def message(session: Session, direction: int) -> None:
    """To the next or previous shown publish or receive."""
    session.shown.extend(session.clock, 0)
    kinds = [session.log.id_of("event_type", kind) for kind in (PUBLISHED, RECEIVED)]
    wanted = np.array([kind for kind in kinds if kind is not None], np.uint32)
    column = session.log.column("event_type")
    position = session.shown.position(session.cursor)
    if direction < 0 and session.shown.row(position) != session.cursor:
        position += 1
    position += direction
    while 0 <= position < len(session.shown):
        some = range(position, min(max(position + direction * _SCAN, -1), len(session.shown)), direction)
        rows = session.shown.rows(some)
        found = np.flatnonzero(np.isin(column[rows], wanted))
        if len(found):
            session.seek(int(rows[found[0]]))
            return
        position = some.stop
    session.say("no further message")


def along(session: Session, column: str, direction: int) -> bool:
    """To the next (or previous) event with the cursor's value in `column`, one of `ALONG`."""
    log, row, name = session.log, session.cursor, ALONG[column]
    if row < 0:
        return False
    value = int(log.column(column)[row])
    if value == (NONE if column in _NUMBERS else ABSENT):
        session.say(f"this event has no {name}")
        return False
    return session.jump(log.neighbour(row, column, direction), f"no further event of this {name}")


def turn(session: Session, direction: int) -> bool:
    """To the first event of the next turn of the session, or of this turn, or of the turn before."""
    log, row = session.log, session.cursor
    if row < 0:
        return False
    mine, number = int(log.column("session")[row]), int(log.column("turn")[row])
    if direction > 0:
        found = nearest(log, OtherTurn(mine, number, 1), row, 1)
        return session.jump(found, "no further turn in this session")
    if number != NONE:
        first = nearest(log, Equals(session=mine, turn=number), -1, 1)
        if first is not None and first < row:
            return session.jump(first, "")
    before = nearest(log, OtherTurn(mine, number, -1), row, -1)
    if before is not None:
        key = {name: int(log.column(name)[before]) for name in ("session", "turn")}
        before = nearest(log, Equals(**key), -1, 1)
    return session.jump(before, "no turn before in this session")


def state_change(session: Session, direction: int) -> bool:
    """To the next (or previous) change of state: of the pinned component, or of any."""
    log = session.log
    kind = log.id_of("event_type", STATE_CHANGE)
    if kind is None or session.cursor < 0:
        session.say("no change of state is recorded")
        return False
    wanted: Condition = Equals(event_type=kind)
    whose = ""
    if session.component is not None:
        number = log.id_of("component", session.component)
        wanted = Both(Equals(component=-1 if number is None else number), wanted)
        whose = f" of {session.component}"
    return session.jump(nearest(log, wanted, session.cursor, direction), f"no further change of state{whose}")


def problem_going_to(session: Session, text: str) -> str | None:
    """Go to a moment as it is typed; what is wrong with it, if it is none."""
    try:
        row = row_of(session.log, text, session.cursor)
    except MomentError as error:
        return str(error)
    session.jump(row, "")
    return None
