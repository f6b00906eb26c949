"""A poisoned entry as it is kept aside: what it was, where, why, and its bytes as they came."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from backend.mux.protocol import Entry


class Poison(Struct, frozen=True):
    """An entry that nobody could use."""

    stream: str
    id: str
    group: str
    reason: str
    attempts: int
    payload: bytes
    """Base64 on the wire, so that whatever it is passes as JSON."""


def encode_poison(entry: Entry, group: str, reason: str) -> bytes:
    """What `Transport.set_aside` publishes."""
    return msgspec.json.encode(Poison(entry.stream, entry.id, group, reason, entry.attempts, entry.payload))


def decode_poison(payload: bytes) -> Poison | None:
    """The reverse; None for what is none."""
    try:
        return msgspec.json.decode(payload, type=Poison)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
