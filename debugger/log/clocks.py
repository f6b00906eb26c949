"""The times of rows: the row at a time, and the monotonic clock told from the wall clock."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from debugger.log.columns import NONE

BLOCK: Final = 512
_EVER_BEFORE: Final = -(2**63)


class Highs:
    """The highest time up to the end of each block of rows: sorted even where clocks jumped back."""

    def __init__(self) -> None:
        self._highs = array("q")
        self._gone = 0  # blocks of which all rows are forgotten
        self._first = 0
        self._before = _EVER_BEFORE  # the highest time of rows that are forgotten

    def add(self, times: NDArray[np.int64], rows: int) -> None:
        """`times` has `rows` rows now."""
        highs = self._highs
        while (self._gone + len(highs) + 1) * BLOCK <= rows:
            start = (self._gone + len(highs)) * BLOCK
            high = int(times[start : start + BLOCK].max())
            highs.append(max(high, highs[-1]) if highs else high)

    def row_at(self, times: NDArray[np.int64], timestamp_ns: int) -> int:
        """The last row at or before a time, as far as the clock ran forward; the first if all are later."""
        highs, first = self._highs, self._first
        block = self._gone + bisect_right(highs, timestamp_ns)
        if timestamp_ns < self._before:
            return first
        start = max(block * BLOCK, first)
        part = times[start : (block + 1) * BLOCK]
        if not len(part):
            return max(start - 1, first)
        # Up to the block before, no time was higher than the one that is looked for.
        running = np.maximum.accumulate(part)
        return max(start + int(np.searchsorted(running, timestamp_ns, side="right")) - 1, first)

    def forget(self, times: NDArray[np.int64], first: int) -> None:
        """Rows below `first` are about to go."""
        self._before = max(self._before, int(times[self._first : first].max(initial=_EVER_BEFORE)))
        self._first = first
        gone = max(min(first // BLOCK - self._gone, len(self._highs) - 1), 0)
        if gone > len(self._highs) // 2:
            del self._highs[:gone]
            self._gone += gone


class Drifts:
    """How far each source's monotonic clock runs from the wall clock, so that one of the two is kept.

    A row's drift counts from that of its source's first row: with our tap it is 0 until
    somebody sets the wall clock. It is kept as 0 for 'has no monotonic time', else
    as ``drift + 1`` from 0 on, and as ``drift`` below.
    """

    def __init__(self) -> None:
        self._bases = np.zeros(16, np.int64)
        self._based = np.zeros(16, np.bool_)

    def encoded(
        self, times: NDArray[np.int64], monos: NDArray[np.int64], sources: NDArray[Any]
    ) -> NDArray[np.int64]:
        """What is kept of new rows."""
        # Foreign clocks may be anything: the differences wrap around, and back again.
        drifts = times - monos
        there = monos != NONE
        self._learn(drifts, sources, there)
        drifts -= self._bases[sources]
        drifts[drifts >= 0] += 1
        drifts[~there] = 0
        return drifts

    def _learn(self, drifts: NDArray[np.int64], sources: NDArray[Any], there: NDArray[np.bool_]) -> None:
        highest = int(sources.max())
        if highest >= len(self._bases):
            more = 2 * highest - len(self._bases)
            self._bases = np.concatenate((self._bases, np.zeros(more, np.int64)))
            self._based = np.concatenate((self._based, np.zeros(more, np.bool_)))
        new = np.flatnonzero(~self._based[sources] & there)
        for at in new.tolist():
            source = sources[at]
            if not self._based[source]:
                self._bases[source] = drifts[at]
                self._based[source] = True

    def decoded(
        self, times: NDArray[np.int64], drifts: NDArray[Any], sources: NDArray[Any]
    ) -> NDArray[np.int64]:
        """The monotonic times of rows, `NONE` where there is none."""
        wide = drifts.astype(np.int64)
        monos: NDArray[np.int64] = times - (self._bases[sources] + wide - (wide > 0))
        monos[wide == 0] = NONE
        return monos


class SteadyColumn:
    """``steady_ns``: the wall clock as it would be had nobody set it since the source's first row.

    Differences within a source are those of its monotonic clock. Where an event has no monotonic time it is
    the wall clock. To be read like an array: made for the rows that are asked for.
    """

    dtype: Final = np.dtype(np.int64)

    def __init__(self, times: NDArray[np.int64], kept: NDArray[Any]) -> None:
        self._times = times
        self._kept = kept

    def __len__(self) -> int:
        """How many rows."""
        return len(self._times)

    def __getitem__(self, rows: Any) -> Any:
        """One row, a slice, or an array of rows."""
        drifts = self._kept[rows].astype(np.int64)
        return self._times[rows] - (drifts - (drifts > 0))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[np.int64]:
        """All rows, 8 bytes each."""
        return np.asarray(self[:], dtype)


class MonoColumn:
    """The ``mono_ns`` column, to be read like an array: made for the rows that are asked for, no others."""

    dtype: Final = np.dtype(np.int64)

    def __init__(
        self, drifts: Drifts, times: NDArray[np.int64], kept: NDArray[Any], sources: NDArray[Any]
    ) -> None:
        self._drifts = drifts
        self._times = times
        self._kept = kept
        self._sources = sources

    def __len__(self) -> int:
        """How many rows."""
        return len(self._times)

    def __getitem__(self, rows: Any) -> Any:
        """One row, a slice, or an array of rows."""
        times, kept, sources = self._times[rows], self._kept[rows], self._sources[rows]
        if np.ndim(times):
            return self._drifts.decoded(times, kept, sources)
        return self._drifts.decoded(np.array([times]), np.array([kept]), np.array([sources]))[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[np.int64]:
        """All rows, 8 bytes each."""
        return np.asarray(self[:], dtype)
