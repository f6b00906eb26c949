"""What the log counts as it grows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from debugger.log.columns import NONE
from debugger.log.distinct import distinct
from debugger.log.records import BrokenLine, LogStats

BROKEN_SHOWN: Final = 100
"""Broken lines that are kept with their reason; the rest are only counted."""


BELIEVABLE: Final = 10**12
"""Events of one source that may be missing: a year's at 30,000 a second. Of more its numbers are wrong."""


class Tally:
    """Counters, updated a batch at a time."""

    def __init__(self) -> None:
        self.broken: list[BrokenLine] = []
        self.broken_count = 0
        self.torn: dict[str, BrokenLine] = {}
        self.gaps = 0
        self.first_ns: int | None = None
        self.last_ns: int | None = None
        self._components: NDArray[np.int64] = np.zeros(64, np.int64)
        self._seqs: dict[int, tuple[int, int, int]] = {}

    def add_broken(self, line: BrokenLine) -> None:
        """One more line that was skipped."""
        self.broken_count += 1
        if len(self.broken) < BROKEN_SHOWN:
            self.broken.append(line)

    def add(self, columns: dict[str, NDArray[Any]]) -> None:
        """New rows."""
        times = columns["timestamp_ns"]
        low, high = int(times.min()), int(times.max())
        self.first_ns = low if self.first_ns is None else min(self.first_ns, low)
        self.last_ns = high if self.last_ns is None else max(self.last_ns, high)
        counts = np.bincount(columns["component"])
        if len(counts) > len(self._components):
            grown = np.zeros(2 * len(counts), np.int64)
            grown[: len(self._components)] = self._components
            self._components = grown
        self._components[: len(counts)] += counts
        self._add_seqs(columns["source"], columns["seq"])

    def _add_seqs(self, sources: NDArray[np.uint32], seqs: NDArray[np.int64]) -> None:
        numbered = seqs != NONE
        for source in distinct(sources[numbered]).tolist():
            mine = seqs[numbered & (sources == source)]
            low, high, count = self._seqs.get(source, (int(mine[0]), int(mine[0]), 0))
            self._seqs[source] = (min(low, int(mine.min())), max(high, int(mine.max())), count + len(mine))

    def holes(self, name: Callable[[int], str]) -> dict[str, int]:
        """Events absent between the first and the last seq of each source that has such a hole."""
        holes = {name(source): high - low + 1 - count for source, (low, high, count) in self._seqs.items()}
        return {source: hole for source, hole in holes.items() if hole > 0}

    def by_component(self, name: Callable[[int], str]) -> dict[str, int]:
        """Events of each component."""
        counts = self._components
        return {name(number): int(counts[number]) for number in np.flatnonzero(counts).tolist()}


def stats_of(
    tally: Tally,
    name: Callable[[int], str],
    *,
    events: int,
    evicted: int,
    forgotten: int,
    first_ns: int | None,
    overfull: tuple[str, ...],
) -> LogStats:
    """What a log says of itself, but for its lists of names; `name` is that of a source."""
    holes = tally.holes(name)
    return LogStats(
        events=events,
        broken=tuple(tally.broken),
        broken_count=tally.broken_count + len(tally.torn),
        torn=tuple(tally.torn.values()),
        gaps=tally.gaps,
        missing={source: hole for source, hole in holes.items() if hole <= BELIEVABLE},
        evicted=evicted,
        first_timestamp_ns=first_ns,
        last_timestamp_ns=tally.last_ns,
        forgotten=forgotten,
        overfull=overfull,
        unbelieved=tuple(source for source, hole in holes.items() if hole > BELIEVABLE),
    )
