"""Events to JSON lines and back. A payload that cannot be encoded is recorded as such."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

from backend.events.event import EMPTY, Event, Payload

_REPR_LIMIT = 200
_DEPTH_LIMIT = 12
_INT_MIN, _INT_MAX = -(2**63), 2**64 - 1  # what msgspec writes as a JSON number


class BrokenLineError(ValueError):
    """A line that is no event; the text says why, in a few words."""


class Blob:
    """Bytes that travel with a message but are recorded only by their length (audio)."""

    __slots__ = ("content",)

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __len__(self) -> int:
        """Length in bytes."""
        return len(self.content)

    def __eq__(self, other: object) -> bool:
        """Equal content."""
        return isinstance(other, Blob) and other.content == self.content

    def __hash__(self) -> int:
        """Hash of the content."""
        return hash(self.content)


def _foreign(value: Any) -> Any:
    """Stand-in for a value that JSON has no form for; msgspec calls this for such values alone."""
    if isinstance(value, Blob):
        return {"blob_bytes": len(value)}
    dump = getattr(value, "model_dump", None)  # pydantic, without importing it
    if callable(dump):
        return dump(mode="json")
    return unencodable(value)


def unencodable(value: Any, error: BaseException | None = None) -> dict[str, str]:
    """What is recorded in place of a value that cannot be encoded: its type and a short repr."""
    try:
        text = repr(value)
    except Exception as broken:  # noqa: BLE001 - a repr is other people's code
        text = f"<repr failed: {type(broken).__name__}>"
    if len(text) > _REPR_LIMIT:
        text = text[: _REPR_LIMIT - 1] + "…"
    told = {"unencodable": type(value).__qualname__, "repr": text.encode("utf-8", "replace").decode()}
    if error is not None:
        told["error"] = str(error)[:_REPR_LIMIT].encode("utf-8", "replace").decode()
    return told


_encoder = msgspec.json.Encoder(enc_hook=_foreign)
_decoder = msgspec.json.Decoder(Event)


def _sane(value: Any, depth: int = 0) -> Any:
    """A copy of `value` that certainly encodes: surrogates, cycles and odd keys replaced."""
    if isinstance(value, bool | None):
        return value
    if isinstance(value, int | float | str):
        return _sane_scalar(value)
    if depth <= _DEPTH_LIMIT:
        if isinstance(value, Mapping):
            return {_sane_scalar(str(key)): _sane(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [_sane(item, depth + 1) for item in value]
        if isinstance(value, Struct):
            return {name: _sane(getattr(value, name), depth + 1) for name in value.__struct_fields__}
    return unencodable(value)


def _sane_scalar(value: float | str) -> float | str:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int):
        return value if _INT_MIN <= value <= _INT_MAX else str(value)
    return value if math.isfinite(value) else str(value)


def encode_payload(payload: object) -> Raw:
    """Encode a payload now, so that a later change of it cannot alter the record.

    Never raises: what cannot be encoded is replaced by a description of itself.
    """
    try:
        encoded = _encoder.encode(payload)
    except Exception as error:  # noqa: BLE001 - payloads are other people's objects
        encoded = _encode_sane(payload, error)
    if encoded[:1] != b"{":
        encoded = b'{"value":' + encoded + b"}"
    return Raw(encoded)


def _encode_sane(payload: object, error: Exception) -> bytes:
    try:
        return _encoder.encode(_sane(payload))
    except Exception:  # noqa: BLE001 - even walking it failed: name it, no more
        return _encoder.encode(unencodable(payload, error))


def encode_event(event: Event) -> bytes:
    """One event as one JSON object, without the newline. Never raises."""
    try:
        return _encoder.encode(event)
    except Exception:  # noqa: BLE001 - see encode_payload
        return _encoder.encode(_with_safe_payloads(event))


def encode_lines(events: list[Event]) -> bytes:
    """Events as JSONL: one line each, each ended by a newline. Never raises.

    One bad payload costs its batch a second pass, never an event.
    """
    try:
        return _encoder.encode_lines(events)
    except Exception:  # noqa: BLE001 - see encode_payload
        return b"".join(encode_event(event) + b"\n" for event in events)


def _with_safe_payloads(event: Event) -> Event:
    safe: Event = msgspec.structs.replace(
        event,
        data=encode_payload(event.data),
        component_state=encode_payload(event.component_state),
    )
    for name in ("component", "message_type", "session_id", "user_id", "correlation_id", "worker_id"):
        setattr(safe, name, _sane(getattr(safe, name)))
    return safe


def decode_line(line: bytes | bytearray | memoryview) -> Event:
    """One line of a recording as an event; payloads stay undecoded.

    Raises:
        BrokenLineError: the line is torn, not JSON, or a field has the wrong type.
    """
    try:
        event = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenLineError(str(error)) from None
    event.data = _object_or_refuse(event.data, "data")
    event.component_state = _object_or_refuse(event.component_state, "component_state")
    return event


def _object_or_refuse(payload: Payload, name: str) -> Payload:
    start = bytes(memoryview(payload)[:1]) if isinstance(payload, Raw) else b"{"
    if start == b"{":
        return payload
    if start == b"n":
        return EMPTY
    raise BrokenLineError(f"Expected `object` - at `$.{name}`")
