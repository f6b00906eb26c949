"""Makes scenes of the log: row by row where a window has few, from counted blocks where it has millions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from debugger.log import EventLog
from debugger.tui.session import Followed
from debugger.tui.timeline.axis import Window
from debugger.tui.timeline.blocks import BlockCounts, Numbers, Times, codes_of
from debugger.tui.timeline.density import Entries, entries_of_blocks, entries_of_rows
from debugger.tui.timeline.detail import detailed
from debugger.tui.timeline.lanes import By, Rows, lane_keys
from debugger.tui.timeline.payloads import Payloads
from debugger.tui.timeline.project import ByCause, ByClock, Projection
from debugger.tui.timeline.scene import Scene, Wish, belonging, outline
from debugger.tui.timeline.states import with_outcomes, with_states

DETAILED: Final = 12_000
"""Events in a window up to which each is looked at for itself."""

COUNTED: Final = 300_000
"""Events in a window up to which they are counted one by one."""

COUNT_BUDGET_NS: Final = 6_000_000
READ_BUDGET_NS: Final = 3_000_000
_AROUND: Final = 8_192  # rows before and after a window in which activations may begin and end
_FOLLOWED: Final = 2_000_000  # rows before and after the cursor in which what is followed is looked for


class Spot(NamedTuple):
    """Where one is: the cursor's row and its session's number, and what is followed."""

    cursor: int
    session: int
    followed: Followed | None


class Builder:
    """Keeps what takes long to find out; ``in_view`` is the number of events of the last scene."""

    def __init__(self, log: EventLog, clock: Callable[[], int]) -> None:
        self.times: Final = Times(log)
        self.in_view = 0
        self._log = log
        self._clock = clock
        self._counts = BlockCounts(log, By.COMPONENT)
        self._payloads = Payloads(log, clock)

    @property
    def pending(self) -> bool:
        """Whether the last scene lacks something that the next one may have."""
        return self._payloads.pending

    def advance(self, by: By) -> None:
        """Go on with the counts of what is new, for some milliseconds."""
        self.times.extend()
        if self._counts.by is not by:
            self._counts = BlockCounts(self._log, by)
        if len(self._log) > COUNTED:
            self._counts.extend(self._clock, COUNT_BUDGET_NS)

    def scene(self, projection: Projection, wish: Wish, spot: Spot) -> Scene:
        """What stands in a window, but for the cursor."""
        self._payloads.begin(READ_BUDGET_NS)
        if isinstance(projection, ByClock):
            return self._by_clock(projection, wish, spot)
        return self._by_cause(projection, wish, spot)

    def _by_clock(self, projection: ByClock, wish: Wish, spot: Spot) -> Scene:
        log, window = self._log, projection.window
        near = self.times.near(window.start, window.stop, COUNTED)
        if near is None:
            entries = entries_of_blocks(log, self._counts, self.times, window)
            self.in_view = int(entries.weights.sum())
            # Too many to look at all: what is followed is not far from the cursor.
            first, last = spot.cursor - _FOLLOWED, spot.cursor + _FOLLOWED
            some = slice(max(first, log.first_row), min(last, len(log)))
            followed = self._followed(some, projection, wish.by, spot)
            return outline(log, wish, entries, window.cells, followed)
        rows = self._inside(near, window)
        self.in_view = len(rows)
        entries = entries_of_rows(log, wish.by, rows, window)
        scene = outline(log, wish, entries, window.cells, self._followed(rows, projection, wish.by, spot))
        return scene if len(rows) > DETAILED else self._in_detail(scene, projection, rows, wish.by, spot)

    def _inside(self, near: Rows, window: Window) -> Numbers:
        times = self._log.column("timestamp_ns")[near]
        places = np.flatnonzero((times >= window.start) & (times < window.stop))
        rows: Numbers = places + near.start if isinstance(near, slice) else near[places]
        return rows

    def _by_cause(self, projection: Projection, wish: Wish, spot: Spot) -> Scene:
        log = self._log
        rows = projection.shown if isinstance(projection, ByCause) else np.empty(0, np.int64)
        self.in_view = len(rows)
        entries = Entries(codes_of(log, wish.by, rows), projection.cells(rows), np.ones(len(rows), np.int64))
        scene = outline(log, wish, entries, projection.width, self._followed(rows, projection, wish.by, spot))
        return self._in_detail(scene, projection, rows, wish.by, spot)

    def _in_detail(self, scene: Scene, projection: Projection, rows: Numbers, by: By, spot: Spot) -> Scene:
        log, around = self._log, rows
        if len(rows) and int(rows[-1] - rows[0]) < 2 * DETAILED:
            first, last = int(rows[0]) - _AROUND, int(rows[-1]) + _AROUND
            around = np.arange(max(first, log.first_row), min(last, len(log)))
        scene = detailed(scene, log, by, projection, rows, around)
        scene = with_states(scene, log, by, projection, rows, spot.session, self._payloads)
        return with_outcomes(scene, self._payloads)

    def _followed(
        self, rows: Rows, projection: Projection, by: By, spot: Spot
    ) -> tuple[Numbers, Numbers] | None:
        if spot.followed is None:
            return None
        belong = belonging(self._log, spot.followed, rows)
        return lane_keys(self._log, by, belong), projection.cells(belong)
