"""A bus that is checked when it has closed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backend.bus import Bus
from backend.tap import Tap
from tests.tap.kept import Kept, assert_framed


@asynccontextmanager
async def running(close_within: float = 5.0) -> AsyncIterator[tuple[Bus, Kept]]:
    """A bus; when it has closed, every receive has its handled and every cause is in the record."""
    kept = Kept()
    async with Tap("app", sinks=(kept,)) as tap:
        bus = Bus(tap)
        yield bus, kept
        await bus.close(close_within)
    assert_framed(kept.events)
    received = [event.task for event in kept.of("message_received")]
    assert len(set(received)) == len(received)
    assert sorted(str(event.task) for event in kept.of("message_handled")) == sorted(map(str, received))
    published = {event.id for event in kept.of("message_published")}
    assert {event.cause for event in kept.of("message_received")} <= published
