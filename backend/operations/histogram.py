"""A histogram as Prometheus has it, that costs a bisection and two additions to add to."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

HANDLER_SECONDS: Final = tuple(
    ms / 1_000 for ms in (0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000)
)
TURN_SECONDS: Final = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 20.0, 60.0)


class Histogram:
    """Seconds, by upper bounds that are included; beyond the last there is infinity."""

    __slots__ = ("_bounds", "_counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """(upper bound, how many are at most that), in order; the last is ``+Inf`` and all."""
        told: list[tuple[str, float]] = []
        count = 0
        for bound, some in zip((*self._bounds, None), self._counts, strict=True):
            count += some
            told.append(("+Inf" if bound is None else repr(bound), count))
        return told
