"""Following a feed across everything that can happen to a connection, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable

import pytest
from websockets.asyncio.server import ServerConnection, serve

from backend.errors import UserError
from backend.events import Event, encode_event, encode_lines
from backend.tap.batch import Batch
from backend.tap.feed import FeedServer
from backend.tap.hub import Hub
from backend.wire import EventsReceived, GapReceived, SourceChanged
from backend.wire.guard import TokenPolicy
from debugger.sources import feed
from debugger.sources.feed import Connected, Disconnected, FeedSource, Silent, Update, feed_url

TOKEN = "correct-horse-battery"  # noqa: S105 - of this test


def batch(first: int, count: int, source: str = "s", text: str = "", *, last: bool = False) -> Batch:
    events = [
        Event(
            float(seq),
            "system",
            "c",
            "RECORDING_ENDED" if last else "X",
            data={"t": text},
            source=source,
            seq=seq,
        )
        for seq in range(first, first + count)
    ]
    return Batch(tuple(events), encode_lines(events), first)


class Follower:
    """Collects what a source says, in a task of its own."""

    def __init__(self, source: FeedSource, pause: float = 0.0) -> None:
        self.updates: list[Update] = []
        self.seen: list[tuple[str | None, int | None]] = []
        self._source = source
        self._pause = pause
        self._news = asyncio.Event()

    async def run(self) -> None:
        async for update in self._source:
            self.updates.append(update)
            if isinstance(update, EventsReceived):
                self.seen += [(event.source, event.seq) for event in update.events]
                await asyncio.sleep(self._pause)
            self._news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def of(self, kind: type[Update]) -> list[Update]:
        return [update for update in self.updates if isinstance(update, kind)]


@contextlib.asynccontextmanager
async def following(source: FeedSource, pause: float = 0.0) -> AsyncIterator[Follower]:
    follower = Follower(source, pause)
    task = asyncio.create_task(follower.run())
    try:
        yield follower
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


async def test_a_server_that_comes_late_goes_and_comes_back() -> None:
    """Refused is tried again; after the same producer's return nothing is shown twice, nothing is lost."""
    hub, port = Hub(), free_port()
    async with following(FeedSource(str(port), first_delay=0.01)) as seen:
        await seen.until(lambda: len(seen.of(Disconnected)) >= 2)
        first = seen.of(Disconnected)[0]
        assert isinstance(first, Disconnected)
        assert first.reason == f"nothing listens on 127.0.0.1:{port}"
        for number in range(3):
            async with FeedServer(hub, port=port):
                hub.write(batch(1 + 10 * number, 5))
                await seen.until(lambda number=number: len(seen.seen) == 5 + 10 * number)  # type: ignore[misc]  # bound now
            hub.write(batch(6 + 10 * number, 5))  # while nobody is connected
        async with FeedServer(hub, port=port):
            await seen.until(lambda: len(seen.seen) == 30)
        assert seen.seen == [("s", seq) for seq in range(1, 31)]
        connected = [update.again for update in seen.updates if isinstance(update, Connected)]
        assert connected == [False, True, True, True]
        assert not seen.of(GapReceived)


@pytest.mark.parametrize("ended", [False, True])
async def test_a_producer_that_was_replaced_is_named_with_what_is_known(ended: bool) -> None:
    """Killed and started anew: the new one from its beginning, the old one's end said as far as known."""
    port = free_port()
    async with following(FeedSource(f"http://127.0.0.1:{port}", first_delay=0.01)) as seen:
        old = Hub()
        async with FeedServer(old, port=port):
            old.write(batch(1, 7, "old", last=ended))
            await seen.until(lambda: len(seen.seen) == 7)
        new = Hub(history_events=5)
        for first in (1, 6):
            new.write(batch(first, 5, "new"))
        async with FeedServer(new, port=port):
            await seen.until(lambda: len(seen.seen) == 12)
        assert seen.of(SourceChanged) == [SourceChanged("old", "new", 7, ended)]
        assert seen.of(GapReceived) == [GapReceived("new", 1, 5)]
        assert seen.seen[7:] == [("new", seq) for seq in range(6, 11)]


async def test_a_consumer_that_is_slow_slows_nobody_and_is_told_what_it_lost() -> None:
    """The server skips or drops it; it resumes; seen and lost together are all that was emitted."""
    hub = Hub(history_events=300, client_queue=200)
    async with FeedServer(hub) as server, following(FeedSource(server.url, first_delay=0.01), 0.01) as seen:
        await seen.until(lambda: bool(seen.of(Connected)))
        total = 0
        while hub.stats().lost == 0 and hub.stats().dropped == 0:
            hub.write(batch(total + 1, 50, text="x" * 10_000))
            total += 50
            await asyncio.sleep(0)
        hub.write(batch(total + 1, 1))
        await seen.until(lambda: seen.seen[-1:] == [("s", total + 1)])
        lost = {
            seq
            for gap in seen.updates
            if isinstance(gap, GapReceived)
            for seq in range(gap.from_seq, gap.to_seq + 1)
        }
        numbers = [seq for _, seq in seen.seen]
        assert len(numbers) == len(set(numbers))
        assert set(numbers) | lost == set(range(1, total + 2))
        assert not set(numbers) & lost


async def test_a_refusal_that_would_come_again_ends_it() -> None:
    """Wrong token and wrong path: one line, and no second attempt."""
    async with FeedServer(Hub(), policy=TokenPolicy(TOKEN, required=True)) as server:
        for source, told in (
            (FeedSource(server.url), "a token is needed: give one with --token-file or DOUBLETALK_TOKEN"),
            (FeedSource(server.url, "another-horse-battery"), "the token is wrong"),
            (FeedSource(server.url + "/x", TOKEN), "no feed at"),
        ):
            updates = [update async for update in source]
            assert len(updates) == 1
            assert isinstance(updates[0], Disconnected)
            assert updates[0].retry_in is None
            assert told in updates[0].reason
            assert updates[0].reason.isprintable()


async def test_a_server_that_says_nothing_is_told_of_once_and_listened_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may be no feed; or one that does not greet, of a program that has nothing to say yet."""
    monkeypatch.setattr(feed, "SILENT_SECONDS", 0.05)
    speak = asyncio.Event()

    async def answer(connection: ServerConnection) -> None:
        await connection.recv()
        await speak.wait()
        await connection.send(encode_event(Event(1.0, "system", "c", source="s", seq=1)))
        await connection.wait_closed()

    async with serve(answer, "127.0.0.1", 0) as server:
        (listener,) = server.sockets
        async with following(FeedSource(f"127.0.0.1:{listener.getsockname()[1]}")) as seen:
            await seen.until(lambda: bool(seen.of(Silent)))
            (silent,) = seen.of(Silent)
            assert isinstance(silent, Silent)
            assert silent.message.startswith("ws://127.0.0.1:")
            assert "said nothing for 0.05 s: is it a feed" in silent.message
            await asyncio.sleep(0.15)  # three times as long
            speak.set()
            await seen.until(lambda: seen.seen == [("s", 1)])
            assert len(seen.of(Silent)) == 1
            assert not seen.of(Disconnected)


async def test_what_is_no_websocket_server_is_said_so() -> None:
    """Something else listens on the port."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-\x1b[31mOpenSSH\r\n")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        async with following(FeedSource(f"127.0.0.1:{port}", first_delay=0.01)) as seen:
            await seen.until(lambda: bool(seen.updates))
            assert seen.updates[0] == Disconnected(
                f"ws://127.0.0.1:{port}/ws/events does not speak WebSocket", 0.01
            )


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("8765", "ws://127.0.0.1:8765/ws/events"),
        ("127.0.0.1:9000", "ws://127.0.0.1:9000/ws/events"),
        ("localhost", "ws://localhost:8765/ws/events"),
        (" box.example:1 ", "ws://box.example:1/ws/events"),
        ("http://127.0.0.1:8765", "ws://127.0.0.1:8765/ws/events"),
        ("https://box.example/", "wss://box.example/ws/events"),
        ("ws://127.0.0.1:8765/ws/events", "ws://127.0.0.1:8765/ws/events"),
        ("wss://box.example/proxy/feed?x=1#y", "wss://box.example/proxy/feed?x=1"),
        ("[::1]:8765", "ws://[::1]:8765/ws/events"),
    ],
)
def test_a_feed_is_found_by_any_of_its_names(given: str, url: str) -> None:
    """Port, host and port, http or ws."""
    assert feed_url(given) == url


@pytest.mark.parametrize(
    "given",
    [
        "",
        "  ",
        "ftp://x",
        "ws://",
        "host:port",
        "127.0.0.1:99999",
        "a b",
        "x\x1b[2J",
        "http://[bad",
        "me:pw@host:1",
    ],
)
def test_what_is_no_feed_is_told_in_one_line(given: str) -> None:
    """Before anything is connected."""
    with pytest.raises(UserError) as caught:
        FeedSource(given)
    assert str(caught.value).isprintable()
