"""When something is killed: at random, the same again with the same seed."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator


class Moments(random.Random):
    """Random numbers of a seed, for ``kills`` lives at most, or as many as begin within ``seconds``."""

    def __init__(self, seed: object, kills: int, seconds: float = float("inf")) -> None:
        super().__init__(str(seed))
        self.killed = 0
        self._kills = kills
        self._until = time.monotonic() + seconds

    def lives(self) -> Iterator[int]:
        """One for each kill."""
        while self.killed < self._kills and time.monotonic() < self._until:
            self.killed += 1
            yield self.killed
