"""The lines of a comparison as styled cells."""

from __future__ import annotations

from typing import Final, NamedTuple

from rich.segment import Segment
from rich.style import Style

from debugger.analysis.diff import GAP, flags
from debugger.log import FAMILIES, EventLog
from debugger.tui import palette
from debugger.tui.events.model import GLYPHS
from debugger.tui.palette import ink
from debugger.tui.text import fit, safe_text, width_of
from debugger.tui.units import clock_time

MIDDLE: Final = 3
_CLOCK = 13
_LEAST = 4
_WIDE: Final = 54  # cells of a side that has room for the time
_NAME: Final = 200


class Mark(NamedTuple):
    """How a difference is told: never by its colour alone."""

    glyph: str
    about: str


def mark_of(found: int) -> Mark:
    """What is said of a row by its flags."""
    if found & flags.ALONE:
        stream = ", a piece of a stream" if found & flags.STREAM else ""
        if found & flags.MISSING:
            return Mark("-", f"only in a{stream}")
        return Mark("+", f"only in b{stream}")
    words = [about for flag, about in _WORDS if found & flag]
    glyph = next((glyph for flag, glyph in _GLYPHS if found & flag), " ")
    return Mark(glyph, ", ".join(words) or "equal")


_GLYPHS: Final = (
    (flags.OUT_OF_PLACE, "↕"),
    (flags.CAUSE | flags.VALUES, "~"),
    (flags.NUMBERS, "≈"),
)
_WORDS: Final = (
    (flags.MOVED, "in another order with others of its component"),
    (flags.CROSSED, "in another order, without a race"),
    (flags.CAUSE, "by another cause"),
    (flags.SEVERITY, "with another severity"),
    (flags.PAYLOAD, "with another payload"),
    (flags.STATE, "in another state"),
    (flags.NUMBERS, "with other numbers in its state"),
)


def style_of(found: int) -> Style:
    """The colour of a row."""
    light = bool(found & flags.STREAM) or not found & ~(flags.CROSSED | flags.NUMBERS)
    if found & flags.MISSING:
        return ink.dim if light else ink.removed
    if found & flags.EXTRA:
        return ink.dim if light else ink.added
    if not found:
        return ink.dim
    return ink.plain if light else ink.changed


def digits_of(*logs: EventLog) -> int:
    """Cells that the number of any event takes."""
    return max(len(str(max([len(log), *log.column("seq")[-1:].tolist()]))) for log in logs)


def paint_pair(
    logs: tuple[EventLog, EventLog], a: int, b: int, found: int, room: tuple[int, int]
) -> list[Segment]:
    """Both events of a line, and between them how they differ; ``room``: cells of all, and of a number."""
    width, digits = room
    side = max((width - MIDDLE) // 2, 0)
    rest = max(width - MIDDLE - side, 0)
    style = style_of(found)
    mark = Segment(fit(f" {mark_of(found).glyph}", MIDDLE), style + _BOLD)
    return [*_side(logs[0], a, side, style, digits), mark, *_side(logs[1], b, rest, style, digits)]


def _side(log: EventLog, row: int, width: int, style: Style, digits: int) -> list[Segment]:
    """One event, or the gap where the other recording has one."""
    if row == GAP:
        return [Segment(fit(f"{'·':>{digits}}", width), ink.dimmer)]
    seq = int(log.column("seq")[row])
    number = f"{seq if seq >= 0 else row:>{digits}} "
    clock = f"{clock_time(int(log.column('timestamp_ns')[row])):<{_CLOCK}}" if width >= _WIDE else ""
    family = FAMILIES[int(log.column("family")[row])]
    event_type = log.name("event_type", int(log.column("event_type")[row]))
    message = log.name("message_type", int(log.column("message_type")[row]))
    signs = f"{palette.LOOKS[family].letter}{GLYPHS.get(event_type, '·')} "
    room = width - len(number) - len(clock) - len(signs)
    if room < _LEAST:
        return [Segment(fit(number + signs, width), style)]
    component = safe_text(log.name("component", int(log.column("component")[row])), _NAME)
    what = safe_text(message or event_type.replace("_", " "), _NAME)
    share = min(width_of(component), max(room - width_of(what) - 1, room // 3))
    return [
        Segment(number, ink.dimmer),
        Segment(clock, ink.dimmer),
        Segment(signs, ink.families[family]),
        Segment(fit(component, share), style),
        Segment(" ", style),
        Segment(fit(what, room - share - 1), style),
    ]


def paint_fold(count: int, width: int) -> list[Segment]:
    """A run of equal rows."""
    words = f" ▸ {count} equal "
    side = max((width - width_of(words)) // 2, 0)
    return [Segment(fit("─" * side + words + "─" * width, width), ink.dimmer)]


_BOLD: Final = Style(bold=True)
