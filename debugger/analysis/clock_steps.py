"""Wall clocks that were set while a program ran, as its monotonic clock tells."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.log import ABSENT, EventLog
from debugger.log.columns import DRIFT

_CHUNK: Final = 1 << 18

LEAST_NS: Final = 100_000_000
"""Less is none: NTP sets a clock only where it is wrong by 128 ms, else lets it run faster or slower."""

_RATE: Final = 0.01
"""That fast no clock is made to run: what differs by more of the time that passed was set."""

_UNKNOWN: Final = np.iinfo(np.int64).min


class Step(NamedTuple):
    """The wall clock of ``source`` jumped ``times`` times, at most by ``ns`` (below 0: back), at ``row``."""

    source: str
    ns: int
    row: int
    times: int


class ClockSteps:
    """Grows with its log: `advance` looks at new rows."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._looked = 0
        self._drifts = np.full(16, _UNKNOWN, np.int64)  # of each source's last row
        self._times = np.zeros(16, np.int64)
        self._found: dict[int, Step] = {}

    def advance(self) -> None:
        """Look at the next rows, a quarter of a million at most."""
        log = self._log
        start = max(self._looked, log.first_row)
        stop = min(start + _CHUNK, len(log))
        self._looked = stop
        kept = log.column(DRIFT)[start:stop]
        rows = np.flatnonzero(kept)  # 0: no monotonic time
        if not len(rows):
            return
        sources = log.column("source")[start:stop][rows].astype(np.int64)
        times = log.column("timestamp_ns")[start:stop][rows]
        self._make_room(int(sources.max()))
        if not self._may_differ(sources, kept[rows]):
            self._times[sources] = times  # of each the last one stays
            return
        order = np.argsort(sources, kind="stable")
        rows, sources, times = rows[order], sources[order], times[order]
        drifts = kept[rows].astype(np.int64)
        drifts -= drifts > 0
        first = np.flatnonzero(np.diff(sources, prepend=-1))
        before, earlier = np.roll(drifts, 1), np.roll(times, 1)
        before[first], earlier[first] = self._drifts[sources[first]], self._times[sources[first]]
        last = np.append(first[1:], len(sources)) - 1
        self._drifts[sources[last]], self._times[sources[last]] = drifts[last], times[last]
        jumps = drifts - before
        passed = times - earlier - jumps  # by the clock that does not jump
        far = (np.abs(jumps) >= LEAST_NS) & (np.abs(jumps) > _RATE * np.abs(passed.astype(np.float64)))
        for at in np.flatnonzero(far & (before != _UNKNOWN) & (sources != ABSENT)).tolist():
            self._note(int(sources[at]), int(jumps[at]), start + int(rows[at]))

    def _may_differ(self, sources: NDArray[np.int64], kept: NDArray[np.int64]) -> bool:
        """Whether a clock of these can have been set; mostly one drift is that of all rows before, too."""
        drift = int(kept[0]) - (int(kept[0]) > 0)
        known = self._drifts[sources]
        return bool((kept != kept[0]).any() or (known != drift).any())

    def _make_room(self, highest: int) -> None:
        if highest >= len(self._drifts):
            more = 2 * highest - len(self._drifts)
            self._drifts = np.concatenate((self._drifts, np.full(more, _UNKNOWN, np.int64)))
            self._times = np.concatenate((self._times, np.zeros(more, np.int64)))

    def _note(self, number: int, ns: int, row: int) -> None:
        known = self._found.get(number)
        if known is None:
            self._found[number] = Step(self._log.interner("source").name(number), ns, row, 1)
        else:
            larger = known if abs(known.ns) >= abs(ns) else known._replace(ns=ns, row=row)
            self._found[number] = larger._replace(times=known.times + 1)

    def all(self) -> list[Step]:
        """Of each source whose clock was set, in the order in which that was seen."""
        return list(self._found.values())
