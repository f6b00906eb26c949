"""Both ends of the dialogue against each other, without a socket, under any interleaving."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from backend.wire import (
    EventsReceived,
    FeedClient,
    FeedSession,
    GapReceived,
    HelloReceived,
    Ring,
    SourceChanged,
    Subscribe,
)
from tests.support.examples import tried
from tests.wire.batches import batch

FOREVER = math.inf


class World:
    """A producer that may be replaced, a client that may be cut off, and what the client was told."""

    def __init__(self, wanted: Subscribe, history: int, queue: int) -> None:
        self.client = FeedClient(wanted)
        self.history, self.queue = history, queue
        self.session: FeedSession | None = None
        self.seen: dict[str, list[int]] = {}
        self.lost: dict[str, set[int]] = {}
        self.changes: list[SourceChanged] = []
        self.emitted: dict[str, int] = {}
        self.restart(ended=False)

    def restart(self, *, ended: bool) -> None:
        if ended and self.session is not None:
            self.emit(1, last=True)
            self.read(FOREVER)
        self.session = None
        self.ring = Ring(self.history, 1 << 30)
        self.source = f"s{len(self.emitted)}"
        self.emitted[self.source] = 0

    def emit(self, count: int, *, last: bool = False) -> None:
        self.ring.append(batch(self.source, self.emitted[self.source] + 1, count, last=last))
        self.emitted[self.source] += count

    def connect(self) -> None:
        self.session = FeedSession(self.ring, now=0, queue_limit=self.queue)
        self.session.receive(self.client.opening())

    def read(self, frames: float) -> None:
        while self.session is not None and frames > 0:
            frame = self.session.next_frame(0)
            if frame is None:
                if not self.session.pending:
                    return
                continue
            frames -= 1
            for told in self.client.receive(frame.data):
                if isinstance(told, EventsReceived):
                    assert [msgspec.json.decode(line)["seq"] for line in told.lines] == [
                        event.seq for event in told.events
                    ]
                    for event in told.events:
                        self.seen.setdefault(event.source or "", []).append(event.seq or 0)
                elif isinstance(told, GapReceived):
                    lost = self.lost.setdefault(told.source or "", set())
                    news = set(range(told.from_seq, told.to_seq + 1))
                    assert not lost & news, "a loss told twice"
                    lost |= news
                elif isinstance(told, SourceChanged):
                    self.changes.append(told)
                else:
                    assert isinstance(told, HelloReceived)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("emit"), st.integers(1, 9)),
        st.tuples(st.just("connect"), st.just(0)),
        st.tuples(st.just("read"), st.integers(1, 4)),
        st.tuples(st.just("cut"), st.just(0)),
        st.tuples(st.just("restart"), st.booleans()),
    ),
    max_size=40,
)


def play(world: World, steps: list[tuple[str, int]]) -> None:
    acts: dict[str, Callable[[int], None]] = {
        "emit": world.emit,
        "connect": lambda _: world.connect(),
        "read": world.read,
        "cut": lambda _: setattr(world, "session", None),
        "restart": lambda ended: world.restart(ended=bool(ended)),
    }
    for act, value in steps:
        acts[act](value)
    world.emit(1)
    world.connect()
    world.read(FOREVER)


@tried(120)
@given(steps=STEPS, history=st.integers(1, 30), queue=st.integers(1, 30), batched=st.booleans())
@example(  # the new one's gap is told before its first event, and the server had not known it at the hello
    steps=[("connect", 0), ("restart", True), ("connect", 0), ("emit", 1), ("emit", 1), ("read", 2)],
    history=1,
    queue=1,
    batched=False,
)
def test_every_event_is_seen_once_or_named_lost(
    steps: list[tuple[str, int]], history: int, queue: int, batched: bool
) -> None:
    """Whatever is cut, resumed, evicted, skipped or replaced: seen and lost together are all, never both."""
    world = World(Subscribe(since_seq=0, batch=batched), history, queue)
    play(world, steps)
    ends = {change.old: change.known_seq for change in world.changes}
    ends[world.source] = world.emitted[world.source]
    for source, end in ends.items():
        seen, lost = world.seen.get(source, []), world.lost.get(source, set())
        assert seen == sorted(set(seen))
        assert not set(seen) & lost
        assert set(seen) | lost == set(range(1, end + 1))
    for change in world.changes:
        if change.ended:
            assert change.known_seq == world.emitted[change.old]
    assert set(world.seen) <= set(ends)


@tried(100)
@given(steps=STEPS, history=st.integers(1, 30), queue=st.integers(1, 30))
def test_a_filter_leaves_out_only_what_does_not_match(
    steps: list[tuple[str, int]], history: int, queue: int
) -> None:
    """Of the events that match, each is seen once or lies in a gap; others are never seen."""
    world = World(Subscribe(since_seq=0, batch=True, types=("B",)), history, queue)
    play(world, steps)
    end = world.emitted[world.source]
    seen, lost = world.seen.get(world.source, []), world.lost.get(world.source, set())
    assert seen == sorted(set(seen))
    assert not set(seen) & lost
    matching = {seq for seq in range(1, end + 1) if seq % 3 == 0}
    assert set(seen) == matching - lost


@tried(100)
@given(before=st.integers(0, 20), steps=STEPS)
def test_without_history_everything_after_the_first_connection_counts(
    before: int, steps: list[tuple[str, int]]
) -> None:
    """since_seq absent: what was emitted before is not wanted, what comes later is seen or named."""
    world = World(Subscribe(batch=True), 12, 12)
    if before:
        world.emit(before)
    world.connect()
    world.read(1)
    first = world.source
    play(world, steps)
    ends = {change.old: change.known_seq for change in world.changes}
    ends[world.source] = world.emitted[world.source]
    for source, end in ends.items():
        start = before if source == first else 0
        seen, lost = world.seen.get(source, []), world.lost.get(source, set())
        assert set(seen) | lost == set(range(start + 1, end + 1))
        assert len(seen) == len(set(seen))


@tried(100)
@given(
    steps=st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 9), st.integers(0, 2)), max_size=30),
    history=st.integers(1, 30),
    queue=st.integers(1, 30),
)
def test_sources_mixed_in_one_ring_keep_their_own_counts(
    steps: list[tuple[str, int, int]], history: int, queue: int
) -> None:
    """Two producers, one feed: what is skipped is told for each of them."""
    ring = Ring(history, 1 << 30)
    session = FeedSession(ring, now=0, queue_limit=queue)
    session.receive(b'{"type":"subscribe","since_seq":0,"batch":true}')
    emitted = {"a": 0, "b": 0}
    known: dict[str, list[int]] = {"a": [], "b": []}

    def read(frames: float) -> None:
        while frames > 0 and (frame := session.next_frame(0)):
            frames -= 1
            told = msgspec.json.decode(frame.data)
            for event in told.get("events", ()):
                known[event["source"]].append(event["seq"])
            if told["type"] == "gap":
                known[told["source"]] += range(told["from_seq"], told["to_seq"] + 1)

    for source, count, frames in steps:
        ring.append(batch(source, emitted[source] + 1, count))
        emitted[source] += count
        read(frames)
    read(math.inf)
    assert known == {source: list(range(1, end + 1)) for source, end in emitted.items()}
