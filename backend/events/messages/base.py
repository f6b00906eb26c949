"""What all messages share."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct


class Message(Struct, frozen=True, gc=False):
    """A typed message of the bus. Frozen, and made of frozen parts only.

    Because nothing can change it after it is made, the tap may encode it later, off
    the publisher's path. A subclass names its `message_type`; its fields are the keys
    of the event's ``data``.
    """

    message_type: ClassVar[str] = ""
