"""The stream server between two producers and a reader, killed at random moments."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Final, Protocol

from backend.events import decode_line
from backend.events.vocabulary import GAP
from backend.gateway import Gateway
from backend.mux import Transport, transport_of
from backend.mux.gateway import StreamFeed
from backend.mux.protocol import START
from backend.mux.reader import Events, Lost, Reached, StreamReader
from backend.mux.sink import BusSink
from backend.mux.storing import StoreFollower
from backend.mux.streams import EVENTS
from backend.tap.hub import Hub
from tests.faults.books import in_store, last_stored
from tests.faults.ledger import Ledger, Verdict
from tests.faults.moments import Moments
from tests.faults.viewing import Viewer, until
from tests.gateway.feeds import batch
from tests.mux.nats_server import NatsServer
from tests.mux.valkey import Valkey

LIFE: Final = 0.25
_HOLE: Final = 0.5
PRODUCERS: Final = ("left-1", "right-1")

DURABLE: Final = ("--appendonly", "yes", "--appendfsync", "always")
"""What a server is asked for so that what it acknowledged outlives it."""


class Producers:
    """Two programs that tell, each by a sink of its own."""

    def __init__(self, url: str) -> None:
        self.sinks = {name: BusSink(url, close_seconds=60, last_delay=0.2) for name in PRODUCERS}
        self.emitted = dict.fromkeys(PRODUCERS, 0)

    def emit(self, count: int) -> None:
        """Each so many events."""
        for name, sink in self.sinks.items():
            sink.write(batch(self.emitted[name] + 1, count, name))
            self.emitted[name] += count

    @property
    def published(self) -> bool:
        """Whether the server takes what they tell."""
        return not any(sink.stats.problem for sink in self.sinks.values())

    @property
    def dropped(self) -> int:
        """Events that found a queue full."""
        return sum(sink.stats.dropped for sink in self.sinks.values())

    async def close(self) -> None:
        """Have everything published."""
        await asyncio.gather(*(asyncio.to_thread(sink.close) for sink in self.sinks.values()))


class Reader:
    """Reads the stream, and keeps books."""

    def __init__(self, bus: Transport) -> None:
        self.books = Ledger()
        self.known: dict[str, int] = {}
        self.told: Lost | Reached | None = None
        self._reader = StreamReader(bus, EVENTS, START, last_delay=0.2)

    async def follow(self) -> None:
        """Until it is cancelled."""
        async for told in self._reader:
            if isinstance(told, Lost | Reached):
                self.told = told
            for run in told.runs if isinstance(told, Events) else ():
                last = run.first_seq + len(run.lines) - 1
                self.books.came(run.source, run.first_seq, last)
                self.known[run.source] = max(self.known.get(run.source, 0), last)
                if run.source.startswith("bus-"):
                    self._own(run.lines)

    def _own(self, lines: list[bytes]) -> None:
        for event in map(decode_line, lines):
            if event.message_type == GAP:
                gap = event.payload()
                self.books.gap(gap["source"], gap["from_seq"], gap["to_seq"])


async def stream(moments: Moments, folder: Path) -> tuple[Verdict, str]:
    """Valkey as it keeps what it acknowledged: killed and begun again, with its own data."""
    with Valkey(*DURABLE, "--dir", str(folder)) as server:
        return await _killed(server, moments)


async def nats(moments: Moments) -> tuple[Verdict, str]:
    """NATS JetStream, which keeps what it acknowledged by itself."""
    with NatsServer() as server:
        return await _killed(server, moments)


async def forgetful(moments: Moments, folder: Path) -> tuple[tuple[Verdict, ...], str]:
    """A Valkey that keeps nothing on a disk: what it had and nobody had read yet is gone with it.

    A store and a gateway follow it, which have to name that.
    """
    with Valkey() as server:
        hub, stop = Hub(), asyncio.Event()
        feed = StreamFeed(transport_of(server.url), hub, last_delay=0.2)
        store = StoreFollower(
            transport_of(server.url), folder / "store", delays=(0.05, 0.2), hole_seconds=_HOLE
        )
        await feed.start()
        storing = asyncio.create_task(store.run(stop))
        async with Gateway(hub, port=0) as door:
            viewer = Viewer(door.url)
            watching = asyncio.create_task(viewer.follow())
            producers = Producers(server.url)
            await _kill_often(server, producers, moments)
            with contextlib.suppress(TimeoutError):
                await until(lambda: viewer.knows(producers.emitted))
                await until(lambda: last_stored(folder / "store").items() >= producers.emitted.items())
            await asyncio.sleep(2 * _HOLE)  # what is missing is named when that is certain
            stop.set()
            await storing
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await feed.close()
        books = viewer.books, in_store(folder / "store")
        return tuple(one.verdict(producers.emitted) for one in books), f"; {producers.dropped} dropped"


class Server(Protocol):
    """What is killed."""

    @property
    def url(self) -> str:
        """Where."""

    def start(self) -> None:
        """Begin; returns when it answers."""

    def kill(self) -> None:
        """At once."""


async def _killed(server: Server, moments: Moments) -> tuple[Verdict, str]:
    producers = Producers(server.url)
    reader = Reader(transport_of(server.url))
    following = asyncio.create_task(reader.follow())
    try:
        await _kill_often(server, producers, moments)
        with contextlib.suppress(TimeoutError):  # what did not come is accounted for
            await until(lambda: all(reader.known.get(name) == producers.emitted[name] for name in PRODUCERS))
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
    verdict = reader.books.verdict(producers.emitted)
    trouble = "" if verdict.sound else f"; the reader was told last: {reader.told}"
    return verdict, f"; {producers.dropped} dropped{trouble}"


async def _kill_often(server: Server, producers: Producers, moments: Moments) -> None:
    """At random moments of its lives, while two programs tell; at last all that they told is published."""
    clock = asyncio.get_running_loop().time
    for _ in moments.lives():
        size = moments.randint(1, 400)
        ends = clock() + moments.random() * LIFE
        while clock() < ends:
            producers.emit(size)
            await asyncio.sleep(LIFE / 20)
        server.kill()
        producers.emit(size)
        await asyncio.to_thread(server.start)
        await until(lambda: producers.published)
    producers.emit(1)
    await producers.close()
