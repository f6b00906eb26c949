"""The lines of a turn: its aligned rows, with long runs of equal ones folded into one line."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int64]

CONTEXT: Final = 2
"""Equal rows that stay open on each side of a difference."""

LEAST: Final = 4
"""Fewer rows than this are not worth a fold."""


class Lines(NamedTuple):
    """Line ``i`` shows aligned rows ``starts[i]`` up to ``stops[i]``: more than one are folded."""

    starts: Int
    stops: Int

    def line_of(self, row: int) -> int:
        """The line that has an aligned row in it."""
        return max(int(np.searchsorted(self.starts, row, side="right")) - 1, 0)


NO_FOLDS: Final = Lines(np.zeros(0, np.int64), np.zeros(0, np.int64))


def folds_of(equal: NDArray[np.bool_]) -> Lines:
    """The runs of rows that can be folded, whatever is open."""
    count = len(equal)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], equal, [False])).astype(np.int8)))
    starts, stops = edges[0::2].astype(np.int64), edges[1::2].astype(np.int64)
    starts = np.where(starts > 0, starts + CONTEXT, starts)
    stops = np.where(stops < count, stops - CONTEXT, stops)
    worth = stops - starts >= LEAST
    return Lines(starts[worth], stops[worth])


def lines_of(count: int, folds: Lines, opened: frozenset[int]) -> Lines:
    """The lines of ``count`` aligned rows; ``opened`` folds, by their first row, are open."""
    shut = ~np.isin(folds.starts, np.array(sorted(opened), np.int64))
    starts, stops = folds.starts[shut], folds.stops[shut]
    hidden = np.zeros(count + 1, np.int64)
    hidden[starts + 1] += 1
    np.subtract.at(hidden, stops, 1)
    seen = np.flatnonzero(np.cumsum(hidden[:count]) == 0)
    return Lines(seen, np.append(seen[1:], count)[: len(seen)])
