"""The whole road over NATS and over Kafka: a tap's sink, the broker, a store, a gateway, a debugger."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest

from backend.gateway import Gateway
from backend.mux import transport_of
from backend.mux.gateway import StreamFeed
from backend.mux.sink import BusSink
from backend.mux.storing import StoreFollower
from backend.mux.streams import EVENTS
from backend.tap.hub import Hub
from backend.wire.client import EventsReceived
from debugger.sources.bus import BusSource
from debugger.sources.feed import FeedSource
from tests.gateway.feeds import feed_url
from tests.mux.kafka_cluster import KafkaCluster
from tests.mux.nats_server import NatsServer
from tests.mux.streaming import batch, settled
from tests.store.stored import stored

QUICK = {"first_delay": 0.01, "last_delay": 0.05}
KILLS = 5


@pytest.fixture(params=["nats", "kafka"])
def broker(request: pytest.FixtureRequest) -> Iterator[str]:
    """A new one for each test: on the road streams have one name."""
    with ExitStack() as open_:
        if request.param == "nats":
            yield open_.enter_context(NatsServer()).url
        else:
            yield open_.enter_context(KafkaCluster()).url + "?timeout=1&session=1"


@asynccontextmanager
async def following(url: str, folder: Path) -> AsyncIterator[StoreFollower]:
    """A store that follows the stream of a broker, until the end of the block."""
    follower = StoreFollower(transport_of(url), folder, delays=(0.01, 0.05), hole_seconds=0.2)
    stop = asyncio.Event()
    running = asyncio.create_task(follower.run(stop))
    try:
        yield follower
    finally:
        stop.set()
        await running


def seqs(folder: Path, source: str) -> list[int]:
    return [event.seq or 0 for event in stored(folder) if event.source == source]


def gaps(folder: Path) -> list[dict[str, object]]:
    return [event.payload() for event in stored(folder) if event.message_type == "GAP"]


async def seen(source: FeedSource | BusSource, count: int) -> dict[str, list[int | None]]:
    """The numbers of the first events that a debugger sees, by who told them."""
    found: dict[str, list[int | None]] = {"a-1": [], "b-1": []}
    async for update in source:
        for event in update.events if isinstance(update, EventsReceived) else ():
            found.setdefault(event.source or "", []).append(event.seq)
        if len(found["a-1"]) + len(found["b-1"]) >= count:
            break
    return found


async def test_two_producers_are_seen_and_stored_once_each_in_its_order(broker: str, tmp_path: Path) -> None:
    """By a store, by a debugger at a gateway, and by one at the broker; what is no events is set aside."""
    sinks = {source: BusSink(broker, **QUICK) for source in ("a-1", "b-1")}
    bus = transport_of(broker)
    hub = Hub()
    feed = StreamFeed(transport_of(broker), hub, **QUICK)
    async with following(broker, tmp_path / "s") as follower:
        await feed.start()
        async with Gateway(hub, port=0) as door, asyncio.timeout(30):
            for first in range(1, 1001, 100):
                for source, sink in sinks.items():
                    sink.write(batch(first, 100, source=source))
            await bus.publish(EVENTS, [b"\xff no events"])
            for sink in sinks.values():
                await asyncio.to_thread(sink.close)
            at_gateway, at_broker = await asyncio.gather(
                seen(FeedSource(feed_url(door)), 2000),
                seen(BusSource(broker), 2000),
            )
            await settled(lambda: follower.stored.stored >= 2004)
            await settled(lambda: follower.stored.poisoned)
        await feed.close()
    assert (await bus.info(EVENTS)).poisoned == 1
    await bus.close()
    for source in sinks:
        assert at_gateway[source] == at_broker[source] == list(range(1, 1001))
        assert seqs(tmp_path / "s", source) == list(range(1, 1001))
    assert gaps(tmp_path / "s") == []


async def test_a_store_that_comes_back_goes_on_where_the_one_before_it_ended(
    broker: str, tmp_path: Path
) -> None:
    """The group remembers; a new store with a name of its own reads all there is."""
    for first in (1, 301):
        sink = BusSink(broker, **QUICK)
        sink.write(batch(first, 300))
        await asyncio.to_thread(sink.close)
        async with following(broker, tmp_path / "s") as follower:
            await settled(lambda f=follower: f.stored.stored >= 302)
        assert follower.stored.repeated == 0
    assert seqs(tmp_path / "s", "app-1") == list(range(1, 601))


async def test_nats_is_killed_again_and_again_and_each_event_is_stored_once(tmp_path: Path) -> None:
    """Between a sink that publishes and a store that takes, at random moments; it keeps its files."""
    moments = random.Random(7)
    with NatsServer() as server:
        sink = BusSink(server.url, **QUICK)
        sent = 0
        async with following(server.url, tmp_path / "s") as follower:
            for _ in range(KILLS):
                for _ in range(20):
                    sink.write(batch(sent + 1, 100))
                    sent += 100
                    await asyncio.sleep(0)
                await asyncio.sleep(moments.random() * 0.1)
                server.kill()
                sink.write(batch(sent + 1, 100))
                sent += 100
                server.start()
                await settled(lambda: not sink.stats.problem)
            await asyncio.to_thread(sink.close)
            # It says itself that it began and ended, which are two events more.
            await settled(lambda: follower.stored.stored >= sent + 2)
    # What a killed server had handed out comes again when it is due, which may be behind what is new.
    assert sorted(seqs(tmp_path / "s", "app-1")) == list(range(1, sent + 1))
    assert gaps(tmp_path / "s") == []


async def test_a_kafka_broker_that_goes_down_in_between_costs_nothing(tmp_path: Path) -> None:
    """The sink's queue waits; the store gets what it had not acknowledged once more, and keeps one."""
    with KafkaCluster() as cluster:
        url = cluster.url + "?timeout=1&session=1"
        sink = BusSink(url, **QUICK)
        async with following(url, tmp_path / "s") as follower:
            sink.write(batch(1, 1000))
            await settled(lambda: follower.stored.stored >= 1001)
            cluster.down()
            sink.write(batch(1001, 1000))
            await settled(lambda: sink.stats.problem and follower.problem)
            cluster.up()
            sink.write(batch(2001, 1000))
            await asyncio.to_thread(sink.close)
            await settled(lambda: follower.stored.stored >= 3002)
    assert seqs(tmp_path / "s", "app-1") == list(range(1, 3001))
    assert gaps(tmp_path / "s") == []
