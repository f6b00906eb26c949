"""Texts that end in a count, such as ``assistant-51fd1951-17``: counts to rows, at 0 to 4 bytes each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

DIGITS: Final = "0123456789"
NOWHERE: Final = -1
LARGEST: Final = (1 << 32) - 1
"""A larger count is no count, but random digits or a time."""

_LEADING_ZERO: Final = re.compile(rb",0[0-9]")
_FEW: Final = 64  # in disorder: not worth a table of their own
_FIRST: Final = 8


def numbers_after(head: str, texts: Sequence[str]) -> NDArray[np.int64] | None:
    """The counts that the texts end in; None unless each is `head` and a count as `str` writes it."""
    if "\n" in head:
        return None
    joined = "\n" + "\n".join(texts)
    # A text that does not begin with `head` keeps its newline; one with a newline in it adds a comma.
    told = joined.replace("\n" + head, ",")
    if not told.isascii():
        return None
    counts = told.encode()
    if (
        not counts.replace(b",", b"").isdigit()
        or counts.count(b",") != len(texts)
        or b",," in counts
        or counts.endswith(b",")
        or (b",0" in counts and _LEADING_ZERO.search(counts) is not None)
    ):
        return None
    numbers: NDArray[np.int64] = np.fromstring(counts[1:].decode(), np.int64, sep=",")
    # What is beyond 64 bits reads as their largest number.
    return numbers if len(numbers) == len(texts) and int(numbers.max()) <= LARGEST else None


class Series:
    """Counts to rows, in stretches that do not overlap and begin ever later.

    A stretch in which both go up by one is three numbers, however long it is. One in which only
    the counts do so is a table. What comes late, twice or far apart is not taken. One thread
    adds while others look up.
    """

    def __init__(self) -> None:
        self._stretches = 0
        self._firsts = np.zeros(_FIRST, np.int64)
        self._counts = np.zeros(_FIRST, np.int64)
        self._rows = np.zeros(_FIRST, np.int64)  # of the first count; of a table, -1 - its place
        self._tables: list[NDArray[np.uint32]] = []
        self._end = 0

    def add(self, numbers: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.bool_] | None:
        """Enter counts with their rows, both below 2**32; tells which were not taken, None if all were."""
        breaks = np.flatnonzero((np.diff(numbers) != 1) | (np.diff(rows) != 1)) + 1
        if len(breaks) * 8 >= len(numbers):
            return self._add_mixed(numbers, rows)
        left = np.zeros(len(numbers), np.bool_)
        starts = [0, *breaks.tolist()]
        for start, stop in zip(starts, [*starts[1:], len(numbers)], strict=True):
            left[start:stop] = not self._add_run(int(numbers[start]), stop - start, int(rows[start]))
        return left if left.any() else None

    def _add_run(self, first: int, count: int, row: int) -> bool:
        if first < self._end:
            return False
        last = self._stretches - 1
        if last >= 0 and first == self._end and self._rows[last] >= 0:
            follows = row == self._rows[last] + self._counts[last]
            if follows:
                self._counts[last] += count
                self._end = first + count
                return True
        self._append(first, count, row)
        return True

    def _add_mixed(self, numbers: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.bool_] | None:
        """Counts whose rows are elsewhere in between, or that are a little out of order, as a table."""
        new = numbers >= self._end
        fitting = np.flatnonzero(new)
        if len(fitting) == 1:
            self._add_run(int(numbers[fitting[0]]), 1, int(rows[fitting[0]]))
            return None if len(numbers) == 1 else ~new
        if len(fitting) < _FEW:
            return np.ones(len(numbers), np.bool_)
        first, last = int(numbers[fitting].min()), int(numbers[fitting].max())
        if last - first >= 4 * len(fitting):
            return np.ones(len(numbers), np.bool_)
        table = np.zeros(last - first + 1, np.uint32)  # rows from 1; 0 is nowhere
        table[numbers[fitting] - first] = rows[fitting] + 1
        taken = np.zeros(len(numbers), np.bool_)
        # Of a count that comes twice at once, the row that the table has is the one that counts.
        taken[fitting] = table[numbers[fitting] - first] == rows[fitting] + 1
        self._tables.append(table)
        self._append(first, last - first + 1, -len(self._tables))
        return None if taken.all() else ~taken

    def _append(self, first: int, count: int, row: int) -> None:
        at = self._stretches
        if at == len(self._firsts):
            self._firsts, self._counts, self._rows = (
                np.concatenate((old, np.zeros_like(old))) for old in (self._firsts, self._counts, self._rows)
            )
        self._firsts[at], self._counts[at], self._rows[at] = first, count, row
        self._stretches = at + 1  # from here on readers in other threads see it
        self._end = first + count

    def find_all(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """A row for each count, or `NOWHERE`."""
        size = self._stretches
        if not size:
            return np.full(len(numbers), NOWHERE, np.int64)
        firsts, counts, rows = self._firsts, self._counts, self._rows
        at = np.searchsorted(firsts[:size], numbers, side="right") - 1
        at[at < 0] = 0
        within, begin = numbers - firsts[at], rows[at]
        inside = (within >= 0) & (within < counts[at])
        found = np.where(inside, begin + within, NOWHERE)
        tabled = np.flatnonzero(inside & (begin < 0))
        for place in np.unique(at[tabled]).tolist() if len(tabled) else ():
            mine = tabled[at[tabled] == place]
            found[mine] = self._tables[-1 - int(rows[place])][within[mine]].astype(np.int64) - 1
        return found
