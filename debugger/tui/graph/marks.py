"""Messages on the move: pure positions in time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from backend.events import Family
from debugger.tui import palette
from debugger.tui.graph.canvas import Glyph
from debugger.tui.graph.layout import Cell
from debugger.tui.graph.model import Flow
from debugger.tui.palette import ink

TRAVEL_NS: Final = 450_000_000
"""From one end of a spoke to the other."""

MAX_MARKS: Final = 44
_APART_NS: Final = 90_000_000  # between two marks on one way: closer ones would be a smear


class _Mark(NamedTuple):
    flow: Flow
    start_ns: int


class Marks:
    """At most `MAX_MARKS` of them. Times are ns of one monotonic clock."""

    def __init__(self) -> None:
        self._marks: list[_Mark] = []
        self._latest: dict[tuple[str, bool], int] = {}

    def __bool__(self) -> bool:
        """Whether anything moves."""
        return bool(self._marks)

    def add(self, flows: Iterable[Flow], now_ns: int) -> None:
        """Send messages off: publishes at once, receives when a publish would have arrived."""
        for flow in flows:
            start = now_ns if flow.out else now_ns + TRAVEL_NS
            way = (flow.component, flow.out)
            before = self._latest.get(way)
            if len(self._marks) < MAX_MARKS and (before is None or start - before >= _APART_NS):
                self._latest[way] = start
                self._marks.append(_Mark(flow, start))

    def clear(self) -> None:
        """Nothing moves any more."""
        self._marks.clear()
        self._latest.clear()

    def at(self, now_ns: int, spokes: Mapping[str, tuple[Cell, ...]]) -> dict[Cell, Glyph]:
        """Where the marks are; those that have arrived are gone."""
        self._marks = [mark for mark in self._marks if now_ns < mark.start_ns + TRAVEL_NS]
        places: dict[Cell, Glyph] = {}
        for flow, start in self._marks:
            cells = spokes.get(flow.component, ())
            if now_ns < start or not cells:
                continue
            step = (now_ns - start) * len(cells) // TRAVEL_NS
            place = cells[step] if flow.out else cells[-1 - step]
            places[place] = chip(flow.family)
        return places


def chip(family: Family) -> Glyph:
    """A mark: the family's letter on its colour."""
    return palette.LOOKS[family].letter, ink.chips[family]
