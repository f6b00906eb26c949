"""What each frame of the dialogue holds, and what becomes of one that is wrong."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import Event, encode_lines
from backend.tap.batch import Batch
from backend.wire import (
    EventsReceived,
    FeedClient,
    FeedSession,
    GapReceived,
    ProtocolViolation,
    Ring,
    Subscribe,
)
from tests.wire.batches import batch


def test_a_silent_client_gets_plain_events_from_its_connection_on() -> None:
    """Nothing before the connection, nothing sent within the grace, and nothing lost in it."""
    ring = Ring(100, 1 << 20)
    ring.append(batch("s", 1, 3))
    session = FeedSession(ring, now=5.0, grace=0.2)
    ring.append(batch("s", 4, 2))
    assert session.next_frame(5.1) is None
    frames = [session.next_frame(5.3) for _ in range(3)]
    assert [frame and msgspec.json.decode(frame.data)["seq"] for frame in frames] == [4, 5, None]


def test_a_silent_client_that_connects_first_is_told_of_what_it_missed() -> None:
    """Events that came and were evicted during the grace are a gap, though the ring was empty before."""
    ring = Ring(2, 1 << 20)
    session = FeedSession(ring, now=0)
    for first in (1, 2, 3, 4):
        ring.append(batch("s", first, 1))
    frame = session.next_frame(1)
    assert frame is not None
    assert msgspec.json.decode(frame.data) == {"type": "gap", "from_seq": 1, "to_seq": 2, "source": "s"}


def test_a_late_subscribe_goes_on_where_plain_frames_stopped() -> None:
    """A client may make up its mind after the grace: no event twice, none lost."""
    ring = Ring(100, 1 << 20)
    session = FeedSession(ring, now=0)
    ring.append(batch("s", 1, 3))
    plain = session.next_frame(1)
    assert plain is not None
    session.receive('{"type":"subscribe","batch":true}')
    hello, events = session.next_frame(1), session.next_frame(1)
    assert hello is not None
    assert events is not None
    assert msgspec.json.decode(hello.data)["start_seq"] == 2
    assert [event["seq"] for event in msgspec.json.decode(events.data)["events"]] == [2, 3]


def test_frames_stay_within_64_kib_but_for_one_large_event() -> None:
    """Adaptive frames: all that is pending, cut at the bound; an event is never split."""
    ring = Ring(10_000, 1 << 30)
    ring.append(batch("s", 1, 900))
    large = Event(
        1.0, "system", "bus", "BIG", data=msgspec.Raw(b'{"x":"' + b"y" * 100_000 + b'"}'), source="s", seq=901
    )
    ring.append(Batch((large,), encode_lines([large]), 901))
    ring.append(batch("s", 902, 10))
    session = FeedSession(ring, now=0)
    session.receive(b'{"type":"subscribe","since_seq":0,"batch":true}')
    session.next_frame(0)
    sizes, seqs = [], []
    while frame := session.next_frame(0):
        events = msgspec.json.decode(frame.data)["events"]
        assert len(events) == frame.events
        seqs += [event["seq"] for event in events]
        sizes.append((len(frame.data), len(events)))
    assert seqs == list(range(1, 912))
    assert all(size <= 64 * 1024 + 64 or count == 1 for size, count in sizes)
    assert max(count for _, count in sizes) > 100


def test_native_json_is_the_bytes_of_the_tap() -> None:
    """An event on the wire is byte for byte what the tap encoded, old history or fresh."""
    ring = Ring(100_000, 1 << 30)
    wanted = [batch("s", 1 + 7 * number, 7) for number in range(100)]  # more than the recent ones
    for one in wanted:
        ring.append(one)
    for form in (True, False):
        session = FeedSession(ring, now=0)
        session.receive(msgspec.json.encode(Subscribe(since_seq=0, batch=form)))
        client = FeedClient()
        got: list[bytes] = []
        while frame := session.next_frame(0):
            for told in client.receive(frame.data):
                got += told.lines if isinstance(told, EventsReceived) else ()
        assert b"\n".join(got) + b"\n" == b"".join(one.jsonl for one in wanted)


def test_msgpack_carries_the_same_events() -> None:
    """Asked for msgpack: binary frames, the same objects, gap and hello included."""
    ring = Ring(5, 1 << 20)
    ring.append(batch("s", 1, 4))
    ring.append(batch("s", 5, 5))
    session = FeedSession(ring, now=0)
    session.receive(b'{"type":"subscribe","since_seq":0,"batch":true,"format":"msgpack"}')
    frames = []
    while frame := session.next_frame(0):
        assert not frame.text
        frames.append(msgspec.msgpack.decode(frame.data))
    assert [frame["type"] for frame in frames] == ["hello", "gap", "events"]
    assert frames[2]["events"] == [msgspec.json.decode(line) for line in batch("s", 5, 5).lines]


@pytest.mark.parametrize(
    ("wanted", "seqs"),
    [
        (Subscribe(since_seq=0, components=("overseer",)), [2, 4, 6, 8, 10]),
        (Subscribe(since_seq=0, severity="warning"), [5, 10]),
        (Subscribe(since_seq=0, types=("B", "error")), [3, 6, 9]),
        (Subscribe(since_seq=0, types=("message_published",)), list(range(1, 11))),
        (Subscribe(since_seq=0, sessions=("nobody",)), []),
        (Subscribe(since_seq=8), [9, 10]),
        (Subscribe(since_seq=10), []),
        (Subscribe(since_seq=11), list(range(1, 11))),  # ahead: counted by another incarnation
        (Subscribe(since_seq=3, source="somebody-else"), list(range(1, 11))),
    ],
)
def test_a_subscription_gets_what_it_asks_for(wanted: Subscribe, seqs: list[int]) -> None:
    """Filters, resuming, and a since_seq that another incarnation counted."""
    ring = Ring(100, 1 << 20)
    ring.append(batch("s", 1, 10))
    session = FeedSession(ring, now=0)
    session.receive(msgspec.json.encode(wanted))
    got = []
    while frame := session.next_frame(0):
        got += [event["seq"] for event in msgspec.json.decode(frame.data).get("events", ())]
    assert got == seqs


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("{", "truncated"),
        ("[1]", "object"),
        ('{"type":"hello"}', "hello"),
        ('{"type":"subscribe","types":"x"}', "types"),
        ('{"type":"subscribe","format":"xml"}', "format"),
        ('{"type":"subscribe","dialect":"klingon"}', "dialect"),
        ('{"type":"subscribe","since_seq":-1}', "since_seq"),
        ('{"type":"subscribe","since_seq":1e99}', "since_seq"),
        (b"\xff\x00\x1b[31m", "malformed"),
        ("[" * 50_000, "subscribe"),
        ("x" * 1_000_000, "1000000 bytes"),
        ("", "truncated"),
    ],
)
def test_a_bad_client_frame_is_a_violation_told_in_one_line(message: str | bytes, told: str) -> None:
    """Nothing a client sends raises anything else, and the text is fit for a terminal."""
    session = FeedSession(Ring(1, 1), now=0)
    with pytest.raises(ProtocolViolation) as caught:
        session.receive(message)
    assert told in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


def test_a_second_subscribe_is_a_violation() -> None:
    """One subscribe a connection."""
    session = FeedSession(Ring(1, 1), now=0)
    session.receive(b'{"type":"subscribe"}')
    with pytest.raises(ProtocolViolation, match="only one subscribe"):
        session.receive(b'{"type":"subscribe"}')


@given(st.one_of(st.binary(max_size=60), st.text(max_size=60)))
def test_a_client_survives_any_frame(frame: bytes | str) -> None:
    """Rubbish from a server is told as such and changes nothing."""
    client = FeedClient()
    client.receive(frame)
    assert client.known_seq == 0


def test_a_broken_event_costs_itself_only() -> None:
    """One event that is none, within a frame: named; the others are handed on."""
    good = batch("s", 1, 2).lines
    frame = b'{"type":"events","events":[' + good[0] + b',{"timestamp":"no"},' + good[1] + b"]}"
    told = FeedClient().receive(frame)
    assert [type(one).__name__ for one in told] == ["EventsReceived", "NotUnderstood", "EventsReceived"]


def test_a_client_drops_what_it_has_already() -> None:
    """A server that repeats itself is not believed twice."""
    frame = b'{"type":"events","events":[' + b",".join(batch("s", 1, 4).lines) + b"]}"
    client = FeedClient()
    assert len(client.receive(frame)) == 1
    assert client.receive(frame) == []
    assert client.receive(b'{"type":"gap","from_seq":2,"to_seq":4,"source":"s"}') == []
    assert client.receive(b'{"type":"gap","from_seq":3,"to_seq":6}') == [GapReceived("s", 5, 6)]


def test_a_hole_in_the_history_itself_is_told_before_what_follows() -> None:
    """A batch that never reached the ring: the clients learn of it in its place."""
    ring = Ring(100, 1 << 20)
    ring.append(batch("s", 1, 2))
    ring.append(batch("s", 6, 2))
    session = FeedSession(ring, now=0)
    session.receive(b'{"type":"subscribe","since_seq":0,"batch":true}')
    frames = []
    while frame := session.next_frame(0):
        frames.append(msgspec.json.decode(frame.data))
    assert [frame["type"] for frame in frames] == ["hello", "events", "gap", "events"]
    assert (frames[2]["from_seq"], frames[2]["to_seq"]) == (3, 5)


def test_a_client_that_was_cut_off_asks_for_what_follows() -> None:
    """Of the source that it knows, after the last event that it has: nothing is sent twice."""
    client = FeedClient(Subscribe(since_seq=0, batch=True))
    client.receive(b'{"type":"events","events":[' + b",".join(batch("s", 1, 4).lines) + b"]}")
    asked = msgspec.json.decode(client.opening())
    assert (asked["type"], asked["since_seq"], asked["source"]) == ("subscribe", 4, "s")
    assert asked["batch"] is True


@pytest.mark.parametrize("missing", ["source", "seq"])
def test_an_event_that_is_not_numbered_is_handed_on_each_time(missing: str) -> None:
    """A producer of the base format has no numbers: nothing of it is known already, or lost."""
    (line,) = batch("s", 7, 1).lines
    event = msgspec.json.decode(line)
    del event[missing]
    client = FeedClient()
    for _ in range(2):
        (told,) = client.receive(msgspec.json.encode({"type": "events", "events": [event]}))
        assert isinstance(told, EventsReceived)
        assert [one.component for one in told.events] == [event["component"]]


@pytest.mark.parametrize(
    ("event_type", "message_type", "ended"),
    [
        ("system", "RECORDING_ENDED", True),
        ("system", "CACHE", False),
        ("message_published", "RECORDING_ENDED", False),
    ],
)
def test_a_source_ends_with_its_own_word_for_it(event_type: str, message_type: str, ended: bool) -> None:
    """Neither with anything else of the system, nor with a message that a program calls so."""
    event = Event(1.0, event_type, "tap", message_type, source="s", seq=1)
    client = FeedClient()
    client.receive(b'{"type":"events","events":[' + encode_lines([event]).rstrip() + b"]}")
    assert client.ended is ended
