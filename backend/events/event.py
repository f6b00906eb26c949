"""The event: one struct, read and written by everybody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from msgspec import Raw, Struct

if TYPE_CHECKING:
    Payload: TypeAlias = Raw | Mapping[str, Any] | Struct
else:
    # Decoding keeps payloads as undecoded bytes: most events are never opened, and
    # 1 M decoded payloads would cost gigabytes. Encoding takes any of the three.
    Payload = Raw

EMPTY = Raw(b"{}")
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode


class Event(Struct, gc=False):
    """One event of the feed or of a recording; CONTRACT section 1 says what each field means.

    ``timestamp`` is in seconds since the epoch and only for people: a float resolves
    to 238 ns today. ``timestamp_ns`` and ``mono_ns`` are exact. ``seq`` counts from 1
    without a gap per ``source``.
    """

    timestamp: float
    event_type: str
    component: str
    message_type: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    direction: str | None = "internal"
    data: Payload = EMPTY
    correlation_id: str | None = None
    component_state: Payload = EMPTY
    # From here on: optional to read, always written by our tap.
    id: str | None = None
    source: str | None = None
    seq: int | None = None
    timestamp_ns: int | None = None
    mono_ns: int | None = None
    cause: str | None = None
    task: str | None = None
    turn: int | None = None
    worker_id: str | None = None
    severity: str = "info"
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()

    def payload(self) -> dict[str, Any]:
        """``data`` as a fresh dict, whatever form it is held in."""
        return as_object(self.data)

    def state(self) -> dict[str, Any]:
        """``component_state`` as a fresh dict."""
        return as_object(self.component_state)


def as_object(payload: Payload) -> dict[str, Any]:
    """A payload as a fresh dict; ``null`` reads as an empty one. Never raises for what was read.

    What other producers write and msgspec does not take (``1e999``, integers of many
    digits) is read by the standard library, or described.
    """
    if isinstance(payload, Raw):
        return _object_of(payload)
    decoded: dict[str, Any] = msgspec.convert(msgspec.to_builtins(payload), dict[str, Any])
    return decoded


def _object_of(payload: Raw) -> dict[str, Any]:
    try:
        return _decode_object(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        decoded = json.loads(bytes(payload))
    except (ValueError, RecursionError) as error:
        return {"undecodable": str(error)}
    return decoded if isinstance(decoded, dict) else {} if decoded is None else {"value": decoded}
