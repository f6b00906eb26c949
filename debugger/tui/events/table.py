"""The event table: a window on the log's columns. Only lines on the screen are ever made."""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from textual import events
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from debugger.tui.events.model import EventRow, columns_for, describe
from debugger.tui.events.paint import paint_head, paint_row
from debugger.tui.session import Session

_CACHED: Final = 512
_MARGIN: Final = 2  # lines kept in view around the cursor


class EventTable(ScrollView, can_focus=True, inherit_bindings=False):
    """Paints the shown rows; the cursor is the session's. Line 0 of the widget holds the titles."""

    class Picked(Message):
        """A line was clicked; with ``again`` it was the cursor's already."""

        def __init__(self, row: int, *, again: bool) -> None:
            super().__init__()
            self.row = row
            self.again = again

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._session = session
        self._shown = session.shown
        self._cursor = -2
        self._turn = (0, 0)
        self._lines: LRUCache[tuple[int, int, bool, bool, bool], Strip] = LRUCache(_CACHED)
        self._described: LRUCache[tuple[int, int], EventRow] = LRUCache(_CACHED)
        self._scrolled_by_hand = False

    # --- following the session ---------------------------------------------------------

    def sync(self) -> None:
        """Look at the session, and repaint what changed in it."""
        session = self._session
        if session.shown is not self._shown:
            self._shown = session.shown
            self._cursor = -2
            self._lines.clear()
            self._described.clear()
            self.refresh()
        count = len(self._shown)
        if self.virtual_size.height != count:
            before = self.virtual_size.height
            self.virtual_size = Size(self.size.width, count)
            self._refresh_lines(before, count)
        cursor = session.cursor
        if cursor != self._cursor:
            self._move(cursor)
        elif session.following:
            self._keep_in_view()

    def _move(self, cursor: int) -> None:
        old_line, old_turn = self._shown.position(self._cursor), self._turn
        self._cursor = cursor
        self._turn = self._turn_of(cursor)
        self._scrolled_by_hand = False
        self._keep_in_view()
        if self._turn != old_turn:
            self.refresh()
            return
        for line in (old_line, self._shown.position(cursor)):
            self._refresh_lines(line, line + 1)

    def _turn_of(self, row: int) -> tuple[int, int]:
        log = self._session.log
        if row < 0:
            return (0, 0)
        return int(log.column("session")[row]), int(log.column("turn")[row])

    def _refresh_lines(self, start: int, stop: int) -> None:
        top = self.scroll_offset.y
        first, last = max(start - top, 0), min(stop - top, self._body_height)
        if first < last:
            self.refresh(Region(0, first + 1, self.size.width, last - first))

    @property
    def _body_height(self) -> int:
        return max(self.size.height - 1, 1)

    @property
    def page(self) -> int:
        """Rows that a page key moves."""
        return max(self._body_height - 1, 1)

    def _keep_in_view(self) -> None:
        line, height, top = self._shown.position(self._cursor), self._body_height, self.scroll_offset.y
        if self._session.following:
            wanted = len(self._shown) - height
        else:
            margin = min(_MARGIN, (height - 1) // 2)
            wanted = min(max(top, line + margin - height + 1), line - margin)
        wanted = min(max(wanted, 0), max(len(self._shown) - height, 0))
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True, immediate=True)

    # --- geometry: the title line takes one row of the widget ---------------------------

    @property
    def max_scroll_y(self) -> int:
        """As in `ScrollView`, one line less for the titles."""
        return max(0, self.virtual_size.height - self._body_height)

    def on_resize(self, event: events.Resize) -> None:
        """Lines are made anew for the new width, and the cursor stays in view."""
        del event
        self._lines.clear()
        self.virtual_size = Size(self.size.width, len(self._shown))
        self._keep_in_view()
        self.refresh()

    # --- painting -----------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One line of the widget."""
        width = self.size.width
        if y == 0:
            return self._strip(paint_head(columns_for(width)))
        position = self.scroll_offset.y + y - 1
        if not 0 <= position < len(self._shown):
            return Strip.blank(width, self.rich_style)
        row = self._shown.row(position)
        before = self._shown.row(position - 1) if position else -1
        at_cursor = position == self._shown.position(self._cursor)
        event = self._event(row, before)
        same_turn = event.turn == self._turn and event.turn[1] >= 0
        key = (row, width, at_cursor, self.has_focus and at_cursor, same_turn)
        strip = self._lines.get(key)
        if strip is None:
            segments = paint_row(
                event, columns_for(width), at_cursor=at_cursor, focused=self.has_focus, same_turn=same_turn
            )
            strip = self._lines[key] = self._strip(segments)
        return strip

    def _event(self, row: int, before: int) -> EventRow:
        event = self._described.get((row, before))
        if event is None:
            event = self._described[row, before] = describe(self._session.log, row, before)
        return event

    def _strip(self, segments: list[Segment]) -> Strip:
        return Strip(segments).adjust_cell_length(self.size.width).apply_style(self.rich_style)

    # --- mouse and focus -------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where one clicked."""
        position = self.scroll_offset.y + event.y - 1
        if event.y >= 1 and position < len(self._shown):
            row = self._shown.row(position)
            self.post_message(self.Picked(row, again=row == self._session.cursor))

    def on_mouse_scroll_up(self) -> None:
        """Looking back pauses a live view; else it would jump to the end at once."""
        if self._session.following:
            self._session.toggle_play()

    def on_focus(self) -> None:
        """The cursor's line looks different."""
        self.refresh()

    def on_blur(self) -> None:
        """The cursor's line looks different."""
        self.refresh()
