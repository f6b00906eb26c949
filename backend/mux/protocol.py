"""What every stream server can do for us: the small protocol behind which Redis, NATS and Kafka stand.

Laws, the same for each (`tests/mux/conformance.py` holds them against all):

1. `publish` returns when the server has the entries; before that they may be there or not, so who
   is interrupted publishes again, and readers keep one of each event. What an interrupted one left is a
   beginning of its entries: readers take an event that follows later ones of its source for a repetition.
2. A stream has one order, the same for everybody. `id`s are the transport's own, opaque to others,
   and never used twice while a stream lives.
3. A stream keeps its latest entries (`Limits`). What was let go beneath a reader is told to it in
   `Entry.missed`, never silently left out.
4. An entry taken by a group's consumer is that one's until it is acknowledged or recovered by another:
   each entry is handled at least once, by one consumer of the group at a time.
5. An entry that is too large for the server is `MuxTooLargeError`; none of those published with it
   may be relied upon then.
6. Other errors are `MuxAwayError` (try again later, `connect` again first if you like: every call does by
   itself) or `MuxRefusedError` (trying again is of no use). No other exception leaves a transport but
   cancellation.

A transport belongs to one event loop, any number of tasks of which may use it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from msgspec import Struct

from backend.errors import UserError

START: Final = ""
"""The position before the first entry that a stream keeps."""

UNKNOWN: Final = -1
"""Entries are missing, and nobody knows how many."""

POISON: Final = "/poison"
"""Added to a stream's name, the name of the one where its poisoned entries are kept."""


class MuxError(UserError):
    """Something between us and the stream server; one line that names the server, never its password."""


class MuxAwayError(MuxError):
    """The server is not there, or not now: later it may be."""


class MuxRefusedError(MuxError):
    """The server does not let us, or is none that we can use: somebody has to change something."""


class MuxTooLargeError(MuxRefusedError):
    """The server takes no entry of that size; smaller ones it does."""


class Entry(NamedTuple):
    """One entry of a stream: many events, or what somebody else put there."""

    stream: str
    id: str
    payload: bytes
    """As it was published; empty where the server kept the entry's name but not its content."""
    attempts: int = 1
    """How often it was handed to a consumer of the group, this time included."""
    missed: int = 0
    """Entries between the one read before (or the position asked for) and this one that the stream
    keeps no longer; `UNKNOWN` if that cannot be counted."""


class Limits(Struct, frozen=True):
    """How much a stream keeps: about so many entries, the newest ones."""

    entries: int = 8_192


class GroupInfo(Struct, frozen=True):
    """A group: ``lag`` entries are not handed out yet (None: unknown), ``pending`` not acknowledged."""

    name: str
    lag: int | None
    pending: int
    consumers: int


class StreamInfo(Struct, frozen=True):
    """A stream in numbers; one that is not there is empty."""

    stream: str
    length: int = 0
    first: str = START
    last: str = START
    poisoned: int = 0
    groups: tuple[GroupInfo, ...] = ()


class Transport(Protocol):
    """A stream server. All waiting is in seconds; `most` counts entries.

    A class that does this is made with ``(url, limits)``: limits by stream name, of which a stream
    that is not named takes `Limits()`. Making one does no I/O.
    """

    @property
    def name(self) -> str:
        """The server for messages to people: the URL without user and password."""

    async def connect(self) -> None:
        """Reach the server now, so that what is wrong is known. Idempotent."""

    async def close(self) -> None:
        """Let go of connections. Idempotent; nothing else may be called afterwards."""

    async def publish(self, stream: str, payloads: Sequence[bytes]) -> None:
        """Append entries, in this order. When it returns, the server has acknowledged all of them."""

    async def newest(self, stream: str, back: int = 0) -> str:
        """The position with `back` entries behind it, `START` if there are no more than these.

        By default `tail` from it reads only what comes.
        """

    async def tail(self, stream: str, after: str, most: int, wait: float) -> list[Entry]:
        """The next entries behind a position, alone (no group). Empty if none comes within `wait`.

        ``after`` is `START`, an `Entry.id` or a `newest`. The entries of a server that was begun anew,
        without its data, are read from their start, the first with `Entry.missed` `UNKNOWN`.
        """

    async def take(self, stream: str, group: str, consumer: str, most: int, wait: float) -> list[Entry]:
        """The next entries that nobody in the group has had; they are this consumer's now.

        A group that is not there begins at the start of what the stream keeps.
        """

    async def ack(self, stream: str, group: str, entries: Sequence[Entry]) -> None:
        """The group is through with these. What was acknowledged already does no harm."""

    async def recover(self, stream: str, group: str, consumer: str, most: int, idle: float) -> list[Entry]:
        """Entries taken and not acknowledged by any consumer for `idle` seconds: this one's from now on.

        In the stream's order, `attempts` counted up. With ``idle`` 0: all that is pending. Where the
        server gives them out anew by itself, those that are due.
        """

    async def set_aside(self, stream: str, group: str, entry: Entry, reason: str) -> None:
        """A poisoned entry: kept in the stream's `POISON` stream with the reason, then acknowledged.

        What is kept there reads as `backend.mux.poison.Poison`.
        """

    async def info(self, stream: str) -> StreamInfo:
        """The stream in numbers, now."""


class MakesTransport(Protocol):
    """What a transport's module offers by the name that `transports` has for it."""

    def __call__(self, url: str, limits: Mapping[str, Limits]) -> Transport:
        """Raises `MuxRefusedError` for a URL that it cannot read."""
