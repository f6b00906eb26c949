"""What a reader says of entries that a stream let go before it read them."""

from __future__ import annotations

import time

from backend.events import Event, encode_payload
from backend.events.vocabulary import GAP, SYSTEM
from backend.mux.protocol import UNKNOWN


def missing_event(stream: str, entries: int, name: str) -> Event:
    """Says that a stream let go of entries before they were read."""
    now = time.time_ns()
    told = {
        "source": stream,
        "from_seq": "?",
        "entries": None if entries == UNKNOWN else entries,
        "reason": "the stream keeps no more entries than these; its reader was too far behind",
    }
    return Event(
        now / 1e9,
        SYSTEM,
        "event_mux",
        GAP,
        data=encode_payload(told),
        id=name,
        timestamp_ns=now,
        severity="warning",
    )
