"""A turn of both recordings, row by row: what stands beside what."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.diff import flags
from debugger.analysis.diff.facts import Facts, OneSide

Int = NDArray[np.int64]

GAP: Final = -1


class Aligned(NamedTuple):
    """Rows of a and of b side by side, `GAP` where one has nothing there; ``flags`` say how they differ.

    What kept its order stands beside its counterpart. What moved is there twice, each time beside a gap.
    """

    a: Int
    b: Int
    flags: NDArray[np.uint16]


class Alignments:
    """The rows of each scope, looked up without a walk over the logs."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._by_a = _Groups(facts.a.rows.scopes, len(facts.keys.scopes))
        self._by_b = _Groups(facts.b.rows.scopes, len(facts.keys.scopes))

    def rows_a(self, scope: int) -> Int:
        """The rows of a scope in the first recording, in order."""
        return self._by_a.of(scope)

    def rows_b(self, scope: int) -> Int:
        """The rows of a scope in the second recording, in order."""
        return self._by_b.of(scope)

    def of(self, scope: int) -> Aligned:
        """A scope side by side."""
        a, b = self._facts.a, self._facts.b
        rows_a, rows_b = self.rows_a(scope), self.rows_b(scope)
        stays_a, stays_b = _stays(a, rows_a), _stays(b, rows_b)
        # Pair number k of those that stay gets place 2k + 1, what is before it and after the last one 2k.
        places_a = 2 * (np.cumsum(stays_a) - stays_a) + stays_a
        places_b = 2 * (np.cumsum(stays_b) - stays_b) + stays_b
        only_b = ~stays_b
        places = np.concatenate((places_a, places_b[only_b]))
        order = np.argsort(places, kind="stable")
        alone = int(only_b.sum())
        left = np.concatenate((rows_a, np.full(alone, GAP)))
        right = np.concatenate((np.where(stays_a, a.mates[rows_a], GAP), rows_b[only_b]))
        found = np.concatenate((a.flags[rows_a], b.flags[rows_b][only_b]))
        return Aligned(left[order], right[order], found[order])


def _stays(side: OneSide, rows: Int) -> NDArray[np.bool_]:
    return np.asarray(side.flags[rows] & (flags.ALONE | flags.OUT_OF_PLACE) == 0)


class _Groups:
    def __init__(self, groups: NDArray[np.int32], count: int) -> None:
        self._order = np.argsort(groups, kind="stable")
        self._ends = np.searchsorted(groups[self._order], np.arange(count + 1))

    def of(self, group: int) -> Int:
        return self._order[self._ends[group] : self._ends[group + 1]]


class Grouped:
    """Items of some scopes, such as rows: those of one scope, in order."""

    def __init__(self, items: Int, scopes: NDArray[np.int32]) -> None:
        order = np.argsort(scopes, kind="stable")
        self._items, self.scopes = items[order], scopes[order]

    def of(self, scope: int) -> Int:
        """The items of one scope."""
        start, stop = np.searchsorted(self.scopes, (scope, scope + 1))
        return self._items[start:stop]
