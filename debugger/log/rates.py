"""Events a second over a sliding window. A pure model; arrival times are passed in."""

from __future__ import annotations

from collections import deque
from typing import Final

_BUCKETS: Final = 50  # per window: the rate then lags by 2 % of the window at most


class RateMeter:
    """Counts arrivals in buckets, so that memory does not grow with the rate.

    Times are in ns of one monotonic clock; a time before the last one counts as the last one.
    """

    def __init__(self, window_ns: int = 2_000_000_000) -> None:
        if window_ns < _BUCKETS:
            raise ValueError(f"a window of {window_ns} ns is too short")
        self._width = window_ns // _BUCKETS
        self._window = self._width * _BUCKETS
        self._buckets: deque[tuple[int, int]] = deque()  # (number of the bucket, arrivals)
        self._total = 0
        self._in_window = 0
        self._first_ns: int | None = None
        self._last_ns = 0

    @property
    def total(self) -> int:
        """All arrivals ever."""
        return self._total

    def add(self, now_ns: int, count: int = 1) -> None:
        """Count arrivals."""
        if self._first_ns is None:
            self._first_ns = now_ns
        number = self._at(now_ns) // self._width
        if self._buckets and self._buckets[-1][0] == number:
            count_before = self._buckets.pop()[1]
            self._buckets.append((number, count_before + count))
        else:
            self._buckets.append((number, count))
        self._total += count
        self._in_window += count
        self._forget(number)

    def rate(self, now_ns: int) -> float:
        """Arrivals a second over the window, or since the first arrival if that is shorter ago."""
        if self._first_ns is None:
            return 0.0
        now_ns = self._at(now_ns)
        self._forget(now_ns // self._width)
        # At least a fifth: ten events in the first millisecond are not 10,000 a second.
        over = min(max(now_ns - self._first_ns, self._window // 5), self._window)
        return self._in_window * 1e9 / over

    def series(self, now_ns: int) -> list[int]:
        """Arrivals in each fiftieth of the window, oldest first: what a sparkline draws."""
        newest = self._at(now_ns) // self._width
        self._forget(newest)
        counts = dict(self._buckets)
        return [counts.get(number, 0) for number in range(newest - _BUCKETS + 1, newest + 1)]

    def _at(self, now_ns: int) -> int:
        self._last_ns = max(self._last_ns, now_ns)
        return self._last_ns

    def _forget(self, newest: int) -> None:
        while self._buckets and self._buckets[0][0] <= newest - _BUCKETS:
            self._in_window -= self._buckets.popleft()[1]
