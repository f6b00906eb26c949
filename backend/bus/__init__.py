"""The message bus: typed messages, ordered mailboxes, isolated handlers."""

from __future__ import annotations

from backend.bus.bus import DEFAULT_CAPACITY, Bus
from backend.bus.deliveries import GateError
from backend.bus.envelope import ComponentFailed, Dropped, Envelope
from backend.bus.gate import Gate
from backend.bus.mailbox import Mailbox, Overflow
from backend.bus.patience import Patience
from backend.bus.port import Handler, Port

__all__ = [
    "DEFAULT_CAPACITY",
    "Bus",
    "ComponentFailed",
    "Dropped",
    "Envelope",
    "Gate",
    "GateError",
    "Handler",
    "Mailbox",
    "Overflow",
    "Patience",
    "Port",
]
