"""Edges that the log's own columns do not tell: kept by the segment that they lead to."""

from __future__ import annotations

from array import array
from bisect import bisect_left


class Edges:
    """Edges, 13 bytes each, entered in the order of the segments they lead to."""

    def __init__(self) -> None:
        self._to: array[int] = array("i")
        self._from: array[int] = array("q")
        self._rules: array[int] = array("b")

    def add(self, segment: int, before: int, rule: int) -> None:
        """Something up to the row `before`, of another segment, comes before a segment."""
        self._to.append(segment)
        self._from.append(before)
        self._rules.append(rule)

    def to(self, segment: int) -> list[tuple[int, int]]:
        """Rows and rules of what comes before a segment."""
        found: list[tuple[int, int]] = []
        at = bisect_left(self._to, segment)
        while at < len(self._to) and self._to[at] == segment:
            found.append((self._from[at], self._rules[at]))
            at += 1
        return found

    def forget(self, segment: int) -> None:
        """Drop those to segments before this one."""
        gone = bisect_left(self._to, segment)
        del self._to[:gone], self._from[:gone], self._rules[:gone]
