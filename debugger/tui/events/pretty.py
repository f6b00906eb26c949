"""A whole event as lines: its links, then its JSON, indented. Bounded whatever is in it, made bit by bit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
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
_AT_ONCE: Final = 1_000  # characters


class EventPage:
    """An open event in lines of at most ``width`` cells. `extend` makes more until it is ``complete``."""

    def __init__(self, log: EventLog, row: int, event: dict[str, Any], width: int) -> None:
        self.width = width
        self.complete = False
        self.lines = _links(log, row, width)
        self.lines.append([Segment("─" * width, ink.dimmer)])
        self._rest = _Json(width, MAX_LINES - len(self.lines)).value(event, "", "", 0)

    def extend(self, clock: Callable[[], int], budget_ns: int, least: int = 0) -> None:
        """Make lines until they are all there, or time is up: `least` there are in any case."""
        lines, ends = self.lines, clock() + budget_ns
        for line in self._rest:
            lines.append(line)
            if clock() >= ends and len(lines) >= least:
                return
        self.complete = True


def _links(log: EventLog, row: int, width: int) -> list[Line]:
    """What caused it, and what it caused."""
    cause = log.cause_row(row)
    if cause is not None:
        lines = [_link("c", "cause ", describe(log, cause, -1, summary=False), log, width)]
    else:
        told = log.header(row).cause
        text = f"cause {safe_text(told, 80)} is not in the log" if told else "no cause: a root"
        lines = [[Segment(" c ", ink.dimmer), Segment(shorten(text, width - 3), ink.dim)]]
    effects = log.effect_rows(row, _EFFECTS + 1)
    for number, effect in enumerate(effects[:_EFFECTS]):
        lines.append(
            _link("" if number else "e", "effect", describe(log, effect, -1, summary=False), log, width)
        )
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

    def __init__(self, width: int, most: int) -> None:
        self._width = width
        self._most = most
        self._made = 0

    def value(self, value: Any, key: str, comma: str, depth: int) -> Iterator[Line]:
        """A value with the key before it."""
        if self._made > self._most:
            return
        head = self._indent(depth)
        label = f"{key}: " if key else ""
        if isinstance(value, dict | list) and value and depth < _MAX_DEPTH:
            opening, closing = "{}" if isinstance(value, dict) else "[]"
            yield self._line(head, label, opening, ink.dimmer)
            yield from self._items(value, depth + 1)
            yield self._line(head, "", closing + comma, ink.dimmer)
            return
        yield from self._leaf(head, label, value, comma)

    def _items(self, value: dict[str, Any] | list[Any], depth: int) -> Iterator[Line]:
        named = isinstance(value, dict)
        pairs: Iterable[tuple[str, Any]] = (
            value.items() if isinstance(value, dict) else (("", it) for it in value)
        )
        count = len(value)
        for number, (key, one) in enumerate(islice(pairs, _MAX_ITEMS + 1)):
            if number >= _MAX_ITEMS or self._made >= self._most:
                yield self._line(self._indent(depth), "", f"… {count - number:,} more", ink.dim)
                return
            name = f'"{safe_text(key, 200)}"' if named else ""
            yield from self.value(one, name, "," if number + 1 < count else "", depth)

    def _indent(self, depth: int) -> str:
        return " " * (_INDENT * min(depth, self._width // 8))

    def _leaf(self, head: str, label: str, value: Any, comma: str) -> Iterator[Line]:
        if isinstance(value, str):
            text, style = _quoted(value), ink.plain
        else:
            text = value_text(value, MAX_TEXT)
            style = ink.word if value is None or isinstance(value, bool) else ink.number
        room = max(self._width - len(head) - width_of(label), _LEAST_ROOM)
        for piece in _wrapped(text + comma, room):
            yield self._line(head, label, piece, style)
            head, label = " " * (self._width - room), ""

    def _line(self, head: str, label: str, text: str, style: Style) -> Line:
        self._made += 1
        return [Segment(head), Segment(shorten(label, self._width), ink.accent), Segment(text, style)]


def _wrapped(text: str, room: int) -> Iterator[str]:
    """Pieces of at most ``room`` cells; a long text is looked at bit by bit."""
    left = ""
    for start in range(0, len(text), _AT_ONCE):
        *pieces, left = chop_cells(left + text[start : start + _AT_ONCE], room)
        yield from pieces
    yield left


def _quoted(text: str) -> str:
    """As JSON writes it, newlines and quotes escaped; then safe."""
    cut = text[:MAX_TEXT]
    more = f"… ({len(text):,} characters)" if len(text) > MAX_TEXT else ""
    return safe_text(json.dumps(cut, ensure_ascii=False), 3 * MAX_TEXT) + more
