"""A sink that keeps what it is given, for tests that look at the record."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from backend.events import Event, decode_line
from backend.tap import Batch


class Kept:
    """Every event, decoded from its line as a reader of the record would."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.batches: list[int] = []
        self.closed = 0
        self._more = asyncio.Event()

    def write(self, batch: Batch) -> None:
        assert len(batch) == len(batch.lines) == batch.last_seq - batch.first_seq + 1
        self.batches.append(len(batch))
        self.events.extend(decode_line(line) for line in batch.lines)
        self._more.set()

    def close(self) -> None:
        self.closed += 1

    async def until(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        """Wait for batches until the condition holds."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._more.clear()
                await self._more.wait()

    def has(self, name: str) -> bool:
        """Whether the mark is there yet."""
        return any(event.message_type == name for event in self.events)

    def of(self, event_type: str, **data: Any) -> list[Event]:
        """Events of a type whose data has these values."""
        found = []
        for event in self.events:
            payload = event.payload()
            if event.event_type == event_type and all(payload.get(key) == data[key] for key in data):
                found.append(event)
        return found

    def one(self, event_type: str, **data: Any) -> Event:
        """The only such event."""
        (event,) = self.of(event_type, **data)
        return event

    def by_id(self, event_id: str | None) -> Event:
        (event,) = [event for event in self.events if event.id == event_id]
        return event

    def marked(self, name: str) -> Event:
        """The `system` event with this message type: a mark that the code under test left."""
        (event,) = [event for event in self.events if event.message_type == name]
        return event


def assert_framed(events: list[Event]) -> None:
    """A complete recording of one source: numbered, framed, uniquely named, every cause in it."""
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert events[0].message_type == "RECORDING_STARTED"
    assert events[-1].message_type == "RECORDING_ENDED"
    assert events[-1].payload()["count"] == len(events)
    ids = {event.id for event in events}
    assert len(ids) == len(events)
    assert {event.cause for event in events} - {None} <= ids
    assert len({event.source for event in events}) == 1
