"""Text from events on its way to the terminal: the one place where it is made harmless.

Events come from anywhere. What is painted passes `safe_text` first, and is never read as
markup: no escape sequence, bidi override or invisible character reaches the terminal as itself.
"""

from __future__ import annotations

from typing import Any, Final

import orjson
from rich.cells import cell_len, set_cell_size

LIMIT: Final = 2_000
"""Characters of one text that are looked at; a terminal line holds a few hundred."""

_TAB = 4
_SUBSTITUTE = "\N{SYMBOL FOR SUBSTITUTE FORM TWO}"
_TURNED = "\N{RIGHTWARDS ARROW OVER LEFTWARDS ARROW}"
_HIDDEN = "\N{MIDDLE DOT}"
_ELLIPSIS = "…"

_FILLERS = (0x034F, 0x115F, 0x1160, 0x3164, 0xFFA0, *range(0xFFF9, 0xFFFC), *range(0x1D173, 0x1D17B))
_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_INVISIBLE = (0x00AD, 0x180E, *range(0x200B, 0x200E), 0x2028, 0x2029, *range(0x2060, 0x2065), 0xFEFF)
# They change the width of the character before them, in some terminals only.
_SELECTORS = (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
_TAGS = range(0xE0000, 0xE0080)

_GLYPHS: Final[dict[int, str | None]] = {
    **{code: chr(0x2400 + code) for code in range(32)},
    127: "\N{SYMBOL FOR DELETE}",
    **dict.fromkeys(range(128, 160), _SUBSTITUTE),
    **dict.fromkeys(_BIDI, _TURNED),
    **dict.fromkeys(_INVISIBLE, _HIDDEN),
    **dict.fromkeys(_TAGS, _HIDDEN),
    **dict.fromkeys(_FILLERS, _HIDDEN),
    **dict.fromkeys(_SELECTORS),
    # Half a pair, as "\ud800" in JSON makes it: cannot be written as UTF-8 at all.
    **dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}"),
}
del _GLYPHS[9]  # tabs are expanded, not shown


def safe_text(text: object, limit: int = LIMIT) -> str:
    """`text` in one line that shows what is in it: printable, of known width, at most ``limit`` long.

    Control characters become their pictures, bidi controls and invisible characters a visible
    glyph, tabs spaces. What is cut ends in an ellipsis.
    """
    plain = text if isinstance(text, str) else str(text)
    if len(plain) > limit:
        plain = plain[: limit - 1] + _ELLIPSIS
    if plain.isascii() and plain.isprintable():
        return plain
    return plain.translate(_GLYPHS).expandtabs(_TAB)[:limit]


def width_of(text: str) -> int:
    """Terminal cells that safe text takes."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Safe `text` in exactly ``width`` cells: padded, or cut with an ellipsis.

    A wide glyph that would be halved becomes a space.
    """
    if width <= 0:
        return ""
    length = width_of(text)
    if length > width:
        return set_cell_size(text, width - 1) + _ELLIPSIS
    padding = " " * (width - length)
    return padding + text if right else text + padding


def shorten(text: str, width: int) -> str:
    """Safe `text`, cut to ``width`` cells if it is longer; not padded."""
    return fit(text, width) if width_of(text) > width else text


def value_text(value: Any, limit: int = LIMIT) -> str:
    """A decoded JSON value in one safe line, as JSON but for its length."""
    if isinstance(value, str):
        return f'"{safe_text(value, limit)}"'
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int | float):
        return safe_text(_repr(value), limit)
    try:
        return safe_text(orjson.dumps(value).decode(), limit)
    except (TypeError, ValueError, RecursionError):  # lone surrogates, huge integers, depth
        return safe_text(_repr(value), limit)


def _repr(value: Any) -> str:
    try:
        return repr(value)
    except RecursionError:
        return "nested too deeply"
    except ValueError:
        return "an integer of too many digits"
