"""What the drain hands to every sink: events, encoded once."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

from backend.events import Event


class Batch:
    """Consecutive events of one source with their one encoding; never empty, never changed.

    ``jsonl`` holds a line for each event, each ended by a newline.
    """

    def __init__(self, events: tuple[Event, ...], jsonl: bytes, first_seq: int) -> None:
        self.events = events
        self.jsonl = jsonl
        self.first_seq = first_seq

    @property
    def last_seq(self) -> int:
        """``seq`` of the last event."""
        return self.first_seq + len(self.events) - 1

    @cached_property
    def lines(self) -> tuple[bytes, ...]:
        """Each event's JSON without its newline; split once, for all sinks that want single events."""
        # JSON text has no raw newline, so this is exact.
        return tuple(self.jsonl[:-1].split(b"\n"))

    def __len__(self) -> int:
        """Number of events."""
        return len(self.events)


class Sink(Protocol):
    """Takes batches in order. A sink that raises is reported once and removed; others go on."""

    def write(self, batch: Batch) -> None:
        """Take a batch. Runs on the event loop: must not block for long."""

    def close(self) -> None:
        """Write what is held back and release what is open. Called once."""
