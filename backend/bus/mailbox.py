"""A subscriber's bounded inbox and the loop that empties it."""

from __future__ import annotations

import enum
from collections import deque

from backend.bus.envelope import Envelope


class Overflow(enum.Enum):
    """What happens to a message that finds the mailbox full. Either way it is reported."""

    REFUSE = "refuse"
    """The new message is not delivered."""
    DROP_OLDEST = "drop_oldest"
    """The oldest waiting message gives way: for what only matters when it is fresh."""


class Mailbox:
    """First in, first out, at most `capacity` messages."""

    def __init__(self, capacity: int, overflow: Overflow) -> None:
        if capacity < 1:
            raise ValueError(f"a mailbox holds at least 1 message, not {capacity}")
        self.capacity = capacity
        self.overflow = overflow
        self.lost = 0
        self._waiting: deque[Envelope] = deque()

    def put(self, envelope: Envelope) -> Envelope | None:
        """Take a message; returns the one that was lost for it, if the mailbox was full."""
        lost: Envelope | None = None
        if len(self._waiting) >= self.capacity:
            self.lost += 1
            if self.overflow is Overflow.REFUSE:
                return envelope
            lost = self._waiting.popleft()
        self._waiting.append(envelope)
        return lost

    def take(self) -> Envelope | None:
        """The next message, or None."""
        return self._waiting.popleft() if self._waiting else None

    def __len__(self) -> int:
        """Messages that wait."""
        return len(self._waiting)
