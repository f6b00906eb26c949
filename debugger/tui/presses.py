"""Keys and the mouse, noticed in the thread that reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from textual import events
from textual.driver import Driver
from textual.message import Message

PRESSES: Final = (events.Key, events.MouseDown, events.MouseScrollDown, events.MouseScrollUp)


def noticing(driver: type[Driver], notice: Callable[[], None]) -> type[Driver]:
    """A driver that calls `notice`, in its own thread, for each press before it passes it on."""

    class NoticingDriver(driver):  # type: ignore[misc, valid-type] # whichever the platform has
        def process_message(self, message: Message) -> None:
            """As of `Driver`, which calls it in the thread that reads."""
            if isinstance(message, PRESSES):
                notice()
            super().process_message(message)

    return NoticingDriver
