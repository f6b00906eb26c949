"""Messages that come from outside: checked as if a component had made them."""

from __future__ import annotations

import base64
import binascii
import contextvars
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import structs

from backend.bus import Bus, Gate, GateError, Port
from backend.events import Blob
from backend.events.messages import MESSAGES, Message
from backend.tap import Activation, Scope, current, turn_scope
from backend.wire.control import Inject
from backend.wire.frames import one_line


def inject(bus: Bus, gate: Gate, asked: Inject) -> tuple[str, str]:
    """Publish what was asked for; returns the ids of the event that tells so, and of the publication.

    Raises:
        GateError: there is no such message, component or session, or the data does not fit.
    """
    message = _message(asked)
    port = _port(bus, asked)
    session_id = asked.session_id or port.session_id
    scope = _scope(bus, session_id, asked)
    told = {"message_type": asked.message_type, "component": port.component, "turn": scope.turn}
    event = gate.telling.tell("inject", told, scope=scope)

    def publish() -> str:
        current.set(Activation(None, event, port.component, scope))
        return bus.publish(message, port.probe, scope)

    return event, contextvars.Context().run(publish)


def _message(asked: Inject) -> Message:
    kind = _kinds().get(asked.message_type)
    if kind is None:
        raise GateError(f"this program has no message {one_line(asked.message_type)!r}")
    try:
        given = msgspec.json.decode(asked.data)
        if isinstance(given, dict) and (unknown := given.keys() - set(kind.__struct_encode_fields__)):
            name = one_line(min(unknown))
            raise GateError(f"{asked.message_type} has no {name!r}; it has {_fields(kind)}")
        return msgspec.json.decode(asked.data, type=kind, dec_hook=_foreign)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, TypeError) as error:
        raise GateError(f"the data is no {asked.message_type}: {one_line(error)}") from None


def _fields(kind: type[Message]) -> str:
    return ", ".join(kind.__struct_encode_fields__) or "none"


def _kinds() -> dict[str, type[Message]]:
    """All message types that this program knows, its own ones too."""
    return {kind.message_type: kind for kind in _below(Message) if kind.message_type} | MESSAGES


def _below(kind: type[Message]) -> Iterator[type[Message]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def _foreign(kind: type, value: Any) -> Any:
    """Audio, which JSON has no form for, in base64."""
    if kind is Blob and isinstance(value, str):
        try:
            return Blob(base64.b64decode(value, validate=True))
        except binascii.Error as error:
            raise ValueError(f"no base64: {error}") from None
    raise TypeError(f"a {kind.__name__} cannot be given in JSON")


def _port(bus: Bus, asked: Inject) -> Port:
    """In whose name it is published."""
    named = [port for port in bus.ports if port.component == asked.component]
    if not named:
        there = ", ".join(sorted({port.component for port in bus.ports})) or "nobody"
        raise GateError(f"no component {one_line(asked.component)!r} is at the bus; there are {there}")
    if asked.session_id is None:
        if len(named) > 1:
            there = ", ".join(sorted({str(port.session_id) for port in named}))
            raise GateError(f"{asked.component} is there for several sessions: name one of {there}")
        return named[0]
    sessions = {port.session_id for port in bus.ports if port.session_id is not None}
    fitting = [port for port in named if port.session_id in {None, asked.session_id}]
    if asked.session_id not in sessions or not fitting:
        there = ", ".join(sorted(sessions)) or "none"
        raise GateError(f"{asked.component} has no session {one_line(asked.session_id)!r}; there are {there}")
    return fitting[-1]


def _scope(bus: Bus, session_id: str | None, asked: Inject) -> Scope:
    """What the session works on at present, or the turn that was asked for."""
    seen = [
        port.last_scope
        for port in bus.ports
        if port.last_scope is not None and port.last_scope.session_id == session_id
    ]
    latest = max(seen, key=lambda scope: scope.turn or 0, default=Scope(session_id))
    latest = structs.replace(latest, worker_id=None)
    if asked.turn is None or asked.turn == latest.turn:
        return latest
    known = next((scope for scope in seen if scope.turn == asked.turn), None)
    if known is not None:
        return structs.replace(known, worker_id=None)
    if session_id is not None and asked.turn > (latest.turn or 0):
        return turn_scope(session_id, latest.user_id, asked.turn, asked.message_type)
    return Scope(session_id, latest.user_id, asked.turn)
