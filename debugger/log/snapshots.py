"""What components said of their state: by name, session and row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.wire.query.nodes import MISSING, Missing
from debugger.log.interner import ABSENT, Interner
from debugger.log.lines import Lines
from debugger.log.records import Snapshot
from debugger.log.states import StateIndex


class Snapshots:
    """The rows that hold snapshots, and what is in them. A session of None is outside of any."""

    def __init__(self, states: StateIndex, lines: Lines, names: Mapping[str, Interner]) -> None:
        self._states = states
        self._lines = lines
        self._components, self._names = names["component"], names["session"]
        self._sessions: dict[int, tuple[str | None, ...]] = {}

    def add(self, places: NDArray[np.int64], columns: dict[str, NDArray[Any]], start: int) -> None:
        """As of `StateIndex`."""
        self._states.add(places, columns, start)

    def forget(self, first: int) -> None:
        """Rows below `first` are no longer there."""
        self._states.forget(first)
        self._sessions.clear()

    def at(self, component: str, session: str | None, row: int, back: int = 0) -> Snapshot | None:
        """The last one at or before `row`, or the one `back` before that."""
        who, where = self._components.id_of(component), self._names.id_of(session)
        if who is None or where is None or row < 0:
            return None
        at = self._states.at(who, where, row, back)
        if at is None:
            return None
        event = self._lines.decoded(at)
        return Snapshot(at, self._lines.gone(at) if event is None else event.state())

    def rows(self, component: str, session: str | None, row: int, count: int) -> list[int]:
        """At most `count` rows, in order: the last up to `row`; negative: the next after it."""
        who, where = self._components.id_of(component), self._names.id_of(session)
        return [] if who is None or where is None else self._states.rows(who, where, row, count)

    def sessions(self, component: str) -> tuple[str | None, ...]:
        """In which a component has some; None first."""
        number = self._components.id_of(component)
        if number is None:
            return ()
        known = self._sessions.get(number, ())
        sessions = self._states.sessions(number)
        if len(known) != len(sessions):  # new ones come last, only the absent one comes first
            if known and (sessions[0] == ABSENT) != (known[0] is None):
                known = ()
            known = self._sessions[number] = (*known, *map(self._names.value, sessions[len(known) :]))
        return known

    def latest_session(self, component: str, row: int) -> str | Missing | None:
        """In which a component has its last one at or before `row`; `MISSING` if it has none."""
        who = self._components.id_of(component)
        found = None if who is None or row < 0 else self._states.latest(who, row)
        return MISSING if found is None else self._names.value(found)

    def components(self) -> tuple[str, ...]:
        """Those that have some, in order of their first."""
        return tuple(self._components.name(one) for one in self._states.components())
