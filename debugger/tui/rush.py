"""Who waits for a key goes first: what can wait a moment does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

KEY_SECONDS: Final = 0.03
"""How long a key has the application for itself: to do what it does, and to have it painted."""

READ_SECONDS: Final = 0.1
"""And how long from when it was read, until the application comes to look at it: what it was at may take as
long as a key has, on a slow machine, and all that had to wait would be done before the key then."""

LOOK_SECONDS: Final = 0.005
"""How often who waits for a key looks whether it still has to: most are painted long before their time."""

MOST_SECONDS: Final = 0.25
"""With a key held down, the rest has a turn as long after so much time all the same."""


class Rush:
    """Whether a key was pressed that is not painted yet, most likely. Times are the machine's, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = self._ends = clock() - KEY_SECONDS
        self._unseen = False

    def read(self) -> None:
        """A key, or the mouse, is on its way. Safe to call from the thread that reads them."""
        self._wait(READ_SECONDS)

    def press(self) -> None:
        """A key, or the mouse, has come."""
        self._wait(KEY_SECONDS)

    def _wait(self, seconds: float) -> None:
        now = self._clock()
        if now >= self._ends + KEY_SECONDS:  # the rest has had its turn
            self._began = now
        self._ends = max(min(now + seconds, self._began + MOST_SECONDS), self._ends)
        self._unseen = True

    def see(self) -> None:
        """The press is where it belongs."""
        self._unseen = False

    def end(self) -> None:
        """What it does is done, and painted."""
        self._unseen = False
        self._began = self._ends = self._clock() - KEY_SECONDS

    @property
    def unseen(self) -> bool:
        """Whether a press waits to be looked at."""
        return self._unseen and self.left > 0

    @property
    def left(self) -> float:
        """Seconds for which what can wait should do so; 0 when it need not."""
        return max(self._ends - self._clock(), 0.0)
