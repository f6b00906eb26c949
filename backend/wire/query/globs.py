"""Globs, in time that grows with the length of the text whatever stars they have."""

from __future__ import annotations

import re
from collections.abc import Callable


def glob(pattern: str) -> Callable[[str], bool]:
    """Whether a whole text is as `pattern` says: ``*`` is anything, ``?`` one character.

    A regular expression of many stars would try all ways to share a text out among them. To take
    the first place of each part after the one before is enough.
    """
    first, *rest = pattern.split("*")
    begin = _part(first)
    if not rest:
        return lambda text: begin.fullmatch(text) is not None
    *middle, last = rest
    parts = [_part(part) for part in middle if part]
    end = _part(last)

    def matches(text: str) -> bool:
        if begin.match(text) is None:
            return False
        at = len(first)
        for part in parts:
            found = part.search(text, at)
            if found is None:
                return False
            at = found.end()
        return len(text) - len(last) >= at and end.match(text, len(text) - len(last)) is not None

    return matches


def _part(part: str) -> re.Pattern[str]:
    """A part without stars: it has a fixed length."""
    return re.compile("".join("." if char == "?" else re.escape(char) for char in part), re.DOTALL)
