"""Messages on the move: pure positions in time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from backend.events import Family
from debugger.tui.graph.shapes import HUB, Cell

TRAVEL_NS: Final = 450_000_000
"""From one end of a line to the other."""

MAX_MARKS: Final = 44
_APART_NS: Final = 90_000_000  # between two marks on one way: closer ones would be a smear


class Flow(NamedTuple):
    """A message on its way between two components, or a component and the bus (`HUB`)."""

    source: str
    target: str
    family: Family

    @property
    def way(self) -> tuple[str, str]:
        """Whence and where to."""
        return self.source, self.target


class _Mark(NamedTuple):
    flow: Flow
    start_ns: int
    back: bool


class Marks:
    """At most `MAX_MARKS` of them. Times are ns of one monotonic clock."""

    def __init__(self) -> None:
        self._marks: list[_Mark] = []
        self._latest: dict[tuple[str, str], int] = {}

    def __bool__(self) -> bool:
        """Whether anything moves."""
        return bool(self._marks)

    def add(self, flows: Iterable[Flow], now_ns: int, *, back: bool = False) -> None:
        """Send messages off: from the bus when one to it would have arrived; ``back`` undoes that."""
        for flow in flows:
            second = HUB in flow.way and (flow.target == HUB) == back
            start = now_ns + TRAVEL_NS if second else now_ns
            before = self._latest.get(flow.way)
            apart = before is None or abs(start - before) >= _APART_NS
            if len(self._marks) < MAX_MARKS and apart:
                self._latest[flow.way] = start
                self._marks.append(_Mark(flow, start, back))

    def clear(self) -> None:
        """Nothing moves any more."""
        self._marks.clear()
        self._latest.clear()

    def at(self, now_ns: int, ways: Mapping[tuple[str, str], tuple[Cell, ...]]) -> dict[Cell, Family]:
        """Where the marks are on `ways`, which run from source to target; what has arrived is gone."""
        self._marks = [mark for mark in self._marks if now_ns < mark.start_ns + TRAVEL_NS]
        if not self._marks:
            self._latest.clear()
        places: dict[Cell, Family] = {}
        for flow, start, back in self._marks:
            cells = ways.get(flow.way, ())
            if now_ns < start or not cells:
                continue
            step = (now_ns - start) * len(cells) // TRAVEL_NS
            places[cells[-1 - step] if back else cells[step]] = flow.family
        return places
