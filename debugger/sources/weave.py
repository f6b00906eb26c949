"""Several live feeds as one log: in order of arrival, but an effect waits for its cause. No I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.sources.arrival import Arrival

HOLD_NS: Final = 250_000_000
"""An effect waits that long for its cause: feeds send what they have within some 10 ms."""

MAX_HELD: Final = 50_000
"""Events of one feed that wait; more would be memory without bound, so then the oldest goes on."""

Knows = Callable[[Sequence[str]], NDArray[np.bool_]]


class Woven(NamedTuple):
    """Events of an arrival that may be appended now: from `start` to `stop`."""

    arrival: Arrival
    start: int
    stop: int


class _Held:
    """What waits of an arrival: events from `at` on, until a moment at most."""

    def __init__(self, arrival: Arrival, until_ns: int) -> None:
        self.arrival = arrival
        self.until_ns = until_ns
        self.at = 0
        self._foreign = deque(arrival.foreign)

    @property
    def count(self) -> int:
        return self.arrival.events - self.at

    def go_on(self, knows: Knows) -> Woven:
        """The events before the first whose cause is not there; perhaps none."""
        foreign, start = self._foreign, self.at
        there = knows([cause for _, cause in foreign]) if foreign else np.zeros(0, np.bool_)
        for known in there.tolist():
            if not known:
                break
            foreign.popleft()
        self.at = foreign[0].place if foreign else self.arrival.events
        return Woven(self.arrival, start, self.at)

    def skip(self) -> None:
        """The next event need not wait for its cause any longer."""
        self._foreign.popleft()


class Weave:
    """Lanes of events, one for each feed; each keeps its own order.

    ``knows`` says which of some ids are in the log; what `take` gives is to be appended at once. An event
    whose cause is not there, and not before it in its own lane, waits for it, at most `HOLD_NS`; what
    follows in its lane waits too.
    """

    def __init__(self, lanes: int, knows: Knows) -> None:
        self._knows = knows
        self._lanes: list[deque[_Held]] = [deque() for _ in range(lanes)]
        self._counts = [0] * lanes
        self.late = 0

    @property
    def held(self) -> int:
        """How many wait."""
        return sum(self._counts)

    def put(self, lane: int, arrival: Arrival, now_ns: int) -> None:
        """Events of one feed came."""
        self._lanes[lane].append(_Held(arrival, now_ns + HOLD_NS))
        self._counts[lane] += arrival.events

    def take(self, now_ns: int) -> Iterator[Woven]:
        """What may be appended by now, in an order in which causes come first as far as they are there."""
        moved = True
        while moved:
            moved = False
            for number, lane in enumerate(self._lanes):
                while lane:
                    woven = lane[0].go_on(self._knows)
                    if woven.start < woven.stop:
                        moved = True
                        self._counts[number] -= woven.stop - woven.start
                        yield woven
                    if not lane[0].count:
                        lane.popleft()
                    elif now_ns >= lane[0].until_ns or self._counts[number] > MAX_HELD:
                        lane[0].skip()
                        self.late += 1
                    else:
                        break
