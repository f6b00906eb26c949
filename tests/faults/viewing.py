"""A producer and a viewer of a feed, with a network between them that fails, and books of both."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from urllib.parse import urlsplit

from backend.tap.hub import Hub
from backend.wire.frames import Subscribe
from debugger.sources.feed import Connected, Disconnected, FeedSource
from tests.faults.ledger import Ledger
from tests.gateway.feeds import Server, batch, feed_url
from tests.support.flaky_proxy import FlakyProxy

SOURCE = "s"


class Viewer:
    """Follows a feed, connecting again for as long as it takes, and keeps books."""

    def __init__(self, url: str, wanted: Subscribe | None = None) -> None:
        self.source = FeedSource(url, wanted=wanted, first_delay=0.01, last_delay=0.05)
        self.books = Ledger()
        self.connected = 0
        self.reasons: list[str] = []

    async def follow(self) -> None:
        """Until it is cancelled."""
        async for update in self.source:
            if isinstance(update, Connected):
                self.connected += 1
            elif isinstance(update, Disconnected):
                self.reasons.append(update.reason)
            self.books.hear(update)

    @property
    def known(self) -> int:
        """The last seq that it was told of."""
        return self.source.client.known_seq

    def knows(self, emitted: Mapping[str, int]) -> bool:
        """Whether it was told of all of these, seen or lost."""
        known = self.source.client.position.known
        return all(known.get(source) == last for source, last in emitted.items())


class Producer:
    """Writes events to a hub, and knows how long that kept it."""

    def __init__(self, hub: Hub, text: str = "x" * 200) -> None:
        self.emitted = 0
        self.slowest = 0.0
        self._hub = hub
        self._text = text

    def emit(self, count: int = 100) -> None:
        """So many events at once."""
        some = batch(self.emitted + 1, count, SOURCE, self._text)
        began = time.perf_counter()
        self._hub.write(some)
        self.slowest = max(self.slowest, time.perf_counter() - began)
        self.emitted += count

    async def until(self, holds: Callable[[], object], count: int = 100, pause: float = 0.002) -> None:
        """Emit so many now and then, until something is so."""
        async with asyncio.timeout(60):
            while not holds():
                self.emit(count)
                await asyncio.sleep(pause)


@contextlib.asynccontextmanager
async def watched(
    make: Callable[..., Server], hub: Hub, wanted: Subscribe | None = None
) -> AsyncIterator[tuple[Producer, FlakyProxy, Viewer]]:
    """A producer, a server of its feed, a network before it, and a viewer that is connected."""
    async with make(hub) as server:
        url = feed_url(server)
        async with FlakyProxy(urlsplit(url).port or 0) as network:
            viewer = Viewer(network.before(url), wanted)
            following = asyncio.create_task(viewer.follow())
            try:
                await until(lambda: viewer.connected)
                yield Producer(hub), network, viewer
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)


async def until(holds: Callable[[], object], seconds: float = 60) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.005)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
