"""A list of lines of which one is the pane's own: how it is gone through, by keys and with the focus."""

from __future__ import annotations

from abc import abstractmethod

from textual.geometry import Size
from textual.scroll_view import ScrollView

from debugger.tui.scrolling import set_extent


class LineList(ScrollView, can_focus=True, inherit_bindings=False):
    """Scrolls with its `line`; what is painted where is the pane's."""

    line = 0

    @property
    @abstractmethod
    def count(self) -> int:
        """Lines of the list."""

    @property
    @abstractmethod
    def body(self) -> int:
        """Lines of the pane that lines of the list may have, 1 at least."""

    @property
    def room(self) -> int:
        """Cells of a line, without the scrollbar."""
        return self.scrollable_content_region.width

    @property
    def max_scroll_y(self) -> int:
        """As in `ScrollView`, less what the list does not have."""
        return max(0, self.virtual_size.height - self.body)

    def to(self, number: int) -> None:
        """To a line, or the nearest there is; it is seen."""
        self.line = min(max(number, 0), max(self.count - 1, 0))
        set_extent(self, Size(self.room, self.count))
        top = self.scroll_offset.y
        wanted = min(max(top, self.line - self.body + 1), self.line)
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True, immediate=True)
        self.refresh()

    def action_line(self, step: int) -> None:
        """Another line."""
        self.to(self.line + step)

    def action_page(self, direction: int) -> None:
        """A page of lines."""
        self.to(self.line + direction * max(self.body - 1, 1))

    def action_edge(self, end: int) -> None:
        """To the first or the last line."""
        self.to(self.count - 1 if end else 0)

    def on_resize(self) -> None:
        """Another width, another body."""
        self.to(self.line)

    def on_focus(self) -> None:
        """The line looks different."""
        self.refresh()

    def on_blur(self) -> None:
        """The line looks different."""
        self.refresh()
