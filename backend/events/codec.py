"""Events to JSON lines and back. A payload that cannot be encoded is recorded as such."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

from backend.events.event import EMPTY, Event, Payload

S = TypeVar("S", bound=Struct)

_REPR_LIMIT = 200
_DEPTH_LIMIT = 64


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
    if getattr(value, "shape", None) == () and callable(getattr(value, "item", None)):
        return value.item()  # numpy's scalars, without importing it
    return unencodable(value)


def unencodable(value: Any, error: BaseException | None = None) -> dict[str, str]:
    """What is recorded in place of a value that cannot be encoded: its type and a short repr."""
    told = {"unencodable": type(value).__qualname__, "repr": _short(value, repr)}
    if error is not None:
        told["error"] = error_text(error)
    return told


def error_text(error: BaseException) -> str:
    """``str(error)``, shortened; never raises, whatever the error's own ``__str__`` does."""
    return _short(error, str)


def _short(value: object, form: Callable[[object], str]) -> str:
    try:
        text = form(value)
    except Exception as broken:  # noqa: BLE001 - __repr__ and __str__ are other people's code
        text = f"<{form.__name__} failed: {type(broken).__name__}>"
    if len(text) > _REPR_LIMIT:
        text = text[: _REPR_LIMIT - 1] + "…"
    return _utf8(text)


def _utf8(text: str) -> str:
    """The text with its lone surrogates replaced: JSON is UTF-8 and has none."""
    return text.encode("utf-8", "replace").decode()


_encoder = msgspec.json.Encoder(enc_hook=_foreign)
_decoder = msgspec.json.Decoder(Event)


def _sane(value: Any, within: tuple[int, ...] = ()) -> Any:
    """A copy of `value` that certainly encodes: surrogates, cycles and odd keys replaced.

    ``within``: identities of the containers around it; meeting one again is a cycle.
    """
    if isinstance(value, str):
        return _utf8(value)
    inside = (*within, id(value))
    if isinstance(value, list | tuple | set | frozenset):
        return unencodable(value) if _too_deep(value, within) else [_sane(item, inside) for item in value]
    members = _members(value)
    if members is None:
        return _sane_leaf(value)
    if _too_deep(value, within):
        return unencodable(value)
    return {_short_key(key): _sane(item, inside) for key, item in members}


def _too_deep(value: Any, within: tuple[int, ...]) -> bool:
    return id(value) in within or len(within) > _DEPTH_LIMIT


def _members(value: Any) -> Iterable[tuple[Any, Any]] | None:
    """Names and values of what becomes a JSON object; None of anything else."""
    if isinstance(value, Mapping):
        return value.items()
    if isinstance(value, Struct):
        return [(name, getattr(value, name)) for name in value.__struct_fields__]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
    return None


def _sane_leaf(value: Any) -> Any:
    """What is no container: as it is if it encodes (numbers, dates, bytes), else described."""
    try:
        _encoder.encode(value)
    except Exception as error:  # noqa: BLE001 - other people's objects
        return unencodable(value, error)
    return value


def _short_key(key: Any) -> str:
    return _utf8(key) if isinstance(key, str) else _short(key, str)


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


def members_of(fields: Mapping[str, object]) -> Raw:
    """The members of an object from the first one's value on, to stand in the place of that value."""
    first = next(iter(fields))
    return Raw(bytes(encode_payload(fields))[len(first) + len('{"":') : -1])


def _encode_sane(payload: object, error: Exception) -> bytes:
    try:
        return _encoder.encode(_sane(payload))
    except Exception:  # noqa: BLE001 - even walking it failed: name it, no more
        return _encoder.encode(unencodable(payload, error))


def encode_event(event: Struct) -> bytes:
    """One event as one JSON object, without the newline. Never raises."""
    try:
        return _encoder.encode(event)
    except Exception:  # noqa: BLE001 - see encode_payload
        return _encoder.encode(_encodable(event))


def encode_lines(events: Sequence[Struct]) -> bytes:
    """Events as JSONL: one line each, each ended by a newline. Never raises.

    One bad payload costs its batch a second pass, never an event.
    """
    try:
        return _encoder.encode_lines(events)
    except Exception:  # noqa: BLE001 - see encode_payload
        return b"".join(encode_event(event) + b"\n" for event in events)


def _encodable(event: S) -> S:
    """The event with every field replaced that does not encode."""
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    safe = {
        name: encode_payload(value) if isinstance(value, Mapping | Struct) else _sane(value)
        for name, value in fields.items()
        if not isinstance(value, Raw)
    }
    return msgspec.structs.replace(event, **safe)


def decode_line(line: bytes | bytearray | memoryview) -> Event:
    """One line of a recording as an event; payloads stay undecoded.

    Raises:
        BrokenLineError: the line is torn, not JSON, or a field has the wrong type.
    """
    try:
        event = _decoder.decode(line)
        if not (text := bytes(line)).isascii():
            text.decode()  # payloads are not decoded yet: what is no UTF-8 in them must not be found later
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenLineError(str(error)) from None
    event.data = _object_or_refuse(event.data, "data")
    event.component_state = _object_or_refuse(event.component_state, "component_state")
    return event


def decode_lines(lines: Sequence[bytes]) -> list[Event] | None:
    """As `decode_line` of each, all at once in half the time; None if that does not do for one of them."""
    text = b"\n".join(lines)
    try:
        events = _decoder.decode_lines(text)
        if not text.isascii():
            text.decode()
        if len(events) != len(lines):
            return None
        for event in events:
            if not bytes(event.data).startswith(b"{"):  # type: ignore[arg-type] # as decoded: Raw
                event.data = _object_or_refuse(event.data, "data")
            if not bytes(event.component_state).startswith(b"{"):  # type: ignore[arg-type] # as decoded: Raw
                event.component_state = _object_or_refuse(event.component_state, "component_state")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, BrokenLineError):
        return None
    return events


def _object_or_refuse(payload: Payload, name: str) -> Payload:
    start = bytes(memoryview(payload)[:1]) if isinstance(payload, Raw) else b"{"
    if start == b"{":
        return payload
    if start == b"n":
        return EMPTY
    raise BrokenLineError(f"Expected `object` - at `$.{name}`")
