"""What the stream servers carry behind the small protocol, against their client libraries alone.

Each way publishes entries 64 at a time and takes them in a group, acknowledged; in turns with the bare
library against the same server, with the same bytes: what our side costs is the ratio. Servers run on this
machine, so the figures are also theirs.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from typing import Any, Protocol

import nats
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from nats.js import api
from redis.asyncio import Redis

from backend.mux import transport_of
from backend.mux.protocol import Limits
from tests.mux.kafka_cluster import KafkaCluster
from tests.mux.nats_server import NatsServer
from tests.mux.valkey import Valkey

STREAM = "bench/v1"
EVENT = b'{"timestamp":1.0,"event_type":"system","component":"bench","data":{"text":"%b"}}' % (b"x" * 360)
AT_ONCE = 64
ROUNDS = 9
ENTRIES = {1: 512, 128: 64}
"""How many a round has, by events an entry: as many as Kafka's mock keeps."""
BARE = {"redis": "redis-py", "nats": "nats-py", "kafka": "aiokafka"}
WAIT = 10.0


class Way(Protocol):
    """Entries to a server, and from it in a group."""

    async def open(self) -> None: ...
    async def publish(self, payloads: Sequence[bytes]) -> None: ...
    async def consume(self, count: int) -> None: ...
    async def close(self) -> None: ...


class Ours:
    """The transport of a URL."""

    def __init__(self, url: str) -> None:
        self._bus = transport_of(url, {STREAM: Limits(65_536)})

    async def open(self) -> None:
        await self._bus.connect()

    async def publish(self, payloads: Sequence[bytes]) -> None:
        await self._bus.publish(STREAM, payloads)

    async def consume(self, count: int) -> None:
        while count:
            entries = await self._bus.take(STREAM, "g", "a", AT_ONCE, WAIT)
            await self._bus.ack(STREAM, "g", entries)
            count -= len(entries)

    async def close(self) -> None:
        await self._bus.close()


class BareRedis:
    """A pipeline of XADD; XREADGROUP and XACK."""

    def __init__(self, url: str) -> None:
        self._redis: Any = Redis.from_url(url, protocol=2)

    async def open(self) -> None:
        await self._redis.xgroup_create("bare", "g", id="0", mkstream=True)

    async def publish(self, payloads: Sequence[bytes]) -> None:
        async with self._redis.pipeline(transaction=False) as pipe:
            for payload in payloads:
                pipe.xadd("bare", {b"e": payload}, maxlen=65_536, approximate=True)
            await pipe.execute()

    async def consume(self, count: int) -> None:
        while count:
            ((_, entries),) = await self._redis.xreadgroup(
                "g", "a", {"bare": ">"}, count=AT_ONCE, block=10_000
            )
            await self._redis.xack("bare", "g", *(name for name, _ in entries))
            count -= len(entries)

    async def close(self) -> None:
        await self._redis.aclose()


class BareNats:
    """Publishes awaited together, which may be kept without the first of them; a pull consumer's `fetch`."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def open(self) -> None:
        self._client = await nats.connect(self._url)
        self._js = self._client.jetstream()
        await self._js.add_stream(api.StreamConfig(name="bare", subjects=["bare"], max_msgs=65_536))
        self._messages = await self._js.pull_subscribe("bare", durable="g")

    async def publish(self, payloads: Sequence[bytes]) -> None:
        await asyncio.gather(*[await self._js.publish_async("bare", payload) for payload in payloads])

    async def consume(self, count: int) -> None:
        while count:
            entries = await self._messages.fetch(min(AT_ONCE, count), timeout=WAIT)
            for entry in entries[:-1]:
                await entry.ack()
            await entries[-1].ack_sync()
            count -= len(entries)

    async def close(self) -> None:
        await self._client.close()


class BareKafka:
    """Sends awaited together; `getmany` and a commit."""

    def __init__(self, url: str) -> None:
        self._where = TopicPartition("bare", 0)
        self._server = url.removeprefix("kafka://")

    async def open(self) -> None:
        server = self._server
        self._producer = AIOKafkaProducer(bootstrap_servers=server, acks="all", max_batch_size=512 * 1024)
        self._consumer = AIOKafkaConsumer(
            "bare",
            bootstrap_servers=server,
            group_id="bare",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        await self._producer.start()
        await self._consumer.start()

    async def publish(self, payloads: Sequence[bytes]) -> None:
        await asyncio.gather(
            *[await self._producer.send("bare", payload, partition=0) for payload in payloads]
        )

    async def consume(self, count: int) -> None:
        while count:
            found = await self._consumer.getmany(self._where, timeout_ms=10_000, max_records=AT_ONCE)
            records = found[self._where]
            await self._consumer.commit({self._where: records[-1].offset + 1})
            count -= len(records)

    async def close(self) -> None:
        await self._producer.stop()
        await self._consumer.stop()


class Took:
    """What rounds took: CPU and wall seconds of publishing and of consuming."""

    def __init__(self) -> None:
        self.rounds: list[tuple[float, float, float, float]] = []

    async def round(self, way: Way, payload: bytes, entries: int) -> None:
        clock, cpu = time.perf_counter(), time.process_time()
        for _ in range(0, entries, AT_ONCE):
            await way.publish([payload] * AT_ONCE)
        clock_between, cpu_between = time.perf_counter(), time.process_time()
        await way.consume(entries)
        self.rounds.append(
            (
                clock_between - clock,
                cpu_between - cpu,
                time.perf_counter() - clock_between,
                time.process_time() - cpu_between,
            )
        )

    def median(self, column: int) -> float:
        return statistics.median(one[column] for one in self.rounds)


async def measured(url: str, bare: Way, events: int) -> tuple[Took, Took]:
    """Ours and the bare library's, in turns; the first round of each, which joins and makes, is left out."""
    ways: tuple[Way, Way] = (Ours(url), bare)
    payload = b"\n".join([EVENT] * events)
    took = (Took(), Took())
    for way in ways:
        await way.open()
    for _ in range(ROUNDS + 1):
        for one, way in zip(took, ways, strict=True):
            await one.round(way, payload, ENTRIES[events])
    for way in ways:
        await way.close()
    for one in took:
        del one.rounds[0]
    return took


def report() -> None:
    """Events a second by the clock, CPU time an event in our process, and both against the library alone."""
    for name, server, make in (
        ("redis", Valkey, BareRedis),
        ("nats", NatsServer, BareNats),
        ("kafka", KafkaCluster, BareKafka),
    ):
        for events, entries in ENTRIES.items():
            with server() as running:
                ours, bare = asyncio.run(measured(running.url, make(running.url), events))
            count = events * entries
            for what, at in (("published", 0), ("taken and acknowledged", 2)):
                took, alone = ours.median(at), bare.median(at)
                cpu, cpu_alone = (1e6 * one.median(at + 1) / count for one in (ours, bare))
                print(
                    f"transports  {name}, {events} events an entry, {what}: {count / took:,.0f} events/s; "
                    f"{BARE[name]} alone {count / alone:,.0f}: {alone / took:.2f} of it; CPU an event here "
                    f"{cpu:.2f} us, alone {cpu_alone:.2f}"
                )
    print("transports  (who takes from Kafka's mock waits up to 0.5 s a round: it does not wake a fetch)")
