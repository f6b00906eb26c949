"""What the feed knows of control: a desk that gives each client a seat. `backend.control` is such a desk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from backend.wire.control import ControlResult, Request
from backend.wire.frames import Format, Frame


class ControlSeat(Protocol):
    """One client's place."""

    def ask(self, request_id: int, request: Request) -> ControlResult:
        """What became of a request."""
        ...

    def leave(self) -> None:
        """The client is gone. Idempotent."""
        ...


class ControlDesk(Protocol):
    """Where control of a program is asked for."""

    def seat(self, peer: str, *, allowed: bool) -> ControlSeat:
        """A place for a client, which may ask for something or not."""
        ...

    def frame(self, fmt: Format) -> Frame:
        """What is controlled, as a frame."""
        ...

    def listen(self, listener: Callable[[], None]) -> None:
        """Have `listener` called when `frame` gives another one."""
        ...

    def unlisten(self, listener: Callable[[], None]) -> None:
        """The reverse."""
        ...
