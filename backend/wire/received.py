"""What a client of the feed is told: by `FeedClient.receive`, one after the other."""

from __future__ import annotations

from msgspec import Struct

from backend.events import Event
from backend.wire.control import ControlResult, ControlState
from backend.wire.frames import Hello


class HelloReceived(Struct, frozen=True):
    """The server answered. ``first`` is true once in the life of the client."""

    hello: Hello
    first: bool


class EventsReceived(Struct, frozen=True):
    """New events: each one's bytes as they came, and the same decoded. Never empty, equally long."""

    lines: tuple[bytes, ...]
    events: tuple[Event, ...]


class GapReceived(Struct, frozen=True):
    """Events ``from_seq`` to ``to_seq``, both included, of ``source`` are lost to this client.

    With ``before`` they are no loss: they were emitted before it came first, and are kept no longer.
    """

    source: str | None
    from_seq: int
    to_seq: int
    before: bool = False

    @property
    def count(self) -> int:
        """How many they are."""
        return self.to_seq - self.from_seq + 1


class StatesReceived(Struct, frozen=True):
    """Events that told the state of a component last, before the first one that comes: not in any order.

    They are no events of the feed: they may be older than what it has, or be missing in it.
    """

    lines: tuple[bytes, ...]
    events: tuple[Event, ...]


class SourceChanged(Struct, frozen=True):
    """The producer is another incarnation now.

    The old one is known up to ``known_seq``. With ``ended`` that was its end; without,
    an unknown number of its events after that are lost.
    """

    old: str
    new: str
    known_seq: int
    ended: bool


class ServerRefused(Struct, frozen=True):
    """The server says what it did not like, and is about to close."""

    message: str


class ControlAnswered(Struct, frozen=True):
    """What became of a request of control."""

    result: ControlResult


class ControlChanged(Struct, frozen=True):
    """What is controlled now; it holds until the next one, or the end of the connection."""

    state: ControlState


class NotUnderstood(Struct, frozen=True):
    """A frame, or an event in one, that is none. It was skipped."""

    message: str


Received = (
    HelloReceived
    | EventsReceived
    | GapReceived
    | StatesReceived
    | SourceChanged
    | ServerRefused
    | ControlAnswered
    | ControlChanged
    | NotUnderstood
)
