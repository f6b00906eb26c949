"""Batches for a store, and what is in one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from backend.events import Event, encode_lines
from backend.store.layout import catalogue
from backend.store.segments import lines_of
from backend.tap.batch import Batch

START_NS = 1_795_000_000 * 10**9  # in November 2026


def event(seq: int | None = 1, *, source: str | None = "assistant-1", **more: object) -> Event:
    """An event, a millisecond after the one before it."""
    at = START_NS + (seq or 0) * 1_000_000
    fields: dict[str, object] = {
        "timestamp": at / 1e9,
        "timestamp_ns": at,
        "event_type": "message_published",
        "component": "overseer",
        "id": f"{source}-{seq}",
        "source": source,
        "seq": seq,
        "data": {"number": seq},
    }
    return Event(**(fields | more))  # type: ignore[arg-type] # whatever the test says


def batches(count: int, size: int) -> Iterator[Batch]:
    """Batches as a tap makes them, of events from seq 1 on."""
    for number in range(count):
        first = number * size + 1
        yield Batch.encoded(encode_lines([event(seq) for seq in range(first, first + size)]), first, size)


def stored(folder: Path) -> list[Event]:
    """All events of a store, from its segments alone."""
    segments = catalogue(folder).segments
    return [one for segment in segments for events, _ in lines_of(segment.path) for one in events]
