"""A subscriber's bounded inbox and the loop that empties it."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterator

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

    @property
    def first(self) -> Envelope | None:
        """What `take` would give."""
        return self._waiting[0] if self._waiting else None

    def take_at(self, place: int) -> Envelope:
        """The message at a place of the line, out of turn."""
        envelope = self._waiting[place]
        del self._waiting[place]
        return envelope

    def place_of(self, publish_id: str) -> int | None:
        """Where in the line a message waits; None for nowhere."""
        return next((at for at, one in enumerate(self._waiting) if one.publish_id == publish_id), None)

    def __iter__(self) -> Iterator[Envelope]:
        """What waits, the next one first."""
        return iter(self._waiting)

    def __len__(self) -> int:
        """Messages that wait."""
        return len(self._waiting)
