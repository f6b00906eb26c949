"""Foreign text, made harmless for whatever reads the report."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]()<>#+\-!|~&@])")
_DATA: Final = {"%": "%25", "\n": "%0A"}
_PROPERTY: Final = _DATA | {":": "%3A", ",": "%2C"}


def plain(text: object) -> str:
    """One line, of which a terminal acts on nothing: what cannot be printed is spelled as in Python."""
    return spelled(" ".join(str(text).split()))


def spelled(text: str) -> str:
    """The same, of which a terminal acts on nothing; spaces are kept."""
    return text if text.isprintable() else "".join(map(_spelled, text))


def shortened(text: str, most: int = 500) -> str:
    """At most so many characters: a name in a log may be as long as the log."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _spelled(char: str) -> str:
    if char.isprintable():
        return char
    return char.encode("unicode_escape", "backslashreplace").decode()


def xml(text: object) -> str:
    """Text that XML 1.0 can hold (section 2.2, Char: no controls, no surrogates); line ends are kept."""
    return _lines(text)


def command_data(text: object) -> str:
    """The message of a GitHub workflow command."""
    return _replaced(_lines(text), _DATA)


def command_property(text: object) -> str:
    """The value of a property of a GitHub workflow command."""
    return _replaced(plain(text), _PROPERTY)


def _lines(text: object) -> str:
    return "\n".join(spelled(line) for line in str(text).split("\n"))


def _replaced(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(char, char) for char in text)


def cell(text: object) -> str:
    """Text in a cell of a Markdown table: nothing of it is markup, a link or a mention."""
    return _MARKDOWN.sub(r"\\\1", plain(text))


def uri(path: str) -> str:
    """A path as a URI reference: relative stays relative."""
    try:
        raw = path.encode("utf-8", "surrogateescape")  # the bytes that the file's name has
    except UnicodeEncodeError:
        raw = path.encode("utf-8", "surrogatepass")
    text = quote(raw, safe="/~")
    return f"file://{text}" if text.startswith("/") else text
