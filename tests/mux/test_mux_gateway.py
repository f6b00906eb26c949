"""Gateways on a stream: the same events to everybody, whichever of them one is connected to."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from backend.events import Event, encode_event
from backend.gateway import Gateway
from backend.mux import MuxRefusedError, transport_of
from backend.mux.gateway import StreamFeed
from backend.mux.protocol import UNKNOWN, Limits
from backend.mux.reader import Events, Missing, Read, StreamReader
from backend.mux.sink import BusSink
from backend.mux.streams import EVENTS
from backend.tap.hub import Hub
from backend.wire.client import EventsReceived, GapReceived
from debugger.sources.feed import FeedSource, Update
from tests.mux.streaming import batch, settled
from tests.mux.valkey import Valkey

_names = itertools.count(1)


@asynccontextmanager
async def feeding(url: str, history: int = 100_000) -> AsyncIterator[tuple[StreamFeed, Hub]]:
    """A hub that follows a stream until the end of the block."""
    hub = Hub(history_events=history)
    feed = StreamFeed(transport_of(url), hub, history=history, first_delay=0.01, last_delay=0.05)
    await feed.start()
    try:
        yield feed, hub
    finally:
        await feed.close()


def text(hub: Hub) -> list[bytes]:
    """All lines of a hub's history, in their order."""
    ring, lines, at = hub.ring, [], hub.ring.oldest
    while at < ring.end:
        segment = ring.find(at)
        lines += segment.jsonl.splitlines()
        at = segment.start + segment.count
    return lines


async def put(url: str, *events: Event) -> None:
    """An entry of these events, as another program may write it."""
    bus = transport_of(url)
    await bus.publish(EVENTS, [b"\n".join(map(encode_event, events))])
    await bus.close()


def made(source: str, seq: int, cause: str | None = None) -> Event:
    return Event(1.0, "system", "c", id=f"{source}-{seq}", source=source, seq=seq, cause=cause)


async def test_two_gateways_have_the_same_events_in_the_same_order(url: str) -> None:
    """One is there from the beginning, the other comes late; two producers publish into each other."""
    async with feeding(url) as (_, early):
        sinks = [BusSink(url), BusSink(url)]
        for first in range(1, 1000, 100):
            for sink, source in zip(sinks, ("a-1", "b-1"), strict=True):
                sink.write(batch(first, 100, source=source))
        for sink in sinks:
            await asyncio.to_thread(sink.close)
        await settled(lambda: len(early.ring) == 2004)
        async with feeding(url) as (_, late):
            assert text(late) == text(early)  # all of it, when its door opens
    assert sorted(text(early)) == sorted(set(text(early)))


async def test_a_receive_is_never_before_its_publish(url: str) -> None:
    """Though its entry is: the producers' entries arrive crosswise."""
    async with feeding(url) as (feed, hub):
        await put(url, made("b", 1), made("b", 2, cause="a-2"), made("b", 3))
        await put(url, made("c", 1))
        await settled(lambda: len(hub.ring) == 2)
        assert feed.info()["read"]["held"] == 2
        await put(url, made("a", 1), made("a", 2))
        await settled(lambda: len(hub.ring) == 6)
    assert [msgspec.json.decode(line)["id"] for line in text(hub)] == [
        "b-1",
        "c-1",
        "a-1",
        "a-2",
        "b-2",
        "b-3",
    ]


async def test_a_gateway_begins_with_the_latest_events_only(url: str) -> None:
    """The stream may have millions; what is older than its history is no gap of anybody's."""
    sink = BusSink(url)
    for first in range(1, 5000, 128):
        sink.write(batch(first, 128))
        await settled(lambda: not sink.stats.waiting)
    await asyncio.to_thread(sink.close)
    async with feeding(url, history=1000) as (_, hub):
        lines = text(hub)
        assert 700 < len(lines) <= 1000
        assert hub.ring.next_seq("app-1") == 5121
        async with Gateway(hub, port=0) as door:
            seen = [update async for update in until_last(FeedSource(door.url))]
    gaps = {one.source or "": one for one in seen if isinstance(one, GapReceived)}
    assert (gaps["app-1"].from_seq, gaps["app-1"].before) == (1, True)
    assert all(one.before for one in gaps.values())


async def until_last(source: FeedSource) -> AsyncIterator[Update]:
    """What a feed says, until a sink says that it has ended."""
    async for update in source:
        yield update
        if isinstance(update, EventsReceived) and update.events[-1].message_type == "RECORDING_ENDED":
            return


async def test_who_loses_one_gateway_goes_on_at_another(url: str) -> None:
    """On the same port, as behind a load balancer: nothing twice, nothing lost."""
    sink = BusSink(url)
    sink.write(batch(1, 300))
    seen: list[int | None] = []
    gaps: list[GapReceived] = []

    async def watch(port: int) -> None:
        async for update in FeedSource(f"127.0.0.1:{port}", first_delay=0.01, last_delay=0.05):
            if isinstance(update, EventsReceived):
                seen.extend(event.seq for event in update.events if event.source == "app-1")
            elif isinstance(update, GapReceived):
                gaps.append(update)

    async with feeding(url) as (_, one), Gateway(one, port=0) as door:
        port = door.port
        watching = asyncio.create_task(watch(port))
        await settled(lambda: len(seen) == 300)
        sink.write(batch(301, 50))
        await settled(lambda: len(seen) == 350)
    sink.write(batch(351, 50))
    await settled(lambda: not sink.stats.waiting)
    async with feeding(url) as (_, other), Gateway(other, port=port):
        sink.write(batch(401, 50))
        await settled(lambda: len(seen) >= 450)
    watching.cancel()
    await asyncio.to_thread(sink.close)
    assert (seen, gaps) == (list(range(1, 451)), [])


async def test_a_gateway_starts_without_its_server_and_reads_when_it_comes() -> None:
    """What is wrong is told until then; after a restart it goes on."""
    with Valkey() as server:
        server.kill()
        hub = Hub()
        notes: list[str] = []
        feed = StreamFeed(transport_of(server.url), hub, note=notes.append, first_delay=0.01, last_delay=0.05)
        starting = asyncio.create_task(feed.start())
        await settled(lambda: feed.problem)
        server.start()
        await starting
        sink = BusSink(server.url, first_delay=0.01, last_delay=0.05)
        sink.write(batch(1, 10))
        await settled(lambda: len(hub.ring) == 11)
        server.kill()
        await settled(lambda: feed.problem)
        server.start()
        sink.write(batch(11, 10))
        await settled(lambda: len(hub.ring) == 22)  # one says that something may be gone with the old data
        await asyncio.to_thread(sink.close)
        assert feed.problem == ""
        await feed.close()
    assert [note.partition(" redis")[0] for note in notes] == [
        "cannot reach",
        "reading events/v1 of",
        "cannot reach",
        "again reading events/v1 of",
    ]


async def test_a_gateway_that_is_refused_ends_at_once() -> None:
    """A wrong password is not tried again and again."""
    with Valkey("--requirepass", "secret-of-the-test") as server:
        feed = StreamFeed(transport_of(server.url), Hub())
        with pytest.raises(MuxRefusedError, match="refuses"):
            await feed.start()
        await feed.close()


async def test_what_is_no_entry_is_counted_and_told(url: str, valkey: Valkey) -> None:
    """Others' data in the stream: left out, the rest goes on."""
    notes: list[str] = []
    hub = Hub()
    feed = StreamFeed(transport_of(url), hub, note=notes.append)
    await feed.start()
    with valkey.client() as other:
        other.xadd(EVENTS, {"who": "else"})
        other.xadd(EVENTS, {"e": "{torn"})
        other.xadd(EVENTS, {"e": encode_event(made("a", 1)) + b"\n{torn"})
    await settled(lambda: len(hub.ring) == 1)
    read = feed.info()["read"]
    await feed.close()
    assert (read["poisoned"], read["broken"]) == (2, 1)
    assert sum("is left out" in note for note in notes) == 2


async def test_a_reader_beneath_which_the_stream_is_trimmed_is_told() -> None:
    """So many entries; each source's own numbers say which events these were."""
    url = f"memory://trimmed{next(_names)}"
    bus = transport_of(url, {EVENTS: Limits(5)})
    for seq in range(1, 4):
        await bus.publish(EVENTS, [encode_event(made("a", seq))])
    told: list[Read] = []
    async for one in StreamReader(bus, EVENTS):
        told.append(one)
        if isinstance(one, Events) and len([one for one in told if isinstance(one, Events)]) == 1:
            for seq in range(4, 20):
                await bus.publish(EVENTS, [encode_event(made("a", seq))])
        elif isinstance(one, Events):
            break
    assert [one.entries for one in told if isinstance(one, Missing)] == [11]
    runs = [run for one in told if isinstance(one, Events) for run in one.runs]
    assert [(run.first_seq, len(run.lines)) for run in runs] == [(1, 3), (15, 5)]


async def test_a_reader_that_is_behind_gives_up_no_cause() -> None:
    """After a pause: the publish is in the stream, far behind, and the time to wait for it is long over."""
    bus = transport_of(f"memory://behind{next(_names)}")
    await bus.publish(EVENTS, [encode_event(made("b", 1, cause="a-1"))])
    await bus.publish(EVENTS, [encode_event(made("c", seq)) for seq in range(1, 101)])
    await bus.publish(EVENTS, [encode_event(made("a", 1))])
    hours = itertools.count(0, 3600)
    reader = StreamReader(bus, EVENTS, clock=lambda: float(next(hours)))
    seen: list[str] = []
    async for one in reader:
        seen += [run.source for run in one.runs] if isinstance(one, Events) else []
        if "b" in seen:
            break
    assert seen[-2:] == ["a", "b"]
    assert reader.merge.late == 0


async def test_missing_entries_are_an_event_of_the_feed() -> None:
    """Beside the gaps of each source: of one that says no more, nobody would hear else."""
    hub = Hub()
    feed = StreamFeed(transport_of(f"memory://missing{next(_names)}"), hub)
    feed._lost(3)
    feed._lost(UNKNOWN)
    gaps = [msgspec.json.decode(line) for line in text(hub)]
    assert [one["message_type"] for one in gaps] == ["GAP", "GAP"]
    assert [one["data"]["entries"] for one in gaps] == [3, None]
    assert feed.missing == 4
