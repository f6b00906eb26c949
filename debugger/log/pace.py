"""Looking at millions of rows bit by bit: how many at once, and until when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

FAST_NS: Final = 4_000_000
"""A piece that was quicker than this may be twice as large the next time; a slower one only half."""


class Pace:
    """Sizes of pieces, between two bounds, that follow what each costs. They last from call to call."""

    def __init__(self, least: int, most: int, fast_ns: int = FAST_NS) -> None:
        self._least, self._most, self._fast_ns = least, most, fast_ns
        self._size = least

    def pieces(self, clock: Callable[[], int], budget_ns: int) -> Iterator[int]:
        """One size at least; no more when another piece like the last one would exceed ``budget_ns``."""
        began = before = clock()
        while True:
            yield self._size
            after = clock()
            took = after - before
            if took < self._fast_ns:
                self._size = min(self._size * 2, self._most)
            else:
                self._size = max(self._size // 2, self._least)
            if after + took - began >= budget_ns:
                return
            before = after
