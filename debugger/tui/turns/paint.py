"""A line of the list of turns as styled cells."""

from __future__ import annotations

from typing import Final, NamedTuple

from rich.segment import Segment
from rich.style import Style

from debugger.tui import units
from debugger.tui.palette import ink
from debugger.tui.text import fit, shorten, width_of
from debugger.tui.turns.bar import stacked
from debugger.tui.turns.model import AT_CURSOR, CHOSEN, GLYPHS, TurnLine

_WAIT: Final = 7
_MOST_LABEL: Final = 14
_ARROW: Final = " → "
_UNKNOWN: Final = "-"
_BAR_FROM: Final = 58  # narrower panes have words only
_BOTH_FROM: Final = 34  # cells of words; with fewer, what was said has them alone


class Layout(NamedTuple):
    """Cells of each column."""

    label: int
    words: int
    bar: int


def layout(width: int, longest_label: int) -> Layout:
    """How a width is shared out; what was said shrinks first to nothing, then the label."""
    name = min(max(longest_label, 4), _MOST_LABEL, max(width - _WAIT - 6, 4))
    bar = 0 if width < _BAR_FROM else min(max(width // 4, 14), 40)
    used = 1 + 2 + 1 + name + 1 + 1 + _WAIT + (bar + 1 if bar else 0)
    return Layout(name, max(width - used, 0), bar)


class Looks(NamedTuple):
    """How a line differs from others."""

    at_cursor: bool = False
    chosen: bool = False
    focused: bool = False
    dimmed: bool = False


def paint_head(columns: Layout, scale_ns: int) -> list[Segment]:
    """The titles; over the bars, how long they are."""
    words = fit("said → answered", columns.words)
    text = f"    {fit('turn', columns.label)} {words} {fit('wait', _WAIT, right=True)} "
    if columns.bar:
        whole = units.span(scale_ns) if scale_ns > 1 else ""
        text += "0" + fit(whole, columns.bar - 1, right=True)
    return [Segment(text, ink.dimmer)]


def paint_line(line: TurnLine, columns: Layout, scale_ns: int, looks: Looks) -> list[Segment]:
    """One turn."""
    dim = looks.dimmed and not looks.at_cursor
    mark = AT_CURSOR if looks.at_cursor else CHOSEN if looks.chosen else " "
    counted = line.status == "ok" and not line.suspect
    wait = _UNKNOWN if line.total_ns is None else units.span(line.total_ns)
    if line.suspect:
        wait = "clock?"
    segments = [
        Segment(mark, ink.accent),
        Segment(GLYPHS[line.status] + " ", ink.dimmer if dim else status_style(line.status)),
        Segment(fit(line.label, columns.label) + " ", _style(dim, ink.dim)),
        *_words(line, columns.words, dim=dim),
        Segment(" " + fit(wait, _WAIT, right=True), _style(dim, ink.plain if counted else ink.dim)),
    ]
    if columns.bar:
        segments.append(Segment(" "))
        segments += stacked(line.stages, columns.bar, scale_ns, dim=dim or not counted)
    if looks.chosen or looks.at_cursor:
        background = ink.on_cursor if looks.chosen and looks.focused else ink.on_cursor_unfocused
        segments = [Segment(text, (style or Style.null()) + background) for text, style, _ in segments]
    return segments


def _words(line: TurnLine, width: int, *, dim: bool) -> list[Segment]:
    """What was said, then what was answered: half of the room each, more where the other needs less."""
    if width < _BOTH_FROM or not line.answered:
        only = line.said or line.answered
        style = ink.plain if line.said else answer_style(line.status)
        return [Segment(fit(only, width), _style(dim, style))]
    room = width - len(_ARROW)
    said = shorten(line.said, max(room // 2, room - width_of(line.answered)))
    answered = fit(line.answered, room - width_of(said))
    return [
        Segment(said, _style(dim, ink.plain)),
        Segment(_ARROW, ink.dimmer),
        Segment(answered, _style(dim, answer_style(line.status))),
    ]


def _style(dim: bool, style: Style) -> Style:
    return ink.dimmer if dim else style


def status_style(status: str) -> Style:
    """The colour of what became of a turn."""
    return {
        "ok": ink.good,
        "interrupted": ink.warn,
        "failed": ink.bad,
        "cancelled": ink.dim,
        "open": ink.accent,
    }[status]


def answer_style(status: str) -> Style:
    """A reason stands in the colour of its status, an answer beside the words of the user."""
    return status_style(status) if status in ("failed", "cancelled") else ink.dim
