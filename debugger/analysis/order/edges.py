"""Edges that the log's own columns do not tell: kept by the segment that they lead to."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import Final

from debugger.analysis.order.rules import MATCHED_PUT

_BITS: Final = 4  # of a rule
_RULE: Final = (1 << _BITS) - 1


class Edges:
    """Edges, 16 bytes each, entered in the order of the segments they lead to."""

    def __init__(self) -> None:
        self._to: array[int] = array("q")
        self._told: array[int] = array("q")
        self.told: Final = [0] * (1 << _BITS)
        """How many told something, by rule."""

    def add(self, segment: int, before: int, rule: int) -> None:
        """Something up to the row `before`, of another segment, comes before a segment."""
        self._to.append(segment)
        self._told.append(before << _BITS | rule)

    def tell(self, segment: int, before: int, rule: int) -> None:
        """The same, and it is new; those that the log's own columns tell are counted only."""
        self.told[rule] += 1
        if rule > MATCHED_PUT:
            self._to.append(segment)
            self._told.append(before << _BITS | rule)

    def to(self, segment: int) -> list[tuple[int, int]]:
        """Rows and rules of what comes before a segment."""
        found: list[tuple[int, int]] = []
        at = bisect_left(self._to, segment)
        while at < len(self._to) and self._to[at] == segment:
            found.append((self._told[at] >> _BITS, self._told[at] & _RULE))
            at += 1
        return found

    def forget(self, segment: int) -> None:
        """Drop those to segments before this one."""
        gone = bisect_left(self._to, segment)
        del self._to[:gone], self._told[:gone]
