"""A network that stalls, loses connections, or loses a peer without a word: who waits, and what is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

import debugger.sources.feed
from backend.tap.hub import Hub
from backend.wire.limits import Limits
from tests.faults.viewing import SOURCE, until, watched
from tests.gateway.feeds import Server

_PUBLISHER = 1.0
"""Seconds that a batch may keep a publisher: half of a stall, as a thread has to wait for its turn."""


async def test_a_stall_of_two_seconds_costs_a_viewer_nothing(make: Callable[..., Server]) -> None:
    """Of what comes as ordinarily: the connection lasts, and each event is there once."""
    async with watched(make, Hub()) as (producer, network, viewer):
        network.stall()
        stalled = asyncio.create_task(asyncio.sleep(2.0))
        await producer.until(stalled.done, count=20, pause=0.01)
        network.flow()
        await until(lambda: viewer.known == producer.emitted)
        verdict = viewer.books.verdict({SOURCE: producer.emitted})
        assert verdict.sound, verdict
        assert verdict.named == 0
        assert viewer.connected == 1
        assert producer.slowest < _PUBLISHER


async def test_a_stall_with_more_events_than_wait_for_anybody_is_a_gap(make: Callable[..., Server]) -> None:
    """The viewer is dropped, comes back, and is told what the history has no longer."""
    hub = Hub(history_events=3_000, client_queue=500)
    async with watched(make, hub) as (producer, network, viewer):
        await producer.until(lambda: viewer.known > 1_000)
        network.stall()
        await producer.until(lambda: hub.stats().dropped == 1)
        dropped_at = producer.emitted
        await producer.until(lambda: producer.emitted > dropped_at + 5_000)
        network.flow()
        await until(lambda: viewer.known == producer.emitted)
        verdict = viewer.books.verdict({SOURCE: producer.emitted})
        assert verdict.sound, verdict
        assert verdict.named > 0
        assert viewer.connected == 2
        assert producer.slowest < _PUBLISHER


async def test_connections_that_are_cut_again_and_again_lose_nothing(make: Callable[..., Server]) -> None:
    """Wherever in a frame: what was on its way comes anew, and nothing twice."""
    async with watched(make, Hub()) as (producer, network, viewer):
        for cuts in range(1, 6):
            begun = viewer.known
            await producer.until(lambda begun=begun: viewer.known > begun + 500, count=50)  # type: ignore[misc]
            network.cut()
            await producer.until(lambda cuts=cuts: viewer.connected == 1 + cuts, count=50)  # type: ignore[misc]
        await until(lambda: viewer.known == producer.emitted)
        verdict = viewer.books.verdict({SOURCE: producer.emitted})
        assert verdict.sound, verdict
        assert verdict.named == 0


@pytest.fixture
def _soon_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The viewer asks after a moment, too."""
    monkeypatch.setattr(debugger.sources.feed, "PING_SECONDS", 0.8)


@pytest.mark.usefixtures("_soon_missed")
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "while events come"])
async def test_a_peer_that_vanishes_is_missed_on_both_sides(make: Callable[..., Server], busy: bool) -> None:
    """No end is ever seen. The server lets go of the connection, and the viewer comes back for the rest."""
    hub = Hub(gone_seconds=0.8, limits=Limits(ping_seconds=0.8))
    async with watched(make, hub) as (producer, network, viewer):
        producer.emit()
        await until(lambda: viewer.known == producer.emitted)
        network.vanish()
        if busy:  # more than the sockets hold, less than a full queue
            for _ in range(100):
                producer.emit()
        await until(lambda: viewer.connected >= 2)
        await until(lambda: hub.stats().active_subscribers == 1)
        producer.emit()
        await until(lambda: viewer.known == producer.emitted)
        verdict = viewer.books.verdict({SOURCE: producer.emitted})
        assert verdict.sound, verdict
        assert verdict.named == 0
        assert viewer.reasons[0] == "the connection broke"
