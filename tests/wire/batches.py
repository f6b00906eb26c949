"""Batches of events for a feed, as a tap makes them."""

from __future__ import annotations

from backend.events import Event, encode_lines
from backend.tap.batch import Batch


def batch(source: str, first: int, count: int, *, last: bool = False) -> Batch:
    """Consecutive events; every third is of type B, the last may be the end of the recording."""
    events = [
        Event(
            float(seq),
            "system" if last and seq == first + count - 1 else "message_published",
            "bus" if seq % 2 else "overseer",
            "RECORDING_ENDED" if last and seq == first + count - 1 else "B" if seq % 3 == 0 else "A",
            id=f"{source}-{seq}",
            source=source,
            seq=seq,
            severity="error" if seq % 5 == 0 else "info",
        )
        for seq in range(first, first + count)
    ]
    return Batch(tuple(events), encode_lines(events), first)
