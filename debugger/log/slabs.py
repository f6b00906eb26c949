"""Bytes that go in the order in which they came, in pieces of memory of their own."""

from __future__ import annotations

import mmap
import sys
from typing import Final

SLAB: Final = 1 << 20
"""Bytes of a piece; what is longer has one to itself."""


class Slabs:
    """Puts one behind the other; a piece goes back to the system with the last of what is in it.

    In the heap blocks of all lengths, let go of again in turn, leave holes between what else is there: 10 to
    20 MB of them in a live view that keeps a million events.
    """

    def __init__(self) -> None:
        self._slab = memoryview(bytearray())
        self._used = 0

    def put(self, content: bytes) -> memoryview:
        """A copy of `content`, that holds its piece for as long as it is held itself."""
        size = len(content)
        if self._used + size > len(self._slab):
            self._slab = memoryview(_mapped(max(SLAB, size)))
            self._used = 0
        place = slice(self._used, self._used + size)
        self._slab[place] = content
        self._used += size
        return self._slab[place].toreadonly()


def _mapped(size: int) -> mmap.mmap:
    if sys.platform == "win32":
        return mmap.mmap(-1, size)
    # A process that is copied writes to pages of its own.
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
