"""Which events are in the store already: a producer that was not answered sends them again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

from backend.events import Event

IDS_KEPT: Final = 1_000_000
"""Ids of events without a ``seq`` that are remembered; the newest: what is sent again was sent lately."""


class Ranges:
    """Whole numbers, as ranges that do not touch: a source that lost nothing has one."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(zip(self._starts, self._ends, strict=True))

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._starts, number) - 1
        return at >= 0 and number <= self._ends[at]

    @property
    def last(self) -> int:
        """The highest; 0 for none."""
        return self._ends[-1] if self._ends else 0

    def add(self, start: int, end: int) -> None:
        """All from `start` to `end`, both of them too."""
        starts, ends = self._starts, self._ends
        low = bisect_right(ends, start - 2)  # the first range that touches
        high = bisect_right(starts, end + 1)
        if low < high:
            start, end = min(start, starts[low]), max(end, ends[high - 1])
        starts[low:high], ends[low:high] = [start], [end]


class Seen:
    """Knows an event by source and seq; without them by its id; without that not at all."""

    def __init__(self) -> None:
        self.sources: dict[str, Ranges] = {}
        self._ids: dict[str, None] = {}

    def take(self, events: Sequence[Event]) -> list[int] | None:
        """The places of those that are new, which then are known; None if all are."""
        if self._take_run(events):
            return None
        new = [place for place, event in enumerate(events) if self._take(event)]
        return None if len(new) == len(events) else new

    def _take_run(self, events: Sequence[Event]) -> bool:
        """The usual case, in a glance: the next of one source."""
        source, first = events[0].source, events[0].seq
        if source is None or first is None:
            return False
        ranges = self.sources.setdefault(source, Ranges())
        if first <= ranges.last:
            return False
        if [event.seq for event in events] != list(range(first, first + len(events))):
            return False
        if any(event.source != source for event in events):
            return False
        ranges.add(first, first + len(events) - 1)
        return True

    def _take(self, event: Event) -> bool:
        if event.source is not None and event.seq is not None:
            ranges = self.sources.setdefault(event.source, Ranges())
            if event.seq in ranges:
                return False
            ranges.add(event.seq, event.seq)
            return True
        if event.id is None:
            return True
        if event.id in self._ids:
            return False
        self.know_id(event.id)
        return True

    def know_id(self, name: str) -> None:
        """An event without a seq is in the store."""
        self._ids[name] = None
        if len(self._ids) > IDS_KEPT:
            del self._ids[next(iter(self._ids))]
