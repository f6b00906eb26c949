"""A connection of the tap's own feed, with a door before it. Needs ``websockets``."""

from __future__ import annotations

import asyncio

from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

from backend.wire.frames import Frame
from backend.wire.limits import Bucket, Door, plain_response


class FeedConnection(ServerConnection):
    """One connection: counted at its ``door``, cut off when it says too much, written to without a copy."""

    door: Door

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As the library's, if there is room."""
        super().connection_made(transport)
        address = self.remote_address
        self._address = address[0] if address else None
        self._heard = Bucket(self.door.limits.bytes, self.loop.time())
        refusal = self.door.enter(self._address)
        self._counted = refusal is None
        if refusal is not None:
            self.transport.write(plain_response(refusal))
            self.transport.close()
            self.loop.call_later(1.0, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """As the library's."""
        if self._counted:
            self._counted = False
            self.door.leave(self._address)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """As the library's, unless it is too much: pings and empty fragments cost memory too."""
        if self.transport.is_closing():
            return
        if not self._heard.take(self.loop.time(), len(data)):
            self.door.refused["bytes"] += 1
            self.transport.abort()
            return
        super().data_received(data)

    @property
    def free(self) -> bool:
        """Whether it is open, and the system has taken all that was written to it."""
        return self.state is State.OPEN and not self.transport.get_write_buffer_size()

    def write(self, frames: bytes) -> None:
        """Hand whole frames to the transport, without waiting until there is room.

        The library would copy them four times more. Nothing here sends fragments, so a whole frame may go
        between any two of the library's own.
        """
        self.transport.write(frames)

    async def send_frame(self, frame: Frame) -> None:
        """`write`, and wait until the connection can take more.

        Raises:
            EOFError: the connection is closed.
        """
        if self.state is not State.OPEN:
            await self.wait_closed()
            raise EOFError
        self.write(frame.as_websocket)
        await self.drain()


def connection_class(door: Door) -> type[FeedConnection]:
    """The class of the connections of a server that has this door."""

    class Connection(FeedConnection):
        """One of its connections."""

    Connection.door = door
    return Connection
