"""Clients that are at the same place share a frame: each gets what it would get if it were alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from unittest.mock import patch

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.wire import FeedSession, Ring, Subscribe
from backend.wire.shared import SharedFrames
from backend.wire.sse import SseSession
from tests.wire.batches import batch

SOURCES = ("a", "b", "c")
CLIENTS = 3


class Alone(SharedFrames):
    """Keeps nothing."""

    def keep(self, *_: object) -> None:
        """Let it go."""


class World:
    """A ring, clients of it, and what each was told: events by source and seq, and gaps."""

    def __init__(self, shared: SharedFrames) -> None:
        self.ring = Ring(40, 1 << 30)
        self.ring.shared = shared
        self.seqs = dict.fromkeys(SOURCES, 0)
        self.sessions: dict[int, FeedSession] = {}
        self.told: dict[int, list[Any]] = {number: [] for number in range(CLIENTS)}

    def emit(self, source: str, count: int, lost: int) -> None:
        """So many events, after so many that never came here."""
        self.seqs[source] += lost
        self.ring.append(batch(source, self.seqs[source] + 1, count))
        self.seqs[source] += count

    def connect(self, client: int, lacks: dict[str, int]) -> None:
        """A client that lacks so many of the latest events of these sources, and all of the others."""
        since = {source: max(self.seqs[source] - count, 0) for source, count in lacks.items()}
        self.sessions[client] = session = FeedSession(self.ring, now=0, queue_limit=30)
        session.subscribe(Subscribe(batch=True, since=since))

    def read(self, client: int) -> None:
        session = self.sessions.get(client)
        while session is not None and (session.pending or session.queued):
            frame = session.next_frame(0)
            if frame is not None:
                self.told[client] += _told(msgspec.json.decode(frame.data))


def _told(frame: dict[str, Any]) -> list[Any]:
    if frame["type"] == "gap":
        return [(frame["source"], frame["from_seq"], frame["to_seq"])]
    return [(event["source"], event["seq"]) for event in frame.get("events", ())]


emits = st.builds(
    lambda source, count, lost: partial(World.emit, source=source, count=count, lost=lost),
    st.sampled_from(SOURCES),
    st.integers(1, 4),
    st.sampled_from((0, 0, 0, 2)),
)
reads = st.builds(lambda client: partial(World.read, client=client), st.integers(0, CLIENTS - 1))
# A source that a client does not name, it has nothing of.
lacks = st.dictionaries(st.sampled_from(SOURCES), st.sampled_from((0, 0, 2, 5)), min_size=1)
clients = st.lists(lacks, min_size=CLIENTS, max_size=CLIENTS).map(
    lambda each: [partial(World.connect, client=at, lacks=one) for at, one in enumerate(each)]
)
steps = st.tuples(
    st.lists(emits, min_size=2, max_size=8), clients, st.lists(st.one_of(emits, reads), max_size=20)
).map(lambda parts: [*parts[0], *parts[1], *parts[2]])


@settings(max_examples=300)
@given(steps, st.integers(300, 3_000))
def test_who_shares_frames_is_told_what_it_would_be_told_alone(
    steps: list[Callable[[World], None]], room: int
) -> None:
    """Whatever each has already, and wherever it began: the same events and gaps, in the same order."""
    worlds = World(SharedFrames()), World(Alone())
    with patch("backend.wire.server.MAX_FRAME", room):
        for step in steps:
            for world in worlds:
                step(world)
        for world in worlds:
            for client in range(CLIENTS):
                world.read(client)
    assert worlds[0].told == worlds[1].told


def test_live_clients_get_the_very_same_bytes() -> None:
    """One frame is made for all that are at its beginning and want all, however many they are."""
    ring = Ring(1_000, 1 << 30)
    sessions = [FeedSession(ring, now=0) for _ in range(3)]
    for session in sessions:
        session.subscribe(Subscribe(batch=True))
        session.next_frame(0)
    ring.append(batch("s", 1, 5))
    frames = [session.next_frame(0) for session in sessions]
    assert frames[0] is not None
    assert all(frame is frames[0] for frame in frames)
    assert all(frame.as_websocket is frames[0].as_websocket for frame in frames if frame is not None)


def test_what_is_sent_in_another_way_is_not_shared() -> None:
    """A WebSocket's frame and a block of an event stream begin at the same place, and are different bytes."""
    ring = Ring(1_000, 1 << 30)
    sessions = [FeedSession(ring, now=0), SseSession(ring, now=0), FeedSession(ring, now=0)]
    for session in sessions:
        session.subscribe(Subscribe(batch=True))
        session.next_frame(0)
    ring.append(batch("s", 1, 2))
    one, other, third = (session.next_frame(0) for session in sessions)
    assert one is not None
    assert other is not None
    assert one is third
    assert other.data.startswith(b"id: s:1\ndata: ")


def test_few_frames_are_kept() -> None:
    """What nobody can be at any more is let go of: the ring holds it anyway."""
    ring = Ring(10_000, 1 << 30)
    session = FeedSession(ring, now=0)
    session.subscribe(Subscribe(batch=True))
    late = FeedSession(ring, now=0)
    late.subscribe(Subscribe(batch=True))
    session.next_frame(0)
    late.next_frame(0)
    for number in range(100):
        ring.append(batch("s", number + 1, 1))
        session.next_frame(0)
    kept = ring.shared.held
    assert 0 < kept < 100
    got = []
    while frame := late.next_frame(0):
        got += [event["seq"] for event in msgspec.json.decode(frame.data)["events"]]
    assert got == list(range(1, 101))
