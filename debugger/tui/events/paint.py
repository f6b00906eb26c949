"""An event's line as styled cells."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style

from debugger.tui import palette
from debugger.tui.events.model import Column, EventRow
from debugger.tui.palette import ink
from debugger.tui.text import fit

_CURSOR = "▌"
_BOLD = Style(bold=True)


def paint_head(columns: tuple[Column, ...]) -> list[Segment]:
    """The titles."""
    return [
        Segment(fit(column.title, column.width, right=column.right) + " ", ink.dimmer) for column in columns
    ]


def paint_row(
    event: EventRow, columns: tuple[Column, ...], *, at_cursor: bool, focused: bool, same_turn: bool
) -> list[Segment]:
    """The line of an event."""
    background = (ink.on_cursor if focused else ink.on_cursor_unfocused) if at_cursor else None
    colour = ink.families[event.family]
    strong = ink.plain if not event.quiet else ink.dim
    styles = {
        "cursor": ink.accent,
        "time": ink.dim if same_turn or at_cursor else ink.dimmer,
        "delta": ink.dimmer,
        "family": colour + _BOLD if not event.quiet else colour,
        "glyph": colour,
        "component": strong,
        "kind": ink.dim if event.quiet else colour,
        "place": ink.dim if same_turn or at_cursor else ink.dimmer,
        "summary": ink.bad if event.bad else ink.dim if event.quiet else ink.plain,
    }
    if event.gap:
        styles |= dict.fromkeys(("component", "kind", "summary"), ink.inverse(ink.colours.red))
    segments = []
    for column in columns:
        text = fit(_cell(event, column.field, at_cursor=at_cursor), column.width, right=column.right) + " "
        style = styles[column.field]
        segments.append(Segment(text, style if background is None else style + background))
    return segments


def _cell(event: EventRow, field: str, *, at_cursor: bool) -> str:
    if field == "cursor":
        return _CURSOR if at_cursor else ""
    if field == "family":
        return palette.LOOKS[event.family].letter
    text: str = getattr(event, field)
    return text
