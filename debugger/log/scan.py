"""Looking along a column: pieces that grow, so that near answers are cheap.

A whole column of 10 M rows takes some 5 ms, so no index is kept for these questions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_FIRST_PIECE: Final = 1024
_LAST_PIECE: Final = 1 << 20


def _pieces(start: int, stop: int) -> Iterator[tuple[int, int]]:
    size = _FIRST_PIECE
    while start < stop:
        yield start, min(start + size, stop)
        start += size
        size = min(size * 4, _LAST_PIECE)


def next_match(row: int, step: int, *conditions: tuple[NDArray[Any], int], first: int = 0) -> int | None:
    """The first row after (``step`` > 0) or before `row` where each column has its value; from `first` on."""
    size = len(conditions[0][0])
    if step > 0:
        for start, stop in _pieces(max(row + 1, first), size):
            rows = _where(start, stop, conditions)
            if len(rows):
                return start + int(rows[0])
        return None
    for start, stop in _pieces(size - row, size - first):  # mirrored: rows counted from the end
        low, high = size - stop, size - start
        rows = _where(low, high, conditions)
        if len(rows):
            return low + int(rows[-1])
    return None


def matching(column: NDArray[Any], value: int, limit: int, first: int = 0) -> list[int]:
    """The first `limit` rows from `first` on that have `value`."""
    found: list[int] = []
    for low, high in _pieces(first, len(column)):
        rows = np.flatnonzero(column[low:high] == value)
        found += (rows[: limit - len(found)] + low).tolist()
        if len(found) >= limit:
            break
    return found


def _where(start: int, stop: int, conditions: tuple[tuple[NDArray[Any], int], ...]) -> NDArray[np.intp]:
    column, value = conditions[0]
    mask = column[start:stop] == value
    for column, value in conditions[1:]:
        mask &= column[start:stop] == value
    return np.flatnonzero(mask)
