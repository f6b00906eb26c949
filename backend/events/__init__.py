"""The vocabulary: the event, its words and its codec. msgspec and stdlib only, no I/O."""

from __future__ import annotations

from backend.events.codec import (
    Blob,
    BrokenLineError,
    decode_line,
    decode_lines,
    encode_event,
    encode_lines,
    encode_payload,
    error_text,
    members_of,
    unencodable,
)
from backend.events.event import EMPTY, Event, Payload, as_object
from backend.events.vocabulary import SCHEMA, Family, correlation_id, family_of, severity_rank

__all__ = [
    "EMPTY",
    "SCHEMA",
    "Blob",
    "BrokenLineError",
    "Event",
    "Family",
    "Payload",
    "as_object",
    "correlation_id",
    "decode_line",
    "decode_lines",
    "encode_event",
    "encode_lines",
    "encode_payload",
    "error_text",
    "family_of",
    "members_of",
    "severity_rank",
    "unencodable",
]
