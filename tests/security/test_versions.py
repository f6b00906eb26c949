"""A producer and a viewer of two versions: what one does not know of the other is told, and the rest read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.tap.hub import Hub
from backend.wire.client import (
    EventsReceived,
    FeedClient,
    GapReceived,
    HelloReceived,
    NotUnderstood,
    Received,
)
from backend.wire.frames import PROTOCOL
from tests.gateway.feeds import Server, batch, events, feed_url, subscribed

HELLO = {
    "type": "hello",
    "protocol": PROTOCOL,
    "source": "s",
    "oldest_seq": 1,
    "next_seq": 3,
    "start_seq": 1,
}


def event(seq: int, **more: Any) -> dict[str, Any]:
    return {
        "timestamp": 1.0,
        "event_type": "system",
        "component": "c",
        "source": "s",
        "seq": seq,
        "id": f"s-{seq}",
    } | more


def told(client: FeedClient, *frames: dict[str, Any]) -> list[Received]:
    client.opening()
    return [one for frame in frames for one in client.receive(json.dumps(frame))]


# --- a viewer older than the producer ---------------------------------------------------------


def test_a_newer_protocol_is_told_once_and_read_as_far_as_it_goes() -> None:
    """The number grows when something is not readable: then it is known why."""
    newer = {**HELLO, "protocol": "doubletalk.feed/2", "compression": "zstd"}
    client = FeedClient()
    received = told(client, newer, {"type": "events", "events": [event(1)]}, newer)
    assert isinstance(received[0], HelloReceived)
    assert received[1] == NotUnderstood(
        "the feed speaks doubletalk.feed/2, and this reads doubletalk.feed/1: "
        "there may be more in it than is shown"
    )
    assert isinstance(received[2], EventsReceived)
    assert sum(isinstance(one, NotUnderstood) for one in received) == 1


def test_frames_of_tomorrow_are_told_and_the_next_one_is_read() -> None:
    """By their type, one line, nothing lost."""
    received = told(
        FeedClient(),
        HELLO,
        {"type": "weather", "wind": 3},
        {"type": ["not", "a", "name"]},
        {"events": []},
        {"type": "events", "events": [event(1), event(2)]},
    )
    assert [type(one) for one in received] == [
        HelloReceived,
        NotUnderstood,
        NotUnderstood,
        NotUnderstood,
        EventsReceived,
    ]
    assert "weather" in str(received[1])


def test_fields_of_tomorrow_are_kept() -> None:
    """Of frames they are passed over; of events they are in what is recorded."""
    received = told(
        FeedClient(),
        {**HELLO, "mood": "good"},
        {
            "type": "events",
            "events": [event(1, severity="terrible", event_type="dreamt", colour="red")],
            "n": 1,
        },
        {"type": "gap", "from_seq": 2, "to_seq": 4, "source": "s", "because": "rain"},
    )
    assert isinstance(received[1], EventsReceived)
    assert b'"colour": "red"' in received[1].lines[0]
    assert (received[1].events[0].severity, received[1].events[0].event_type) == ("terrible", "dreamt")
    assert received[2] == GapReceived("s", 2, 4)


def test_a_hello_of_yesterday_is_one() -> None:
    """Without what came later: topology, control, several sources."""
    received = told(FeedClient(), HELLO, {"type": "events", "events": [event(1)]})
    assert [type(one) for one in received] == [HelloReceived, EventsReceived]


@pytest.mark.parametrize(
    "frame",
    [
        {**HELLO, "next_seq": "three"},
        {"type": "hello"},
        {"type": "gap", "from_seq": 1},
        {"type": "events", "events": 5},
        {"type": "events", "events": [5, None, {"event_type": "x"}]},
        {"type": "control_state", "held": "yes"},
        {"type": "states", "states": {}},
        {"type": "error"},
    ],
)
def test_a_frame_that_became_another_one_is_told(frame: dict[str, Any]) -> None:
    """And what follows is read."""
    received = told(FeedClient(), frame, HELLO, {"type": "events", "events": [event(1)]})
    assert isinstance(received[0], NotUnderstood)
    assert isinstance(received[-1], EventsReceived)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200)))
def test_no_bytes_of_a_server_raise_anything(frame: bytes | str) -> None:
    """Whatever it is that speaks there."""
    client = FeedClient()
    client.opening()
    for one in client.receive(frame):
        assert isinstance(one, NotUnderstood)


@pytest.mark.parametrize(
    "frame",
    [
        b"[" * 200_000,
        b'{"type":' * 100_000,
        b'{"type":"hello","topology":' + b"[" * 100_000,
        b"\xff\xfe",
        b"\x82\xa4type",
    ],
    ids=["arrays", "objects", "a topology", "no text", "MessagePack"],
)
def test_a_hostile_server_is_told_of(frame: bytes) -> None:
    """Nested without end, or in another format."""
    received = FeedClient().receive(frame)
    assert [type(one) for one in received] == [NotUnderstood]
    assert len(str(received[0])) < 400


# --- a producer older than the viewer -----------------------------------------------------------


async def test_a_subscribe_of_tomorrow_is_taken_as_far_as_it_is_known(make: Callable[..., Server]) -> None:
    """A field that the server does not know changes nothing: its hello says which protocol it speaks."""
    hub = Hub()
    hub.write(batch(1, 3))
    async with make(hub) as server:
        newer = {"since_seq": 0, "batch": True, "compression": "zstd", "sample": {"rate": 0.5}}
        async with subscribed(feed_url(server), **newer) as (feed, hello):
            assert hello["protocol"] == PROTOCOL
            assert len(await events(feed, 3)) == 3


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"dialect": "klingon"}, "Invalid enum value 'klingon' - at `$.dialect`"),
        ({"format": "xml"}, "Invalid enum value 'xml' - at `$.format`"),
        ({"severity": "fatal"}, "Invalid enum value 'fatal' - at `$.severity`"),
        ({"since_seq": -1}, "negative makes no sense"),
        ({"since_seq": 1.5}, "Expected `int"),
    ],
)
async def test_a_wish_that_is_not_known_is_refused_by_name(
    make: Callable[..., Server], wanted: dict[str, Any], message: str
) -> None:
    """Here to go on would be to send something else than was asked for."""
    async with make(Hub()) as server, subscribed(feed_url(server), **wanted) as (feed, answer):
        assert answer["type"] == "error"
        assert message in answer["message"]
        await feed.wait_closed()
        assert feed.close_code == 1008


async def test_a_request_of_tomorrow_costs_no_connection(make: Callable[..., Server]) -> None:
    """Control answers what it does not know, and the feed goes on."""
    hub = Hub()
    async with make(hub) as server, subscribed(feed_url(server)) as (feed, _):
        await feed.send(json.dumps({"type": "control", "id": 5, "do": "rewind", "by": 3}))
        answer = msgspec.json.decode(await feed.recv())
        assert (answer["type"], answer["id"], answer["ok"]) == ("control_result", 5, False)
        hub.write(batch(1, 1))
        assert len(await events(feed, 1)) == 1
