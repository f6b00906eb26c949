"""The feed as server-sent events: what an EventSource does by itself works, and no client costs another."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import httpx
import pytest

from backend.gateway import Gateway
from backend.gateway.routes import sse
from backend.tap import Tap
from backend.tap.hub import Hub
from backend.wire.guard import TokenPolicy
from tests.gateway.feeds import TOKEN, batch, until


class Told(NamedTuple):
    """One block of the stream."""

    name: str
    id: str
    data: Any


@contextlib.asynccontextmanager
async def listening(server: Gateway, query: str = "", **headers: str) -> AsyncIterator[AsyncIterator[Told]]:
    """A client that reads as the standard says: fields by line, a block at an empty one."""
    async with (
        httpx.AsyncClient(base_url=server.url, timeout=30) as client,
        client.stream("GET", f"/events{query}", headers=headers) as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        yield _blocks(answer)


async def _blocks(answer: httpx.Response) -> AsyncIterator[Told]:
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(":")
            fields[name or "comment"] = value.strip()
        elif fields:
            data = json.loads(fields["data"]) if "data" in fields else None
            name = "comment" if "comment" in fields else fields.get("event", "message")
            yield Told(name, fields.get("id", ""), data)
            fields = {}


async def take(blocks: AsyncIterator[Told], count: int) -> list[Told]:
    async with asyncio.timeout(20):
        return [await anext(blocks) for _ in range(count)]


async def test_a_listener_gets_a_hello_and_what_comes_each_with_its_id() -> None:
    """From now on; the id is the event's source and seq; the hello has the topology."""
    hub = Hub(topology=lambda: {"components": ["overseer"]})
    hub.write(batch(1, 3))
    async with Gateway(hub, port=0) as server, listening(server) as blocks:
        (hello,) = await take(blocks, 1)
        assert (hello.name, hello.data["topology"]) == ("hello", {"components": ["overseer"]})
        hub.write(batch(4, 2))
        got = await take(blocks, 2)
        assert [(one.name, one.id, one.data["seq"]) for one in got] == [
            ("message", "s:4", 4),
            ("message", "s:5", 5),
        ]


async def test_a_browser_that_comes_back_goes_on_where_it_was() -> None:
    """Last-Event-ID counts, not the address it was first given; what is lost is told, once."""
    hub = Hub(history_events=10)
    hub.write(batch(1, 10))
    async with Gateway(hub, port=0) as server:
        async with listening(server, "?since_seq=0") as blocks:
            last = (await take(blocks, 5))[-1].id
        async with listening(server, "?since_seq=0", **{"Last-Event-ID": last}) as blocks:
            got = await take(blocks, 7)
        assert [one.data["seq"] for one in got[1:]] == [5, 6, 7, 8, 9, 10]
        hub.write(batch(11, 10))
        hub.write(batch(21, 10))
        async with listening(server, **{"Last-Event-ID": got[-1].id}) as blocks:
            hello, gap, first = await take(blocks, 3)
        assert (hello.data["start_seq"], gap.name, first.id) == (21, "gap", "s:21")
        assert gap.data == {"type": "gap", "from_seq": 11, "to_seq": 20, "source": "s"}
        # Cut off right there it would not hear of the same gap again.
        async with listening(server, **{"Last-Event-ID": gap.id}) as blocks:
            assert [one.id for one in (await take(blocks, 2))[1:]] == ["s:21"]


async def test_names_of_sources_that_are_no_plain_text_survive_a_header() -> None:
    """A line break in a name neither ends the line nor is lost."""
    hub = Hub()
    source = "häuser\r\ndata: x:\x1b[31m"
    hub.write(batch(1, 2, source))
    async with Gateway(hub, port=0) as server:
        async with listening(server, "?since_seq=0") as blocks:
            _, first = await take(blocks, 2)
            assert first.data["source"] == source
        async with listening(server, **{"Last-Event-ID": first.id}) as blocks:
            assert [one.data["seq"] for one in (await take(blocks, 2))[1:]] == [2]


async def test_filters_dialects_and_states_are_those_of_the_websocket() -> None:
    """The same words, as parameters; states come before the first event."""
    hub = Hub(history_events=5)
    async with Gateway(hub, port=0) as server:
        with Tap("app", sinks=(hub,)) as tap:
            tap.emit("state_change", "overseer", state={"state": "IDLE"})
            for number in range(40):
                tap.emit("system", "cache", "CACHE", {"n": number}, severity="warning")
                tap.drain()
            async with listening(server, "?since_seq=0&component=overseer,cache") as blocks:
                hello, states, _, first = await take(blocks, 4)
            assert [one.name for one in (hello, states, first)] == ["hello", "states", "message"]
            assert [one["component_state"] for one in states.data["states"]] == [{"state": "IDLE"}]
            query = "?since_seq=0&dialect=system&type=cache&severity=warning"
            async with listening(server, query) as blocks:
                _, gap, shaped = await take(blocks, 3)
            assert gap.name == "gap"
            assert (shaped.data["type"], shaped.id) == ("cache", f"{tap.source}:{gap.data['to_seq'] + 1}")


async def test_silence_has_a_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment now and then, which an EventSource does not show."""
    monkeypatch.setattr(sse.router, "__kwdefaults__", {"heartbeat": 0.02})
    async with Gateway(Hub(), port=0) as server, listening(server) as blocks:
        assert [one.name for one in await take(blocks, 3)] == ["hello", "comment", "comment"]


async def test_the_end_of_the_feed_ends_the_stream_after_the_last_event() -> None:
    """RECORDING_ENDED arrives, then the response is complete; so it is when the server goes."""
    hub = Hub()
    async with Gateway(hub, port=0) as server, listening(server, "?since_seq=0") as blocks:
        with Tap("app", sinks=(hub,)) as tap:
            tap.emit("message_published", "c", "TEXT_CHUNK")
        async with asyncio.timeout(10):
            told = [one.data async for one in blocks]
        assert told[-1]["message_type"] == "RECORDING_ENDED"
    hub = Hub()
    server = Gateway(hub, port=0)
    await server.start()
    async with listening(server) as blocks:
        await take(blocks, 1)
        await server.close()
        async with asyncio.timeout(10):
            assert [one async for one in blocks] == []
    await until(lambda: hub.stats().active_subscribers == 0)


async def test_who_reads_nothing_is_dropped_and_who_leaves_is_forgotten() -> None:
    """A full queue and nothing taken for 100 ms: the connection is cut, counted; others get everything."""
    hub = Hub(client_queue=100)
    async with Gateway(hub, port=0) as server:
        address = re.fullmatch(r"http://(.+):(\d+)", server.url)
        assert address is not None
        host, port = address.groups()
        dead = socket.socket()
        dead.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        dead.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(dead, (host, int(port)))
        await loop.sock_sendall(dead, f"GET /events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        async with listening(server, "?type=CACHE") as blocks:
            await take(blocks, 1)
            await until(lambda: hub.stats().active_subscribers == 2)
            assert {one.kind for one in hub.stats().clients} == {"sse"}
            seq = 1
            async with asyncio.timeout(60):
                while hub.stats().dropped == 0:
                    hub.write(batch(seq, 50, text="x" * 2_000))
                    got = await take(blocks, 25)
                    assert [one.data["seq"] for one in got] == list(range(seq, seq + 50, 2))
                    seq += 50
            await until(lambda: hub.stats().active_subscribers == 1)
        await until(lambda: hub.stats().active_subscribers == 0)
        dead.close()


@pytest.mark.parametrize(
    ("query", "header", "says"),
    [
        ("?since_seq=-1", "", "since_seq: Input should be greater than or equal to 0, not '-1'"),
        ("?severity=loud", "", "severity: Input should be 'debug', 'info', 'warning' or 'error'"),
        ("?cursor=s:1", "", "there is no parameter 'cursor'"),
        ("", "nonsense", "Last-Event-ID: it is SOURCE:SEQ, not 'nonsense'"),
        ("", "s:" + "9" * 400, "Last-Event-ID: it is SOURCE:SEQ"),
    ],
)
async def test_what_makes_no_sense_is_refused_in_one_line(query: str, header: str, says: str) -> None:
    """422, before the stream begins: an EventSource does not try the same again."""
    headers = {"Last-Event-ID": header} if header else {}
    async with Gateway(Hub(), port=0) as server, httpx.AsyncClient(base_url=server.url) as client:
        answer = await client.get(f"/events{query}", headers=headers)
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith(says)


async def test_without_the_token_neither_stream_nor_history_tells_anything() -> None:
    """The guard stands before these as before the WebSocket; a page of another site gets nothing."""
    hub = Hub()
    hub.write(batch(1, 1))
    policy = TokenPolicy(TOKEN, required=True)
    async with (
        Gateway(hub, port=0, policy=policy) as server,
        httpx.AsyncClient(base_url=server.url) as client,
    ):
        for path in ("/events", "/api/events/history", "/api/events/stats"):
            assert (await client.get(path)).status_code == 401
            foreign = {"Origin": "https://evil.example", "Authorization": f"Bearer {TOKEN}"}
            assert (await client.get(path, headers=foreign)).status_code == 403
        right = {"Authorization": f"Bearer {TOKEN}"}
        assert (await client.get("/api/events/history", headers=right)).status_code == 200
        async with listening(server, "?since_seq=0", **right) as blocks:
            assert [one.name for one in await take(blocks, 2)] == ["hello", "message"]
