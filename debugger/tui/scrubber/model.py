"""The whole log in so many cells: how much happened when, where the cursor is, what is marked."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from debugger.log import EventLog

LEVELS: Final = " ▁▂▃▄▅▆▇█"


class ScrubView(NamedTuple):
    """``levels`` (0 to 8) by cell; cells of the cursor (-1: none), of errors and of bookmarks.

    ``wrong`` and ``could`` are those of findings: of what went wrong, and of what could.
    """

    levels: tuple[int, ...] = ()
    cursor: int = -1
    errors: frozenset[int] = frozenset()
    marks: frozenset[int] = frozenset()
    wrong: frozenset[int] = frozenset()
    could: frozenset[int] = frozenset()


class Axis(NamedTuple):
    """From time to cells: a cell is a half-open stretch of recorded time."""

    first_ns: int
    last_ns: int
    width: int

    def cell(self, timestamp_ns: int) -> int:
        """The cell of a time, the ends for what is outside."""
        length = self.last_ns - self.first_ns
        if length <= 0 or self.width <= 0:
            return 0
        return min(max((timestamp_ns - self.first_ns) * self.width // length, 0), self.width - 1)

    def time(self, cell: int) -> int:
        """Where a cell begins."""
        return self.first_ns + (self.last_ns - self.first_ns) * cell // max(self.width, 1)


def axis_of(log: EventLog, width: int) -> Axis:
    """The axis of the whole log as far as it is known, as of its first and last time."""
    stats = log.brief
    return Axis(stats.first_timestamp_ns or 0, stats.last_timestamp_ns or 0, width)


def densities(log: EventLog, axis: Axis) -> tuple[int, ...]:
    """How much happened in each cell, on a scale where the busiest cell is 8 and one event is 1.

    Rows at the borders of cells are looked up, not counted: it costs the same for any length.
    """
    if not len(log) or axis.width <= 0:
        return (0,) * max(axis.width, 0)
    rows = [log.row_at_time(axis.time(cell)) for cell in range(1, axis.width)]
    borders = [log.first_row - 1, *rows, len(log) - 1]
    counts = [max(after - before, 0) for before, after in pairwise(borders)]
    most = max(counts) or 1
    # The square root lets quiet stretches be seen beside busy ones.
    return tuple(0 if not count else max(1, round(8 * (count / most) ** 0.5)) for count in counts)


def cells_of(log: EventLog, axis: Axis, rows: Sequence[int]) -> frozenset[int]:
    """The cells of some rows, of those that are known."""
    rows = [row for row in rows if row >= log.first_row]
    times = log.column("timestamp_ns")[rows].tolist() if rows else []
    return frozenset(map(axis.cell, times))
