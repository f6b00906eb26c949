"""The stretch of time that is looked at, its cells and its ticks. Times in ns; nothing here reads a clock."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final, NamedTuple

_US: Final = 1_000
_MS: Final = 1_000_000
_S: Final = 1_000_000_000
_MIN: Final = 60 * _S
_H: Final = 60 * _MIN

STEPS: Final = (
    *(factor * unit for unit in (1, 10, 100) for factor in (1, 2, 5)),
    *(factor * unit * _US for unit in (1, 10, 100) for factor in (1, 2, 5)),
    *(factor * unit * _MS for unit in (1, 10, 100) for factor in (1, 2, 5)),
    *(factor * _S for factor in (1, 2, 5, 10, 15, 30)),
    *(factor * _MIN for factor in (1, 2, 5, 10, 15, 30)),
    *(factor * _H for factor in (1, 2, 6, 12, 24)),
    *(factor * unit * 24 * _H for unit in (1, 10, 100, 1_000, 10_000) for factor in (2, 5, 10)),
)
"""Distances between ticks that people can add up, ascending."""

SPANS: Final = (
    *(factor * unit * _US for unit in (10, 100) for factor in (1, 2, 5)),
    *(factor * unit * _MS for unit in (1, 10, 100) for factor in (1, 2, 5)),
    *(factor * _S for factor in (1, 2, 5, 10, 20)),
    *(factor * _MIN for factor in (1, 2, 5, 10, 20)),
    *(factor * _H for factor in (1, 2, 4, 8, 16, 24, 48, 96)),
)
"""How long a window can be, ascending: from 10 microseconds to days."""

_UNITS: Final = ((_H, "h"), (_MIN, "min"), (_S, "s"), (_MS, "ms"), (_US, "µs"), (1, "ns"))


class Window(NamedTuple):
    """``cells`` of ``cell_ns`` each, from ``start`` on; a cell is half-open."""

    start: int
    cell_ns: int
    cells: int

    @property
    def stop(self) -> int:
        """The first moment after it."""
        return self.start + self.cell_ns * self.cells

    @property
    def span(self) -> int:
        """Its length."""
        return self.cell_ns * self.cells

    def cell(self, timestamp_ns: int) -> int:
        """The cell of a moment; negative or beyond the last for what is outside."""
        return (timestamp_ns - self.start) // self.cell_ns

    def holds(self, timestamp_ns: int) -> bool:
        """Whether a moment is in it."""
        return self.start <= timestamp_ns < self.stop

    def time(self, cell: int) -> int:
        """The moment at which a cell begins."""
        return self.start + cell * self.cell_ns

    def moved(self, cells: int) -> Window:
        """So many cells later."""
        return self._replace(start=self.start + cells * self.cell_ns)


def window_of(span: int, cells: int, moment: int, cell: int) -> Window:
    """A window of about ``span`` that has ``moment`` in ``cell``.

    It begins at a multiple of its cells' length, so that a window that moves on keeps
    what is in its cells.
    """
    cell_ns = max(-(-span // max(cells, 1)), 1)
    start = (moment // cell_ns - cell) * cell_ns
    return Window(start, cell_ns, max(cells, 1))


def window_over(first: int, last: int, cells: int) -> Window:
    """The shortest window with both moments in it."""
    return Window(first, max((last - first) // max(cells, 1) + 1, 1), max(cells, 1))


def next_span(span: int, direction: int) -> int:
    """The next shorter (``direction`` > 0: zooming in) or longer span, the ends for what is beyond."""
    if direction > 0:
        return SPANS[max(bisect_left(SPANS, span) - 1, 0)]
    return SPANS[min(bisect_right(SPANS, span), len(SPANS) - 1)]


class Tick(NamedTuple):
    """A mark on the axis: a cell, and what is written from there on."""

    cell: int
    label: str


def ticks(window: Window, least: int = 11) -> tuple[Tick, ...]:
    """Marks of the time since the window's left edge, ``least`` cells or more apart."""
    wanted = window.cell_ns * least
    step = STEPS[min(bisect_left(STEPS, wanted), len(STEPS) - 1)]
    found: list[Tick] = []
    for number in range(window.span // step + 1):
        cell = number * step // window.cell_ns
        if cell >= window.cells or (found and cell <= found[-1].cell):
            break
        found.append(Tick(cell, offset_label(number * step)))
    return tuple(found)


def offset_label(ns: int) -> str:
    """A time since the left edge, without digits that say nothing: ``0``, ``+250µs``, ``+1.5s``."""
    if ns == 0:
        return "0"
    for size, name in _UNITS:
        if ns >= size:
            whole, rest = divmod(ns, size)
            if size > _S:
                seconds, below = (rest // _S, "s") if size == _MIN else (rest // _MIN, "min")
                return f"+{whole}{name}{f'{seconds}{below}' if seconds else ''}"
            digits = f"{rest / size:.3f}"[1:].rstrip("0").rstrip(".")
            return f"+{whole}{digits}{name}"
    return f"{ns}ns"


def digits_for(window: Window) -> int:
    """Digits of a second that tell the window's cells apart: 3 (ms) or 6 (µs)."""
    return 6 if window.cell_ns < _MS else 3
