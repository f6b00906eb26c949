"""Which part of the log is looked at, and what keys do to that. Times in ns; no clock, no terminal."""

from __future__ import annotations

from typing import Final

from debugger.log import EventLog
from debugger.tui.timeline.axis import SPANS, Window, next_span, window_of, window_over
from debugger.tui.timeline.lanes import By
from debugger.tui.timeline.project import SPACINGS, STRETCH, ByCause, Order, order_around

_FIRST_SPAN: Final = 2_000_000_000
_MARGIN: Final = 16  # the cursor keeps a 16th of the window from its edges
_END: Final = 2**63 - 1  # of what a column holds, some 146 years behind the last event that a log can have
_GROWTH: Final = 8  # a window over all of a live log is an eighth longer than that


class Viewport:
    """``by`` and ``causal`` say what is drawn; ``lane`` is the chosen lane, None for the cursor's.

    ``whole`` is a window over all that there is. ``first_lane`` is the first of the busy lanes that is seen.
    """

    def __init__(self) -> None:
        self.by = By.COMPONENT
        self.causal = False
        self.whole = False
        self.span = _FIRST_SPAN
        self.window: Window | None = None
        self.lane: int | None = None
        self.first_lane = 0
        self._spacing = 0
        self._centring = False
        self._left = 0  # the row that the leftmost step begins with
        self._order: tuple[tuple[By, int, int], Order] | None = None

    @property
    def state(self) -> tuple[object, ...]:
        """Everything of it that a picture depends on."""
        return tuple(id(value) if name == "_order" else value for name, value in vars(self).items())

    # --- by the clock ----------------------------------------------------------------

    def by_clock(
        self,
        cells: int,
        cursor_ns: int,
        ends: tuple[int, int],
        *,
        moved: bool,
        following: bool,
        playing: bool,
    ) -> Window:
        """The window of so many cells. It stays where it is, until the cursor ``moved`` out of it."""
        window = self.window
        centring, self._centring = self._centring, False
        if self.whole:
            if window is None or window.cells != cells or ends[0] < window.start or ends[1] >= window.stop:
                more = (ends[1] - ends[0]) // _GROWTH if following else 0
                window = window_over(ends[0], ends[1] + more, cells)
        elif window is None or window.cells != cells:
            cell = cells // 2
            if window is not None and window.holds(cursor_ns):
                was = window.cell(cursor_ns)
                # What was in the middle stays there exactly, however often the size is another.
                cell = cell if was == window.cells // 2 else was * cells // window.cells
            window = window_of(self.span, cells, cursor_ns, cells - 1 if following else cell)
        elif following:
            cell = window.cell(cursor_ns)
            # Sources whose clocks differ come in turns: the window does not go back for that.
            if cell >= cells or cell < cells // 2:
                window = window.moved(cell - cells + 1)
        elif centring:
            window = window_of(self.span, cells, cursor_ns, cells // 2)
        elif moved:
            margin = cells // _MARGIN
            if not margin <= window.cell(cursor_ns) < cells - margin:
                window = window_of(self.span, cells, cursor_ns, cells // 4 if playing else cells // 2)
        self.window = window
        return window

    def zoom(self, direction: int, moment: int, cell: int) -> None:
        """In (positive) or out, with a moment in a cell."""
        if self.window is None:
            return
        self.span = next_span(self.window.span if self.whole else self.span, direction)
        self.whole = False
        self.window = window_of(self.span, self.window.cells, moment, cell)

    def space(self, direction: int) -> None:
        """More (positive) or fewer cells for a step in causal order."""
        self._spacing = min(max(self._spacing + direction, 0), len(SPACINGS) - 1)

    def centre(self) -> None:
        """The cursor in the middle, from the next window on."""
        self._centring = True

    def show_all(self) -> None:
        """By the clock, from the first moment to the last."""
        self.causal, self.whole, self.window = False, True, None

    def show_both(self, first_ns: int, last_ns: int) -> None:
        """By the clock, a window with two moments in it; what is seen already stays where it is."""
        window = self.window
        if window is None or self.causal or self.whole:
            return
        margin = window.cells // _MARGIN
        if all(margin <= window.cell(one) < window.cells - margin for one in (first_ns, last_ns)):
            return
        wanted = (last_ns - first_ns) * (_MARGIN + 4) // _MARGIN
        self.span = next((span for span in SPANS if span >= max(wanted, self.span)), SPANS[-1])
        self.window = window_of(self.span, window.cells, (first_ns + last_ns) // 2, window.cells // 2)

    def pan(self, cells: int) -> None:
        """To the right, or the left."""
        if self.causal:
            order = self._order[1] if self._order is not None else None
            if order is not None and len(order.firsts):
                step = order.step(self._left) + cells // SPACINGS[self._spacing]
                self._left = int(order.firsts[min(max(step, 0), len(order.firsts) - 1)])
        elif self.window is not None:
            if self.whole:  # what is seen of the whole is no longer the whole
                self.whole = False
                self.span = min(self.window.span, SPANS[-1])
            moved = self.window.moved(cells)
            if moved.start >= -_END and moved.stop <= _END:
                self.window = moved

    # --- by what caused what ---------------------------------------------------------

    def by_cause(self, log: EventLog, cells: int, cursor: int, *, moved: bool, following: bool) -> ByCause:
        """The steps in view. They stay, until the cursor ``moved`` out of them."""
        spacing = SPACINGS[self._spacing]
        seen = max(cells // spacing, 1)
        order = self._ordered(log)
        centring, self._centring = self._centring, False
        moved = moved or centring
        if (moved or following) and not _amid(cursor, order, seen, range(log.first_row, len(log))):
            self._left = cursor
            order = self._ordered(log)
        first = order.step(self._left)
        if moved or following:
            step, margin = order.step(cursor), seen // _MARGIN
            if following:
                first = step - seen + 1
            elif centring or not first + margin <= step < first + seen - margin:
                first = step - seen // 2
        first = max(min(first, len(order.firsts) - 1), 0)
        if len(order.firsts):
            self._left = int(order.firsts[first])
        return ByCause(order, first, spacing, cells)

    def _ordered(self, log: EventLog) -> Order:
        first = log.first_row
        self._left = max(min(self._left, len(log) - 1), first)
        stretch = self._left // STRETCH
        key = (self.by, max((stretch - 1) * STRETCH, first), min(len(log), (stretch + 2) * STRETCH))
        if self._order is None or self._order[0] != key:
            self._order = (key, order_around(log, self.by, self._left))
        return self._order[1]


def _amid(row: int, order: Order, steps: int, known: range) -> bool:
    """Whether there are so many steps on both sides of a row, or no more in the log."""
    rows = order.rows
    if not len(rows) or not rows[0] <= row <= rows[-1]:
        return False
    step = order.step(row)
    return bool(rows[0] <= known.start or step >= steps) and bool(
        rows[-1] == known.stop - 1 or len(order.firsts) - step > steps
    )
