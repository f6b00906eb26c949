"""What the debugger says to a backend while it listens to its feed: frames on the feed's own connection."""

from __future__ import annotations

import asyncio
import contextlib
from typing import IO, Final

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

MOST_WAITING: Final = 1 << 20
"""Bytes that may wait for a helper process that takes none: then nothing more is said to it."""

LONGEST: Final = 64 * 1024
"""Bytes of a frame, as the server takes them."""


class Voice:
    """Says frames on whatever connection there is, in order; on none, nothing is kept for the next one."""

    def __init__(self) -> None:
        self._connection: ClientConnection | None = None
        self._saying: set[asyncio.Task[None]] = set()

    def use(self, connection: ClientConnection | None) -> None:
        """From now on this connection; None for none."""
        self._connection = connection

    def say(self, frame: str) -> bool:
        """Send a frame; whether there is a connection to send it on."""
        connection = self._connection
        if connection is None:
            return False
        task = asyncio.create_task(_send(connection, frame), name="say")
        self._saying.add(task)  # the loop alone would let go of it
        task.add_done_callback(self._saying.discard)
        return True


async def _send(connection: ClientConnection, frame: str) -> None:
    with contextlib.suppress(ConnectionClosed):  # whoever reads from it tells that
        await connection.send(frame)


class FrameLines:
    """Frames out of the bytes of a pipe: one a line. What is longer than a frame may be is left out."""

    def __init__(self, begun: bytes = b"") -> None:
        self._begun = begun

    def take(self, read: bytes) -> list[str]:
        """The frames that are whole now."""
        *lines, begun = (self._begun + read).split(b"\n")
        self._begun = begun[: LONGEST + 1]
        return [line.decode() for line in lines if 0 < len(line) <= LONGEST]


class HelperVoice:
    """Says frames to the helper process that reads a feed, which says them on its connection."""

    def __init__(self, pipe: asyncio.WriteTransport) -> None:
        self._pipe = pipe

    @classmethod
    async def to(cls, stdin: IO[bytes]) -> HelperVoice:
        """Over the helper's standard input."""
        loop = asyncio.get_running_loop()
        pipe, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, stdin)
        return cls(pipe)

    def say(self, frame: str) -> bool:
        """Send a frame; whether the helper still takes some."""
        if self._pipe.is_closing() or self._pipe.get_write_buffer_size() > MOST_WAITING:
            return False
        self._pipe.write(frame.encode() + b"\n")
        return True

    def close(self) -> None:
        """Say nothing more: the helper ends."""
        if not self._pipe.is_closing():
            self._pipe.abort()
