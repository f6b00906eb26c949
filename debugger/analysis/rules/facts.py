"""A row as rules see it."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct

from backend.events.vocabulary import HANDLED, RECEIVED
from debugger.log import NONE, EventLog

_FAR: Final = 4_096


class Fact(Struct, gc=False, eq=False):
    """A row that is an event of the rules: it happened in ``row``, its payload is that of ``from_row``."""

    log: EventLog
    row: int
    from_row: int
    time_ns: int
    kind: str
    component: str
    message: str | None
    session: str | None
    turn: int | str | None
    worker: str | None
    task: str | None
    correlation: str | None
    record: Any = None
    was: Any = None
    cache: dict[int, Any] = {}
    """Values of fields that were asked for, by their getter."""

    @property
    def scope(self) -> str:
        """The session as a part of a key."""
        return self.session or ""

    def attempt(self) -> str | None:
        """What a handler was run with, so that another try is known; None unless it has ended now. Slow."""
        if self.kind != HANDLED:
            return None
        row = self.received()
        data = self.log.event(row).get("data") if row is not None else None
        if not isinstance(data, dict):
            return f"of row {self.row}"
        try:
            text = msgspec.json.encode(data, order="deterministic")
        except (RecursionError, ValueError, OverflowError, msgspec.EncodeError):
            text = repr(sorted(data)).encode("utf-8", "replace")
        return f"{self.component} {self.message} {hashlib.sha256(text).hexdigest()[:16]}"

    def received(self) -> int | None:
        """The receive that a ``message_handled`` is of: its cause, or the last one of its kind before it."""
        if self.kind != HANDLED:
            return None
        log, row = self.log, self.row
        first = max(log.first_row, row - _FAR)
        cause = log.cause_row(row)
        if cause is not None or row < first:
            return cause
        same = log.column("event_type")[first:row] == log.id_of("event_type", RECEIVED)
        for name in ("component", "message_type", "session"):
            column = log.column(name)
            same &= column[first:row] == column[row]
        rows = np.flatnonzero(same)
        return int(rows[-1]) + first if len(rows) else None


def fact_of(log: EventLog, row: int) -> Fact:
    """A row without its payload, for what is judged from columns alone."""

    def name(column: str) -> str | None:
        return log.interner(column).value(int(log.column(column)[row]))

    turn = int(log.column("turn")[row])
    return Fact(
        log,
        row,
        row,
        int(log.column("steady_ns")[row]),
        name("event_type") or "",
        name("component") or "",
        name("message_type"),
        name("session"),
        None if turn == NONE else turn,
        name("worker"),
        name("task"),
        name("correlation"),
        None,
        None,
        {},
    )
