"""Sorted hashes with their rows, and how two of these become one bit by bit."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_NARROW: Final = (1 << 32) - 1
_PIECE: Final = 1 << 13
"""Of each of two runs at once: half a millisecond's work."""


class Run(NamedTuple):
    """Sorted hashes and their rows, all of them from ``low`` to ``high``."""

    hashes: NDArray[np.int64]
    rows: NDArray[Any]
    low: int
    high: int

    def find(self, wanted: NDArray[np.int64], first: int) -> NDArray[np.int64]:
        """A row from `first` on for each wanted hash, or -1."""
        at = np.searchsorted(self.hashes, wanted)
        at[at == len(self.hashes)] = 0
        rows = self.rows[at].astype(np.int64)
        rows[self.hashes[at] != wanted] = -1
        for one in np.flatnonzero((rows < first) & (rows >= 0)).tolist():  # it may have come again
            twins = self.rows[at[one] : np.searchsorted(self.hashes, wanted[one], side="right")]
            newest = int(twins.max())
            rows[one] = newest if newest >= first else -1
        return rows

    def mostly_below(self, first: int) -> bool:
        """Whether half of the rows are below `first`, about: they are in no order, but come evenly."""
        return 2 * first > self.low + self.high


def run_of(hashes: NDArray[np.int64], rows: NDArray[np.int64]) -> Run:
    """Some thousands of hashes, sorted. There is one at least."""
    order, low, high = np.argsort(hashes, kind="stable"), int(rows.min()), int(rows.max())
    return Run(hashes[order], rows[order].astype(_kind(high)), low, high)


_NOTHING: Final = Run(np.zeros(0, np.int64), np.zeros(0, np.uint32), 1, 0)


class Merge:
    """Two runs (or one, to be rid of rows that are forgotten) that become one; they are used meanwhile."""

    def __init__(self, one: Run, other: Run = _NOTHING) -> None:
        self.parts = (one, other)
        self._at = [0, 0]
        size, kind = len(one.hashes) + len(other.hashes), _kind(max(one.high, other.high))
        self._hashes, self._rows = np.empty(size, np.int64), np.empty(size, kind)
        self._done = 0

    def step(self, hashes: int, first: int) -> bool:
        """Take in so many of them, about; of rows below `first` none. Whether that was all."""
        while hashes > 0:
            one, other = (run.hashes[at : at + _PIECE] for run, at in zip(self.parts, self._at, strict=True))
            if not len(one) and not len(other):
                return True
            # What is above the end of either piece may have to stand behind something of the next.
            ends = [piece[-1] for piece in (one, other) if len(piece)]
            counts = [int(np.searchsorted(piece, min(ends), side="right")) for piece in (one, other)]
            hashes -= sum(counts)
            self._take(counts, first)
        return False

    def _take(self, counts: list[int], first: int) -> None:
        pieces = [
            (run.hashes[at : at + count], run.rows[at : at + count])
            for run, at, count in zip(self.parts, self._at, counts, strict=True)
        ]
        self._at = [at + count for at, count in zip(self._at, counts, strict=True)]
        rows = np.concatenate([piece[1] for piece in pieces])
        kept = np.flatnonzero(rows >= first)
        hashes = np.concatenate([piece[0] for piece in pieces])[kept]
        order = np.argsort(hashes, kind="stable")  # of two that are sorted: linear
        ends = self._done + len(kept)
        self._hashes[self._done : ends] = hashes[order]
        self._rows[self._done : ends] = rows[kept][order]
        self._done = ends

    def result(self, first: int) -> Run:
        """The run that came of it, perhaps an empty one."""
        parts = [run for run in self.parts if len(run.rows)]
        low, high = min(run.low for run in parts), max(run.high for run in parts)
        hashes, rows = self._hashes[: self._done], self._rows[: self._done]
        if 2 * self._done < len(self._hashes):  # a part of an array keeps the whole of it
            hashes, rows = hashes.copy(), rows.copy()
        return Run(hashes, rows, max(low, first), high)


def _kind(highest: int) -> type[np.integer[Any]]:
    return np.int64 if highest > _NARROW else np.uint32
