"""The feed over real sockets, from the tap's own server and from the gateway: the same behaviour."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from contextvars import Context
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import connect

from backend.gateway import Gateway
from backend.tap import Tap
from backend.tap.hub import Hub
from backend.wire.guard import TokenPolicy
from tests.gateway.feeds import TOKEN, Server, batch, events, feed_url, subscribed, until


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
