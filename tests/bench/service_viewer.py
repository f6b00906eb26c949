"""Viewers of the service's bench, in a process of their own: they count by seq, and keep time.

``python -m tests.bench.service_viewer KIND URL COUNT``: so many connections of a kind.

- ``read``: takes everything as it comes;
- ``slow``: takes a frame now and then, until it is told of the end;
- ``stuck``: never reads a byte, and comes again after a while;
- ``stream``: reads the stream server instead of the feed.

Lines on stdin: ``measure`` forgets all times so far, ``until SEQ`` says which event is the last. Then each
connection's books are printed, a line of JSON for all of them.
"""

from __future__ import annotations

import asyncio
import json
import re
import select
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from backend.mux import Entry, transport_of
from backend.mux.protocol import START
from backend.mux.streams import EVENTS
from tests.bench.service_reader import Reader, handshaken

_TIMED: Final = re.compile(rb'"mono_ns":(\d+)')
_SEQ: Final = re.compile(rb'"seq":(\d+)')
_BEGINNING: Final = b'{"timestamp":'
"""Of each event, once. To look for it takes less than to look for a shorter text."""

_EVERY: Final = 20_000
"""Bytes from one event that is timed to the next, whatever frames they are in: one of some 32 events, so that
each frame counts by what it holds. To time all would take the processor from the feed; to time all of one
frame in so many leaves a hundred of them, of which the worst alone is a 99th percentile."""

_SLOW_SECONDS: Final = 0.05
"""Between two frames: some 3,000 events a second."""

_AGAIN_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.05
_STUCK_SECONDS: Final = 30.0
"""After which one that reads nothing comes again: that it was dropped is behind all that it does not read."""


class Books(Struct):
    """Of one viewer: each event came once, in order, or was named in a gap; all others are faults."""

    first: int = 0
    next: int = 0
    received: int = 0
    gaps: int = 0
    named: int = 0
    unnamed: int = 0
    twice: int = 0
    dropped: int = 0

    def begin(self, seq: int) -> None:
        """The first event that it is going to get."""
        self.first = self.next = seq

    def came(self, first: int, last: int, count: int) -> None:
        """Events from one to another, of which there are so many."""
        self._up_to(first)
        fresh = last + 1 - max(first, self.next)
        self.twice += max(count - fresh, 0)
        self.unnamed += max(fresh - count, 0)
        self.received += fresh
        self.next = max(self.next, last + 1)

    def lost(self, first: int, last: int) -> None:
        """A gap was told."""
        self._up_to(first)
        self.gaps += 1
        self.named += max(last + 1 - max(first, self.next), 0)
        self.next = max(self.next, last + 1)

    def _up_to(self, first: int) -> None:
        self.unnamed += max(first - self.next, 0)
        self.next = max(self.next, first)


class Viewer:
    """One connection, its books and its times."""

    def __init__(self, told: Told) -> None:
        self.books = Books()
        self.times: list[int] = []
        self.close: Callable[[], None] = bool  # what it is connected by
        self._untimed = 0
        self._told = told

    def message(self, buffer: bytes | bytearray, start: int, stop: int) -> None:
        """What the feed sent, where it lies in a buffer."""
        if buffer.startswith(b'{"type":"events"', start):
            self.events(buffer, start, stop)
        elif buffer.startswith(b'{"type":"gap"', start):
            gap = msgspec.json.decode(buffer[start:stop])
            self.books.lost(gap["from_seq"], gap["to_seq"])
        elif buffer.startswith(b'{"type":"hello"', start) and not self.books.next:
            self.books.begin(msgspec.json.decode(buffer[start:stop])["start_seq"] or 1)
        if self.complete:
            self.close()

    def events(self, buffer: bytes | bytearray, start: int, stop: int) -> None:
        """Events as they were sent, one after the other."""
        now = time.monotonic_ns()
        first = _SEQ.search(buffer, start, stop)
        if first is None:
            return
        last = _SEQ.search(buffer, buffer.rindex(b'"seq":', start, stop), stop)
        assert last is not None
        self.books.came(int(first[1]), int(last[1]), buffer.count(_BEGINNING, start, stop))
        at = start + self._untimed
        while at < stop:
            found = _TIMED.search(buffer, at, stop)
            if found is not None and not self._told.measured:
                self.times.append(now - int(found[1]))
            at += _EVERY
        self._untimed = at - stop

    @property
    def complete(self) -> bool:
        """Whether it has come to the last event."""
        return self._told.until is not None and self.books.next > self._told.until


class Told:
    """What came on stdin."""

    def __init__(self) -> None:
        self.until: int | None = None
        self.measured = False
        self.began = 0.0
        self.viewers: list[Viewer] = []

    async def listen(self) -> None:
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        while line := await reader.readline():
            word, _, number = line.decode().strip().partition(" ")
            if word == "measure":
                self.began = time.process_time()
                for viewer in self.viewers:
                    viewer.times.clear()
            elif word == "until":
                self.until = int(number)
                self.measured = True  # what is caught up with now says nothing of the feed
                for viewer in self.viewers:
                    if viewer.complete:
                        viewer.close()  # it waits for more, and there is none


def _asked(books: Books) -> dict[str, int]:
    """From now on, or from where it was."""
    return {"since_seq": books.next - 1} if books.next else {}


async def _read(url: str, viewer: Viewer, ready: Callable[[], None]) -> None:
    first = True
    while not viewer.complete:
        reader = Reader(handshaken(url, **_asked(viewer.books)), viewer.message)
        viewer.close = reader.finish
        if first:
            ready()
        first = False
        await reader.run()
        viewer.books.dropped += not viewer.complete


async def _slow(url: str, viewer: Viewer, told: Told, ready: Callable[[], None]) -> None:
    first = True
    while not viewer.complete:
        async with connect(url, compression=None, max_size=None, ping_interval=None) as connection:
            viewer.close = lambda: None
            asked = {"type": "subscribe", "batch": True} | _asked(viewer.books)
            await connection.send(json.dumps(asked))
            if first:
                ready()
            first = False
            await _follow(connection, viewer, told)


async def _follow(connection: ClientConnection, viewer: Viewer, told: Told) -> None:
    """Until everything is there, or it is dropped."""
    try:
        while not viewer.complete:
            message = await connection.recv(decode=False)
            viewer.message(message, 0, len(message))
            if told.until is None:
                await asyncio.sleep(_SLOW_SECONDS)
    except ConnectionClosed:
        viewer.books.dropped += not viewer.complete


async def _stuck(url: str, told: Told, ready: Callable[[], None]) -> None:
    """A socket that nothing is read of tells nothing: it is looked at now and then."""
    first = True
    while told.until is None:
        peer = handshaken(url)
        if first:
            ready()
        first = False
        poll = select.poll()
        poll.register(peer, select.POLLHUP | select.POLLERR | select.POLLRDHUP)
        ends = time.monotonic() + _STUCK_SECONDS
        while told.until is None and not poll.poll(0) and time.monotonic() < ends:  # noqa: ASYNC110 - see above
            await asyncio.sleep(_LOOK_SECONDS)
        peer.close()
        if told.until is None:
            await asyncio.sleep(_AGAIN_SECONDS)


async def _stream(url: str, viewer: Viewer, ready: Callable[[], None]) -> None:
    bus = transport_of(url)
    await bus.connect()
    after = START  # of a server that is begun for this
    viewer.books.begin(1)
    ready()
    while not viewer.complete:
        entries: list[Entry] = await bus.tail(EVENTS, after, 64, 0.5)
        for entry in entries:
            after = entry.id
            lines = entry.payload.index(b"\n") + 1  # after the line about them
            if entry.payload.find(b'"source":"bus-', lines, entry.payload.find(b"\n", lines)) < 0:
                viewer.events(entry.payload, lines, len(entry.payload))
    await bus.close()


def _spread(times: list[int]) -> dict[str, float]:
    if not times:
        return {}
    found = np.percentile(np.array(times), [50, 99, 100]) / 1e6
    return dict(zip(("p50_ms", "p99_ms", "max_ms"), map(float, found), strict=True))


async def main(kind: str, url: str, count: int) -> None:
    """Have so many of a kind."""
    told, begun = Told(), 0

    def ready() -> None:
        nonlocal begun
        begun += 1
        if begun == count:
            print("ready", flush=True)

    listening = asyncio.create_task(told.listen())
    told.viewers = viewers = [Viewer(told) for _ in range(count)]
    works: dict[str, Callable[[Viewer], Awaitable[Any]]] = {
        "read": lambda viewer: _read(url, viewer, ready),
        "slow": lambda viewer: _slow(url, viewer, told, ready),
        "stuck": lambda _: _stuck(url, told, ready),
        "stream": lambda viewer: _stream(url, viewer, ready),
    }
    await asyncio.gather(*(works[kind](viewer) for viewer in viewers))
    listening.cancel()
    answer: dict[str, Any] = {
        "books": [] if kind == "stuck" else [msgspec.to_builtins(one.books) for one in viewers]
    }
    answer["cpu"] = time.process_time() - told.began
    answer["times"] = [_spread(one.times) for one in viewers]
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
