"""Vector clocks in blocks, and the places that their entries stand for."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

BITS: Final = 13
"""Of the place within the number of a chain."""

BLOCK: Final = 8
"""Bits of a place within its block."""

PLACE: Final = (1 << BITS) - 1
IN_BLOCK: Final = (1 << BLOCK) - 1
UNKNOWN: Final = -1
NEVER: Final = 2**62
FIRST: Final = 32
"""Places that a block begins with."""

_FULL_ROWS: Final = 256
"""For so many rows a block that has no room, and no chains to give up, is not looked through again."""

Clock = dict[int, NDArray[np.int64]]
"""By block of places, and place in it: the last known row of that place's chain, -1 for none.

Not changed once a segment has it. Clocks share the blocks in which they are the same. A block that it does
not have, or not to its end, has nothing there.
"""


_AT_ONCE: Final = 4
_FEW_ENDED: Final = 8
_NOTHING: Final = np.full(1 << BLOCK, UNKNOWN, np.int64)


class Block:
    """Places of the chains of some sessions."""

    def __init__(self, number: int, most: int) -> None:
        self.first: Final = number << BLOCK
        self.most: Final = most
        size = min(FIRST, most)
        self.tails: NDArray[np.int64] = np.full(size, NEVER, np.int64)  # last rows of chains
        self.free = list(range(self.first, self.first + size))[::-1]
        self.turn = 0
        self.full_until = 0

    def looked_through(self, row: int) -> None:
        """All that can be given up is, as of a row; if it is full all the same, it stays so for a while."""
        self.full_until = 0 if self.free else row + _FULL_ROWS

    def grow(self) -> bool:
        """More places, twice as many at most; whether there are any."""
        size = len(self.tails)
        more = min(size, self.most - size)
        self.free += range(self.first + size + more - 1, self.first + size - 1, -1)
        self.tails = np.concatenate((self.tails, np.full(more, NEVER, np.int64)))
        return more > 0

    def oldest(self, row: int) -> NDArray[np.intp]:
        """Within it, chains to give up: a quarter of those that have ended, if those are not too few."""
        ended = np.flatnonzero(self.tails < row)
        if len(ended) * _FEW_ENDED < len(self.tails):
            return ended[:0]
        return ended[np.argsort(self.tails[ended], kind="stable")][: max(len(ended) // _AT_ONCE, 1)]


def join(clock: Clock, theirs: Clock, fresh: set[int]) -> None:
    """Enter in a clock what another one knows. ``fresh`` are its blocks that no other one shares."""
    for number, rows in theirs.items():
        mine = clock.get(number)
        if mine is rows:
            continue
        if mine is None:
            clock[number] = rows
        elif len(mine) < len(rows):
            wide = rows.copy()
            np.maximum(mine, wide[: len(mine)], out=wide[: len(mine)])
            clock[number] = wide
            fresh.add(number)
        elif number in fresh:
            np.maximum(mine[: len(rows)], rows, out=mine[: len(rows)])
        elif len(mine) > len(rows):
            wide = mine.copy()
            np.maximum(wide[: len(rows)], rows, out=wide[: len(rows)])
            clock[number] = wide
            fresh.add(number)
        else:
            clock[number] = np.maximum(mine, rows)
            fresh.add(number)


def learn(clock: Clock, place: int, row: int, fresh: set[int]) -> None:
    """Enter a row of the chain at a place. ``fresh`` is as of `join`."""
    number, within = place >> BLOCK, place & IN_BLOCK
    rows = clock.get(number)
    if rows is None or len(rows) <= within:
        size = FIRST
        while size <= within:
            size *= 2
        wide = _NOTHING[:size].copy()
        if rows is not None:
            wide[: len(rows)] = rows
        rows = clock[number] = wide
    elif number not in fresh:
        rows = clock[number] = rows.copy()
    fresh.add(number)
    rows[within] = row
