"""What the process that reads a feed tells: updates, events ready for the log, and where it is."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, get_args

import msgspec

from backend.wire.client import (
    ControlAnswered,
    ControlChanged,
    GapReceived,
    NotUnderstood,
    Position,
    ServerRefused,
    SourceChanged,
    StatesReceived,
)
from debugger.sources.arrival import Arrival
from debugger.sources.feed import Connected, Disconnected, Silent
from debugger.sources.pipes import decoder, encode

Told = (
    Connected
    | Disconnected
    | Silent
    | GapReceived
    | StatesReceived
    | SourceChanged
    | NotUnderstood
    | ServerRefused
    | ControlAnswered
    | ControlChanged
)
"""All updates but events, of which there are too many to tell them one by one."""


class Message(NamedTuple):
    """What happened, in order, and the position after all of it: taken whole, or not at all."""

    told: list[Told | Arrival]
    position: Position


class _Wire(NamedTuple):
    told: list[tuple[str, bytes]]
    position: Position


_ARRIVAL: Final = "events"
_KINDS: Final[dict[str, Any]] = {kind.__name__: msgspec.json.Decoder(kind).decode for kind in get_args(Told)}
_arrival: Final = decoder(Arrival)
_wire: Final = decoder(_Wire)


def message_to_wire(message: Message) -> bytes:
    """A message for a pipe."""
    told = [
        (_ARRIVAL, encode(one))
        if isinstance(one, Arrival)
        else (type(one).__name__, msgspec.json.encode(one))
        for one in message.told
    ]
    return encode(_Wire(told, message.position))


def message_from_wire(wire: bytes) -> Message:
    """The reverse.

    Raises:
        msgspec.DecodeError: it is something else.
    """
    outer: _Wire = _wire(wire)
    told: list[Told | Arrival] = []
    for kind, content in outer.told:
        decode = _arrival if kind == _ARRIVAL else _KINDS.get(kind)
        if decode is None:
            raise msgspec.DecodeError(f"no message of the kind {kind!r}")
        told.append(decode(content))
    return Message(told, outer.position)
