"""Who comes late to a feed has not lost what was emitted before; what is emitted from then on counts."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from backend.events import Event, encode_event
from backend.events.codec import encode_lines
from backend.tap.batch import Batch
from backend.wire import FeedClient, GapReceived, SourceChanged
from backend.wire.client import MOST_SOURCES, Received
from backend.wire.frames import Hello, Subscribe
from backend.wire.ring import Ring
from backend.wire.server import FeedSession
from tests.support.examples import tried


def batch(source: str, first: int, count: int) -> Batch:
    """Consecutive events."""
    events = [
        Event(float(seq), "message_published", "bus", "A", source=source, seq=seq)
        for seq in range(first, first + count)
    ]
    return Batch(tuple(events), encode_lines(events), first)


def connected(client: FeedClient, ring: Ring, queue: int | None = None) -> FeedSession:
    """A server's end that heard the client's opening."""
    session = FeedSession(ring, now=0, queue_limit=queue)
    session.receive(client.opening())
    return session


def told(client: FeedClient, session: FeedSession) -> list[Received]:
    """What the client makes of all that the server has to send."""
    received: list[Received] = []
    while frame := session.next_frame(1):
        received += client.receive(frame.data)
    return received


def gaps(received: list[Received]) -> list[GapReceived]:
    """Those among them."""
    return [one for one in received if isinstance(one, GapReceived)]


def test_what_the_history_no_longer_holds_at_the_first_connection_is_no_loss() -> None:
    """It is told apart: a debugger that attaches in the evening lost nothing of the day."""
    ring = Ring(10, 1 << 20)
    for first in range(1, 101, 5):
        ring.append(batch("s", first, 5))
    client = FeedClient()
    assert gaps(told(client, connected(client, ring))) == [GapReceived("s", 1, 90, before=True)]


def test_a_producer_that_did_not_begin_with_one_lost_nothing() -> None:
    """A hub that was added late, or counts that go on from an earlier run: the first event is the first."""
    ring, client = Ring(100, 1 << 20), FeedClient()
    session = connected(client, ring)
    ring.append(batch("s", 100_000_001, 5))
    assert gaps(told(client, session)) == [GapReceived("s", 1, 100_000_000, before=True)]
    assert client.known_seq == 100_000_005


def test_what_is_skipped_right_after_the_first_connection_is_lost() -> None:
    """The feed was empty then, so all that came since was emitted for this client too."""
    ring, client = Ring(1_000, 1 << 20), FeedClient()
    session = connected(client, ring, queue=10)
    for first in range(101, 201, 5):
        ring.append(batch("s", first, 5))
    assert gaps(told(client, session)) == [
        GapReceived("s", 1, 100, before=True),
        GapReceived("s", 101, 195),
    ]


def test_who_asks_to_go_on_from_a_seq_is_told_of_a_loss() -> None:
    """It had what came up to there."""
    ring = Ring(10, 1 << 20)
    for first in range(1, 101, 5):
        ring.append(batch("s", first, 5))
    client = FeedClient(Subscribe(since_seq=50, batch=True))
    assert gaps(told(client, connected(client, ring))) == [GapReceived("s", 51, 90)]


def test_a_later_producer_counts_from_its_first_event() -> None:
    """While this client was away, somebody else began and went beyond its history: that is lost."""
    ring, client = Ring(10, 1 << 20), FeedClient()
    ring.append(batch("old", 1, 5))
    told(client, connected(client, ring))
    ring = Ring(10, 1 << 20)
    for first in range(1, 31, 5):
        ring.append(batch("new", first, 5))
    received = told(client, connected(client, ring))
    assert [one for one in received if isinstance(one, SourceChanged)]
    assert gaps(received) == [GapReceived("new", 1, 20)]


@tried(100)
@given(
    first=st.integers(1, 50),
    early=st.integers(0, 40),
    late=st.integers(1, 40),
    history=st.integers(1, 30),
    cut=st.booleans(),
)
def test_before_ends_where_the_first_connection_begins(
    first: int, early: int, late: int, history: int, cut: bool
) -> None:
    """Nothing that the server held, or got later, is ever taken for what came before."""
    ring, client = Ring(history, 1 << 20), FeedClient()
    for seq in range(first, first + early):
        ring.append(batch("s", seq, 1))
    could_have = first + early - len(ring)
    session = connected(client, ring)
    received = client.receive(hello.data) if (hello := session.next_frame(1)) else []
    for seq in range(first + early, first + early + late):
        ring.append(batch("s", seq, 1))
    received += told(client, connected(client, ring) if cut else session)
    before = {seq for gap in gaps(received) if gap.before for seq in range(gap.from_seq, gap.to_seq + 1)}
    lost = {seq for gap in gaps(received) if not gap.before for seq in range(gap.from_seq, gap.to_seq + 1)}
    if early or not cut:
        assert before == set(range(1, could_have))
    assert not lost & before
    assert client.known_seq == first + early + late - 1


def test_sources_that_somebody_makes_up_are_forgotten_in_the_end() -> None:
    """A feed with a new source at each event does not fill the client's memory; the current one stays."""
    client = FeedClient()
    client.receive(msgspec.json.encode(Hello("doubletalk/1", "real", 1, 1, 1)))
    client.receive(b'{"type":"events","events":[%s]}' % event("real", 1))
    for first in range(0, 2 * MOST_SOURCES, 1024):
        lines = b",".join(event(f"made-up-{first + number}", 1) for number in range(1024))
        client.receive(b'{"type":"events","events":[%s]}' % lines)
    assert len(client.position.known) <= MOST_SOURCES
    assert client.known_seq == 1


def event(source: str, seq: int) -> bytes:
    """The line of an event."""
    return encode_event(Event(1.0, "system", "x", source=source, seq=seq))
