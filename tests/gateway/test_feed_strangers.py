"""Who is refused at the feed, and who costs it nothing: bad frames, strangers, clients that do not read."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from backend.errors import UserError
from backend.tap.hub import Hub
from backend.wire.guard import TokenPolicy
from tests.gateway.feeds import TOKEN, Server, batch, events, feed_url, subscribed, until


@pytest.mark.parametrize(
    "message",
    [
        "not json",
        '{"type":"subscribe","types":3}',
        '{"type":"x"}',
        b"\x00\xff\x1b",
        "x" * 70_000,
        "y" * 1_000_000,
    ],
    ids=["not JSON", "wrong type", "unknown", "binary", "70 kB", "1 MB"],
)
async def test_bad_frames_end_their_connection_only(
    make: Callable[..., Server], message: str | bytes
) -> None:
    """Told in one line or refused by size, closed with 1008 or 1009; others do not notice."""
    hub = Hub()
    async with make(hub) as server, subscribed(feed_url(server)) as (other, _):
        async with connect(feed_url(server), proxy=None) as connection:
            with pytest.raises(ConnectionClosed):  # noqa: PT012 - sending may be what fails
                await connection.send(message)
                async with asyncio.timeout(5):
                    told = json.loads(await connection.recv())
                    assert told["type"] == "error"
                    assert "\n" not in told["message"]
                    await connection.recv()
            assert connection.close_code in {1008, 1009}
        await until(lambda: hub.stats().active_subscribers == 1)
        hub.write(batch(1, 1))
        assert len(await events(other, 1)) == 1


@pytest.mark.parametrize(
    ("headers", "origin", "status"),
    [
        ({"Host": "evil.example"}, None, 403),
        ({}, "https://evil.example", 403),
        ({"Authorization": "Bearer wrong-horse-battery"}, None, 401),
        ({"Authorization": f"Bearer {TOKEN}"}, "http://localhost:3000", None),
    ],
)
async def test_strangers_are_refused_before_the_handshake(
    make: Callable[..., Server], headers: dict[str, str], origin: str | None, status: int | None
) -> None:
    """Host, Origin and token decide, with a status and one line."""
    async with make(Hub(), policy=TokenPolicy(TOKEN)) as server:
        opening = _handshake(feed_url(server), headers, origin)
        if status is None:
            assert await opening == 101
        else:
            assert await opening == status


async def _handshake(url: str, headers: dict[str, str], origin: str | None) -> int:
    """The status of a WebSocket handshake with exactly these headers."""
    place = url.removeprefix("ws://").partition("/")[0]
    host, _, port = place.partition(":")
    lines = {
        "Host": place,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    } | headers
    if origin is not None:
        lines["Origin"] = origin
    reader, writer = await asyncio.open_connection(host, int(port))
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    writer.write(f"GET /ws/events HTTP/1.1\r\n{head}\r\n".encode())
    async with asyncio.timeout(5):
        status = (await reader.readline()).split()[1]
    writer.close()
    return int(status)


async def test_a_browser_brings_its_token_as_subprotocol(make: Callable[..., Server]) -> None:
    """The feed's subprotocol is selected, the token is never echoed; a wrong path is no feed."""
    async with make(Hub(), policy=TokenPolicy(TOKEN, required=True)) as server:
        url = feed_url(server)
        offered: Any = ["doubletalk.feed.1", f"doubletalk.token.{TOKEN}"]
        async with connect(url, subprotocols=offered, proxy=None) as connection:
            assert connection.subprotocol == "doubletalk.feed.1"
        with pytest.raises(InvalidStatus):
            await connect(url, proxy=None)
        with pytest.raises(InvalidStatus):
            await connect(url + "x", subprotocols=offered, proxy=None)


async def test_no_server_beyond_loopback_without_a_token(make: Callable[..., Server]) -> None:
    """One line, before anything listens."""
    server = make(Hub(), host="0.0.0.0")  # noqa: S104 - what is refused here
    with pytest.raises(UserError, match=r"refusing to listen on 0\.0\.0\.0 without a token"):
        await server.start()


async def test_a_taken_port_is_named(make: Callable[..., Server]) -> None:
    """One line with the port and what to do; also for ports and hosts that are none."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} on 127.0.0.1 is taken"):
            await make(Hub(), port=port).start()
    with pytest.raises(UserError, match="cannot listen on"):
        await make(Hub(), host="127.0.0.1", port=70_000).start()
    with pytest.raises(UserError, match="cannot listen on"):
        await make(Hub(), host="name.invalid", policy=TokenPolicy(TOKEN)).start()


@contextlib.asynccontextmanager
async def deaf(url: str, subscribe: dict[str, Any]) -> AsyncIterator[socket.socket]:
    """A client that subscribes and then never reads; its receive buffer is small."""
    place = url.removeprefix("ws://").partition("/")[0]
    host, _, port = place.partition(":")
    loop = asyncio.get_running_loop()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        await loop.sock_connect(client, (host, int(port)))
        message = json.dumps({"type": "subscribe", **subscribe}).encode()
        await loop.sock_sendall(
            client,
            f"GET /ws/events HTTP/1.1\r\nHost: {place}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
            + bytes([0x81, 0x80 | len(message), 0, 0, 0, 0])
            + message,
        )
        yield client


async def test_a_client_that_never_reads_is_dropped_and_counted(make: Callable[..., Server]) -> None:
    """It costs the publisher nothing and the others nothing; after 100 ms with a full queue it is out."""
    hub = Hub(history_events=4000, client_queue=500)
    async with make(hub) as server:
        url = feed_url(server)
        async with deaf(url, {"batch": True}), subscribed(url, batch=True) as (reader, _):
            await until(lambda: hub.stats().active_subscribers == 2)
            loop = asyncio.get_running_loop()
            first, slowest, got = 1, 0.0, 0
            async with asyncio.timeout(20):
                while hub.stats().dropped == 0:
                    one = batch(first, 100, text="x" * 1000)
                    began = loop.time()
                    hub.write(one)
                    slowest = max(slowest, loop.time() - began)
                    first += 100
                    got += len(await events(reader, 100))
            await until(lambda: hub.stats().active_subscribers == 1)
            stats = hub.stats()
            assert stats.dropped == 1
            assert got == first - 1
            assert stats.published == first - 1
            assert stats.queue_size == 0
            assert slowest < 0.05


async def test_a_slow_client_is_gapped_and_told(make: Callable[..., Server]) -> None:
    """It falls behind its queue's bound, skips, and the gap it gets covers exactly what it missed."""
    hub = Hub(history_events=4000, client_queue=200, stall_seconds=60)
    async with make(hub) as server, subscribed(feed_url(server), batch=True) as (slow, _):
        written = 0
        while hub.stats().queue_size <= 200:  # fills the socket's buffers, then the queue
            hub.write(batch(written + 1, 100, text="x" * 5000))
            written += 100
            await asyncio.sleep(0)
        seen: set[int] = set()
        lost: set[int] = set()
        async with asyncio.timeout(20):
            while len(seen) + len(lost) < written:
                frame = json.loads(await slow.recv())
                if frame["type"] == "gap":
                    lost |= set(range(frame["from_seq"], frame["to_seq"] + 1))
                else:
                    seen |= {event["seq"] for event in frame["events"]}
        assert lost
        assert seen | lost == set(range(1, written + 1))
        stats = hub.stats()
        assert stats.lost == len(lost)
        assert stats.gaps >= 1
        assert stats.dropped == 0
