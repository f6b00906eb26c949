"""The lines of what is held, painted."""

from __future__ import annotations

from textwrap import wrap
from typing import Final

from rich.segment import Segment
from rich.style import Style

from debugger.tui.control.model import Control
from debugger.tui.control.view import ALONE, DISARMED, GLYPHS, NEXT, HeldView, Line
from debugger.tui.keys import current
from debugger.tui.keys.key import cap
from debugger.tui.palette import LOOKS, ink
from debugger.tui.text import shorten, width_of

_HEAD: Final = 5
_LEAST_TEXT: Final = 12  # cells of what it is, before to whom it goes

_WAYS: Final = {
    "hold.hold_bus": "takes control and pauses the bus; again: it runs on",
    "hold.break_where_pause": "pauses it where a condition holds",
    "hold.break_where_hold": "holds only what a condition is about",
    "hold.break_on_findings": "pauses it when something went wrong",
}
"""What can be done while nothing is held, by the names of the keys for it."""


def head(view: HeldView, width: int) -> list[Segment]:
    """How the bus is, and by whom."""
    if view.calls:
        return [Segment(shorten(f" ■ {view.told} ", width), ink.inverse(ink.colours.yellow))]
    return [Segment(shorten(f" {view.told}", width), ink.bad if view.bad else ink.plain)]


def running_on(view: HeldView, width: int) -> list[Segment]:
    """What does not stand still while the bus does."""
    return [Segment(shorten(f" runs on meanwhile: {view.runs_on}", width), ink.warn)]


def painted(line: Line, width: int) -> list[Segment]:
    """A line. With less room, its turn goes first, then who sent it, then how long it waits."""
    room = max(width - _HEAD - 1, 1)
    text, route, after = line.text, "", [""]
    if line.receiver:
        least = f"  → {line.receiver}"
        text = shorten(text, max(room - width_of(least), _LEAST_TEXT))
        route = shorten(least, max(room - width_of(text), 0))
        whole = f"  {line.sender}{least[1:]}"
    left = room - width_of(text) - width_of(route)
    for part in (line.age, line.where):
        if part and width_of(part) + 2 <= left:
            after.append(part)
            left -= width_of(part) + 2
        elif not line.receiver and part:
            after.append(part)
            text = shorten(text, max(room - sum(width_of(one) + 2 for one in after[1:]), 1))
    if line.receiver and width_of(whole) - width_of(route) <= left:
        route = whole
    tail = "".join(f"  {part}" for part in reversed(after) if part)
    padding = room - width_of(text) - width_of(route) - width_of(tail)
    return [
        Segment(NEXT if line.next else " ", ink.key),
        *_signs(line),
        Segment(text, ink.bad if line.bad else ink.plain),
        Segment(route, ink.dim),
        Segment(f"{' ' * max(padding, 0)}{tail} ", ink.dim),
    ]


def _signs(line: Line) -> list[Segment]:
    """Its place among those that are chosen, or what kind of line it is; then whose message it is."""
    if line.kind != "delivery":
        glyph = DISARMED if line.bad else GLYPHS[line.kind]
        return [Segment(f"{glyph}   ", ink.bad if line.bad else ink.accent)]
    sign = f"{line.number:<2}" if line.number else f"{ALONE if line.alone else GLYPHS['delivery']} "
    style: Style = ink.key if line.number else ink.warn
    return [Segment(sign, style), Segment(f"{LOOKS[line.family].letter} ", ink.families[line.family])]


def guidance(y: int, view: HeldView, control: Control, width: int, *, words: bool) -> list[Segment]:
    """What an empty list says: what is wrong, in as many lines as that takes; what would be here, and how."""
    told: list[list[Segment]] = []
    if view.bad and view.told:
        told = [[Segment(f" {line}", ink.bad)] for line in wrap(view.told, max(width - 2, 1))]
    if not control.problem:
        told.append([Segment(shorten(_first(control), width), ink.dim)])
        told.append([])
        for name, about in _WAYS.items():
            row = current.named(name)
            if row is not None:
                key = f" {cap(row.keys[0], words=words)} "
                told.append(
                    [Segment(key, ink.key), Segment(shorten(about, max(width - width_of(key), 1)), ink.dim)]
                )
    return told[y] if y < len(told) else []


def _first(control: Control) -> str:
    if control.paused:
        return " nothing waits: deliveries that come are held here"
    return " deliveries that are held are listed here, with breaks and delays"
