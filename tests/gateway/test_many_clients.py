"""Many clients are sent fewer and larger frames; what each gets is the same."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import msgspec
import pytest

from backend.tap import hub as module
from backend.tap.hub import AT_ONCE, Hub, HubClient
from backend.wire import Subscribe
from backend.wire.frames import Frame
from tests.gateway.feeds import batch

ROUNDS = 50  # of the loop: by then whoever is to send something has


class Client:
    """A client of a hub that takes everything at once."""

    def __init__(self, hub: Hub) -> None:
        self.seqs: list[int] = []
        self.frames = 0
        self.client: HubClient = hub.attach("peer", lambda: None)
        self.client.subscribe(Subscribe(batch=True))
        self.pumping = asyncio.create_task(self.client.pump(self._send))

    async def _send(self, frame: Frame) -> None:
        told = msgspec.json.decode(frame.data)
        if told["type"] == "events":
            self.frames += 1
            self.seqs += [event["seq"] for event in told["events"]]

    async def end(self) -> None:
        self.client.finish()
        await self.pumping


async def _rounds() -> None:
    for _ in range(ROUNDS):
        await asyncio.sleep(0)


@pytest.mark.parametrize(("others", "at_once"), [(AT_ONCE - 1, True), (AT_ONCE, False)])
async def test_what_comes_soon_after_a_frame_waits_where_many_are_served(
    monkeypatch: pytest.MonkeyPatch, others: int, at_once: bool
) -> None:
    """Few are sent each batch as it comes. The first batch after a pause is sent at once in any case."""
    monkeypatch.setattr(module, "PACE_SECONDS", 3_600.0)
    hub = Hub()
    for _ in range(others):
        hub.attach("other", lambda: None)
    client = Client(hub)
    await _rounds()
    client.client._sent = -1e9  # the hello is long ago
    client.client.wake()
    await _rounds()
    hub.write(batch(1, 3))
    await _rounds()
    assert client.seqs == [1, 2, 3]
    hub.write(batch(4, 2))
    await _rounds()
    assert client.seqs == ([1, 2, 3, 4, 5] if at_once else [1, 2, 3])
    hub.write(batch(6, 1))
    await client.end()  # all that is there is sent before the end, however soon that comes
    assert client.seqs == [1, 2, 3, 4, 5, 6]
    assert client.frames == (3 if at_once else 2)


async def test_a_client_that_waits_leaves_at_once() -> None:
    """What it was to be sent later is nobody's then."""
    hub = Hub()
    for _ in range(60_000):
        hub._clients.add(object())  # type: ignore[arg-type] # only their number counts
    client = Client(hub)
    await _rounds()
    assert hub.pace > 10
    client.client.leave()
    with suppress(TimeoutError):
        async with asyncio.timeout(5):
            await client.pumping
    assert client.pumping.done()
