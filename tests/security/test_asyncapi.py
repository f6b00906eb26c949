"""docs/asyncapi.yaml says what the feed is: each frame of a live one and of the code, and no other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import httpx
import jsonschema  # type: ignore[import-untyped]
import msgspec
import pytest
import yaml  # type: ignore[import-untyped]
from websockets.asyncio.client import ClientConnection, connect

from backend.bus import Bus
from backend.control import Desk
from backend.events.messages import ChunkAvailable
from backend.tap import Probe, Scope, Tap
from backend.tap.hub import Hub
from backend.tap.redaction import Redaction
from backend.wire import control, frames
from backend.wire.dialects import SYSTEM_TYPES, WEB_PREFIXES
from backend.wire.guard import TokenPolicy
from tests.gateway.feeds import Server, decoded, feed_url
from tests.security.test_openapi import app_of

DOCUMENT = yaml.safe_load((Path(__file__).parents[2] / "docs" / "asyncapi.yaml").read_text())
SCHEMAS = DOCUMENT["components"]["schemas"]
CONTROL = "this-one-lets-control"
SERVER_FRAMES: dict[str, type[msgspec.Struct]] = {
    "hello": frames.Hello,
    "gap": frames.Gap,
    "states": frames.StatesFrame,
    "error": frames.ErrorFrame,
    "control_result": control.ControlResult,
    "control_state": control.ControlState,
}


def problems(name: str, value: object) -> list[str]:
    """What the schema of that name finds wrong."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(value)]


# --- the document by itself ------------------------------------------------------------------


def _references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


def test_every_reference_leads_somewhere() -> None:
    """And operations name messages of their own channel."""
    for reference in _references(DOCUMENT):
        place: Any = DOCUMENT
        for key in reference.removeprefix("#/").split("/"):
            place = place[key]
    for name, operation in DOCUMENT["operations"].items():
        channel = operation["channel"]["$ref"]
        assert operation["action"] in {"send", "receive"}
        assert all(one["$ref"].startswith(f"{channel}/messages/") for one in operation["messages"]), name


def test_schemas_are_schemas_and_examples_examples() -> None:
    """Each of them is a JSON schema, is used, and takes its examples."""
    used = {reference.rpartition("/")[2] for reference in _references(DOCUMENT)}
    for name, schema in SCHEMAS.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert name in used, name
    for message in DOCUMENT["components"]["messages"].values():
        for example in message.get("examples", ()):
            assert problems(message["payload"]["$ref"].rpartition("/")[2], example["payload"]) == []


# --- the document and the code -----------------------------------------------------------------


def test_every_frame_of_the_code_is_in_the_document_and_the_other_way_round() -> None:
    """Types, and the fields of each."""
    kinds: tuple[type[msgspec.Struct], ...] = get_args(frames.ControlFrame)
    known = {kind.__struct_config__.tag for kind in kinds}
    documented = {schema["properties"]["type"]["const"] for schema in SCHEMAS.values()
                  if "const" in schema.get("properties", {}).get("type", {})}  # fmt: skip
    assert documented == known | {"events", "control"}
    described: dict[str, type[msgspec.Struct]] = {**SERVER_FRAMES, "subscribe": frames.Subscribe}
    for name, kind in described.items():
        assert set(SCHEMAS[name]["properties"]) == {"type", *kind.__struct_encode_fields__}, name
    parts: dict[str, type[msgspec.Struct]] = {
        "heldDelivery": control.HeldDelivery,
        "breakState": control.BreakState,
    }
    for name, part in parts.items():
        assert set(SCHEMAS[name]["properties"]) == set(part.__struct_encode_fields__), name
    assert set(SCHEMAS["hello"]["properties"]["control"]["properties"]) == set(
        control.ControlOffer.__struct_encode_fields__
    )
    from backend.events import Event

    assert set(SCHEMAS["event"]["properties"]) == {*Event.__struct_encode_fields__, "redacted"}
    assert set(SCHEMAS["control"]["properties"]["do"]["enum"]) == {
        kind.__struct_config__.tag for kind in get_args(control.Request)
    }
    assert set(SCHEMAS["systemEvent"]["properties"]["type"]["enum"]) == {
        *(name.lower() for name in SYSTEM_TYPES),
        "error",
    }
    pattern = SCHEMAS["webEvent"]["properties"]["type"]["pattern"]
    assert set(pattern.removeprefix("^(").removesuffix(")_").split("|")) == {
        prefix.removesuffix("_").lower() for prefix in WEB_PREFIXES
    }


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"since_seq": 0, "source": "s", "types": [], "severity": None, "batch": True, "states": True},
        {"format": "msgpack", "dialect": "web", "since": {"s": 3}},
        {"since_seq": -1},
        {"since": {"s": -1}},
        {"severity": "fatal"},
        {"dialect": "klingon"},
        {"format": "xml"},
        {"types": "CACHE"},
        {"types": [1]},
        {"types": ["x"] * 1001},
        {"sessions": ["x" * 501]},
        {"source": 5},
        {"batch": "yes"},
        {"unknown": [1, 2]},
    ],
)
def test_the_server_takes_what_the_document_allows(wanted: dict[str, Any]) -> None:
    """And refuses what it does not."""
    message = {"type": "subscribe", **wanted}
    try:
        frames.parse_client_frame(json.dumps(message))
    except frames.ProtocolViolation:
        assert problems("subscribe", message)
    else:
        assert problems("subscribe", message) == []


# --- the document and a live feed -----------------------------------------------------------------


async def _frames(feed: ClientConnection, enough: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    got: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while not got or not enough(got[-1]):
            got.append(decoded(await feed.recv()))
    return got


def _all_valid(got: list[dict[str, Any]], events: str = "events") -> set[str]:
    """The types of what came; each is as the document says."""
    for frame in got:
        name = events if frame["type"] == "events" else frame["type"]
        assert problems(name, frame) == [], frame
    return {frame["type"] for frame in got}


async def handle(_message: ChunkAvailable, _scope: Scope) -> None:
    """Nothing: it is held."""


async def test_frames_of_a_live_feed_are_as_documented(make: Callable[..., Server]) -> None:
    """Every type, every dialect, both formats: of a program with a bus that is held."""
    desk = Desk()
    hub = Hub(history_events=60, desk=desk, topology=lambda: {"components": ["router"]})
    async with (
        make(hub, policy=TokenPolicy(control=CONTROL)) as server,
        Tap("app", sinks=(hub,), redact=Redaction()) as tap,
    ):
        bus = Bus(tap)
        desk.serve(bus)
        probe = Probe(tap, "router", lambda: {"state": "IDLE"})
        port = bus.attach("router")
        port.on(ChunkAvailable, handle)
        for number in range(30):
            probe.system("CACHE", {"hit": True, "key": "ada@example.org"})
            probe.system("QUERY_START", {"query": number})
            probe.emit("message_published", "TEXT_CHUNK", {"text": "x"})
            tap.drain()
        probe.error(ValueError("no"))
        tap.drain()
        url, last = feed_url(server), hub.ring.next_seq(tap.source) - 1

        def at_end(frame: dict[str, Any]) -> bool:
            return frame["type"] == "events" and any(one.get("seq", 0) >= last for one in frame["events"])

        for fmt in ("json", "msgpack"):
            headers = {"Authorization": f"Bearer {CONTROL}"}
            async with connect(url, proxy=None, max_queue=None, additional_headers=headers) as feed:
                wanted = {"since_seq": 1, "source": tap.source, "states": True, "format": fmt, "batch": True}
                await feed.send(json.dumps({"type": "subscribe", **wanted}))
                got = await _frames(feed, at_end)
                for number, asked in enumerate(({"do": "take"}, {"do": "pause"}, {"do": "nonsense"}), 1):
                    await feed.send(json.dumps({"type": "control", "id": number, **asked}))
                got += await _frames(feed, lambda one: one["type"] == "control_result" and one["id"] == 3)
                port.publish(ChunkAvailable(chunk_index=0, queued=1))
                got += await _frames(feed, lambda one: one["type"] == "control_state" and bool(one["held"]))
                await feed.send(json.dumps({"type": "control", "id": 9, "do": "let_go"}))
                got += await _frames(feed, lambda one: one["type"] == "control_result" and one["id"] == 9)
                await feed.send('{"type":"what"}')
                got += await _frames(feed, lambda one: one["type"] == "error")
            assert _all_valid(got) >= {"hello", "gap", "events", "error", "control_result", "control_state"}
        async with connect(url, proxy=None, max_queue=None) as feed:
            await feed.send(json.dumps({"type": "subscribe", "since_seq": last, "states": True}))
            assert "states" in _all_valid(await _frames(feed, lambda one: one["type"] == "states"))
        for dialect, name in (("system", "eventsSystem"), ("web", "eventsWeb")):
            async with connect(url, proxy=None, max_queue=None) as feed:
                wanted = {"since_seq": 0, "dialect": dialect, "batch": True}
                await feed.send(json.dumps({"type": "subscribe", **wanted}))
                assert "events" in _all_valid(await _frames(feed, lambda one: one["type"] == "events"), name)
        async with connect(url, proxy=None, max_queue=None) as feed:
            await asyncio.sleep(0.25)  # its grace, in which it says nothing
            probe.system("CACHE", {"hit": False})
            assert problems("event", json.loads(await feed.recv())) == []


async def test_an_event_stream_is_as_documented() -> None:
    """Server-sent events have the same frames, named, and the events unnamed, each with its place."""
    app = app_of(running=False)
    known = {
        message["$ref"].rpartition("/")[2] for message in DOCUMENT["channels"]["sse"]["messages"].values()
    }
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as http:
        for dialect, name in (("native", "event"), ("system", "systemEvent"), ("web", "webEvent")):
            wanted = {"since_seq": "0", "states": "true", "dialect": dialect}
            blocks = (await http.get(DOCUMENT["channels"]["sse"]["address"], params=wanted)).text
            kinds = set()
            for block in blocks.strip().split("\n\n"):
                fields = dict(line.split(": ", 1) for line in block.split("\n"))
                kind = fields.get("event", "event")
                kinds.add(kind)
                assert kind in known
                assert problems(name if kind == "event" else kind, json.loads(fields["data"])) == [], block
            assert kinds >= {"hello", "event"}
