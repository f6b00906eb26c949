"""The lines of the findings pane, painted."""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from rich.style import Style

from debugger.tui.findings.model import GLYPHS, LETTERS, FindingLine
from debugger.tui.keys import current
from debugger.tui.keys.key import cap
from debugger.tui.palette import ink
from debugger.tui.text import fit, shorten, width_of

_WAYS: Final = {
    "time.watch": "watches: it beeps and stops where a condition holds",
    "find.mark": "bookmarks the event at the cursor",
    "find.note": "writes a note on it",
}
"""What else is listed here, by the names of the keys for it."""

_DRAWN: Final = "▸"
_LEAST_TEXT: Final = 24  # cells of a line's words, before anything else of it is shown
_HEAD: Final = 5


def style_of(line: FindingLine) -> Style:
    """The colour of a line's sign."""
    if line.finding is not None and line.finding.suppressed:
        return ink.dimmer
    if line.severity == "error":
        return ink.bad
    return ink.warn if line.severity == "warning" else ink.accent


def painted(line: FindingLine, width: int, *, drawn: bool) -> list[Segment]:
    """What it is, how bad, in words, in which turn, and where. With less room, the last ones go first."""
    style, found = style_of(line), line.finding is not None
    letter = LETTERS.get(line.severity, " ") if found else " "
    room = width - _HEAD - _LEAST_TEXT
    after: list[str] = []
    number, _, _ = line.place.partition(" ")
    for text in (line.place if width_of(line.place) + 2 <= room else number, line.turn):
        if text and width_of(text) + 2 <= room:
            after.insert(0, text)
            room -= width_of(text) + 2
    tail = "".join(f"  {text}" for text in after)
    words = max(width - _HEAD - width_of(tail), 8)
    text = shorten(line.text, words)
    strong = style if line.severity == "error" and not (found and line.finding.suppressed) else ink.plain  # type: ignore[union-attr]
    return [
        Segment(_DRAWN if drawn else " ", ink.key),
        Segment(f"{GLYPHS.get(line.kind, '·')} {letter} ", style),
        Segment(fit(text, words), strong),
        Segment(f"{tail} ", ink.dim),
    ]


def guidance(y: int, width: int, *, complete: bool, words: bool) -> list[Segment]:
    """What an empty list says: that all is well, and what would be here."""
    first = " nothing found; nothing is missing" if complete else " looking …"
    told: list[list[Segment]] = [[Segment(shorten(first, width), ink.dim)], []]
    for name, about in _WAYS.items():
        row = current.named(name)
        if row is not None:
            key = f" {cap(row.keys[0], words=words)} "
            told.append(
                [Segment(key, ink.key), Segment(shorten(about, max(width - width_of(key), 1)), ink.dim)]
            )
    return told[y] if y < len(told) else []
