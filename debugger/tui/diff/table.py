"""Two columns of events, row beside row."""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from debugger.tui.diff.cells import digits_of, paint_fold, paint_pair
from debugger.tui.diff.model import DiffView
from debugger.tui.palette import ink
from debugger.tui.text import fit

_WHEEL: Final = 3
_MARGIN: Final = 1


class DiffTable(ScrollView, can_focus=True, inherit_bindings=False):
    """The lines of the turn that the cursor is in."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.view: DiffView | None = None
        self._shown: tuple[int, int, int] = (-1, -1, -1)
        self._digits = 1

    @property
    def room(self) -> int:
        """Cells of a line, without the scrollbar."""
        return self.scrollable_content_region.width

    def show(self, view: DiffView | None) -> None:
        """Show a comparison."""
        self.view = view
        self._shown = (-1, -1, -1)
        self._digits = 1 if view is None else digits_of(view.diff.a, view.diff.b)
        self.sync()

    def sync(self) -> None:
        """Show the cursor where it is now."""
        view = self.view
        if view is None:
            self.refresh()
            return
        shown = (view.scope, view.version, self.size.height)
        if shown == self._shown:
            return
        self._shown = shown
        self.virtual_size = Size(self.room, len(view.lines.starts))
        self._reveal(view.line)
        self.refresh()

    def _reveal(self, line: int) -> None:
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        wanted = top
        if not top <= line < top + height:
            wanted = max(line - height // 3, 0)  # with some of what led to it
        elif line < top + _MARGIN:
            wanted = max(line - _MARGIN, 0)
        elif line >= top + height - _MARGIN:
            wanted = line - height + 1 + _MARGIN
        wanted = min(wanted, max(self.virtual_size.height - height, 0))
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True, immediate=True)

    def restyle(self) -> None:
        """Other colours."""
        self.refresh()

    def on_resize(self) -> None:
        """The lines are as many, the room is not."""
        self.sync()
        self.refresh()

    def on_focus(self) -> None:
        """Keys work here."""
        self.refresh()

    def on_blur(self) -> None:
        """Keys work elsewhere."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line."""
        width, number = self.room, self.scroll_offset.y + y
        view = self.view
        if view is None or number >= len(view.lines.starts):
            text = " no events in either" if view is not None and not number else ""
            return self._strip([Segment(fit(text, width), ink.dim)])
        start, stop = int(view.lines.starts[number]), int(view.lines.stops[number])
        if stop - start > 1:
            segments = paint_fold(stop - start, width)
        else:
            a, b, found = (int(one[start]) for one in view.aligned)
            segments = paint_pair((view.diff.a, view.diff.b), a, b, found, (width, self._digits))
        if number != view.line:
            return self._strip(segments)
        cursor = ink.on_cursor if self.has_focus else ink.on_cursor_unfocused
        return self._strip([Segment(one.text, (one.style or ink.plain) + cursor) for one in segments])

    def _strip(self, segments: list[Segment]) -> Strip:
        return Strip(segments).adjust_cell_length(self.room).apply_style(self.rich_style)

    # --- mouse ---------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on a line; on the one where it is already, fold."""
        view = self.view
        number = self.scroll_offset.y + event.y
        if view is None or number >= len(view.lines.starts):
            return
        again = number == view.line
        view.to_line(number)
        if again or view.folded:
            view.fold()
        self.post_message(Moved())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves the cursor."""
        event.stop()
        event.prevent_default()
        self._wheel(_WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves the cursor."""
        event.stop()
        event.prevent_default()
        self._wheel(-_WHEEL)

    def _wheel(self, lines: int) -> None:
        if self.view is not None:
            self.view.move(lines)
            self.post_message(Moved())


class Moved(Message):
    """The cursor is elsewhere."""
