"""An event's line as styled cells."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style

from debugger.tui import palette
from debugger.tui.events.model import Column, EventRow
from debugger.tui.text import fit

_CURSOR = "▌"
_HEAD = palette.DIMMER
_ACCENT = Style(color=palette.ACCENT)
_ON_CURSOR = Style(bgcolor=palette.CURSOR)
_ON_CURSOR_UNFOCUSED = Style(bgcolor=palette.CURSOR_UNFOCUSED)
_GAP = Style(color=palette.BACKGROUND, bgcolor=palette.RED, bold=True)
_BOLD = Style(bold=True)


def paint_head(columns: tuple[Column, ...]) -> list[Segment]:
    """The titles."""
    return [Segment(fit(column.title, column.width, right=column.right) + " ", _HEAD) for column in columns]


def paint_row(
    event: EventRow, columns: tuple[Column, ...], *, at_cursor: bool, focused: bool, same_turn: bool
) -> list[Segment]:
    """The line of an event."""
    background = (_ON_CURSOR if focused else _ON_CURSOR_UNFOCUSED) if at_cursor else None
    colour = palette.STYLES[event.family]
    strong = palette.PLAIN if not event.quiet else palette.DIM
    styles = {
        "cursor": _ACCENT,
        "time": palette.DIM if same_turn or at_cursor else palette.DIMMER,
        "delta": palette.DIMMER,
        "family": colour + _BOLD if not event.quiet else colour,
        "glyph": colour,
        "component": strong,
        "kind": palette.DIM if event.quiet else colour,
        "place": palette.DIM if same_turn or at_cursor else palette.DIMMER,
        "summary": palette.BAD if event.bad else palette.DIM if event.quiet else palette.PLAIN,
    }
    if event.gap:
        styles |= dict.fromkeys(("component", "kind", "summary"), _GAP)
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
