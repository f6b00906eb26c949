"""The open event: everything in it, and its links. It follows the cursor."""

from __future__ import annotations

from typing import Any, Final

from rich.segment import Segment
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.scroll_view import ScrollView
from textual.strip import Strip

from debugger.tui import units
from debugger.tui.events.model import describe
from debugger.tui.events.pretty import EventPage
from debugger.tui.keys import Where, bindings
from debugger.tui.session import Session

FIRST_NS: Final = 4_000_000
"""How long lines are made before those that there are by then are shown."""

MORE_NS: Final = 4_000_000
MORE_SECONDS: Final = 0.02
"""The others are made so long at a time, each so many seconds."""

_LARGE: Final = 10_000  # bytes of an event from which on it is said how large it is


class EventText(ScrollView, can_focus=True, inherit_bindings=False):
    """The lines of one event. Of a long one the beginning is there at once, the rest comes bit by bit."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._event: tuple[int, dict[str, Any]] = (-1, {})
        self._page: EventPage | None = None
        self._at_end = False

    @property
    def room(self) -> int:
        """Cells of a line, without the scrollbar."""
        return self.scrollable_content_region.width

    @property
    def complete(self) -> bool:
        """Whether all lines are there."""
        return self._page is None or self._page.complete

    @property
    def lines_there(self) -> int:
        """How many there are by now."""
        return 0 if self._page is None else len(self._page.lines)

    def on_mount(self) -> None:
        """Lines that are still to come do so from time to time."""
        self._coming = self.set_interval(MORE_SECONDS, self._more, pause=True)

    def show(self) -> None:
        """Take the event at the cursor."""
        self._page = None
        self._at_end = False
        self._unroll()

    def _unroll(self) -> None:
        session, row = self._session, self._session.cursor
        if not self.room or row < 0:  # it has no place yet: it is resized when it has one
            return
        if self._event[0] != row:
            self._event = (row, session.log.event(row))
        self._page = EventPage(session.log, row, self._event[1], max(self.room, 20))
        self._page.extend(session.clock, FIRST_NS, self.size.height)
        self._grown(self._page)

    def _more(self) -> None:
        if self._page is not None and not self._page.complete:
            self._page.extend(self._session.clock, MORE_NS)
            self._grown(self._page)

    def _grown(self, page: EventPage) -> None:
        (self._coming.pause if page.complete else self._coming.resume)()
        self.virtual_size = Size(self.room, len(page.lines))
        if self._at_end:
            self._scroll(len(page.lines))
        self.refresh()

    def on_resize(self) -> None:
        """Text wraps anew."""
        if self._page is None or self._page.width != max(self.room, 20):
            self._unroll()

    def edge(self, *, end: bool) -> None:
        """To the top, or to the bottom, and along with it while lines are still coming."""
        self.go(self.virtual_size.height if end else 0)
        self._at_end = end and not self.complete

    def go(self, y: int) -> None:
        """Scroll to a line."""
        self._at_end = False
        self._scroll(y)

    def _scroll(self, y: int) -> None:
        self.scroll_to(y=y, animate=False, force=True, immediate=True)

    def render_line(self, y: int) -> Strip:
        """One line."""
        number, lines = self.scroll_offset.y + y, self._page.lines if self._page is not None else []
        segments = lines[number] if number < len(lines) else [Segment("")]
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
        event = describe(session.log, session.cursor, -1, summary=False)
        seq, size = (int(session.log.column(name)[session.cursor]) for name in ("seq", "length"))
        frame = self.query_one("#event-frame")
        place = f"#{seq if seq >= 0 else session.cursor + 1}"
        frame.border_title = Content(f" {event.component} {event.glyph} {event.kind} ")
        large = f"{units.count(size)} bytes  " if size >= _LARGE else ""
        frame.border_subtitle = Content(f" {place}  {event.time}  {event.place}  {large} Esc closes ")
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
        self.query_one(EventText).edge(end=bool(end))

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
