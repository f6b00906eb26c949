"""Durations of many recordings, put together: exact while they are few, a histogram beyond that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, Self

import numpy as np
from msgspec import Struct

from debugger.analysis.turns.handlers import buckets_of, middle_of
from debugger.analysis.turns.latency import percentile
from debugger.analysis.turns.records import Spread

EXACT: Final = 10_000
"""Durations of one kind that are kept; of more, only how many are in each bucket: each within 3 %."""


class Durations(Struct):
    """Of one kind, in ns. What is told is the same however they were put together, and in which order."""

    kept: list[int] | None = []
    """All of them, or None where there are too many, or only `buckets` were ever known."""
    buckets: dict[int, int] = {}
    """How many are in which bucket, where they are not `kept`."""
    longest: int = 0
    shortest: int | None = None

    @classmethod
    def of(cls, values: Iterable[int]) -> Self:
        """Each of them."""
        kept = list(values)
        made = cls(kept, {}, max(kept, default=0), min(kept, default=None))
        made._fit()
        return made

    @classmethod
    def of_buckets(cls, buckets: Mapping[int, int], longest: int) -> Self:
        """Those of which no more is known."""
        return cls(None, dict(buckets), longest)

    def add(self, other: Durations) -> None:
        """Take the others in."""
        self.longest = max(self.longest, other.longest)
        known = [one.shortest for one in (self, other) if one.shortest is not None]
        self.shortest = min(known, default=None)
        if self.kept is not None and other.kept is not None:
            self.kept = [*self.kept, *other.kept]
            self._fit()
            return
        self._forget()
        for bucket, count in other.counts().items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count

    def _fit(self) -> None:
        if self.kept is not None and len(self.kept) > EXACT:
            self._forget()

    def _forget(self) -> None:
        if self.kept is not None:
            self.buckets, self.kept = self.counts(), None

    def counts(self) -> dict[int, int]:
        """How many are in which bucket."""
        if self.kept is None:
            return self.buckets
        return dict(Counter(buckets_of(np.array(self.kept, np.int64)).tolist()))

    @property
    def exact(self) -> bool:
        """Whether percentiles are durations that did occur."""
        return self.kept is not None

    def spread(self) -> Spread:
        """How they are spread, without the durations themselves."""
        if self.kept is not None:
            ordered = sorted(self.kept)
            if not ordered:
                return Spread(0, None, None, None, None)
            p50, p95 = (percentile(ordered, percent) for percent in (50, 95))
            return Spread(len(ordered), ordered[0], p50, p95, ordered[-1])
        ordered_buckets = sorted(self.buckets)
        upto = np.cumsum([self.buckets[one] for one in ordered_buckets])
        count = int(upto[-1])
        ranks = [max(-(-percent * count // 100), 1) for percent in (50, 95)]
        p50, p95 = (
            min(middle_of(ordered_buckets[int(np.searchsorted(upto, rank))]), self.longest) for rank in ranks
        )
        return Spread(count, self.shortest, p50, p95, self.longest)
