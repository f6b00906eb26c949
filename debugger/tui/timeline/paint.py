"""Lines of the timeline as segments, in the colours of the theme in use."""

from __future__ import annotations

from itertools import groupby

from rich.segment import Segment
from rich.style import Style

from debugger.log import FAMILIES
from debugger.tui.palette import ink
from debugger.tui.timeline.canvas import Ground, Line, Tone, family_in

_BOLD = Style(bold=True)


def style_of(tone: int, ground: int) -> Style:
    """The style of a glyph."""
    family = family_in(tone)
    if family is not None:
        number, strength = family
        if strength == 2:  # noqa: PLR2004 - a chip
            return ink.chips[FAMILIES[number]] + _BOLD
        style = ink.families[FAMILIES[number]]
        style = style + _BOLD if strength else style
    else:
        style = _toned(tone)
    return style + _grounded(ground) if ground else style


def _toned(tone: int) -> Style:
    return {
        Tone.PLAIN: ink.plain,
        Tone.DIM: ink.dim,
        Tone.FAINT: ink.dimmer,
        Tone.BOLD: ink.bold,
        Tone.ACCENT: ink.accent,
        Tone.KEY: ink.key,
        Tone.BAD: ink.bad,
        Tone.WARN: ink.warn,
    }[Tone(tone)]


def _grounded(ground: int) -> Style:
    if ground == Ground.CURSOR:
        return ink.on_cursor
    colours = ink.colours
    return Style(bgcolor=colours.raised if ground == Ground.STATE else colours.cursor_unfocused)


def segments(line: Line) -> list[Segment]:
    """A line, with neighbours of one style in one segment."""
    found: list[Segment] = []
    place = 0
    for (tone, ground), group in groupby(zip(line.tones, line.grounds, strict=True)):
        size = sum(1 for _ in group)
        found.append(Segment(line.text[place : place + size], style_of(tone, ground)))
        place += size
    return found
