"""A list of items that scrolls between lines that stay, and goes on with what takes long."""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from debugger.tui.palette import ink
from debugger.tui.scrolling import set_extent
from debugger.tui.state.body import Body
from debugger.tui.state.paint import Segments
from debugger.tui.text import shorten

_PAUSE: Final = 0.012  # seconds between two looks of a search: keys come between
_BOTTOM_LEAST: Final = 4  # lines of the pane from which on the last one tells about the chosen item
_NAME: Final = "4 State"


class BodyScroller(ScrollView, can_focus=True, inherit_bindings=False):
    """Paints a `Body`, keeps its chosen item in view, and moves it with the keys of a list."""

    def __init__(self, body: Body, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._body = body
        self._top: list[Segments] = []
        self._bottom: Segments = []
        self._told: tuple[str, str] = ("", "")
        self._waiting = False

    @property
    def titles(self) -> tuple[str, str]:
        """As of every pane."""
        more, below = self._body.titles
        return _NAME + more, below

    @property
    def room(self) -> int:
        """Cells of a line, without the scrollbar."""
        return self.scrollable_content_region.width

    def restyle(self) -> None:
        """As of every pane."""
        self._draw()

    # --- going on in the background ------------------------------------------------------

    def go_on(self) -> None:
        """Search for some ms; come back soon if that was not enough."""
        if self._waiting:
            return
        done = self._advance()
        self._body.sync(self._height)
        self._draw_ends()
        if not done and self.is_running:
            self._waiting = True
            self.set_timer(_PAUSE, self._again)

    def _again(self) -> None:
        self._waiting = False
        before = len(self._body)
        self.go_on()
        if len(self._body) != before:
            self._draw()

    def _advance(self) -> bool:
        """Whether nothing is left to be searched."""
        return self._body.advance()

    # --- painting --------------------------------------------------------------------------

    def _draw(self) -> None:
        self._draw_ends()
        set_extent(self, Size(self.room, len(self._body) * self._body.span))
        self._show_line()
        self.refresh()

    def _draw_ends(self) -> None:
        """The lines above and below the items; the titles."""
        width, height = self.room, self.size.height
        top, bottom = self._body.top(width, height), self._body.bottom(width)
        if (top, bottom) != (self._top, self._bottom):
            self._top, self._bottom = top, bottom
            set_extent(self, Size(width, len(self._body) * self._body.span))
            self.refresh()
        if self.titles != self._told:
            self._told = self.titles
            self._retitled()

    def _retitled(self) -> None:
        """The titles are others now."""

    @property
    def _above(self) -> list[Segments]:
        return self._top if self.size.height > len(self._top) + 1 else []

    @property
    def _below(self) -> Segments:
        return self._bottom if self.size.height >= _BOTTOM_LEAST and len(self._body) else []

    @property
    def _height(self) -> int:
        """Lines for items."""
        return max(self.size.height - len(self._above) - bool(self._below), 1)

    @property
    def max_scroll_y(self) -> int:
        """As in `ScrollView`, less the lines that stay."""
        return max(0, self.virtual_size.height - self._height)

    def render_line(self, y: int) -> Strip:
        """One line."""
        above, below, body = self._above, self._below, self._body
        if y < len(above):
            return self._strip(above[y])
        if below and y == self.size.height - 1:
            return self._strip(below)
        y -= len(above)
        if not len(body):
            text = shorten(f" {body.empty}", self.room) if y == 0 else ""
            return self._strip([Segment(text, ink.dim)])
        number, part = divmod(self.scroll_offset.y + y, body.span)
        if number >= len(body):
            return Strip.blank(self.room, self.rich_style)
        chosen = ink.on_cursor if self.has_focus else ink.on_cursor_unfocused
        return self._strip(body.paint(number, part, self.room), chosen if number == body.line else ink.plain)

    def _strip(self, segments: Segments, under: Style | None = None) -> Strip:
        strip = Strip(segments).adjust_cell_length(self.room)
        # What is applied later lies deeper: the background of the pane last.
        return (strip.apply_style(under) if under else strip).apply_style(self.rich_style)

    def on_resize(self) -> None:
        """Other lines have room."""
        self._body.sync(self._height)
        self._draw()

    def on_focus(self) -> None:
        """The chosen line looks different."""
        self.refresh()

    def on_blur(self) -> None:
        """The chosen line looks different."""
        self.refresh()

    # --- moving ------------------------------------------------------------------------------

    def to_line(self, number: int) -> None:
        """Choose an item, the nearest that there is."""
        self._body.line = min(max(number, 0), max(len(self._body) - 1, 0))
        self._show_line()
        self.refresh()
        self.go_on()

    def _show_line(self) -> None:
        """Scroll to the chosen item, if it cannot be seen."""
        span, height = self._body.span, self._height
        first = self._body.line * span
        wanted = min(max(self.scroll_offset.y, first + span - height), first)
        if wanted != self.scroll_offset.y:
            self.scroll_to(y=wanted, animate=False, force=True, immediate=True)

    def action_line(self, step: int) -> None:
        """Another line."""
        self.to_line(self._body.line + step)

    def action_page(self, step: int) -> None:
        """A page of lines."""
        self.to_line(self._body.line + step * max(self._height // self._body.span - 1, 1))

    def action_edge(self, end: int) -> None:
        """To the first or last line."""
        self.to_line(len(self._body) if end else 0)

    def item_at(self, y: int) -> int | None:
        """The item that is painted in a line of the pane."""
        y -= len(self._above)
        number = (self.scroll_offset.y + y) // self._body.span
        return number if 0 <= y < self._height and number < len(self._body) else None
