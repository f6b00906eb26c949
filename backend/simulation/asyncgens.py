"""The loop's async generators, walked in the order in which they began."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Iterator
from typing import Any
from weakref import WeakValueDictionary

Generator = AsyncGenerator[Any, Any]


class OrderedWeakSet:
    """What `BaseEventLoop` uses of a `weakref.WeakSet`, which is walked by address: another in each run."""

    def __init__(self) -> None:
        self._members: WeakValueDictionary[int, Generator] | None = None  # most programs have none
        self._numbers = itertools.count()

    def add(self, member: Generator) -> None:
        """Add one that is not in it."""
        if self._members is None:
            self._members = WeakValueDictionary()
        self._members[next(self._numbers)] = member

    def discard(self, member: Generator) -> None:
        """Remove it, if it is in it."""
        for number, one in list(self._members.items()) if self._members is not None else ():
            if one is member and self._members is not None:
                del self._members[number]

    def clear(self) -> None:
        """Remove all."""
        self._members = None

    def __iter__(self) -> Iterator[Generator]:
        return iter(()) if self._members is None else iter(list(self._members.values()))

    def __len__(self) -> int:
        return 0 if self._members is None else len(self._members)
