"""The message bus: typed messages, ordered mailboxes, isolated handlers."""

from __future__ import annotations

from backend.bus.bus import DEFAULT_CAPACITY, Bus
from backend.bus.envelope import ComponentFailed, Dropped, Envelope
from backend.bus.mailbox import Mailbox, Overflow
from backend.bus.port import Handler, Port

__all__ = [
    "DEFAULT_CAPACITY",
    "Bus",
    "ComponentFailed",
    "Dropped",
    "Envelope",
    "Handler",
    "Mailbox",
    "Overflow",
    "Port",
]
