"""When sessions begin and end, as far as the log shows it; and when the recording does."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.events.vocabulary import SUBSCRIBED, UNSUBSCRIBED
from debugger.analysis.rules.losses import Losses
from debugger.log import ABSENT, EventLog

_MOST: Final = 100_000


class Sessions:
    """A session ends with the last of its subscriptions, if the log has any."""

    def __init__(self, log: EventLog, losses: Losses) -> None:
        self._log = log
        self._losses = losses
        self._known: NDArray[np.bool_] = np.zeros(1, np.bool_)
        self._first: dict[str | None, int] = {}
        self._open: dict[int, set[tuple[int, int]]] = {}
        self._sources: set[int] = set()
        self._late = False

    def look(self, start: int, stop: int) -> None:
        """Take in rows: which sessions are new."""
        log = self._log
        sessions = log.column("session")[start:stop]
        top = int(sessions.max()) + 1
        if top > len(self._known):
            self._known = np.concatenate((self._known, np.zeros(max(top, 64), np.bool_)))
        new = np.flatnonzero(~self._known[sessions])
        if not len(new):
            return
        numbers, first = np.unique(sessions[new], return_index=True)
        self._known[numbers] = True
        begins = log.id_of("event_type", SUBSCRIBED)
        kinds = log.column("event_type")
        for number, row in sorted(zip(numbers.tolist(), (new[first] + start).tolist(), strict=True)):
            self._first[log.interner("session").value(number)] = row if kinds[row] == begins else -row - 1
        while len(self._first) > _MOST:
            del self._first[next(iter(self._first))]

    def began(self, session: str | None) -> int:
        """A row right before all that is known of a session; if it was there before the log, before that."""
        row = self._first.get(session, 0)
        if row >= 0:
            return row - 1
        lost = self._losses.first
        late = self._late or (lost is not None and lost <= -row - 1)
        return -1 if late else -row - 2

    def came_late(self, row: int) -> None:
        """The recording began when sessions were there already."""
        self._late = True
        self._losses.add(row)

    def subscription(self, session: int, component: int, message: int, *, ends: bool) -> bool:
        """One begins or ends; whether that was the session's last."""
        if session == ABSENT:
            return False
        subscriptions = self._open.setdefault(session, set())
        if not ends:
            subscriptions.add((component, message))
            return False
        subscriptions.discard((component, message))
        if subscriptions:
            return False
        del self._open[session]
        return True

    def recording(self, source: int, *, ends: bool) -> bool:
        """A source begins or ends; whether that was the last one."""
        if not ends:
            self._sources.add(source)
            return False
        self._sources.discard(source)
        return not self._sources


LIFE: Final = (SUBSCRIBED, UNSUBSCRIBED)
