"""Words, quotes, paths and operators of a query: each asked for where the grammar can have it."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from debugger.log.query.errors import QueryError
from debugger.log.query.fields import ROOTS

OPERATORS: Final = ("==", ">=", "<=", "!=", "!~", ":", "=", ">", "<", "~")

_SPACE: Final = re.compile(r"\s*")
_OPERATOR: Final = re.compile("|".join(map(re.escape, OPERATORS)))
_JOINT: Final = re.compile(r"(and|or|not)(?=[\s()\"]|$)|&&|\|\||!(?![=~])", re.IGNORECASE)
_JOINTS: Final = {"&&": "and", "||": "or", "!": "not"}
_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_KEY: Final = re.compile(r"[^\s.\"()<>=!~:&|,]+")
_DIGITS: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_REGEX: Final = re.compile(r"/((?:[^/\\]|\\.)*)/([A-Za-z]*)", re.DOTALL)


class Name(NamedTuple):
    """What may be a field: the text, and for a path its root and its keys."""

    text: str
    root: str
    path: tuple[str | int, ...]
    end: int


class Scanner:
    """A place in a text, and what is found there."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def skip(self) -> int:
        """Go over white space; returns the place."""
        self.at = self.after_space(self.at)
        return self.at

    def after_space(self, at: int) -> int:
        """The first place from `at` on that is no white space."""
        space = _SPACE.match(self.text, at)
        return space.end() if space is not None else at

    def peek(self, length: int = 1) -> str:
        """What comes; empty at the end."""
        return self.text[self.at : self.at + length]

    def joint(self) -> tuple[str, int]:
        """``and``, ``or``, ``not`` or nothing, in words or signs, and where it ends."""
        found = _JOINT.match(self.text, self.at)
        if found is None:
            return "", self.at
        return _JOINTS.get(found[0], found[0].lower()), found.end()

    def operator(self, at: int) -> str:
        """The operator that stands at a place; empty for none."""
        found = _OPERATOR.match(self.text, at)
        return found[0] if found is not None else ""

    def lone(self, end: int) -> bool:
        """Whether a word that ends here stands alone."""
        return end >= len(self.text) or self.text[end].isspace()

    def name(self) -> Name | None:
        """What may be a field here, without moving."""
        found = _NAME.match(self.text, self.at)
        if found is None:
            return None
        root, at = found[0], found.end()
        path: list[str | int] = []
        while self.text[at : at + 1] == ".":
            key, end = self._key(at + 1, root)
            if key is None:
                break
            path.append(key)
            at = end
        return Name(self.text[self.at : at], root.lower(), tuple(path), at)

    def _key(self, at: int, root: str) -> tuple[str | int | None, int]:
        if self.text[at : at + 1] == '"' and root.lower() in ROOTS:
            return self.quoted(at)
        found = _KEY.match(self.text, at)
        if found is None:
            return None, at
        return (int(found[0]) if _DIGITS.fullmatch(found[0]) else found[0]), found.end()

    def word(self, at: int, *, stop: str = "") -> tuple[str, int]:
        """What stands there up to white space, a quote, ``&&``, ``||``, or a ``)`` that it did not open."""
        depth, begin, text = 0, at, self.text
        while at < len(text):
            char = text[at]
            if char.isspace() or char == '"' or char in stop or text.startswith(("&&", "||"), at):
                break
            if char == ")" and not depth:
                break
            depth += (char == "(") - (char == ")")
            at += 1
        return text[begin:at], at

    def quoted(self, at: int) -> tuple[str, int]:
        """The text between quotes, of which the first stands at a place, and where it ends."""
        value: list[str] = []
        here, text = at + 1, self.text
        while here < len(text):
            if text[here] == "\\" and text[here + 1 : here + 2] in {'"', "\\"}:
                value.append(text[here + 1])
                here += 2
            elif text[here] == '"':
                return "".join(value), here + 1
            else:
                value.append(text[here])
                here += 1
        raise QueryError("the quote is never closed", at, text[at:].strip() + '"')

    def regex(self, at: int) -> tuple[str, str, int]:
        """What stands between slashes, the letters after them, and where it ends."""
        found = _REGEX.match(self.text, at)
        if found is None:
            raise QueryError("the regular expression is never closed", at, self.text[at:].strip() + "/")
        return found[1], found[2], found.end()
