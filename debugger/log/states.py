"""Where the snapshots are: rows in order, by component and session."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Final

from msgspec import Raw
from numpy.typing import NDArray

from backend.events import Payload
from debugger.log.interner import ABSENT

_QUOTE: Final = ord('"')


class StateIndex:
    """Rows with a whole snapshot, 4 bytes each. Keys are interned numbers."""

    def __init__(self, state_read: int) -> None:
        self._state_read = state_read
        self._rows: dict[tuple[int, int], array[int]] = {}
        self._sessions: dict[int, list[int]] = {}

    def add(self, states: Sequence[Payload], columns: dict[str, NDArray[Any]], start: int) -> None:
        """Note the new rows that hold a snapshot, of all their ``component_state``.

        A ``state_read`` holds only the keys that were read, so it is no snapshot.
        """
        # `{}` is by far the most frequent, and told apart by its length in no time.
        holding = [at for at, state in enumerate(states) if state.__class__ is not Raw or len(state) > 2]  # noqa: PLR2004 - `{}`
        holding = [at for at in holding if _holds_something(states[at])]
        if not holding:
            return
        holding = [at for at in holding if columns["event_type"][at] != self._state_read]
        components, sessions = columns["component"][holding].tolist(), columns["session"][holding].tolist()
        rows = self._rows
        for key, at in zip(zip(components, sessions, strict=True), holding, strict=True):
            known = rows.get(key)
            if known is None:
                rows[key] = known = array("I")
                sessions = self._sessions.setdefault(key[0], [])
                sessions.insert(0 if key[1] == ABSENT else len(sessions), key[1])
            known.append(start + at)

    def at(self, component: int, session: int, row: int, back: int = 0) -> int | None:
        """The last snapshot's row at or before `row`, or the one `back` snapshots before that."""
        rows = self._rows.get((component, session))
        if rows is None:
            return None
        place = bisect_right(rows, row) - 1 - back
        return rows[place] if place >= 0 else None

    def rows(self, component: int, session: int, row: int, count: int) -> list[int]:
        """At most `count` rows of snapshots, in order: the last up to `row`; negative: the next after it."""
        rows = self._rows.get((component, session))
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


def _holds_something(payload: Payload) -> bool:
    if isinstance(payload, Raw):
        second = memoryview(payload)[1]
        return second == _QUOTE or bytes(payload)[1:-1].strip() != b""  # `{ }` is other people's style
    return bool(payload)
