"""The feed over real sockets, from the tap's own server and from the gateway: the same behaviour."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextvars import Context
from typing import Any

import httpx
import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from backend.errors import UserError
from backend.events import Event, encode_lines
from backend.gateway import Gateway
from backend.tap import Tap
from backend.tap.batch import Batch
from backend.tap.feed import FeedServer
from backend.tap.hub import Hub
from backend.wire.guard import TokenPolicy

TOKEN = "correct-horse-battery"  # noqa: S105 - of this test
Server = FeedServer | Gateway


def feed_url(server: Server) -> str:
    return server.url if isinstance(server, FeedServer) else f"ws{server.url[4:]}/ws/events"


@pytest.fixture(params=[FeedServer, Gateway], ids=["tap feed", "gateway"])
def make(request: pytest.FixtureRequest) -> Callable[..., Server]:
    """Either server, of a hub, on a free port."""

    def server(hub: Hub, **options: Any) -> Server:
        made: Server = request.param(hub, **({"port": 0} | options))
        return made

    return server


def batch(first: int, count: int, source: str = "s", text: str = "") -> Batch:
    events = [
        Event(
            1.0 + seq,
            "system" if seq % 2 else "message_published",
            "overseer",
            "CACHE" if seq % 2 else "TEXT_CHUNK",
            data={"text": text, "n": seq},
            id=f"{source}-{seq}",
            source=source,
            seq=seq,
        )
        for seq in range(first, first + count)
    ]
    return Batch(tuple(events), encode_lines(events), first)


def decoded(frame: str | bytes) -> dict[str, Any]:
    told: dict[str, Any] = (
        msgspec.json.decode(frame) if isinstance(frame, str) else msgspec.msgpack.decode(frame)
    )
    return told


@contextlib.asynccontextmanager
async def subscribed(url: str, **wanted: Any) -> AsyncIterator[tuple[ClientConnection, dict[str, Any]]]:
    async with connect(url, compression=None, max_size=None, proxy=None) as connection:
        await connection.send(json.dumps({"type": "subscribe", **wanted}))
        hello = await connection.recv()
        yield connection, decoded(hello)


async def events(connection: ClientConnection, count: int) -> list[dict[str, Any]]:
    """The next events, out of as many frames as they come in; anything but events fails."""
    got: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while len(got) < count:
            got += decoded(await connection.recv())["events"]
    return got


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.005)


async def test_a_client_that_says_nothing_gets_plain_events(make: Callable[..., Server]) -> None:
    """One event a text frame, from the connection on: what wscat and a browser show."""
    hub = Hub()
    hub.write(batch(1, 3))
    async with make(hub) as server, connect(feed_url(server), proxy=None) as connection:
        await until(lambda: hub.stats().active_subscribers == 1)
        hub.write(batch(4, 2))
        frames = [await connection.recv() for _ in range(2)]
        assert [json.loads(frame)["seq"] for frame in frames] == [4, 5]
        assert all(isinstance(frame, str) for frame in frames)


async def test_a_subscriber_gets_topology_history_and_what_comes(make: Callable[..., Server]) -> None:
    """Late attach: the hello says what there is, since_seq 0 brings it, and live events follow."""
    hub = Hub(topology=lambda: {"components": ["overseer"]})
    hub.write(batch(1, 300))
    async with make(hub) as server, subscribed(feed_url(server), since_seq=0, batch=True) as (feed, hello):
        assert hello["topology"] == {"components": ["overseer"]}
        assert (hello["source"], hello["oldest_seq"], hello["next_seq"]) == ("s", 1, 301)
        assert [event["seq"] for event in await events(feed, 300)] == list(range(1, 301))
        hub.write(batch(301, 2))
        assert [event["seq"] for event in await events(feed, 2)] == [301, 302]


async def test_a_topology_that_fails_is_told_and_costs_nothing_else(make: Callable[..., Server]) -> None:
    """The program's own function raises: the client still gets its hello and its events."""
    hub = Hub(topology=lambda: {"never": 1 // 0})
    hub.write(batch(1, 1))
    async with make(hub) as server, subscribed(feed_url(server), since_seq=0) as (feed, hello):
        assert hello["topology"]["error"].startswith("ZeroDivisionError")
        assert len(await events(feed, 1)) == 1


async def test_msgpack_filters_and_dialects(make: Callable[..., Server]) -> None:
    """Each client gets its own projection of the same ring."""
    hub = Hub()
    hub.write(batch(1, 6))
    async with make(hub) as server:
        url = feed_url(server)
        async with subscribed(url, since_seq=2, batch=True, format="msgpack") as (feed, _):
            assert [event["seq"] for event in await events(feed, 4)] == [3, 4, 5, 6]
        async with subscribed(url, since_seq=0, types=["TEXT_CHUNK"]) as (feed, _):
            assert [event["seq"] for event in await events(feed, 3)] == [2, 4, 6]
        async with subscribed(url, since_seq=0, dialect="system", batch=True) as (feed, _):
            assert [event["metadata"]["n"] for event in await events(feed, 3)] == [1, 3, 5]


async def test_a_resume_after_eviction_names_the_gap(make: Callable[..., Server]) -> None:
    """since_seq older than the ring: the gap comes before the first event."""
    hub = Hub(history_events=10)
    for first in range(1, 101, 10):
        hub.write(batch(first, 10))
    async with make(hub) as server, subscribed(feed_url(server), since_seq=40) as (feed, hello):
        assert hello["start_seq"] == 91
        assert json.loads(await feed.recv()) == {"type": "gap", "from_seq": 41, "to_seq": 90, "source": "s"}
        assert [event["seq"] for event in await events(feed, 1)] == [91]


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


async def test_the_end_of_the_recording_reaches_the_clients_before_the_close(
    make: Callable[..., Server],
) -> None:
    """A tap that ends inside its server: RECORDING_ENDED arrives, then 1001."""
    hub = Hub()
    async with make(hub) as server, subscribed(feed_url(server), since_seq=0) as (feed, _):
        async with Tap("app", sinks=(hub,)) as tap:
            tap.emit("message_published", "c", "TEXT_CHUNK")
        async with asyncio.timeout(5):
            last = [json.loads(frame)["events"][-1] async for frame in feed][-1]
        assert (last["message_type"], last["data"]["count"]) == ("RECORDING_ENDED", last["seq"])
        assert (feed.close_code, feed.close_reason) == (1001, "the feed ended")


async def test_a_stopping_server_says_goodbye_while_the_hub_goes_on(make: Callable[..., Server]) -> None:
    """1001, also to a client within its grace; the port is free at once."""
    hub = Hub()
    server = make(hub)
    await server.start()
    url = feed_url(server)
    async with connect(url, proxy=None) as silent, subscribed(url) as (feed, _):
        await server.close()
        for connection in (silent, feed):
            await connection.wait_closed()
            assert connection.close_code == 1001
    assert hub.running
    port = int(url.removeprefix("ws://").partition("/")[0].rpartition(":")[2])
    async with make(hub, port=port):
        pass
    await server.close()


async def test_the_feeds_own_tasks_are_not_in_the_record(make: Callable[..., Server]) -> None:
    """A server started inside a tapped program, with a client attached: no task of it is reported."""
    hub = Hub()
    async with Tap("app", sinks=(hub,)):
        async with make(hub) as server:
            url = feed_url(server)

            async def client() -> list[dict[str, Any]]:
                async with subscribed(url, since_seq=0) as (feed, _):
                    return await events(feed, 1)

            await asyncio.get_running_loop().create_task(client(), context=Context())
        await asyncio.sleep(0.01)
    names = [
        msgspec.json.decode(line)["data"].get("name")
        for line in _lines(hub)
        if b'"task_spawned"' in line or b'"task_finished"' in line
    ]
    assert names == []


def _lines(hub: Hub) -> list[bytes]:
    ring = hub.ring
    lines: list[bytes] = []
    position = ring.oldest
    while position < ring.end:
        segment = ring.find(position)
        lines += segment.jsonl.splitlines()
        position += segment.count
    return lines


async def test_batches_from_another_thread_wake_the_clients(make: Callable[..., Server]) -> None:
    """A tap may drain in any thread."""
    hub = Hub()
    async with make(hub) as server, subscribed(feed_url(server)) as (feed, _):
        await asyncio.to_thread(hub.write, batch(1, 1))
        assert [event["seq"] for event in await events(feed, 1)] == [1]


async def test_the_gateway_tells_its_numbers_health_and_assistant() -> None:
    """Stats as JSON; health without a token and nothing else; both behind the name check."""
    hub = Hub()
    hub.write(batch(1, 7))
    policy = TokenPolicy(TOKEN, required=True)
    async with (
        Gateway(hub, port=0, policy=policy, assistant_info=lambda: {"model": "scripted"}) as gateway,
        httpx.AsyncClient(base_url=gateway.url, trust_env=False) as http,
    ):
        assert (await http.get("/health")).json() == {"status": "ok"}
        assert (await http.get("/api/events/stats")).status_code == 401
        assert (await http.get("/health", headers={"Host": "evil.example"})).status_code == 403
        http.headers["Authorization"] = f"Bearer {TOKEN}"
        stats = (await http.get("/api/events/stats")).json()
        assert stats["running"] is True
        assert (stats["active_subscribers"], stats["queue_size"], stats["history_size"]) == (0, 0, 7)
        assert (await http.get("/api/assistant")).json() == {"model": "scripted"}
        hub.close()
        assert (await http.get("/health")).status_code == 503


def test_a_tapped_program_without_websockets_can_import_the_feed_and_is_told_what_is_missing() -> None:
    """The tap installs with msgspec alone: nothing heavier is imported, and `start` names the extra."""
    program = (
        "import asyncio, sys\n"
        "from backend.tap.feed import FeedServer\n"
        "from backend.tap.hub import Hub\n"
        "heavy = {'websockets', 'fastapi', 'uvicorn', 'platformdirs', 'zstandard'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "sys.modules['websockets'] = None\n"
        "try: asyncio.run(FeedServer(Hub()).start())\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == "UserError the live feed needs websockets: pip install 'doubletalk[feed]'\n"
