"""A grid of glyphs, each with a tone and a ground. What colours these are is said when they are painted."""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

from debugger.tui.text import width_of

_FAMILY: Final = 8
_STRONG: Final = 16
_CHIP: Final = 24


class Tone(enum.IntEnum):
    """How a glyph is written. Families have three tones each: see `of_family`."""

    PLAIN = 0
    DIM = 1
    FAINT = 2
    BOLD = 3
    ACCENT = 4
    KEY = 5
    BAD = 6
    WARN = 7


class Ground(enum.IntEnum):
    """What is behind a glyph."""

    NONE = 0
    STATE = 1
    OTHER_STATE = 2
    CURSOR = 3


def of_family(number: int, *, strong: bool = False) -> int:
    """The tone of a family, by its number in `FAMILIES`."""
    return number + (_STRONG if strong else _FAMILY)


def chip_of(number: int) -> int:
    """The background's colour on the family's."""
    return number + _CHIP


def family_in(tone: int) -> tuple[int, int] | None:
    """The family of a tone, and 0, 1 (strong) or 2 (chip); None for those of `Tone`."""
    return (tone % _FAMILY, tone // _FAMILY - 1) if tone >= _FAMILY else None


class Line(NamedTuple):
    """One line: as many tones and grounds as characters, each of which is one cell wide."""

    text: str
    tones: bytes
    grounds: bytes


class Canvas:
    """``width`` by ``height`` cells; what is put outside is not drawn."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._text = [[" "] * width for _ in range(height)]
        self._tones = [bytearray(width) for _ in range(height)]
        self._grounds = [bytearray(width) for _ in range(height)]

    def copy(self) -> Canvas:
        """Another one with the same on it."""
        other = Canvas(0, 0)
        other.width, other.height = self.width, self.height
        other._text = [list(line) for line in self._text]
        other._tones = [bytearray(line) for line in self._tones]
        other._grounds = [bytearray(line) for line in self._grounds]
        return other

    def at(self, x: int, y: int) -> str:
        """The glyph in a cell; empty outside."""
        return self._text[y][x] if 0 <= x < self.width and 0 <= y < self.height else ""

    def put(self, x: int, y: int, glyph: str, tone: int) -> None:
        """Write one glyph of one cell."""
        if 0 <= x < self.width and 0 <= y < self.height:
            self._text[y][x] = glyph
            self._tones[y][x] = tone

    def write(self, x: int, y: int, text: str, tone: int) -> None:
        """Write safe text; glyphs that are not one cell wide become dots."""
        for place, glyph in enumerate(text):
            self.put(x + place, y, glyph if glyph.isascii() or width_of(glyph) == 1 else "·", tone)

    def tone(self, x: int, y: int, tone: int) -> None:
        """Write what is there in another tone."""
        if 0 <= x < self.width and 0 <= y < self.height:
            self._tones[y][x] = tone

    def ground(self, start: int, stop: int, y: int, ground: Ground) -> None:
        """Lay a ground behind cells of a line."""
        start, stop = max(start, 0), min(stop, self.width)
        if start < stop and 0 <= y < self.height:
            self._grounds[y][start:stop] = bytes([ground]) * (stop - start)

    def free(self, x: int, y: int, most: int, over: str = " ") -> int:
        """How many cells from one on are blank, or have one of the glyphs ``over``, up to ``most``."""
        if not 0 <= y < self.height:
            return 0
        line = self._text[y]
        for length in range(most):
            if not 0 <= x + length < self.width or line[x + length] not in over:
                return length
        return most

    def lines(self) -> tuple[Line, ...]:
        """What is drawn."""
        return tuple(
            Line("".join(text), bytes(tones), bytes(grounds))
            for text, tones, grounds in zip(self._text, self._tones, self._grounds, strict=True)
        )
