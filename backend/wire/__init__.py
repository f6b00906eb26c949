"""The feed's dialogue, both ends. No I/O: bytes in, bytes out; CONTRACT section 2 is the protocol."""

from __future__ import annotations

from backend.wire.client import (
    ControlAnswered,
    ControlChanged,
    EventsReceived,
    FeedClient,
    GapReceived,
    HelloReceived,
    NotUnderstood,
    Received,
    ServerRefused,
    SourceChanged,
    StatesReceived,
)
from backend.wire.control import ControlOffer, ControlResult, ControlState, request_frame
from backend.wire.frames import (
    PROTOCOL,
    SUBPROTOCOL,
    ErrorFrame,
    Frame,
    Gap,
    Hello,
    ProtocolViolation,
    Subscribe,
)
from backend.wire.guard import Guard, Refusal, TokenPolicy, guard_for
from backend.wire.ring import EventBatch, Ring
from backend.wire.server import FeedSession

__all__ = [
    "PROTOCOL",
    "SUBPROTOCOL",
    "ControlAnswered",
    "ControlChanged",
    "ControlOffer",
    "ControlResult",
    "ControlState",
    "ErrorFrame",
    "EventBatch",
    "EventsReceived",
    "FeedClient",
    "FeedSession",
    "Frame",
    "Gap",
    "GapReceived",
    "Guard",
    "Hello",
    "HelloReceived",
    "NotUnderstood",
    "ProtocolViolation",
    "Received",
    "Refusal",
    "Ring",
    "ServerRefused",
    "SourceChanged",
    "StatesReceived",
    "Subscribe",
    "TokenPolicy",
    "guard_for",
    "request_frame",
]
