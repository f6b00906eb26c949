"""The open event: everything in it, and its links. It follows the cursor."""

from __future__ import annotations

from rich.segment import Segment
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.scroll_view import ScrollView
from textual.strip import Strip

from debugger.tui.events.model import describe
from debugger.tui.events.pretty import Line, event_lines
from debugger.tui.keys import Where, bindings
from debugger.tui.session import Session


class EventText(ScrollView, can_focus=True, inherit_bindings=False):
    """The lines of one event."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._lines: list[Line] = []

    @property
    def room(self) -> int:
        """Cells of a line, without the scrollbar."""
        return self.scrollable_content_region.width

    def show(self) -> None:
        """Take the event at the cursor."""
        row = self._session.cursor
        self._lines = event_lines(self._session.log, row, max(self.room, 20)) if row >= 0 else []
        self.virtual_size = Size(self.room, len(self._lines))
        self.refresh()

    def on_resize(self) -> None:
        """Text wraps anew."""
        self.show()

    def go(self, y: int) -> None:
        """Scroll to a line."""
        self.scroll_to(y=y, animate=False, force=True, immediate=True)

    def render_line(self, y: int) -> Strip:
        """One line."""
        number = self.scroll_offset.y + y
        segments = self._lines[number] if number < len(self._lines) else [Segment("")]
        return Strip(segments).adjust_cell_length(self.room).apply_style(self.rich_style)


class EventScreen(ModalScreen[None]):
    """Opens over the panes; moving in it moves the one cursor."""

    BINDINGS = bindings(Where.EVENT)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def compose(self) -> ComposeResult:
        """A frame with the text in it."""
        with Container(id="event-frame"):
            yield EventText(self._session)

    def on_mount(self) -> None:
        """Show it."""
        self._show()

    def _show(self) -> None:
        session, text = self._session, self.query_one(EventText)
        event = describe(session.log, session.cursor, -1)
        seq = int(session.log.column("seq")[session.cursor])
        frame = self.query_one("#event-frame")
        place = f"#{seq if seq >= 0 else session.cursor + 1}"
        frame.border_title = Content(f" {event.component} {event.glyph} {event.kind} ")
        frame.border_subtitle = Content(f" {place}  {event.time}  {event.place}   Esc closes ")
        text.show()
        text.go(0)

    def action_line(self, step: int) -> None:
        """Scroll."""
        text = self.query_one(EventText)
        text.go(text.scroll_offset.y + step)

    def action_page(self, step: int) -> None:
        """Scroll by a page."""
        self.action_line(step * max(self.query_one(EventText).size.height - 1, 1))

    def action_edge(self, end: int) -> None:
        """To the top or the bottom."""
        text = self.query_one(EventText)
        text.go(text.virtual_size.height if end else 0)

    def action_cause(self) -> None:
        """Open what caused it."""
        if self._session.to_cause():
            self._show()

    def action_effect(self) -> None:
        """Open the first that it caused."""
        if self._session.to_effect():
            self._show()

    def action_step(self, count: int) -> None:
        """Open the next one, or the one before."""
        self._session.step(count)
        self._show()

    def action_close(self) -> None:
        """Back to the panes."""
        self.dismiss()
