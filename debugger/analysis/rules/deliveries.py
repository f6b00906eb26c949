"""Receives, and what became of them: a message that its handler threw away was not delivered."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from backend.events.vocabulary import HANDLED, RECEIVED, STATE_READ
from debugger.log import ABSENT, EventLog

MOST: Final = 1 << 16
"""Handlers that run at once; of more the oldest count as delivered."""

PUBLISHES: Final = 1_000
"""Publishes without any receive after which a log is taken to record publishes only."""

_FAR: Final = 1 << 16
_QUIET: Final = (RECEIVED, HANDLED, STATE_READ, "lock_acquired", "lock_released")


class Delivery:
    """A receive. Undecided until its handler ends: then it counts, or was thrown away."""

    __slots__ = ("counts", "dropped", "lane", "row", "task")

    def __init__(self, row: int, lane: Lane, task: int) -> None:
        self.row = row
        self.lane = lane
        self.task = task
        self.counts = False
        self.dropped = False


class Lane(NamedTuple):
    """Where handlers run one after the other, as far as one can tell."""

    component: int
    session: int
    message: int


class Deliveries:
    """Those that have not ended. `began` and `ended` are told in the order of rows."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self.open: Final[dict[int, Delivery]] = {}
        self._lanes: dict[Lane, list[Delivery]] = {}

    def began(self, row: int, lane: Lane, task: int) -> tuple[Delivery, Delivery | None]:
        """A handler starts; with it one that is given up, since there are too many."""
        delivery = self.open[row] = Delivery(row, lane, task)
        self._lanes.setdefault(lane, []).append(delivery)
        if len(self.open) <= MOST:
            return delivery, None
        oldest = next(iter(self.open.values()))
        self._close(oldest)
        oldest.counts = True
        return delivery, oldest

    def ended(self, cause: int, lane: Lane, task: int) -> Delivery | None:
        """The one that a ``message_handled`` is of, if it is looked at."""
        delivery = self.open.get(cause) if cause >= 0 else None
        if delivery is None and cause < 0:
            lane_open = self._lanes.get(lane, [])
            same = [one for one in lane_open if one.task == task] if task != ABSENT else lane_open
            delivery = same[-1] if same else None
        if delivery is not None:
            self._close(delivery)
        return delivery

    def decide(self, delivery: Delivery, handled: int, *, dropped: bool) -> None:
        """What its end says. It was thrown away only if nothing else happened in it."""
        delivery.dropped = dropped and not self._did_something(delivery, handled)
        delivery.counts = not delivery.dropped

    def all_open(self) -> list[Delivery]:
        """Those whose end is not known."""
        return list(self.open.values())

    def _close(self, delivery: Delivery) -> None:
        del self.open[delivery.row]
        lane = self._lanes[delivery.lane]
        lane.remove(delivery)
        if not lane:
            del self._lanes[delivery.lane]

    def _did_something(self, delivery: Delivery, handled: int) -> bool:
        first = max(delivery.row + 1, self._log.first_row)
        if delivery.task == ABSENT or not 0 <= handled - first <= _FAR:
            return False
        tasks = self._log.column("task")[first:handled]
        rows = np.flatnonzero(tasks == delivery.task) + first
        if not len(rows):
            return False
        quiet = [number for name in _QUIET if (number := self._log.id_of("event_type", name)) is not None]
        return not bool(np.isin(self._log.column("event_type")[rows], quiet).all())
