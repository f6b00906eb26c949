"""Streams in this process: what `memory://` names, where there is no server. Gone when the process is."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from msgspec import Struct

from backend.mux.poison import encode_poison
from backend.mux.protocol import POISON, START, UNKNOWN, Entry, GroupInfo, Limits, MuxRefusedError, StreamInfo
from backend.mux.transports import shown, split_url


class _Taken(Struct):
    consumer: str
    at: float
    attempts: int


class _Group(Struct):
    """``next`` is the number of the entry that nobody has had; ``taken`` what is not acknowledged."""

    next: int = 1
    taken: dict[int, _Taken] = {}
    consumers: set[str] = set()


class _Stream:
    """Payloads numbered from 1; the oldest go first."""

    def __init__(self) -> None:
        self.kept: deque[bytes] = deque()
        self.last = 0
        self.groups: dict[str, _Group] = {}

    @property
    def first(self) -> int:
        return self.last - len(self.kept) + 1

    def add(self, payload: bytes, most: int) -> None:
        self.kept.append(payload)
        self.last += 1
        while len(self.kept) > most:
            self.kept.popleft()

    def payload(self, number: int) -> bytes:
        return self.kept[number - self.first] if number >= self.first else b""


class _Server:
    """All streams of one name, for every thread and loop of the process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.streams: dict[str, _Stream] = {}
        self._waiting: set[Callable[[], None]] = set()

    def stream(self, name: str) -> _Stream:
        return self.streams.setdefault(name, _Stream())

    def wake(self) -> None:
        """Under the lock: whoever waits looks again."""
        waiting, self._waiting = self._waiting, set()
        for one in waiting:
            one()

    def waiter(self) -> asyncio.Future[None]:
        """Under the lock: done at the next `wake`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()

        def done() -> None:
            if not future.done():
                future.set_result(None)

        def wake() -> None:
            with suppress(RuntimeError):  # its loop is closed
                loop.call_soon_threadsafe(done)

        self._waiting.add(wake)
        return future


_servers: Final[dict[str, _Server]] = {}


class MemoryTransport:
    """The streams that every transport of the same URL in this process shares."""

    def __init__(self, url: str, limits: Mapping[str, Limits]) -> None:
        parts = split_url(url)
        if parts.query or parts.fragment:
            raise MuxRefusedError(f"{shown(url)}: streams in memory have no options; write memory://name")
        self.name = shown(url)
        self._limits = limits
        self._server = _servers.setdefault(parts.netloc + parts.path.rstrip("/"), _Server())

    async def connect(self) -> None:
        """It is there."""

    async def close(self) -> None:
        """The streams stay for whoever comes next."""

    async def publish(self, stream: str, payloads: Sequence[bytes]) -> None:
        """See `Transport`; the whole of it at once."""
        with self._server.lock:
            self._add(stream, payloads)

    def _add(self, stream: str, payloads: Sequence[bytes]) -> None:
        most = self._limits.get(stream, Limits()).entries
        kept = self._server.stream(stream)
        for payload in payloads:
            kept.add(payload, most)
        self._server.wake()

    async def newest(self, stream: str, back: int = 0) -> str:
        """The number of an entry."""
        with self._server.lock:
            kept = self._server.stream(stream)
            position = kept.last - back
            return str(position) if position >= kept.first or (not back and position) else START

    async def tail(self, stream: str, after: str, most: int, wait: float) -> list[Entry]:
        """See `Transport`; what was missed is counted exactly."""

        def read() -> list[Entry]:
            kept = self._server.stream(stream)
            behind = int(after or 0)
            anew = behind > kept.last  # of a process before this one
            begin = kept.first if anew or not behind else max(behind + 1, kept.first)
            missed = UNKNOWN if anew else begin - behind - 1 if behind else 0
            return [
                Entry(stream, str(number), kept.payload(number), missed=missed if number == begin else 0)
                for number in range(begin, min(kept.last + 1, begin + most))
            ]

        return await self._until(read, wait)

    async def take(self, stream: str, group: str, consumer: str, most: int, wait: float) -> list[Entry]:
        """See `Transport`; what was missed is counted exactly."""

        def read() -> list[Entry]:
            kept = self._server.stream(stream)
            ours = kept.groups.setdefault(group, _Group(kept.first))
            ours.consumers.add(consumer)
            begin = max(ours.next, kept.first)
            missed = begin - ours.next
            found = list(range(begin, min(kept.last + 1, begin + most)))
            if not found:
                return []
            now = time.monotonic()
            ours.taken |= {number: _Taken(consumer, now, 1) for number in found}
            ours.next = found[-1] + 1
            return [
                Entry(stream, str(number), kept.payload(number), 1, missed if number == begin else 0)
                for number in found
            ]

        return await self._until(read, wait)

    async def _until(self, read: Callable[[], list[Entry]], wait: float) -> list[Entry]:
        """What is read, as soon as it is something."""
        until = time.monotonic() + wait
        while True:
            with self._server.lock:
                found = read()
                left = until - time.monotonic()
                if found or left <= 0:
                    return found
                waiter = self._server.waiter()
            await asyncio.wait([waiter], timeout=left)

    async def ack(self, stream: str, group: str, entries: Sequence[Entry]) -> None:
        """See `Transport`."""
        with self._server.lock:
            self._ack(stream, group, entries)

    def _ack(self, stream: str, group: str, entries: Sequence[Entry]) -> None:
        ours = self._server.stream(stream).groups.get(group)
        if ours is not None:
            for entry in entries:
                ours.taken.pop(int(entry.id), None)

    async def recover(self, stream: str, group: str, consumer: str, most: int, idle: float) -> list[Entry]:
        """See `Transport`."""
        with self._server.lock:
            kept = self._server.stream(stream)
            ours = kept.groups.setdefault(group, _Group(kept.first))
            now = time.monotonic()
            found: list[Entry] = []
            for number, taken in sorted(ours.taken.items()):
                if len(found) < most and now - taken.at >= idle:
                    taken.consumer, taken.at, taken.attempts = consumer, now, taken.attempts + 1
                    found.append(Entry(stream, str(number), kept.payload(number), taken.attempts))
            return found

    async def set_aside(self, stream: str, group: str, entry: Entry, reason: str) -> None:
        """See `Transport`; both at once."""
        with self._server.lock:
            self._add(stream + POISON, [encode_poison(entry, group, reason)])
            self._ack(stream, group, [entry])

    async def info(self, stream: str) -> StreamInfo:
        """See `Transport`."""
        with self._server.lock:
            kept = self._server.stream(stream)
            groups = tuple(
                GroupInfo(name, kept.last + 1 - max(one.next, kept.first), len(one.taken), len(one.consumers))
                for name, one in sorted(kept.groups.items())
            )
            poisoned = self._server.stream(stream + POISON).last
            length = len(kept.kept)
            first, last = (str(kept.first), str(kept.last)) if length else (START, START)
        return StreamInfo(stream, length, first, last, poisoned, groups)
