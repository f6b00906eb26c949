"""Where in a TOML text a key or a value is: `tomllib` reads, and tells no places."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Final, NamedTuple

Path = tuple[str | int, ...]

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_BLANK: Final = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_SCALAR: Final = re.compile(r"[^,\]}#\n]+")
_ESCAPES: Final = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


class Place(NamedTuple):
    """Line and column, from 1."""

    line: int
    column: int


def place_of(text: str, at: int) -> Place:
    """The place of a character."""
    return Place(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))


class Places:
    """The places of all keys and values of a text that is known to be TOML. Looked for when one is wanted."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _keys(self) -> dict[Path, int]:
        return self._scanned[0]

    @cached_property
    def _values(self) -> dict[Path, int]:
        return self._scanned[1]

    @cached_property
    def _scanned(self) -> tuple[dict[Path, int], dict[Path, int]]:
        found: tuple[dict[Path, int], dict[Path, int]] = {}, {}
        _Scan(self._text, *found).document()
        return found

    def key(self, path: Path) -> Place:
        """Of a key, or else of what it would be in: at last the beginning."""
        return self._nearest(path, self._keys)

    def value(self, path: Path, offset: int = 0) -> Place:
        """Of a value; with an offset of that character of a string in it."""
        at = self._values.get(path)
        if at is None:
            return self.key(path)
        quotes = next((one for one in ('"""', "'''", '"', "'") if self._text.startswith(one, at)), "")
        begin = at + len(quotes)
        if len(quotes) == 3:  # noqa: PLR2004 - the newline after three quotes is not in the string
            begin += 2 if self._text.startswith("\r\n", begin) else self._text.startswith("\n", begin)
        if not offset or not quotes:
            return self._place(at)
        literal = quotes[0] == "'"
        for _ in range(offset):
            begin += 1 if literal else _width(self._text, begin)
        return self._place(min(begin, len(self._text)))

    def _nearest(self, path: Path, where: dict[Path, int]) -> Place:
        for length in range(len(path), 0, -1):
            at = where.get(path[:length], self._values.get(path[:length]))
            if at is not None:
                return self._place(at)
        return Place(1, 1)

    def _place(self, at: int) -> Place:
        return place_of(self._text, at)


def _width(text: str, at: int) -> int:
    if text[at : at + 1] != "\\":
        return 1
    return {"u": 6, "U": 10}.get(text[at + 1 : at + 2], 2)


class _Scan:
    """Goes over the text once. It is TOML, so nothing is checked again."""

    def __init__(self, text: str, keys: dict[Path, int], values: dict[Path, int]) -> None:
        self._text = text
        self._at = 0
        self._keys = keys
        self._values = values
        self._counts: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        while not self._done():
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _done(self) -> bool:
        self._skip(_BLANK)
        return self._at >= len(self._text)

    def _skip(self, what: re.Pattern[str]) -> None:
        found = what.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _header(self) -> Path:
        at = self._at
        many = self._text.startswith("[[", at)
        self._at += 1 + many
        path: Path = ()
        names = self._dotted()
        for number, name in enumerate(names, 1):
            path = (*path, name)
            self._keys.setdefault(path, at)
            if many and number == len(names):
                self._counts[path] = self._counts.get(path, -1) + 1
                path = (*path, self._counts[path])
            elif path in self._counts:  # a table in the last one of an array
                path = (*path, self._counts[path])
        self._keys.setdefault(path, at)
        self._at += 1 + many
        return path

    def _dotted(self) -> list[str]:
        names = []
        while True:
            self._skip(_SPACE)
            names.append(self._name())
            self._skip(_SPACE)
            if self._text[self._at] != ".":
                return names
            self._at += 1

    def _name(self) -> str:
        if self._text[self._at] in "\"'":
            return self._string()
        found = _BARE.match(self._text, self._at)
        self._at = found.end() if found else self._at + 1
        return found[0] if found else ""

    def _pair(self, table: Path) -> None:
        at = self._at
        path = table
        for name in self._dotted():
            path = (*path, name)
            self._keys.setdefault(path, at)
        self._at += 1  # the sign
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: Path) -> None:
        self._values[path] = self._at
        first = self._text[self._at]
        if first in "\"'":
            self._string()
        elif first == "[":
            self._members("]", path)
        elif first == "{":
            self._members("}", path)
        else:
            self._skip(_SCALAR)

    def _members(self, end: str, path: Path) -> None:
        self._at += 1
        number = 0
        while True:
            self._skip(_BLANK)
            if self._text[self._at] == end:
                self._at += 1
                return
            if self._text[self._at] == ",":
                self._at += 1
            elif end == "]":
                self._value((*path, number))
                number += 1
            else:
                self._pair(path)

    def _string(self) -> str:
        text, at = self._text, self._at
        quotes = text[at] * 3 if text.startswith(text[at] * 3, at) else text[at]
        at += len(quotes)
        begin = at
        while not text.startswith(quotes, at):
            at += _width(text, at) if quotes[0] == '"' else 1
        while len(quotes) > 1 and text.startswith(quotes, at + 1):
            at += 1  # a quote or two right before the three that end it
        self._at = at + len(quotes)
        inside = text[begin:at]
        return (
            inside if quotes[0] == "'" else re.sub(r"\\(.)", lambda one: _ESCAPES.get(one[1], one[1]), inside)
        )
