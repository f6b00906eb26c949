"""The few words of payloads that the timeline shows, read bit by bit and remembered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from textual.cache import LRUCache

from debugger.log import EventLog
from debugger.tui.text import safe_text

_KEPT: Final = 4_096
_WORD: Final = 20


class Payloads:
    """States and outcomes by row.

    `begin` sets the time that reading may take; after it, `pending` says that something was not
    read yet: then what was asked for is empty.
    """

    def __init__(self, log: EventLog, clock: Callable[[], int]) -> None:
        self._log = log
        self._clock = clock
        self._known: LRUCache[int, tuple[str, str]] = LRUCache(_KEPT)
        self._until = 0
        self.pending = False

    def begin(self, budget_ns: int) -> None:
        """From now on, read for about so long."""
        self._until = self._clock() + budget_ns
        self.pending = False

    def state(self, row: int) -> str:
        """``state`` of the snapshot in a row, safe to paint."""
        return self._of(row)[0]

    def cancelled(self, row: int) -> bool:
        """Whether an activation that ends in a row was cancelled."""
        return self._of(row)[1] == "cancelled"

    def _of(self, row: int) -> tuple[str, str]:
        known = self._known.get(row)
        if known is not None:
            return known
        if self._clock() > self._until:
            self.pending = True
            return "", ""
        event = self._log.event(row)
        state, data = event.get("component_state"), event.get("data")
        word = state.get("state") if isinstance(state, dict) else None
        outcome = data.get("outcome") if isinstance(data, dict) else None
        known = (
            safe_text(word, _WORD) if isinstance(word, str | int) else "",
            outcome if isinstance(outcome, str) else "",
        )
        self._known[row] = known
        return known


def changes(
    log: EventLog, component: str, session: str | None, before: int, rows: Sequence[int]
) -> list[int]:
    """Rows of the snapshots that hold at the row ``before`` and at each of ``rows``, ascending, each once."""
    found: list[int] = []
    for row in (before, *rows):
        latest = log.snapshot_rows(component, session, row, 1) if row >= 0 else []
        if latest and (not found or latest[0] > found[-1]):
            found.append(latest[0])
    return found
