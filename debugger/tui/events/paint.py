"""An event's line as styled cells."""

from __future__ import annotations

from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style

from debugger.tui import palette
from debugger.tui.events.model import Column, EventRow
from debugger.tui.events.signs import BEFORE, CURSOR, MARKED, MATCH, SELECTED
from debugger.tui.palette import ink
from debugger.tui.text import fit

_BOLD = Style(bold=True)


class Looks(NamedTuple):
    """How a line differs from others: all that its picture depends on besides the event."""

    at_cursor: bool = False
    before_cursor: bool = False
    focused: bool = False
    same_turn: bool = False
    matches: bool = False
    selected: bool = False
    marked: bool = False
    dimmed: bool = False


def paint_head(columns: tuple[Column, ...]) -> list[Segment]:
    """The titles."""
    titles = (fit(column.title, column.width, right=column.right) for column in columns)
    return [Segment(title + " ", ink.dimmer) for title in titles]


def paint_row(event: EventRow, columns: tuple[Column, ...], looks: Looks) -> list[Segment]:
    """The line of an event."""
    background = None
    if looks.at_cursor:
        background = ink.on_cursor if looks.focused else ink.on_cursor_unfocused
    elif looks.selected:
        background = ink.on_cursor_unfocused
    styles = _dimmed() if looks.dimmed and not looks.at_cursor else _styles(event, looks)
    segments = []
    for column in columns:
        text = fit(_cell(event, column.field, looks), column.width, right=column.right) + " "
        style = styles.get(column.field, styles["time"])
        segments.append(Segment(text, style if background is None else style + background))
    return segments


def _styles(event: EventRow, looks: Looks) -> dict[str, Style]:
    colour = ink.families[event.family]
    strong = ink.dim if event.quiet else ink.plain
    near = ink.dim if looks.same_turn or looks.at_cursor else ink.dimmer
    match = ink.warn + _BOLD
    styles = {
        "cursor": match if looks.matches else ink.accent,
        "time": near,
        "delta": ink.dimmer,
        "lag": ink.dimmer,
        "family": colour if event.quiet else colour + _BOLD,
        "glyph": colour,
        "component": strong,
        "kind": match if looks.matches else ink.dim if event.quiet else colour,
        "summary": ink.bad if event.bad else strong,
        "severity": ink.bad if event.bad else near,
    }
    if event.gap:
        styles |= dict.fromkeys(("component", "kind", "summary"), ink.inverse(ink.colours.red))
    return styles


def _dimmed() -> dict[str, Style]:
    """Of another turn than the one that is followed."""
    return {"time": ink.dimmer}


def _cell(event: EventRow, field: str, looks: Looks) -> str:
    if field == "cursor":
        if looks.at_cursor:
            return CURSOR
        if looks.before_cursor:
            return BEFORE
        return MATCH if looks.matches else MARKED if looks.marked else SELECTED if looks.selected else ""
    if field == "family":
        return palette.LOOKS[event.family].letter
    text: str = getattr(event, field)
    return text
