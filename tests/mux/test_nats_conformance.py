"""The transport of NATS JetStream, held to the laws of all transports against a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from backend.mux import Transport, transport_of
from tests.mux.conformance import LIMITS, Conformance
from tests.mux.nats_server import NatsServer


@pytest.fixture(scope="module")
def nats_server() -> Iterator[NatsServer]:
    with NatsServer() as server:
        yield server


@pytest.fixture
async def bus(nats_server: NatsServer) -> AsyncIterator[Transport]:
    bus = transport_of(nats_server.url, LIMITS)
    await bus.connect()
    yield bus
    await bus.close()


class TestNats(Conformance):
    """All laws."""
