"""The findings pane."""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from debugger.analysis.findings import Findings
from debugger.tui import plain
from debugger.tui.findings.model import GLYPHS, FindingLine, FindingLines
from debugger.tui.keys import Where, bindings, current
from debugger.tui.keys.key import cap
from debugger.tui.lines import LineList
from debugger.tui.palette import ink
from debugger.tui.session import Mode, Session
from debugger.tui.text import fit, shorten, width_of

BUDGET_NS: Final = 8_000_000
_WAYS: Final = {
    "time.watch": "watches: it beeps and stops where a condition holds",
    "find.mark": "bookmarks the event at the cursor",
    "find.note": "writes a note on it",
}
"""What else is listed here, by the names of the keys for it."""

_WHY_LEAST: Final = 5  # lines of the pane from which on the last one explains


class FindingList(LineList):
    """One line each; the last line of the pane says why, of the one under its cursor."""

    BINDINGS = bindings(Where.FINDINGS)

    class Opened(Message):
        """A line was chosen: to its row."""

        def __init__(self, row: int) -> None:
            super().__init__()
            self.row = row

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._session = session
        self.index: Final = Findings(session.log, live=session.mode is Mode.LIVE)
        self._model = FindingLines(session, self.index)
        self._lines: tuple[FindingLine, ...] = ()
        self._complete = True  # as of the last look; more may have come since

    @property
    def titles(self) -> tuple[str, str]:
        """As of every pane."""
        found = len(self._lines)
        more = "" if self._complete else " …"
        return f"6 Findings{f' · {found:,}' if found else ''}{more}", ""

    def look(self) -> None:
        """Look at more of the log. Others show what is found too: so also while this pane is hidden."""
        if not self._session.rush.left:
            self.index.advance(self._session.clock, BUDGET_NS)

    def sync(self) -> None:
        """As of every pane."""
        self.look()
        complete, self._complete = self._complete, self.index.complete
        lines = self._model.lines()
        if lines != self._lines:
            self._lines = lines
            self.to(self.line)
        elif complete != self._complete:
            self.refresh()

    def restyle(self) -> None:
        """As of every pane."""
        self.refresh()

    # --- painting ---------------------------------------------------------------

    @property
    def count(self) -> int:
        """As of `LineList`."""
        return len(self._lines)

    @property
    def body(self) -> int:
        """As of `LineList`: the last one explains, where there is room."""
        height = self.size.height
        return max(height - 1 if height >= _WHY_LEAST else height, 1)

    def render_line(self, y: int) -> Strip:
        """One line."""
        width = self.room
        if not self._lines:
            return self._strip(self._guidance(y))
        if y >= self.body:
            return self._strip([Segment(shorten(f" {self._lines[self.line].why}", width), ink.dim)])
        number = self.scroll_offset.y + y
        if number >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        here = number == self.line
        on_cursor = ink.on_cursor if self.has_focus else ink.on_cursor_unfocused
        return self._strip(self._paint(self._lines[number], width), on_cursor if here else None)

    def _guidance(self, y: int) -> list[Segment]:
        """What an empty list says: that all is well, and what would be here."""
        first = " nothing found; nothing is missing" if self._complete else " looking …"
        told: list[list[Segment]] = [[Segment(shorten(first, self.room), ink.dim)], []]
        words = plain.is_ascii(self.app)
        for name, about in _WAYS.items():
            row = current.named(name)
            if row is not None:
                key = f" {cap(row.keys[0], words=words)} "
                room = max(self.room - width_of(key), 1)
                told.append([Segment(key, ink.key), Segment(shorten(about, room), ink.dim)])
        return told[y] if y < len(told) else []

    def _paint(self, line: FindingLine, width: int) -> list[Segment]:
        style = _style(line)
        text = shorten(line.text, max(width - 3 - width_of(line.place) - 1, 8))
        gap = max(width - 3 - width_of(text) - width_of(line.place), 1)
        return [
            Segment(f" {GLYPHS.get(line.kind, '·')} ", style),
            Segment(text, style if line.severity == "error" else ink.plain),
            Segment(fit("", gap) + line.place, ink.dim),
        ]

    def _strip(self, segments: list[Segment], under: Style | None = None) -> Strip:
        """A whole line; the style that is applied first wins."""
        strip = Strip(segments).adjust_cell_length(self.room)
        return (strip if under is None else strip.apply_style(under)).apply_style(self.rich_style)

    # --- keys and mouse -----------------------------------------------------------

    def action_go(self) -> None:
        """To the event of the line."""
        if self._lines and self._lines[self.line].row >= 0:
            self.post_message(self.Opened(self._lines[self.line].row))
        elif self._lines:
            self._session.say("this one is about no single event")

    def action_drop(self) -> None:
        """Take a watch or a bookmark away."""
        if not self._lines:
            return
        line, session = self._lines[self.line], self._session
        if line.kind == "watch":
            session.watches.remove(session.watches.all[self.line])
        elif line.kind == "mark":
            session.unmark(line.row)
        else:
            session.say("what was found stays; only watches and bookmarks can be taken away")
        self.sync()

    def on_click(self, event: events.Click) -> None:
        """Choose a line; the chosen one again: go there."""
        number = self.scroll_offset.y + event.y
        if event.y >= self.body or number >= len(self._lines):
            return
        again = number == self.line
        self.to(number)
        if again:
            self.action_go()


def _style(line: FindingLine) -> Style:
    if line.severity == "error":
        return ink.bad
    return ink.warn if line.severity == "warning" else ink.accent
