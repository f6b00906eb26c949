"""A message on its way, and what a handler may say of it."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from msgspec import Struct

from backend.events.messages import Message
from backend.tap import Scope


class Envelope(NamedTuple):
    """A published message with the id of its ``message_published`` event and its scope.

    ``number`` counts what was published at the bus, ``sender`` is the component that did.
    """

    message: Message
    publish_id: str
    scope: Scope
    number: int
    sender: str


class Dropped(Struct, frozen=True):
    """A handler's answer to a message that came too late: it did nothing but throw it away."""

    reason: str


class ComponentFailed(Message, frozen=True, gc=False):
    """Published by the bus when a handler raised, for whoever can bring the session back.

    ``component`` failed on a message of the type ``on_message``.
    """

    message_type: ClassVar[str] = "COMPONENT_FAILED"
    component: str
    on_message: str
    error_type: str
    error_message: str
