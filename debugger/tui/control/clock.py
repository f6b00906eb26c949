"""The feed's own clock, as far as it can be known here."""

from __future__ import annotations

from collections.abc import Callable


class FeedClock:
    """Its events carry its monotonic time; what comes was sent before now, the latest of it just before.

    So the least distance ever seen between the two clocks is the best one.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._distance_ns: int | None = None

    def see(self, mono_ns: int) -> None:
        """A time of the feed's that has come here now; 0 for none."""
        if mono_ns > 0:
            distance = self._clock() - mono_ns
            known = self._distance_ns
            self._distance_ns = distance if known is None else min(known, distance)

    def forget(self) -> None:
        """Another program, another clock."""
        self._distance_ns = None

    def since(self, mono_ns: int) -> int:
        """The ns from a time of the feed's until now, 0 at least."""
        if self._distance_ns is None:
            return 0
        return max(self._clock() - self._distance_ns - mono_ns, 0)
