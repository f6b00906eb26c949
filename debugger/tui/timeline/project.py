"""From rows to cells: by the clock, or by what caused what."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

import numpy as np

from backend.events.vocabulary import ERROR, PUBLISHED, RECEIVED, SYSTEM, TASK_SPAWNED
from debugger.log import EventLog
from debugger.tui.timeline.axis import Window
from debugger.tui.timeline.blocks import Numbers
from debugger.tui.timeline.causal import causal_order, collapse
from debugger.tui.timeline.lanes import By, lane_keys

STRETCH: Final = 1_024
"""Rows that are put into an order at once, with as many before and after them."""

SPACINGS: Final = (1, 2, 4, 8, 16)
"""Cells of a step in causal order."""

_APART: Final = (PUBLISHED, RECEIVED, TASK_SPAWNED, ERROR, SYSTEM)


class Projection(Protocol):
    """Where rows are drawn. ``width`` cells are seen."""

    @property
    def width(self) -> int:
        """Cells."""
        ...

    def cells(self, rows: Numbers) -> Numbers:
        """The cell of each row: -1 for what is before the first, ``width`` for what is after the last."""
        ...


class ByClock(NamedTuple):
    """Cells are stretches of recorded time."""

    log: EventLog
    window: Window

    @property
    def width(self) -> int:
        """As of `Projection`."""
        return self.window.cells

    def cells(self, rows: Numbers) -> Numbers:
        """As of `Projection`."""
        times = self.log.column("timestamp_ns")[rows]
        cells: Numbers = (times - self.window.start) // self.window.cell_ns
        return np.clip(cells, -1, self.window.cells)


class Order(NamedTuple):
    """Some rows in causal order, in steps. ``rows`` is ascending, ``steps`` has the step of each.

    ``firsts`` is the row with which each step begins.
    """

    rows: Numbers
    steps: Numbers
    firsts: Numbers

    def step(self, row: int) -> int:
        """The step of a row, the nearest for one that is not there."""
        if not len(self.rows):
            return 0
        place = min(int(np.searchsorted(self.rows, row)), len(self.rows) - 1)
        return int(self.steps[place])


class ByCause(NamedTuple):
    """Cells are steps of an `Order`, from ``first`` on, ``spacing`` cells each."""

    order: Order
    first: int
    spacing: int
    width: int

    def cells(self, rows: Numbers) -> Numbers:
        """As of `Projection`."""
        known = self.order.rows
        if not len(known):
            return np.full(len(rows), -1, np.int64)
        places = np.minimum(np.searchsorted(known, rows), len(known) - 1)
        cells = (self.order.steps[places] - self.first) * self.spacing
        outside = known[places] != rows
        cells = np.where(outside, np.where(rows < known[0], -1, self.width), cells)
        return np.clip(cells, -1, self.width)

    @property
    def shown(self) -> Numbers:
        """The rows that are in view, ascending."""
        last = self.first + -(-self.width // self.spacing)
        inside = (self.order.steps >= self.first) & (self.order.steps < last)
        return self.order.rows[inside]


def order_around(log: EventLog, by: By, row: int) -> Order:
    """The causal order of the stretch of rows around a row; runs of local events of one lane in one step."""
    stretch = row // STRETCH
    start, stop = max((stretch - 1) * STRETCH, log.first_row), min((stretch + 2) * STRETCH, len(log))
    rows = np.arange(start, stop)
    part = slice(start, stop)
    tasks, seqs = (log.column(name)[part].astype(np.int64) for name in ("task", "seq"))
    order = causal_order(rows, log.column("cause_row")[part], tasks, seqs)
    apart = [number for kind in _APART if (number := log.id_of("event_type", kind)) is not None]
    local = ~np.isin(log.column("event_type")[order], apart)
    starts, steps = collapse(order, lane_keys(log, by, order), local)
    by_row = np.argsort(order)
    return Order(rows, steps[by_row], order[starts])
