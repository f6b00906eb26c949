"""Where the snapshots are: rows in order, by component and session."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from debugger.log.interner import ABSENT

_BITS: Final = 32  # of the number of a session
_MASK: Final = (1 << _BITS) - 1


class StateIndex:
    """Rows with a whole snapshot, 4 bytes each. Keys are interned numbers."""

    def __init__(self, state_read: int) -> None:
        self._state_read = state_read
        self._rows: dict[int, array[int]] = {}
        self._sessions: dict[int, list[int]] = {}

    def add(self, places: NDArray[np.int64], columns: dict[str, NDArray[Any]], start: int) -> None:
        """Note the new rows that hold a snapshot; `places` are those with a ``component_state``.

        A ``state_read`` holds only the keys that were read, so it is no snapshot.
        """
        places = places[columns["event_type"][places] != self._state_read]
        if not len(places):
            return
        keys = columns["component"][places].astype(np.int64) << _BITS | columns["session"][places]
        order = np.argsort(keys, kind="stable")
        keys, rows = keys[order], (places[order] + start).astype(np.uint32)
        breaks = (np.flatnonzero(keys[1:] != keys[:-1]) + 1).tolist()
        for begin, end in zip([0, *breaks], [*breaks, len(keys)], strict=True):
            self._known(int(keys[begin])).frombytes(rows[begin:end].tobytes())

    def _known(self, key: int) -> array[int]:
        known = self._rows.get(key)
        if known is None:
            component, session = key >> _BITS, key & _MASK
            self._rows[key] = known = array("I")
            sessions = self._sessions.setdefault(component, [])
            sessions.insert(0 if session == ABSENT else len(sessions), session)
        return known

    def at(self, component: int, session: int, row: int, back: int = 0) -> int | None:
        """The last snapshot's row at or before `row`, or the one `back` snapshots before that."""
        rows = self._rows.get(component << _BITS | session)
        if rows is None:
            return None
        place = bisect_right(rows, row) - 1 - back
        return rows[place] if place >= 0 else None

    def rows(self, component: int, session: int, row: int, count: int) -> list[int]:
        """At most `count` rows of snapshots, in order: the last up to `row`; negative: the next after it."""
        rows = self._rows.get(component << _BITS | session)
        if rows is None:
            return []
        place = bisect_right(rows, row)
        return (
            rows[max(place - count, 0) : place].tolist()
            if count > 0
            else rows[place : place - count].tolist()
        )

    def sessions(self, component: int) -> list[int]:
        """The sessions that have snapshots of a component, the sessionless one first."""
        return self._sessions.get(component, []).copy()

    def components(self) -> list[int]:
        """The components that have snapshots, in order of their first."""
        return list(self._sessions)
