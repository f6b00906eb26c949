"""Keys in a line, each with its label. A click on one is a press."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.segment import Segment
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from debugger.tui import plain
from debugger.tui.keys.context import ActiveKey, Item, bar_items
from debugger.tui.palette import ink


class KeysInALine(Widget):
    """Which keys, `shown_keys` says, and what they are called beyond their rows' own labels."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._items: list[Item] = []

    def shown_keys(self) -> tuple[Sequence[ActiveKey], Mapping[str, str]]:
        """The keys, and labels by the names of their rows."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """The line."""
        width = self.size.width
        if y:
            return Strip.blank(width, self.rich_style)
        keys, labels = self.shown_keys()
        self._items = bar_items(keys, labels, width, words=plain.is_ascii(self.app))
        segments, at = [], 0
        for item in self._items:
            segments += [
                Segment(" " * (item.start - at)),
                Segment(item.cap, ink.key),
                Segment(f" {item.label}", ink.dim),
            ]
            at = item.stop
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)

    async def on_click(self, event: events.Click) -> None:
        """Do what the key does."""
        event.stop()
        for item in self._items:
            if item.start <= event.x < item.stop:
                await self.app.run_action(item.key.row.action, item.key.node)
                return
