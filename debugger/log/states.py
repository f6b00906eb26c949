"""Where the snapshots are: rows in order, by component and session."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from msgspec import Raw
from numpy.typing import NDArray

from backend.events import Event, Payload
from debugger.log.interner import ABSENT


class StateIndex:
    """Rows with a whole snapshot, 4 bytes each. Keys are interned numbers."""

    def __init__(self, state_read: int) -> None:
        self._state_read = state_read
        self._rows: dict[tuple[int, int], array[int]] = {}

    def add(self, events: Sequence[Event], columns: dict[str, NDArray[Any]], start: int) -> None:
        """Note the new rows that hold a snapshot.

        A ``state_read`` holds only the keys that were read, so it is no snapshot.
        """
        keys = zip(columns["component"].tolist(), columns["session"].tolist(), strict=True)
        kinds = columns["event_type"].tolist()
        rows = self._rows
        for at, (key, kind, event) in enumerate(zip(keys, kinds, events, strict=True)):
            if kind == self._state_read or not _holds_something(event.component_state):
                continue
            known = rows.get(key)
            if known is None:
                rows[key] = known = array("I")
            known.append(start + at)

    def at(self, component: int, session: int, row: int, back: int = 0) -> int | None:
        """The last snapshot's row at or before `row`, or the one `back` snapshots before that."""
        rows = self._rows.get((component, session))
        if rows is None:
            return None
        place = bisect_right(rows, row) - 1 - back
        return rows[place] if place >= 0 else None

    def sessions(self, component: int) -> list[int]:
        """The sessions that have snapshots of a component, the sessionless one first."""
        found = [session for known, session in tuple(self._rows) if known == component]
        return sorted(found, key=lambda session: session != ABSENT)


def _holds_something(payload: Payload) -> bool:
    if isinstance(payload, Raw):
        # `{}` is by far the most frequent; spaces inside of it are other people's style.
        return len(payload) > 2 and bytes(payload)[1:-1].strip() != b""  # noqa: PLR2004 - the two braces
    return bool(payload)
