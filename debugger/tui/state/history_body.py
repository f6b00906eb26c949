"""All changes of one field, newest first."""

from __future__ import annotations

from typing import Final

from rich.segment import Segment

from debugger.log import Change
from debugger.tui.palette import ink
from debugger.tui.session import Session
from debugger.tui.state.field import Field, FieldHistory, numbers
from debugger.tui.state.paint import (
    Segments,
    event_text,
    number_text,
    paint_change,
    path_text,
    sparkline,
    who_text,
)
from debugger.tui.text import safe_text, shorten, value_text

BUDGET_NS: Final = 8_000_000
_SPARK_HEIGHT: Final = 6
_COPIED: Final = 2_000
_NAME: Final = 80


class HistoryBody:
    """The change in force at the cursor has a mark; the list stays with its field."""

    span = 1

    def __init__(self, session: Session, field: Field, row: int) -> None:
        self._session = session
        self._history = FieldHistory(session.log, field, row)
        self._changes: list[Change] = []
        self._newer = 0
        self._drawn: tuple[object, ...] = ()
        self._here = -1
        self._digits = 0
        self.line = 0

    def __len__(self) -> int:
        """Changes."""
        return len(self._changes)

    def sync(self, height: int) -> bool:
        """Show what was found."""
        del height
        history = self._history
        history.grow()
        found = (history.newer, len(history.changes), history.searching, self._session.cursor)
        if found == self._drawn:
            return False
        fresh = not self._drawn or not self._changes
        self._drawn = found
        self._changes = history.changes
        self.line += history.newer - self._newer  # newer ones came in above: stay on the same
        self._newer = history.newer
        self._here = history.at(self._session.cursor)
        ends = (self._changes[0].row, self._changes[-1].row) if self._changes else ()
        self._digits = max((len(number_text(self._session.log, row)) - 1 for row in ends), default=0)
        if fresh:
            self.line = max(self._here, 0)
        return True

    def advance(self) -> bool:
        """Look for more; near an end, for those beyond it."""
        if self._changes and self.line >= len(self._changes) - 1:
            self._history.extend(newer=False)
        elif self._changes and self.line == 0:
            self._history.extend(newer=True)
        return self._history.advance(self._session.clock, BUDGET_NS)

    @property
    def current(self) -> Change | None:
        """The chosen change."""
        return self._changes[self.line] if self.line < len(self._changes) else None

    def top(self, width: int, height: int) -> list[Segments]:
        """The field, and its values as bars where they are numbers."""
        history = self._history
        component, session, path = history.field
        where = f" {safe_text(session, _NAME)}" if session else ""
        name = f" {safe_text(component, _NAME)}{where} · {path_text(path) or 'the whole state'}"
        more = "+" if history.more_before or history.more_after else ""
        found = len(self._changes)
        count = f" · {found:,}{more} change{'' if found == 1 and not more else 's'}"
        searching = f" · looking … {history.progress:.0%}" if history.searching else ""
        lines = [[Segment(shorten(name + count + searching, width), ink.bold)]]
        if height >= _SPARK_HEIGHT:
            here = len(self._changes) - 1 - self._here if self._here >= 0 else -1
            spark = sparkline(numbers(self._changes), width, here)
            lines += [spark] if spark else []
        return lines

    def paint(self, number: int, part: int, width: int) -> Segments:
        """One change."""
        del part
        here = number == self._here
        return paint_change(self._session.log, self._changes[number], width, here=here, digits=self._digits)

    def bottom(self, width: int) -> Segments:
        """What the keys do."""
        text = "  ⏎ go there · w what was handled · i back"
        return [Segment(shorten(text, width), ink.dim)]

    @property
    def empty(self) -> str:
        """Why there is nothing."""
        return "looking …" if self._history.searching else "this field was never there"

    @property
    def titles(self) -> tuple[str, str]:
        """What it is a history of."""
        component, _, path = self._history.field
        return f" · {safe_text(component, _NAME)} · history of {path_text(path, _NAME)}", ""

    @property
    def copied(self) -> str:
        """The chosen change in one line."""
        change = self.current
        if change is None:
            return ""
        log, path = self._session.log, path_text(self._history.field[2])
        old = "nothing" if change.kind in {"first", "appeared"} else value_text(change.old, _COPIED)
        new = "nothing" if change.kind == "vanished" else value_text(change.new, _COPIED)
        if change.kind == "unknown":
            old = "unknown"
        return f"{event_text(log, change.row)} {path}: {old} -> {new} {who_text(log, change.row)}"
