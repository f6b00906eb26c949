"""An event at the moment it happens, as a condition sees it: exactly what is going to be recorded."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

import msgspec
from msgspec import Raw, Struct

from backend.bus import Envelope, Port
from backend.events import EMPTY, Payload, as_object, encode_lines, encode_payload, members_of
from backend.events.messages import Message
from backend.events.vocabulary import RECEIVED, SUBSCRIBE
from backend.tap.stamped import Stamped
from backend.wire.query.matching import walk


class _Scope(Struct, frozen=True):
    session_id: str | None = None
    user_id: str | None = None
    turn: int | None = None
    correlation_id: str | None = None
    worker_id: str | None = None


class _Rest(Struct, frozen=True):
    source: str | None = None
    severity: str = "info"
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


_PLAIN = frozenset({str, int, bool, type(None)})

_decode_scope = msgspec.json.Decoder(_Scope).decode
_decode_rest = msgspec.json.Decoder(_Rest).decode


@lru_cache(maxsize=1024)
def _scope_of(told: bytes) -> _Scope:
    """A scope from the way it is encoded, once for all events of it (see `Stamped`)."""
    return _decode_scope(b'{"session_id":' + told + b"}")


@lru_cache(maxsize=1024)
def _rest_of(told: bytes) -> _Rest:
    return _decode_rest(b'{"source":' + told + b"}")


class Subject:
    """Nothing is decoded before it is asked for: most conditions are decided by the names alone."""

    stamped: Stamped
    head: tuple[str, str, str | None]
    _payload: Payload

    def __init__(self, stamped: Stamped) -> None:
        self.stamped = stamped
        self.head = stamped.event_type, stamped.component, stamped.message_type
        self._payload = stamped.data

    @cached_property
    def scope(self) -> _Scope:
        """Whose work it is part of."""
        return _scope_of(bytes(self.stamped.session_id))

    @cached_property
    def rest(self) -> _Rest:
        """Source, severity, and what was read and written."""
        return _rest_of(bytes(self.stamped.source))

    @cached_property
    def data(self) -> dict[str, Any]:
        """The payload, as a recording has it."""
        return _as_recorded(self._payload)

    def datum(self, path: tuple[str | int, ...]) -> Any:
        """What is at a path of the payload. Of a message, a plain field is read without encoding the rest."""
        message, key = self._payload, path[0]
        if isinstance(message, Message) and len(path) == 1 and key in message.__struct_fields__:
            value = getattr(message, str(key))
            if type(value) in _PLAIN:
                return value
        return walk(self.data, path)

    @cached_property
    def state(self) -> dict[str, Any]:
        """The component's state, the same."""
        return _as_recorded(self.stamped.component_state)

    @cached_property
    def line(self) -> str:
        """The whole line; only its number is still 0."""
        return bytes(encode_lines([self.stamped])).decode()


def _as_recorded(payload: Payload) -> dict[str, Any]:
    return as_object(payload if type(payload) is Raw else encode_payload(payload))


_ORDINARY = members_of({"source": None, "severity": "info", "reads": (), "writes": ()})


def arriving(port: Port, envelope: Envelope) -> Stamped:
    """The ``message_received`` that a delivery is about to be; its id and task it gets only then."""
    clock = port.probe.tap.clock
    return Stamped(
        clock.wall_ns() / 1e9,
        RECEIVED,
        port.component,
        envelope.message.message_type,
        envelope.scope.told,
        SUBSCRIBE,
        envelope.message,
        EMPTY,
        "",
        _ORDINARY,
        0,
        clock.wall_ns(),
        clock.mono_ns(),
        envelope.publish_id,
        None,
    )


class Arriving(Subject):
    """A delivery that is about to begin. What its receiver's state is, it is asked for only if need be."""

    def __init__(self, port: Port, envelope: Envelope) -> None:
        self.head = RECEIVED, port.component, envelope.message.message_type
        self._payload = envelope.message
        self._port = port
        self._envelope = envelope

    @cached_property
    def stamped(self) -> Stamped:  # type: ignore[override]  # made when it is asked for
        """The event, as far as it is one already."""
        return arriving(self._port, self._envelope)

    @cached_property
    def state(self) -> dict[str, Any]:
        """The receiver's state, now."""
        return as_object(self._port.probe.snapshot())

    @cached_property
    def line(self) -> str:
        """The line, with the state."""
        self.stamped.component_state = self._port.probe.snapshot()
        return bytes(encode_lines([self.stamped])).decode()
