"""Under the line: what is wrong where, else a word about it, what could follow, and the keys."""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from debugger.tui import plain
from debugger.tui.keys import current
from debugger.tui.keys.key import cap
from debugger.tui.palette import ink
from debugger.tui.query_line.purpose import EntryError
from debugger.tui.text import safe_text, shorten, width_of

_WORDS: Final = 300
_GAP: Final = "   "
_LEAST_BEHIND_CARET: Final = 24  # cells of the words: with less, the place is told in a number


class QueryHint(Widget):
    """One line. ``wanted``: the problem is only that the text ends too early; what could follow is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.problem: EntryError | None = None
        self.wanted = ""
        self.word = ""
        self.offers: tuple[str, ...] = ()
        self.chosen = -1
        self.ways: tuple[tuple[str, str], ...] = ()
        self.more_ways: tuple[tuple[str, str], ...] = ()
        self.indent = 2

    @property
    def shown(self) -> tuple[object, ...]:
        """All that the line depends on."""
        return self.problem, self.wanted, self.word, self.offers, self.chosen, self.ways, self.more_ways

    def render_line(self, y: int) -> Strip:
        """The line."""
        del y
        width = self.size.width
        segments = self._problem(self.problem, width) if self.problem is not None else self._words(width)
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)

    def _problem(self, problem: EntryError, width: int) -> list[Segment]:
        """The caret stands under the place, the words after it; without one if there is no room."""
        words = safe_text(problem.message, _WORDS)
        if problem.position is None:
            return [Segment(f"  {shorten(words, width - 2)}", ink.bad)]
        at = self.indent + problem.position
        room = width - at - 2
        if room >= min(width_of(words), _LEAST_BEHIND_CARET):
            return [Segment(f"{' ' * at}^ {shorten(words, room)}", ink.bad)]
        place = f"  at {problem.position + 1}: "
        return [Segment(place + shorten(words, width - len(place)), ink.bad)]

    def _words(self, width: int) -> list[Segment]:
        """What is most important has room first: the word, the keys, what could follow, other keys."""
        word, style = (self.wanted, ink.warn) if self.wanted else (self.word, ink.good)
        segments = [Segment(shorten(f"  {word}", width), style)] if word else []
        room = width - sum(width_of(one.text) for one in segments)
        ways = self._ways(self.ways)
        room -= sum(width_of(one.text) for one in ways)
        segments += self._offered(room)
        room = width - sum(width_of(one.text) for one in (*segments, *ways))
        for way in self.more_ways:
            more = self._ways((way,))
            if sum(width_of(one.text) for one in more) <= room:
                room -= sum(width_of(one.text) for one in more)
                ways += more
        return [*segments, *ways]

    def _ways(self, ways: tuple[tuple[str, str], ...]) -> list[Segment]:
        segments: list[Segment] = []
        for name, label in ways:
            key = self._cap(name)
            if key:
                segments += [Segment(f"{_GAP}{key}", ink.dim), Segment(f" {label}", ink.dim)]
        return segments

    def _cap(self, name: str) -> str:
        row = current.named(name)
        return cap(row.keys[0], words=plain.is_ascii(self.app)) if row is not None else ""

    def _offered(self, room: int) -> list[Segment]:
        """As many whole offers as there is room for, from the chosen one on if it would not be among them."""
        key = self._cap("query.complete")
        room -= width_of(_GAP) + width_of(key) + 2  # for an ellipsis
        first = 0
        count = self._fit(first, room)
        if self.chosen >= count:
            first = self.chosen
            count = self._fit(first, room)
        if not count or not key:
            return []
        segments = [Segment(f"{_GAP}{key}", ink.key)]
        for number in range(first, first + count):
            style = ink.key if number == self.chosen else ink.plain
            segments += [Segment(" " if number == first else "  "), Segment(self.offers[number], style)]
        if first + count < len(self.offers):
            segments.append(Segment(" …", ink.dim))
        return segments

    def _fit(self, first: int, room: int) -> int:
        count = 0
        for offer in self.offers[first:]:
            room -= width_of(offer) + (2 if count else 1)
            if room < 0:
                break
            count += 1
        return count
