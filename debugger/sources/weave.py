"""Several live feeds as one log: in order of arrival, but an effect waits for its cause. No I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from backend.events import Event

HOLD_NS: Final = 250_000_000
"""An effect waits that long for its cause: feeds send what they have within some 10 ms."""

MAX_HELD: Final = 50_000
"""Events of one feed that wait; more would be memory without bound, so then the oldest goes on."""


class Woven(NamedTuple):
    """Events that may be appended now, with their lines."""

    lines: list[bytes]
    events: list[Event]


class _Held(NamedTuple):
    line: bytes
    event: Event
    until_ns: int


class Weave:
    """Lanes of events, one for each feed; each keeps its own order.

    ``knows`` says whether an event of this id is in the log. An event whose cause is not, and is
    not before it in its own lane, waits for it, at most `HOLD_NS`; what follows in its lane waits too.
    """

    def __init__(self, lanes: int, knows: Callable[[str], bool]) -> None:
        self._knows = knows
        self._lanes: list[deque[_Held]] = [deque() for _ in range(lanes)]
        self.late = 0

    @property
    def held(self) -> int:
        """How many wait."""
        return sum(map(len, self._lanes))

    def put(self, lane: int, lines: Sequence[bytes], events: Sequence[Event], now_ns: int) -> None:
        """Events of one feed came."""
        until = now_ns + HOLD_NS
        self._lanes[lane].extend(_Held(line, event, until) for line, event in zip(lines, events, strict=True))

    def take(self, now_ns: int) -> Woven:
        """What may be appended by now, in an order in which causes come first as far as they are there."""
        woven = Woven([], [])
        ready: set[str] = set()
        moved = True
        while moved:
            moved = False
            for lane in self._lanes:
                while lane and self._goes_on(lane, ready, now_ns):
                    held = lane.popleft()
                    woven.lines.append(held.line)
                    woven.events.append(held.event)
                    if held.event.id is not None:
                        ready.add(held.event.id)
                    moved = True
        return woven

    def _goes_on(self, lane: deque[_Held], ready: set[str], now_ns: int) -> bool:
        first = lane[0]
        cause = first.event.cause
        if cause is None or cause in ready or self._knows(cause):
            return True
        if now_ns >= first.until_ns or len(lane) > MAX_HELD:
            self.late += 1
            return True
        return False
