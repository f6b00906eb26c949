"""How many may come, how fast, and how much they may say. No I/O: who asks brings the time, in seconds.

What is over a limit is refused with a status or a close code and one line, and counted by its reason.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from backend.wire.guard import Refusal

_Count = Annotated[int, Meta(ge=1, le=1_000_000)]
_Number = Annotated[float, Meta(gt=0, le=1e9)]

BURST: Final = 10.0
"""Seconds of a rate that may come at once."""

_MOST_ADDRESSES: Final = 4096  # of which it is known how fast they come
_PREFIX: Final = 64  # bits of an IPv6 address that are one client's: it can take any of the rest

TOO_MANY: Final = 429
NO_ROOM: Final = 503
TOO_SLOW: Final = 408


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """What a server of the feed takes from its clients.

    ``connections`` are open at once, of which ``address_connections`` of one address (of a /64 in IPv6).
    ``requests`` a second are answered for one address, ``messages`` a second taken of one WebSocket client,
    and ``bytes`` a second of whatever it sends; ten seconds' worth may come at once. A request is to be whole
    ``handshake_seconds`` after its connection, or the response before it; its head has ``head_bytes`` at
    most. After ``ping_seconds`` a WebSocket client is asked for a sign of life, and has as long to give it.
    """

    connections: _Count = 1024
    address_connections: _Count = 512
    requests: _Number = 100.0
    messages: _Number = 100.0
    bytes: _Number = 262_144.0
    handshake_seconds: _Number = 10.0
    ping_seconds: _Number = 20.0
    head_bytes: Annotated[int, Meta(ge=1024, le=1_000_000)] = 16_384


DEFAULT: Final = Limits()


def limits_of(given: dict[str, float]) -> Limits:
    """Limits with some set by name.

    Raises:
        ValueError: there is no such limit, or not with this value; the text says which.
    """
    known = Limits.__struct_fields__
    for name in given:
        if name not in known:
            raise ValueError(f"{name!r} is no limit; there are {', '.join(known)}")
    try:
        return msgspec.convert(given, Limits, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"a limit is not possible: {error}") from None


def limits_given(options: Iterable[str]) -> Limits:
    """``NAME=NUMBER`` as typed, each.

    Raises:
        ValueError: as `limits_of`; or one is something else.
    """
    named: dict[str, float] = {}
    for option in options:
        name, _, number = option.partition("=")
        try:
            named[name.strip()] = float(number)
        except ValueError:
            raise ValueError(f"{option[:80]!r} is no limit; write NAME=NUMBER, as in messages=20") from None
    return limits_of(named)


class Bucket:
    """Lets ``rate`` a second pass, and ten seconds' worth at once."""

    __slots__ = ("_left", "_most", "_rate", "_since")

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._most = self._left = max(rate * BURST, 1.0)
        self._since = now

    def take(self, now: float, count: float = 1.0) -> bool:
        """Whether `count` more may pass now."""
        self._left = min(self._most, self._left + (now - self._since) * self._rate)
        self._since = now
        if self._left < count:
            return False
        self._left -= count
        return True


class Door:
    """Who is connected, and how fast each address comes back. ``refused`` counts by reason."""

    def __init__(self, limits: Limits, refused: Counter[str]) -> None:
        self.limits = limits
        self.refused = refused
        self._open: Counter[str] = Counter()
        self._buckets: dict[str, Bucket] = {}

    def __len__(self) -> int:
        """Connections that are open."""
        return self._open.total()

    def enter(self, address: str | None) -> Refusal | None:
        """A connection was made: None, and it counts until `leave`; else why it is to be closed."""
        who, limits = client_of(address), self.limits
        if self._open.total() >= limits.connections:
            return self.refuse("connections", NO_ROOM, "too many connections; try again later")
        if self._open[who] >= limits.address_connections:
            return self.refuse("address_connections", NO_ROOM, "too many connections from this address")
        self._open[who] += 1
        return None

    def leave(self, address: str | None) -> None:
        """A connection that was let in is gone."""
        who = client_of(address)
        self._open[who] -= 1
        if self._open[who] <= 0:
            del self._open[who]

    def ask(self, address: str | None, now: float) -> Refusal | None:
        """A request came: None if it may be answered."""
        who = client_of(address)
        bucket = self._buckets.pop(who, None)
        if bucket is None:
            bucket = Bucket(self.limits.requests, now)
            if len(self._buckets) >= _MOST_ADDRESSES:
                del self._buckets[next(iter(self._buckets))]  # which has not come for the longest time
        self._buckets[who] = bucket
        if bucket.take(now):
            return None
        return self.refuse("requests", TOO_MANY, f"more than {self.limits.requests:g} requests a second")

    def refuse(self, reason: str, status: int, message: str) -> Refusal:
        """Count a refusal, and give it."""
        self.refused[reason] += 1
        return Refusal(status, message, reason)


def client_of(address: str | None) -> str:
    """What counts as one client: an IPv4 address, or the network of an IPv6 one."""
    try:
        given = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return address or "unknown"
    if isinstance(given, ipaddress.IPv6Address):
        if given.ipv4_mapped is not None:
            return str(given.ipv4_mapped)
        return str(ipaddress.ip_network((given, _PREFIX), strict=False))
    return str(given)


def plain_response(refusal: Refusal) -> bytes:
    """A refusal as a whole HTTP response, for a connection that no HTTP was spoken on yet."""
    body = f"{refusal.message}\n".encode()
    reasons = {TOO_SLOW: "Request Timeout", NO_ROOM: "Service Unavailable"}
    return (
        f"HTTP/1.1 {refusal.status} {reasons.get(refusal.status, 'Refused')}\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode() + body
