"""A terminal's screen, as far as Textual writes on it: text, places, erasing. No colours."""

from __future__ import annotations

import codecs
import re
from typing import Final

from rich.cells import cell_len

_PIECE: Final = re.compile(
    r"\x1b\[(?P<parameters>[0-?]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\)"  # titles, clipboard and the like
    r"|\x1b[ -/]*[0-~]"
    r"|(?P<control>[\x00-\x1f\x7f])"
    r"|(?P<text>[^\x00-\x1f\x7f]+)",
    re.DOTALL,
)
_UNFINISHED: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_](?:(?!\x07|\x1b\\).)*|[ -/]*)\Z", re.DOTALL)
_BLANK: Final = " "
_RIGHT_HALF: Final = ""  # of a wide character


class Screen:
    """Feed it what a program writes; `lines` is what one sees."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._cells = [[_BLANK] * width for _ in range(height)]
        self._x = self._y = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    @property
    def lines(self) -> list[str]:
        """Line by line, from the top."""
        return [self.line(y) for y in range(self.height)]

    def line(self, y: int) -> str:
        """One line; from the bottom if negative."""
        return "".join(self._cells[y])

    def part(self, x: int, y: int, width: int, height: int) -> list[str]:
        """A rectangle of it."""
        return ["".join(row[x : x + width]) for row in self._cells[y : y + height]]

    def feed(self, written: bytes) -> None:
        """Take what was written; a sequence that is cut waits for its rest."""
        text = self._rest + self._decoder.decode(written)
        cut = _UNFINISHED.search(text)
        self._rest = "" if cut is None else cut[0]
        for piece in _PIECE.finditer(text if cut is None else text[: cut.start()]):
            if piece["text"]:
                self._write(piece["text"])
            elif piece["final"]:
                self._obey(piece["final"], piece["parameters"])
            elif piece["control"]:
                self._control(piece["control"])

    def _write(self, text: str) -> None:
        if self._y >= self.height:
            return
        row, x = self._cells[self._y], self._x
        if text.isascii():
            row[x : x + len(text)] = text
            x += len(text)
        else:
            for char in text:
                wide = cell_len(char)
                row[x : x + wide] = [char, *[_RIGHT_HALF] * (wide - 1)] if wide else []
                x += wide
        del row[self.width :]
        self._x = min(x, self.width)

    def _control(self, char: str) -> None:
        if char == "\r":
            self._x = 0
        elif char == "\n":
            self._x, self._y = 0, min(self._y + 1, self.height - 1)
        elif char == "\b":
            self._x = max(self._x - 1, 0)

    def _obey(self, final: str, parameters: str) -> None:
        if not parameters.replace(";", "").isdecimal() and parameters:
            return  # modes of the terminal
        numbers = [int(one) if one else 0 for one in parameters.split(";")]
        first = max(numbers[0], 1)
        if final in "Hf":
            self._y = min(first, self.height) - 1
            self._x = min(max(numbers[1] if len(numbers) > 1 else 1, 1), self.width) - 1
        elif final in "AB":
            self._y = min(max(self._y + (first if final == "B" else -first), 0), self.height - 1)
        elif final in "CD":
            self._x = min(max(self._x + (first if final == "C" else -first), 0), self.width - 1)
        elif final == "K":
            self._erase(self._y, numbers[0])
        elif final == "J":
            below, above = range(self._y + 1, self.height), range(self._y)
            for y in (below, above, range(self.height))[numbers[0] % 3]:
                self._erase(y, 2)
            self._erase(self._y, numbers[0])

    def _erase(self, y: int, part: int) -> None:
        start, stop = ((self._x, self.width), (0, self._x + 1), (0, self.width))[part % 3]
        self._cells[y][start:stop] = [_BLANK] * (stop - start)
