"""Streams on a Valkey or Redis server (6.2 or later): ``redis://``, ``rediss://``, ``valkey://``.

An entry is one field, ``e``. docs/mux.md names the commands that a user of the server must be allowed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from redis import exceptions as wrong
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from backend.mux.poison import encode_poison
from backend.mux.protocol import (
    POISON,
    START,
    UNKNOWN,
    Entry,
    GroupInfo,
    Limits,
    MuxAwayError,
    MuxError,
    MuxRefusedError,
    StreamInfo,
)
from backend.mux.transports import shown, split_url
from backend.wire.frames import one_line

T = TypeVar("T")

_FIELD: Final = b"e"
_CONNECT_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 10.0
"""A server that says nothing for so long (beyond what it was asked to wait) is away."""

_POISON_LIMITS: Final = Limits(1_000)
_REMEMBERED: Final = 1_000
_COUNTED: Final = 64  # entries at once, where they are only counted: 3.5 MB

# XINFO STREAM would send the first and the last entry, 56 kB each, to have their ids known.
_EDGE: Final = """
if redis.call('EXISTS', KEYS[1]) == 0 then return {} end
local about, found = redis.call('XINFO', 'STREAM', KEYS[1]), {}
for at = 1, #about, 2 do found[about[at]] = about[at + 1] end
local first = found['first-entry']
return {first and first[1] or '', found['last-generated-id'], found['length'], found['entries-added'] or -1}
"""

# In one: what is interrupted leaves a beginning, never a later entry without the ones before it.
_ADD_ALL: Final = f"""
for at = 2, #ARGV do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', '{_FIELD.decode()}', ARGV[at])
end
"""

_NEEDS_CHANGE: Final = ("NOAUTH", "WRONGPASS", "NOPERM", "WRONGTYPE", "unknown command", "DB index")
"""Beginnings of errors that trying again does not mend."""


class _Edge(NamedTuple):
    """The ends of a stream, how many entries it has, and how many it ever had."""

    first: str
    last: str
    length: int
    added: int

    @property
    def number_of_first(self) -> int | None:
        """The first entry's number of all that there ever were, from 1."""
        return None if self.added < 0 else self.added - self.length + 1


_NO_STREAM: Final = _Edge(START, START, 0, 0)


class RedisTransport:
    """See `Transport`; what is said there holds, and is not said again."""

    def __init__(self, url: str, limits: Mapping[str, Limits]) -> None:
        parts = split_url(url)
        self.name = shown(url)
        self._limits = limits
        if not parts.hostname:
            raise MuxRefusedError(f"{self.name}: no host in it; write for example redis://127.0.0.1:6379")
        scheme = {"valkey": "redis", "valkeys": "rediss"}.get(parts.scheme, parts.scheme)
        try:
            self._redis: Redis = Redis.from_url(
                parts._replace(scheme=scheme).geturl(),
                protocol=2,
                socket_connect_timeout=_CONNECT_SECONDS,
                socket_keepalive=True,
                socket_timeout=None,  # `_ask` has its own, which knows how long was to be waited
                retry=Retry(NoBackoff(), 0),
            )
        except (ValueError, TypeError, wrong.RedisError) as error:
            raise MuxRefusedError(f"{self.name}: {one_line(error)}") from None
        self._numbers: dict[tuple[str, str], int] = {}  # of the entries read last, of all ever there

    # --- the connection ---------------------------------------------------------------

    async def connect(self) -> None:
        """Reach the server, and see that it has streams."""
        await self._edge("events/v1")

    async def close(self) -> None:
        """Let go of the connections."""
        try:
            async with asyncio.timeout(1.0):
                await self._redis.aclose()
        except (wrong.RedisError, OSError, TimeoutError):
            pass  # it is gone all the same

    async def _ask(self, ask: Callable[[], Awaitable[T]], wait: float = 0.0) -> T:
        """What the server answers, its errors as ours."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS + wait):
                return await ask()
        except (wrong.RedisError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise self._told(error) from None

    def _told(self, error: Exception) -> MuxError:
        text = one_line(error, 160)
        refused = wrong.AuthenticationError | wrong.NoPermissionError
        if isinstance(error, refused) or text.startswith(_NEEDS_CHANGE):
            return MuxRefusedError(self._refusal(text))
        if isinstance(error, wrong.InvalidResponse):
            return MuxRefusedError(f"{self.name} does not speak the Redis protocol: {text}")
        if isinstance(error, TimeoutError | wrong.TimeoutError):
            return MuxAwayError(f"{self.name} does not answer")
        if isinstance(error, wrong.ConnectionError | OSError | asyncio.IncompleteReadError):
            if "Connect call failed" in text or "Connection refused" in text:
                text = "nothing listens there"
            return MuxAwayError(f"cannot reach {self.name}: {text or type(error).__name__}")
        return MuxAwayError(f"{self.name} says: {text}")

    def _refusal(self, text: str) -> str:
        """With what to do."""
        if "WRONGTYPE" in text:
            return f"{self.name} has something else by the stream's name: {text}"
        if "no permissions" in text or "NOPERM" in text:
            return f"{self.name} refuses: {text}; docs/mux.md names what that user needs"
        return f"{self.name} refuses: {text}; a user and password go into the URL: redis://USER:PASSWORD@HOST"

    # --- writing ----------------------------------------------------------------------

    async def publish(self, stream: str, payloads: Sequence[bytes]) -> None:
        """By one script: of single commands a server that is beginning may refuse the first ones only."""
        most = self._limits.get(stream, Limits()).entries
        if payloads:
            await self._ask(lambda: self._redis.eval(_ADD_ALL, 1, stream, most, *payloads))

    # --- reading alone ----------------------------------------------------------------

    async def newest(self, stream: str, back: int = 0) -> str:
        """Also when all entries were removed. Those that are to be behind it are read to be counted."""
        if not back:
            edge = await self._edge(stream)
            return START if edge.last == "0-0" else edge.last
        end, left = "+", back + 1
        while True:
            count = min(left, _COUNTED)
            some = await self._before(stream, end, count)
            left -= len(some)
            if not left:
                return _item(some[-1])[0]
            if len(some) < count:
                return START
            end = f"({_item(some[-1])[0]}"

    async def _before(self, stream: str, end: str, count: int) -> list[Any]:
        return await self._ask(lambda: self._redis.xrevrange(stream, max=end, count=count)) or []

    async def tail(self, stream: str, after: str, most: int, wait: float) -> list[Entry]:
        """Two round trips if there is something: what was missed is known for certain."""
        found = await self._read(stream, after, most, 0)
        if not found:
            edge = await self._edge(stream)
            if after != START and edge != _NO_STREAM and _order(edge.last) < _order(after):
                found = await self._read(stream, START, most, 0)  # another server's data, with earlier ids
            elif wait > 0:
                found = await self._read(stream, after, most, wait)
        if not found:
            return []
        missed = self._missed(stream, after, found, await self._edge(stream))
        return [
            Entry(stream, name, payload, missed=0 if at else missed)
            for at, (name, payload) in enumerate(found)
        ]

    async def _read(self, stream: str, after: str, most: int, wait: float) -> list[tuple[str, bytes]]:
        block = round(wait * 1000)
        answer = await self._ask(
            lambda: self._redis.xread({stream: after or "0-0"}, count=most, block=block or None), wait
        )
        return [_item(one) for _, some in _pairs(answer) for one in some]

    def _missed(self, stream: str, after: str, found: list[tuple[str, bytes]], edge: _Edge) -> int:
        """How many entries between `after` and the first of `found` are gone; remembers where this is."""
        names = [name for name, _ in found]
        first = edge.number_of_first
        number = self._numbers.pop((stream, after), None)
        begin: int | None = None  # the number of the first one found
        if first is not None and edge.first in names:
            begin = first - names.index(edge.first)
        if after == START:
            missed = 0
        elif _order(names[0]) <= _order(after):
            missed = UNKNOWN  # the server was begun anew
        elif edge.first and _order(edge.first) <= _order(after):
            missed = 0  # what stands before it is there still, so nothing behind it is gone
            begin = begin or (None if number is None else number + 1)
        elif number is None or begin is None or begin <= number:
            missed = UNKNOWN
        else:
            missed = begin - number - 1
        if begin is not None:
            if len(self._numbers) >= _REMEMBERED:
                self._numbers.clear()
            self._numbers[stream, names[-1]] = begin + len(names) - 1
        return missed

    async def _edge(self, stream: str) -> _Edge:
        answer: Any = await self._ask(lambda: self._redis.eval(_EDGE, 1, stream))
        if not answer:
            return _NO_STREAM
        first, last, length, added = answer
        return _Edge(first.decode(), last.decode(), length, added)

    # --- reading in a group -----------------------------------------------------------

    async def take(self, stream: str, group: str, consumer: str, most: int, wait: float) -> list[Entry]:
        """`Entry.missed` is not told here: the events' own numbers tell it."""
        block = round(wait * 1000) or None

        def ask() -> Awaitable[Any]:
            return self._redis.xreadgroup(group, consumer, {stream: ">"}, count=most, block=block)

        answer = await self._in_group(stream, group, ask, wait)
        return [Entry(stream, *_item(one)) for _, some in _pairs(answer) for one in some]

    async def _in_group(self, stream: str, group: str, ask: Callable[[], Awaitable[T]], wait: float = 0) -> T:
        """Ask, with the group made if it is not there (any more)."""
        try:
            return await self._ask(ask, wait)
        except MuxAwayError as error:
            if "NOGROUP" not in str(error):
                raise
        try:
            await self._ask(lambda: self._redis.xgroup_create(stream, group, id="0", mkstream=True))
        except MuxAwayError as error:
            if "BUSYGROUP" not in str(error):
                raise
        return await self._ask(ask, wait)

    async def ack(self, stream: str, group: str, entries: Sequence[Entry]) -> None:
        """In one round trip."""
        if entries:
            names = [entry.id for entry in entries]
            await self._ask(lambda: self._redis.xack(stream, group, *names))

    async def recover(self, stream: str, group: str, consumer: str, most: int, idle: float) -> list[Entry]:
        """By ``XAUTOCLAIM``. Entries that the stream keeps no longer come with an empty payload."""
        claimed: list[tuple[str, bytes]] = []
        at = "0-0"
        while len(claimed) < most:
            begin, count = at, most - len(claimed)

            def ask(begin: str = begin, count: int = count) -> Awaitable[Any]:
                least = round(idle * 1000)
                return self._redis.xautoclaim(stream, group, consumer, least, start_id=begin, count=count)

            answer = await self._in_group(stream, group, ask)
            claimed += [_item(one) for one in answer[1] if one[0] is not None]
            claimed += [(name.decode(), b"") for name in (answer[2] if len(answer) > 2 else ())]  # noqa: PLR2004 - from 7.0
            at = answer[0].decode()
            if at == "0-0":
                break
        claimed.sort(key=lambda one: _order(one[0]))
        attempts = await self._attempts(stream, group, claimed)
        return [Entry(stream, name, payload, attempts.get(name, 2)) for name, payload in claimed]

    async def _attempts(self, stream: str, group: str, claimed: list[tuple[str, bytes]]) -> dict[str, int]:
        if not claimed:
            return {}
        first, last = claimed[0][0], claimed[-1][0]
        answer: list[dict[str, Any]] = await self._ask(
            lambda: self._redis.xpending_range(stream, group, min=first, max=last, count=2 * len(claimed))
        )
        return {one["message_id"].decode(): one["times_delivered"] for one in answer}

    async def set_aside(self, stream: str, group: str, entry: Entry, reason: str) -> None:
        """Both or neither."""
        kept = encode_poison(entry, group, reason)
        most = self._limits.get(stream + POISON, _POISON_LIMITS).entries

        async def ask() -> None:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.xadd(stream + POISON, {_FIELD: kept}, maxlen=most, approximate=True)
                pipe.xack(stream, group, entry.id)
                await pipe.execute()

        await self._ask(ask)

    # --- what there is ----------------------------------------------------------------

    async def info(self, stream: str) -> StreamInfo:
        """``poisoned`` counts all that ever were, kept or not."""
        edge = await self._edge(stream)
        poison = await self._edge(stream + POISON)
        groups: list[dict[str, Any]] = []
        if edge != _NO_STREAM:
            groups = await self._ask(lambda: self._redis.xinfo_groups(stream))
        return StreamInfo(
            stream,
            edge.length,
            edge.first,
            edge.last if edge.length else START,
            max(poison.added, poison.length),
            tuple(
                GroupInfo(
                    one["name"].decode("utf-8", "replace"), one.get("lag"), one["pending"], one["consumers"]
                )
                for one in groups
            ),
        )


def _pairs(answer: Any) -> list[tuple[bytes, list[Any]]]:
    return answer or []


def _item(one: Any) -> tuple[str, bytes]:
    """Id and content. An entry that others wrote has other fields: it is given as they stand, joined."""
    name, fields = one
    if not fields:
        return name.decode(), b""
    content = fields.get(_FIELD)
    return name.decode(), b" ".join(
        b"%b=%b" % pair for pair in fields.items()
    ) if content is None else content


def _order(name: str) -> tuple[int, int]:
    """Ids compare as pairs of numbers."""
    millis, _, number = name.partition("-")
    return int(millis or 0), int(number or 0)
