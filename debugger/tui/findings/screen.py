"""An open finding, over the panes: pages to turn, and from each event of a history to its moment."""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip

from debugger.tui import plain
from debugger.tui.findings.model import FindingLine
from debugger.tui.findings.pages import NAMES, PAGES, Row, finding_row, page
from debugger.tui.keys import Where, bindings, current
from debugger.tui.lines import LineList
from debugger.tui.palette import ink
from debugger.tui.session import Session

LOOK_SECONDS: Final = 0.1
"""So often it is seen whether what was looked up is there."""


class FindingText(LineList):
    """The lines of one page; where they are events, one of them is chosen."""

    class Chosen(Message):
        """A line's event was clicked once more."""

    def __init__(self, session: Session, line: FindingLine, name: str) -> None:
        super().__init__()
        self.name_of_page = name
        self._session = session
        self._line = line
        self._rows: list[Row] = []
        self.complete = False
        self._fresh = True

    @property
    def count(self) -> int:
        """As of `LineList`."""
        return len(self._rows)

    @property
    def body(self) -> int:
        """As of `LineList`."""
        return max(self.size.height, 1)

    @property
    def chosen(self) -> int:
        """The event of the line; -1 for none."""
        return self._rows[self.line].row if self._rows else -1

    @property
    def _lists(self) -> bool:
        """Whether its lines are events."""
        return any(row.row >= 0 for row in self._rows)

    def show(self, name: str) -> None:
        """Another page, or the same with what there is by now."""
        other, self._fresh = self._fresh or name != self.name_of_page, False
        self.name_of_page = name
        self._rows, self.complete = page(name, self._session, self._line, max(self.room, 20))
        self.to(len(self._rows) - 1 if other and self._lists else 0 if other else self.line)

    def restyle(self) -> None:
        """Other colours."""
        self.show(self.name_of_page)

    def on_resize(self) -> None:
        """Words wrap anew."""
        self.show(self.name_of_page)

    def action_line(self, step: int) -> None:
        """Another line; of a text, which has none, it scrolls."""
        if self._lists:
            self.to(self.line + step)
        else:
            self._scroll(self.scroll_offset.y + step)

    def action_page(self, direction: int) -> None:
        """A page of lines."""
        step = direction * max(self.body - 1, 1)
        if self._lists:
            self.to(self.line + step)
        else:
            self._scroll(self.scroll_offset.y + step)

    def action_edge(self, end: int) -> None:
        """To the first or the last line."""
        if self._lists:
            self.to(self.count - 1 if end else 0)
        else:
            self._scroll(self.count if end else 0)

    def _scroll(self, y: int) -> None:
        self.line = min(max(y, 0), max(self.count - self.body, 0))
        self.scroll_to(y=self.line, animate=False, force=True, immediate=True)

    def render_line(self, y: int) -> Strip:
        """One line."""
        number = self.scroll_offset.y + y
        row = self._rows[number] if number < len(self._rows) else Row([Segment("")])
        strip = Strip(row.segments).adjust_cell_length(self.room)
        if self._lists and number == self.line:
            strip = strip.apply_style(ink.on_cursor)
        return strip.apply_style(self.rich_style)

    def on_click(self, event: events.Click) -> None:
        """Choose a line; the chosen one again: go there."""
        number = self.scroll_offset.y + event.y
        if not self._lists or number >= len(self._rows):
            return
        again = number == self.line
        self.to(number)
        if again:
            self.post_message(self.Chosen())


class FindingScreen(ModalScreen[int | None]):
    """Opens over the panes; closes by Escape, by ``q`` or by a click beside it, or goes to an event."""

    BINDINGS = bindings(Where.FINDING)
    AUTO_FOCUS = "FindingText"
    DEFAULT_CSS = """
    FindingScreen {
        align: center middle;
    }
    FindingScreen #finding-box {
        width: 92%;
        max-width: 128;
        height: 90%;
        border: round $primary;
        background: $surface;
        padding: 0 1;
    }
    FindingScreen FindingText {
        height: 1fr;
        background: $surface;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        overflow-x: hidden;
    }
    FindingScreen.-short #finding-box {
        border: none;
        width: 100%;
        height: 100%;
        padding: 0;
    }
    """

    def __init__(self, session: Session, line: FindingLine, name: str = "why") -> None:
        super().__init__()
        self._line = line
        self._text = FindingText(session, line, name)
        self._box = Container(self._text, id="finding-box")

    def compose(self) -> ComposeResult:
        """A frame with the page in it."""
        yield self._box

    def on_mount(self) -> None:
        """What is not there yet is looked for."""
        self._retitle()
        self.set_interval(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        if not self._text.complete:
            self._text.show(self._text.name_of_page)

    def on_resize(self, event: events.Resize) -> None:
        """A short screen has no room for a frame."""
        self.set_class(event.size.height < 10 or event.size.width < 40, "-short")  # noqa: PLR2004 - cells

    def restyle(self) -> None:
        """Other colours."""
        self._text.restyle()

    def _retitle(self) -> None:
        words = plain.is_ascii(self.app)
        names = [f"[{NAMES[one]}]" if one == self._text.name_of_page else NAMES[one] for one in PAGES]
        self._box.border_title = Content(f" {' '.join(names)} ")
        rows = {row.action: row.shown_as(words=words) for row in current.rows if row.where is Where.FINDING}
        told = [
            f"{rows[action]} {what}"
            for action, what in (("turn_over(1)", "next page"), ("close", "close"))
            if action in rows
        ]
        self._box.border_subtitle = Content(f" {' · '.join(told)} ")

    # --- keys and mouse -----------------------------------------------------------

    def action_line(self, step: int) -> None:
        """Another line."""
        self._text.action_line(step)

    def action_page(self, direction: int) -> None:
        """A page of lines."""
        self._text.action_page(direction)

    def action_edge(self, end: int) -> None:
        """To the first or the last line."""
        self._text.action_edge(end)

    def action_turn_to(self, name: str) -> None:
        """A page; the one that is open already: close."""
        if name == self._text.name_of_page:
            self.dismiss(None)
            return
        self._text.show(name)
        self._retitle()

    def action_turn_over(self, step: int) -> None:
        """The next page, or the one before."""
        place = PAGES.index(self._text.name_of_page) + step
        self._text.show(PAGES[place % len(PAGES)])
        self._retitle()

    def action_go(self) -> None:
        """To the event of the line, else to that of the finding."""
        row = self._text.chosen
        self._leave(row if row >= 0 else self._line.row)

    def action_moment(self, which: str) -> None:
        """To A or B."""
        self._leave(finding_row(self._line, which))

    def _leave(self, row: int) -> None:
        self.dismiss(row if row >= 0 else None)

    def on_finding_text_chosen(self) -> None:
        """A line was clicked twice."""
        self.action_go()

    def action_close(self) -> None:
        """Back to the panes."""
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        """Beside the frame: close."""
        if self.get_widget_at(event.screen_x, event.screen_y)[0] is self:
            self.dismiss(None)
