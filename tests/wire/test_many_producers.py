"""One client, several producers, two gateways of a stream: whatever happens, each event once or named."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import Event, encode_lines
from backend.tap.batch import Batch
from backend.wire import EventsReceived, FeedClient, GapReceived, SourceChanged, Subscribe
from backend.wire.frames import ProtocolViolation, parse_client_frame
from backend.wire.ring import Ring
from backend.wire.server import FeedSession
from tests.wire.batches import batch

FOREVER = float("inf")


class World:
    """Producers ``a``, ``b`` and ``c`` write to one stream, which each gateway reads as far as it is."""

    def __init__(self, history: int, queue: int) -> None:
        self.client = FeedClient(Subscribe(since_seq=0, batch=True))
        self.emitted = {"a": 0, "b": 0, "c": 0}
        self.rings = [Ring(history, 1 << 30) for _ in range(2)]
        self.behind: list[list[Batch]] = [[], []]
        self.seen: dict[str, list[int]] = {}
        self.lost: dict[str, list[int]] = {}
        self.changes: list[SourceChanged] = []
        self.queue = queue
        self.session: FeedSession | None = None

    def emit(self, source: str, count: int) -> None:
        made = batch(source, self.emitted[source] + 1, count)
        self.emitted[source] += count
        for waiting in self.behind:
            waiting.append(made)

    def catch_up(self, gateway: int, source: str) -> None:
        """A gateway reads what waits of one producer: the order among them is its own."""
        for one in [one for one in self.behind[gateway] if one.events[0].source == source]:
            self.rings[gateway].append(one)
            self.behind[gateway].remove(one)

    def connect(self, gateway: int) -> None:
        self.at = self.rings[gateway]
        self.session = FeedSession(self.at, now=0, queue_limit=self.queue)
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
                    for event in told.events:
                        self.seen.setdefault(event.source or "", []).append(event.seq or 0)
                elif isinstance(told, GapReceived):
                    self.lost.setdefault(told.source or "", []).extend(range(told.from_seq, told.to_seq + 1))
                elif isinstance(told, SourceChanged):
                    self.changes.append(told)
                    # A server that has not heard of a producer yet looks as one after its end.
                    assert told.old not in self.at.next_seqs


SOURCES = st.sampled_from("abc")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("emit"), SOURCES, st.integers(1, 9)),
        st.tuples(st.just("catch up"), SOURCES, st.integers(0, 1)),
        st.tuples(st.just("connect"), st.just(""), st.integers(0, 1)),
        st.tuples(st.just("read"), st.just(""), st.integers(1, 4)),
    ),
    max_size=50,
)


@given(STEPS, st.integers(1, 60), st.integers(1, 20))
def test_each_event_once_in_order_or_in_one_gap(
    steps: list[tuple[str, str, int]], history: int, queue: int
) -> None:
    """Cut off at any moment, moved to a gateway that is behind: nothing twice, nothing lost in silence."""
    world = World(history, queue)
    acts: dict[str, Callable[[str, int], None]] = {
        "emit": world.emit,
        "catch up": lambda source, gateway: world.catch_up(gateway, source),
        "connect": lambda _, gateway: world.connect(gateway),
        "read": lambda _, frames: world.read(frames),
    }
    for act, source, value in steps:
        acts[act](source, value)
    for source in "abc":
        world.emit(source, 1)
        world.catch_up(0, source)
    world.connect(0)
    world.read(FOREVER)
    for source in "abc":
        seen, lost = world.seen.get(source, []), world.lost.get(source, [])
        assert seen == sorted(set(seen))
        assert sorted(seen + lost) == list(range(1, world.emitted[source] + 1))


def test_a_program_that_begins_again_under_its_name_is_another_run() -> None:
    """Its events count from 1 again, and are later than those that are known: none is taken for old."""
    client = FeedClient()
    first, second = Ring(100, 1 << 20), Ring(100, 1 << 20)
    first.append(_at("fixed", 1, 8, when=100.0))
    _read(client, first)
    second.append(_at("other", 1, 2, when=200.0))
    second.append(_at("fixed", 1, 3, when=200.0))
    told = _read(client, second)
    assert [one for one in told if isinstance(one, SourceChanged)] == [
        SourceChanged("fixed", "fixed", 8, ended=False)
    ]
    assert [event.id for one in told if isinstance(one, EventsReceived) for event in one.events] == [
        "other-1", "other-2", "fixed-1", "fixed-2", "fixed-3",
    ]  # fmt: skip
    second.append(_at("fixed", 4, 1, when=201.0))
    assert [type(one) for one in _read(client, second)][1:] == [EventsReceived]


def _at(source: str, first: int, count: int, *, when: float) -> Batch:
    events = [
        Event(when + seq, "system", "c", source=source, seq=seq, id=f"{source}-{seq}")
        for seq in range(first, first + count)
    ]
    return Batch(tuple(events), encode_lines(events), first)


def _read(client: FeedClient, ring: Ring) -> list[object]:
    session = FeedSession(ring, now=0)
    session.receive(client.opening())
    told: list[object] = []
    while session.pending:
        frame = session.next_frame(0)
        if frame is not None:
            told += client.receive(frame.data)
    return told


def test_one_pair_is_enough_where_the_order_is_the_same() -> None:
    """The last event seen, by source and seq: what others emitted before it is known, nothing after it is."""
    ring = Ring(100, 1 << 20)
    for one in (batch("a", 1, 2), batch("b", 1, 2), batch("a", 3, 2), batch("b", 3, 2)):
        ring.append(one)
    session = FeedSession(ring, now=0)
    session.subscribe(Subscribe(since_seq=2, source="b", batch=True))
    session.next_frame(0)
    frame = session.next_frame(0)
    assert frame is not None
    got = [event["id"] for event in msgspec.json.decode(frame.data)["events"]]
    assert got == ["a-3", "a-4", "b-3", "b-4"]


def test_a_client_that_knows_thousands_of_runs_still_fits_into_a_frame() -> None:
    """The latest are named; what is sent again of others is known here, and not handed on."""
    client, ring = FeedClient(), Ring(100_000, 1 << 30)
    for number in range(3_000):
        ring.append(batch(f"run-{number:04}-{'x' * 60}", 1, 1))
    _read(client, ring)
    assert len(client.opening()) < 64 * 1024
    assert [one for one in _read(client, ring) if isinstance(one, EventsReceived)] == []


@pytest.mark.parametrize("since", ['{"a":-1}', '{"a":"1"}', '["a"]', '{"a":1.5}', "7"])
def test_what_is_no_position_is_refused(since: str) -> None:
    """A closed connection and one line, as for any subscribe that is none."""
    with pytest.raises(ProtocolViolation):
        parse_client_frame(f'{{"type":"subscribe","since":{since}}}')
