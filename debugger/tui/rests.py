"""How often a pane may be brought up to date, by what that takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_SHARE: Final = 0.04
"""Of the time, that a pane may take by itself. With 50,000 events arriving a second the panes took half a
core together, and keys waited for them. One that is done in a millisecond rests for 24."""


class Rests:
    """Asked before a pane is brought up to date, whose turn is `taken` then. Times are in seconds.

    ``size`` is how much there is to look at: where it has not grown, nobody has to rest. A pane that had to
    is ``late`` until it was brought up to date after all.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}
        self._sizes: dict[str, int] = {}
        self._late: set[str] = set()

    @property
    def late(self) -> bool:
        """Whether a pane is to be brought up to date as soon as it has rested."""
        return bool(self._late)

    def due(self, name: str, size: int) -> bool:
        """Whether it is a pane's turn; if not, it is late."""
        if self._sizes.get(name) == size or self._clock() >= self._until.get(name, 0.0):
            return True
        self._late.add(name)
        return False

    def hidden(self, name: str) -> None:
        """Nobody sees a pane: it is not late."""
        self._late.discard(name)

    @contextmanager
    def taken(self, name: str, size: int) -> Iterator[None]:
        """Bring a pane up to date in this block, whether it was its turn or not."""
        self._late.discard(name)
        self._sizes[name] = size
        began = self._clock()
        yield
        ended = self._clock()
        self._until[name] = ended + (ended - began) * (1 - _SHARE) / _SHARE
