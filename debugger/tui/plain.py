"""For a terminal that cannot show Unicode: every glyph on its way out becomes ASCII of the same width.

One line filter over all that is painted, so that no pane needs to know.
"""

from __future__ import annotations

import codecs
import os
import sys
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from rich.cells import split_graphemes
from rich.segment import Segment
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter

VARIABLE: Final = "DOUBLETALK_ASCII"

_NO: Final = ("", "0", "no", "off", "false")
_COERCED: Final = ("C.UTF-8", "C.utf8", "UTF-8")  # what Python makes of LANG=C for itself (PEP 538)
_ASCII_LOCALES: Final = ("C", "POSIX")
_CACHED: Final = 8_192

_UNKNOWN: Final = "?"

_SAME: Final = {
    # marks
    **dict.fromkeys("✓✔", "v"),
    **dict.fromkeys("✗✘✕×⨯", "x"),  # noqa: RUF001 - the ambiguity is the use of it
    **dict.fromkeys("●◉◆■▣▪◼⬤", "#"),
    **dict.fromkeys("○◌◇□▫◻", "o"),
    **dict.fromkeys("▶▸►▷▹⏵", ">"),
    **dict.fromkeys("◀◂◄◁◃⏴", "<"),
    **dict.fromkeys("▲▴△⤒⇧⏶", "^"),
    **dict.fromkeys("▼▾▽⤓⇩⏷", "v"),
    **dict.fromkeys("…·•⋅∙‥", "."),
    **dict.fromkeys("★☆✱✦✶⁂※", "*"),
    **dict.fromkeys("⊕⊞", "+"),
    **dict.fromkeys("⊖⊟", "-"),
    "⏸": "=",
    "⏎": "~",
    "↵": "~",
    "␣": "_",
    "⌫": "<",
    "⚠": "!",
    "⚑": "P",
    "⧗": "X",
    # letters and signs
    "µ": "u",
    "μ": "u",
    "Δ": "d",
    "σ": "s",  # noqa: RUF001 - a letter is meant
    "Σ": "S",
    "∞": "~",
    "≈": "~",
    "≠": "!",
    "≤": "<",
    "≥": ">",
    "±": "~",
    "÷": "/",
    "∅": "0",
    "√": "v",
    "∴": ":",
    "¶": "P",
    "§": "S",
    "°": "o",
    **dict.fromkeys(
        "\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{HORIZONTAL BAR}", "-"
    ),
    **dict.fromkeys(
        "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{PRIME}",
        "'",
    ),
    **dict.fromkeys("\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}«»„″", '"'),
    # blocks: a bar grows from a thin to a heavy character
    "▁": "_",
    "▂": ".",
    "▃": ":",
    "▄": "-",
    "▅": "=",
    "▆": "+",
    "▇": "*",
    "█": "#",
    "▀": '"',
    **dict.fromkeys("▏▎▍▌", ">"),
    **dict.fromkeys("▋▊▉", "#"),
    **dict.fromkeys("▐▕", "|"),
    "▔": '"',
    "░": ".",
    "┈": ".",
    "┊": ":",
    "▒": ":",
    "▓": "%",
    # arrows
    **dict.fromkeys("←⇐⟵↤↞⇠↩⬅", "<"),
    **dict.fromkeys("→⇒⟶↦↠⇢↪➜➔➤⮕↳", ">"),
    **dict.fromkeys("↑⇑↥⇡⬆", "^"),
    **dict.fromkeys("↓⇓↧⇣⬇↴↲", "v"),
    **dict.fromkeys("↔⇔⟷⇄⇆", "-"),
    **dict.fromkeys("↕⇕⇅", "|"),
    **dict.fromkeys("↻↺⟳⟲", "@"),
}

_BOXES: Final = range(0x2500, 0x2580)
_BRAILLE: Final = range(0x2800, 0x2900)
_BRAILLE_MARKS: Final = " ..::=+*#"  # by the number of dots


def to_ascii(text: str) -> str:
    """`text` in as many cells, in ASCII only; a question mark for what has no likeness."""
    return text if text.isascii() else _mapped(text)


@lru_cache(_CACHED)
def _mapped(text: str) -> str:
    graphemes, _ = split_graphemes(text)
    return "".join(_grapheme(text[start:stop], width) for start, stop, width in graphemes)


def _grapheme(text: str, width: int) -> str:
    """What one sees as a character, in its cells: a base with its accents, or a joined emoji."""
    if text.isascii():
        return text
    like = _likeness(text[0])
    return (like + (" " if like != _UNKNOWN else _UNKNOWN) * width)[:width]


@lru_cache(_CACHED)
def _likeness(char: str) -> str:
    if char.isascii():
        return char
    if char in _SAME:
        return _SAME[char]
    code = ord(char)
    if code in _BOXES:
        return _box(unicodedata.name(char))
    if code in _BRAILLE:
        return _BRAILLE_MARKS[(code - _BRAILLE.start).bit_count()]
    if unicodedata.category(char) == "Zs":
        return " "
    base = unicodedata.normalize("NFKD", char)[0]
    return base if base.isascii() and base.isprintable() else _UNKNOWN


def _box(name: str) -> str:
    """The line that a box character draws, by its Unicode name."""
    if "DIAGONAL CROSS" in name:
        return "X"
    if "DIAGONAL" in name:
        return "/" if "UPPER RIGHT" in name else "\\"
    words = set(name.removeprefix("BOX DRAWINGS ").split())
    ways = words & {"UP", "DOWN", "LEFT", "RIGHT", "VERTICAL", "HORIZONTAL"}
    if ways <= {"LEFT", "RIGHT", "HORIZONTAL"}:
        return "=" if "DOUBLE" in words else "-"
    return "|" if ways <= {"UP", "DOWN", "VERTICAL"} else "+"


class AsciiFilter(LineFilter):
    """Lets nothing but ASCII through."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """As `LineFilter.apply`."""
        del background
        return [
            segment
            if segment.text.isascii()
            else Segment(_mapped(segment.text), segment.style, segment.control)
            for segment in segments
        ]


def is_ascii(app: App[Any]) -> bool:
    """Whether the application paints ASCII only."""
    return any(isinstance(one, AsciiFilter) for one in app.get_line_filters())


def wanted(
    environ: Mapping[str, str] = os.environ,
    encoding: str | None = None,
    started_with: Mapping[str, str] | None = None,
) -> bool:
    """Whether the terminal is one for ASCII only.

    ``DOUBLETALK_ASCII`` decides; else the locale that the user set, if any; else ``encoding``, by default
    that of standard output. ``started_with`` is the environment before Python changed it for itself.
    """
    said = environ.get(VARIABLE)
    if said is not None:
        return said.strip().lower() not in _NO
    name = _locale(environ, _started_with() if started_with is None else started_with)
    if name:
        codeset = name.partition(".")[2].partition("@")[0]
        if name in _ASCII_LOCALES or (codeset and not _is_utf8(codeset)):
            return True
    return not _is_utf8(encoding or getattr(sys.__stdout__, "encoding", None) or "utf-8")


def _locale(environ: Mapping[str, str], started_with: Mapping[str, str]) -> str:
    """The name of the locale for characters, as the user set it."""
    for variable in ("LC_ALL", "LC_CTYPE", "LANG"):
        name = environ.get(variable, "")
        if variable == "LC_CTYPE" and name in _COERCED and name != started_with.get(variable):
            continue
        if name:
            return name
    return ""


def _started_with() -> dict[str, str]:
    """The environment that this process was given; empty where the system does not tell."""
    try:
        entries = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:
        return {}
    return dict(os.fsdecode(entry).partition("=")[::2] for entry in entries)


def _is_utf8(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
    except LookupError:
        return False
