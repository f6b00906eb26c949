"""Longest increasing subsequences: what of an order is kept when it is changed the least."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def longest_increasing(values: Sequence[int]) -> list[int]:
    """The places of one longest strictly increasing subsequence, in order."""
    tails: list[int] = []
    at: list[int] = []
    before = [-1] * len(values)
    for place, value in enumerate(values):
        length = bisect_left(tails, value)
        if length == len(tails):
            tails.append(value)
            at.append(place)
        else:
            tails[length] = value
            at[length] = place
        if length:
            before[place] = at[length - 1]
    found: list[int] = []
    place = at[-1] if at else -1
    while place >= 0:
        found.append(place)
        place = before[place]
    found.reverse()
    return found


def disordered(values: NDArray[np.int64]) -> list[slice]:
    """The shortest stretches such that sorting each of them alone would sort all of ``values``."""
    if len(values) < 2 or bool((values[1:] > values[:-1]).all()):  # noqa: PLR2004 - one is in order
        return []
    highest = np.maximum.accumulate(values)
    lowest = np.minimum.accumulate(values[::-1])[::-1]
    ends = np.append(np.flatnonzero(highest[:-1] < lowest[1:]) + 1, len(values))
    starts = np.append(0, ends[:-1])
    longer = ends - starts > 1
    return [
        slice(start, end) for start, end in zip(starts[longer].tolist(), ends[longer].tolist(), strict=True)
    ]
