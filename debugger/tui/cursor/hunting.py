"""Search, and running on until a condition holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from debugger.log import Query
from debugger.log.hunt import Both, Condition, Hunt
from debugger.tui.cursor.base import FILTER_BUDGET_NS, Cursor, Mode
from debugger.tui.rows import ShownRows


class Search(NamedTuple):
    """What is searched for and stands out; ``rows`` are the matches found so far."""

    text: str
    query: Query
    rows: ShownRows


class Hunting(Cursor):
    """What is searched for stands out and is counted; a hunt goes on from tick to tick until it is there."""

    def __init__(self, mode: Mode, clock: Callable[[], int], speed: float, keep: int | None = None) -> None:
        super().__init__(mode, clock, speed, keep)
        self.search: Search | None = None
        self._hunt: Hunt | None = None
        self._hunted = ""

    def set_search(self, query: Query | None) -> None:
        """Let what matches stand out, and count it; None: nothing."""
        found = query is not None and not query.passes_all
        self.search = Search(query.text, query, ShownRows(self.log, query)) if query and found else None

    def next_match(self, direction: int) -> None:
        """To the next (or previous) shown event that the search finds."""
        if self.search is None:
            self.say("nothing is searched for: \\ searches, * searches for events like this one")
        else:
            self.run_until(self.search.query, self.search.text, direction)

    def run_until(self, condition: Condition, text: str, direction: int) -> None:
        """Run on, or back, to the nearest shown event where `condition` holds; `tick` gets there."""
        if self.cursor < 0:
            return
        self.pause()
        within = self.shown.condition
        both = condition if within is None else Both(within, condition)
        self._hunt, self._hunted = Hunt(self.log, both, self.cursor, direction), text
        self.go_on_hunting()

    @property
    def hunting(self) -> str:
        """What is being run to; empty when nothing is."""
        return self._hunted if self._hunt is not None else ""

    def stop_hunting(self) -> None:
        """Stay here."""
        self._hunt = None

    def go_on_hunting(self) -> None:
        """Search and hunt for a while."""
        if self.search is not None and self.shown.complete:
            self.search.rows.extend(self.clock, FILTER_BUDGET_NS)
        hunt = self._hunt
        if hunt is not None and hunt.advance(self.clock, FILTER_BUDGET_NS):
            self._hunt = None
            way = "after" if hunt.forwards else "before"
            self.jump(hunt.found, f"nothing {way} this event matches {self._hunted}")
