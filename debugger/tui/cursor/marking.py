"""Bookmarks and notes on the events of the log."""

from __future__ import annotations

from collections.abc import Callable

from debugger.sources.notes import Notes
from debugger.tui.cursor.base import Cursor, Mode


class Marking(Cursor):
    """Marks the event at the cursor; `Notes` keeps it."""

    def __init__(self, mode: Mode, clock: Callable[[], int], speed: float, keep: int | None = None) -> None:
        super().__init__(mode, clock, speed, keep)
        self.notes = Notes()

    def mark(self, note: str = "") -> None:
        """Mark the event at the cursor, with a note on it."""
        if self.cursor < 0:
            return
        try:
            self.notes.put(self.log, self.cursor, note)
        except OSError as error:
            self.say(f"the bookmark is not kept: {error.strerror}", bad=True)
            return
        self.say("marked, until the end of this view" if self.notes.volatile else "marked")

    def unmark(self, row: int) -> None:
        """Take a bookmark away."""
        try:
            self.notes.drop(row)
        except OSError as error:
            self.say(f"the bookmark is still in its file: {error.strerror}", bad=True)

    def toggle_mark(self) -> None:
        """Mark the event at the cursor, or take its bookmark away."""
        if self.cursor >= 0 and self.notes.at(self.cursor) is not None:
            self.unmark(self.cursor)
        else:
            self.mark()

    def next_mark(self, direction: int) -> bool:
        """To the next (or previous) bookmark."""
        return self.jump(self.notes.beyond(self.cursor, direction), "no further bookmark")
