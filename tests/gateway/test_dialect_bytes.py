"""The three dialects, byte for byte: what others have built on, in the order in which they read it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from backend.events import Event, encode_lines
from backend.gateway import Gateway
from backend.tap.batch import Batch
from backend.tap.hub import Hub
from backend.wire.frames import Dialect, Subscribe
from backend.wire.server import FeedSession

# As other producers write them too: spaces, an unknown field, a number that a float would change.
FOREIGN = (
    b'{"timestamp": 1700000000.25, "event_type": "system", "component": "cache", "message_type": "CACHE",'
    b' "data": {"n": 12345678901234567890, "hit": true}, "x-unknown": [1, 2.50]}'
)
EVENTS = [
    Event(
        1_700_000_000.25, "system", "router", "QUERY_ROUTE", "s1", "u1",
        data={"message": "to fast", "query_id": "q1", "selected_tier": "fast"},
        correlation_id="s1_1_X", id="e1", turn=1,
    ),
    Event(1_700_000_001.5, "system", "models", "MODEL_STATE",
          data={"model_id": "m", "state": "ready"}, id="e2"),
    Event(1_700_000_002.0, "system", "cgrag", "CGRAG",
          data={"chunks_retrieved": 5}, severity="debug", id="e3"),
    Event(1_700_000_003.0, "system", "perf", "PERFORMANCE", data={"value": 1.5}, severity="warning", id="e4"),
    Event(
        1_700_000_004.0, "error", "llm", None, "s1",
        data={"error_type": "TimeoutError", "error_message": "no “answer”\n", "component": "llm"},
        severity="error", id="e5",
    ),
    Event(1_700_000_005.123456, "system", "query", "QUERY_START", "s1", data={"text": "hi", "n": 1}, id="e6"),
    Event(1_700_000_006.0, "system", "query", "DOCUMENTS_RETRIEVED", data={"count": 3}, id="e7"),
    Event(1_700_000_007.0, "message_published", "bus", "TEXT_CHUNK", data={"text": "x"}, id="e8"),
]  # fmt: skip


def feed() -> Hub:
    hub = Hub()
    lines = FOREIGN + b"\n" + encode_lines(EVENTS)
    hub.write(Batch.encoded(lines, 1, len(EVENTS) + 1))
    return hub


def native() -> list[str]:
    return [FOREIGN.decode(), *encode_lines(EVENTS).decode().splitlines()]


def golden(name: str) -> list[str]:
    """Events as they are to be, one a line."""
    return (Path(__file__).parent / "golden" / f"{name}.jsonl").read_text("utf-8").splitlines()


GOLDEN: dict[Dialect, list[str]] = {"native": native(), "system": golden("system"), "web": golden("web")}


@pytest.mark.parametrize("dialect", ["native", "system", "web"])
def test_each_frame_of_a_websocket_is_the_event_in_its_dialect(dialect: Dialect) -> None:
    """In batches spliced with commas, one by one the same."""
    for several in (True, False):
        session = FeedSession(feed().ring, now=0)
        session.subscribe(Subscribe(since_seq=0, dialect=dialect, batch=several))
        frames = []
        while (frame := session.next_frame(1)) is not None or session.pending:
            if frame is not None:
                frames.append(frame.data.decode())
        assert frames[0].startswith('{"type":"hello","protocol":"doubletalk.feed/1",')
        shaped = GOLDEN[dialect]
        expected = [",".join(shaped)] if several else shaped
        assert frames[1:] == [f'{{"type":"events","events":[{one}]}}' for one in expected]


def test_a_client_that_says_nothing_gets_the_recorded_lines() -> None:
    """Plain frames: native, byte for byte."""
    hub = Hub()
    session = FeedSession(hub.ring, now=0, grace=0)
    hub.write(Batch.encoded(FOREIGN + b"\n" + encode_lines(EVENTS), 1, len(EVENTS) + 1))
    frames = [session.next_frame(1) for _ in native()]
    assert [frame.data.decode() for frame in frames if frame is not None] == native()


@pytest.mark.parametrize("dialect", ["native", "system", "web"])
async def test_pages_and_event_streams_have_the_same_bytes(dialect: Dialect) -> None:
    """History and SSE: what a WebSocket gets, in their own envelope."""
    hub = feed()
    expected = GOLDEN[dialect]
    async with Gateway(hub, port=0) as server, httpx.AsyncClient(base_url=server.url) as client:
        body = (await client.get("/api/events/history", params={"dialect": dialect})).text
        assert body.startswith('{"events":[' + ",".join(expected) + f'],"count":{len(expected)},')
        data: list[str] = []
        url = f"/events?since_seq=0&dialect={dialect}"
        async with client.stream("GET", url) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data: {") and '"type":"hello"' not in line:
                    data.append(line.removeprefix("data: "))
                if len(data) == len(expected):
                    break
        assert data == expected


def test_types_of_a_subscription_are_the_dialects_own_or_the_formats() -> None:
    """Contract: types names event_type, message_type, or the dialect's type; severity is the least."""
    for wanted, count in [
        (Subscribe(types=("cache",), dialect="system"), 1),
        (Subscribe(types=("QUERY_ROUTE", "error"), dialect="system"), 2),
        (Subscribe(types=("system",), dialect="web"), 2),
        (Subscribe(types=("query_start",), dialect="web"), 1),
        (Subscribe(types=("cache",)), 0),
        (Subscribe(types=("CACHE", "message_published")), 2),
        (Subscribe(severity="warning"), 2),
        (Subscribe(severity="debug"), 9),
        (Subscribe(severity="warning", types=("error",), dialect="system"), 1),
    ]:
        session = FeedSession(feed().ring, now=0)
        session.subscribe(Subscribe(
            since_seq=0, batch=True, types=wanted.types, severity=wanted.severity, dialect=wanted.dialect
        ))  # fmt: skip
        session.next_frame(1)
        while session.next_frame(1) is not None or session.pending:
            pass
        assert session.delivered == count, wanted
