"""A whole event as lines: its links, then its JSON, indented. Bounded, whatever is in it."""

from __future__ import annotations

import json
from typing import Any, Final

from rich.cells import chop_cells
from rich.segment import Segment
from rich.style import Style

from debugger.log import EventLog
from debugger.tui import palette
from debugger.tui.events.model import EventRow, describe
from debugger.tui.palette import ink
from debugger.tui.text import safe_text, shorten, value_text, width_of

Line = list[Segment]

MAX_LINES: Final = 5_000
MAX_TEXT: Final = 8_000
_MAX_ITEMS: Final = 1_000
_MAX_DEPTH: Final = 60
_INDENT: Final = 2
_LEAST_ROOM: Final = 16
_EFFECTS: Final = 8


def event_lines(log: EventLog, row: int, width: int) -> list[Line]:
    """The open event in lines of at most ``width`` cells."""
    lines = _links(log, row, width)
    lines.append([Segment("─" * width, ink.dimmer)])
    _Json(lines, width).value(log.event(row), "", "", 0)
    return lines


def _links(log: EventLog, row: int, width: int) -> list[Line]:
    """What caused it, and what it caused."""
    cause = log.cause_row(row)
    if cause is not None:
        lines = [_link("c", "cause ", describe(log, cause, -1), log, width)]
    else:
        told = log.header(row).cause
        text = f"cause {safe_text(told, 80)} is not in the log" if told else "no cause: a root"
        lines = [[Segment(" c ", ink.dimmer), Segment(shorten(text, width - 3), ink.dim)]]
    effects = log.effect_rows(row, _EFFECTS + 1)
    for number, effect in enumerate(effects[:_EFFECTS]):
        lines.append(_link("" if number else "e", "effect", describe(log, effect, -1), log, width))
    if len(effects) > _EFFECTS:
        lines.append([Segment("            and more", ink.dim)])
    if not effects:
        lines.append([Segment(" e ", ink.dimmer), Segment("no effect", ink.dim)])
    return lines


def _link(key: str, word: str, event: EventRow, log: EventLog, width: int) -> Line:
    seq = int(log.column("seq")[event.row])
    place = f"#{seq if seq >= 0 else event.row + 1}"
    head = f"{word} {place:<8} {event.time} "
    text = f"{event.component} {event.glyph} {event.kind}"
    return [
        Segment(f" {key or ' '} ", ink.key),
        Segment(head, ink.dim),
        Segment(palette.LOOKS[event.family].letter + " ", ink.families[event.family]),
        Segment(shorten(text, max(width - len(head) - 5, 1)), ink.plain),
    ]


class _Json:
    """Writes values; text is cut, wrapped and made safe."""

    def __init__(self, lines: list[Line], width: int) -> None:
        self._lines = lines
        self._width = width

    def value(self, value: Any, key: str, comma: str, depth: int) -> None:
        """A value with the key before it."""
        if len(self._lines) > MAX_LINES:
            return
        head = " " * (_INDENT * min(depth, self._width // 8))
        label = f"{key}: " if key else ""
        if isinstance(value, dict | list) and value and depth < _MAX_DEPTH:
            opening, closing = "{}" if isinstance(value, dict) else "[]"
            self._add(head, label, opening, ink.dimmer)
            self._items(value, depth + 1)
            self._add(head, "", closing + comma, ink.dimmer)
            return
        self._leaf(head, label, value, comma)

    def _items(self, value: dict[str, Any] | list[Any], depth: int) -> None:
        pairs = list(value.items()) if isinstance(value, dict) else [("", one) for one in value]
        for number, (key, one) in enumerate(pairs):
            if number >= _MAX_ITEMS or len(self._lines) >= MAX_LINES:
                head = " " * (_INDENT * min(depth, self._width // 8))
                self._add(head, "", f"… {len(pairs) - number:,} more", ink.dim)
                return
            name = f'"{safe_text(key, 200)}"' if isinstance(value, dict) else ""
            self.value(one, name, "," if number + 1 < len(pairs) else "", depth)

    def _leaf(self, head: str, label: str, value: Any, comma: str) -> None:
        if isinstance(value, str):
            text, style = _quoted(value), ink.plain
        else:
            text = value_text(value, MAX_TEXT)
            style = ink.word if value is None or isinstance(value, bool) else ink.number
        room = max(self._width - len(head) - width_of(label), _LEAST_ROOM)
        pieces = chop_cells(text + comma, room) or [""]
        self._add(head, label, pieces[0], style)
        rest = " " * (self._width - room)
        for piece in pieces[1:]:
            self._add(rest, "", piece, style)

    def _add(self, head: str, label: str, text: str, style: Style) -> None:
        self._lines.append(
            [Segment(head), Segment(shorten(label, self._width), ink.accent), Segment(text, style)]
        )


def _quoted(text: str) -> str:
    """As JSON writes it, newlines and quotes escaped; then safe."""
    cut = text[:MAX_TEXT]
    more = f"… ({len(text):,} characters)" if len(text) > MAX_TEXT else ""
    return safe_text(json.dumps(cut, ensure_ascii=False), 3 * MAX_TEXT) + more
