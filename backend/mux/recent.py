"""What came lately, within bounds."""

from __future__ import annotations


class Recent:
    """The latest of many, as a set in two halves: the older one goes when the younger is full."""

    def __init__(self, most: int) -> None:
        self._most = most // 2
        self._young: set[str] = set()
        self._old: set[str] = set()

    def add(self, one: str) -> None:
        """From now on it is in it."""
        if len(self._young) >= self._most:
            self._old, self._young = self._young, set()
        self._young.add(one)

    def __contains__(self, one: object) -> bool:
        return one in self._young or one in self._old
