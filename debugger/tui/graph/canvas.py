"""A grid of styled cells to draw on."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Final

from rich.segment import Segment
from rich.style import Style

from debugger.tui.palette import ink
from debugger.tui.text import width_of

Glyph = tuple[str, Style]


_NARROW: Final = frozenset(map(chr, (*range(32, 127), *range(0x2500, 0x2600))))
"""ASCII and what boxes are drawn with, which is most of what is put; the width of others is looked up."""


class Canvas:
    """Cells of ``width`` by ``height``; what is put outside is not painted."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._rows: list[list[Glyph]] = [[(" ", ink.plain)] * width for _ in range(height)]

    def put(self, x: int, y: int, text: str, style: Style) -> None:
        """Write safe text; a wide glyph takes two cells, the second of them empty."""
        if not 0 <= y < self.height:
            return
        row = self._rows[y]
        for glyph in text:
            width = 1 if glyph in _NARROW else width_of(glyph)
            if x >= 0 and x + width <= self.width and width:
                row[x] = (glyph, style)
                if width > 1:
                    row[x + 1] = ("", style)
            x += width

    def blank(self, x: int, y: int, width: int) -> bool:
        """Whether so many cells from a place on are there, and have nothing in them."""
        if not (0 <= y < self.height and x >= 0 and x + width <= self.width):
            return False
        return all(glyph == " " for glyph, _ in self._rows[y][x : x + width])

    def segments(self, y: int, over: Mapping[int, Glyph]) -> list[Segment]:
        """A row as segments, with the glyphs in `over` on top of it, by column."""
        if not 0 <= y < self.height:
            return []
        row = self._rows[y]
        if over:
            row = [over.get(x, glyph) for x, glyph in enumerate(row)]
        return [
            Segment("".join(glyph for glyph, _ in run), style)
            for style, run in groupby(row, key=lambda one: one[1])
        ]

    def differing(self, other: Canvas) -> list[int] | None:
        """The rows in which two canvases differ; None if they are of different sizes."""
        if (self.width, self.height) != (other.width, other.height):
            return None
        return [y for y in range(self.height) if self._rows[y] != other._rows[y]]
