"""The transport of Kafka, held to the laws of all transports against a cluster that speaks its protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from backend.mux import Transport, transport_of
from tests.mux.conformance import LIMITS, WAIT, Conformance, stream, tailed
from tests.mux.kafka_cluster import KafkaCluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[KafkaCluster]:
    with KafkaCluster() as server:
        yield server


@pytest.fixture
async def bus(cluster: KafkaCluster) -> AsyncIterator[Transport]:
    bus = transport_of(cluster.url, LIMITS)
    await bus.connect()
    yield bus
    await bus.close()


class TestKafka(Conformance):
    """All laws; what a topic keeps is the brokers' to say, here 5 MB."""

    async def test_a_stream_keeps_its_newest_entries_and_tells_a_reader_what_it_missed(
        self, bus: Transport
    ) -> None:
        """By bytes, not by entries."""
        name = stream()
        await bus.publish(name, [b"%d" % number for number in range(1, 4)])
        here = await tailed(bus, name, 3)
        for begin in range(4, 84, 10):
            await bus.publish(name, [b"%d" % number + b"." * 100_000 for number in range(begin, begin + 10)])
        (left,) = await bus.tail(name, here[-1].id, 1, WAIT)
        number = int(left.payload.rstrip(b"."))
        assert number > 4
        assert left.missed == number - 4
        assert (await bus.info(name)).length < 80
