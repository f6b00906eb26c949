"""How often panes look at a session in which nothing happens."""

from __future__ import annotations

from typing import Final

STILL_SECONDS: Final = 2.0
"""From so long without any change on, panes look less often."""

STILL_TICKS: Final = 5
"""Of so many looks, they take one then: what was still open all day used 2 % of a core."""


class Stillness:
    """Asked at each tick. What a session shows by itself (a message that goes away) is late by some ticks."""

    def __init__(self) -> None:
        self._known: object = None
        self._since = 0.0
        self._ticks = 0

    def due(self, known: object, now: float) -> bool:
        """Whether to look. `known` is what is another value when something happens, `now` is in seconds."""
        if known != self._known:
            self._known, self._since = known, now
        self._ticks += 1
        return now - self._since < STILL_SECONDS or self._ticks % STILL_TICKS == 0
