"""The event: one struct, read and written by everybody."""

from __future__ import annotations

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
    """A payload as a fresh dict; ``null`` reads as an empty one.

    Raises:
        msgspec.ValidationError: the payload is JSON, but no object.
    """
    if isinstance(payload, Raw):
        return {} if bytes(payload) == b"null" else _decode_object(payload)
    decoded: dict[str, Any] = msgspec.convert(msgspec.to_builtins(payload), dict[str, Any])
    return decoded
