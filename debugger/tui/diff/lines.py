"""The line over a comparison, and the keys under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from debugger.tui.keys.context import ActiveKey, active_keys
from debugger.tui.keys.line import KeysInALine
from debugger.tui.palette import ink
from debugger.tui.text import fit, shorten, width_of


class HeadLine(Widget):
    """What is compared, and what came out; ``right`` is at the right end, and more important."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._left = ""
        self._right = ""
        self._bad = False

    def say(self, left: str, right: str, *, bad: bool = False) -> None:
        """Say something else; safe text."""
        if (left, right, bad) != (self._left, self._right, self._bad):
            self._left, self._right, self._bad = left, right, bad
            self.refresh()

    @property
    def said(self) -> str:
        """All of it, however narrow the line is."""
        return f"{self._left}  {self._right}"

    def restyle(self) -> None:
        """Other colours."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line."""
        width = self.size.width
        if y:
            return Strip.blank(width, self.rich_style)
        right = shorten(self._right, max(width - 2, 0))
        room = width - width_of(right) - 3
        style: Style = ink.bad if self._bad else ink.bold
        left = fit(self._left, room) if room > 0 else ""
        segments = [Segment(" "), Segment(left, ink.dim), Segment(" "), Segment(right, style)]
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)


class KeyLine(KeysInALine):
    """The keys that have a label."""

    def shown_keys(self) -> tuple[Sequence[ActiveKey], Mapping[str, str]]:
        """Those that hold now."""
        return active_keys(self.screen), {}

    def restyle(self) -> None:
        """Other colours."""
        self.refresh()
