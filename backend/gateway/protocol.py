"""uvicorn's WebSocket protocol with a door of ours: whole frames straight to the transport.

ASGI takes text as `str`: a frame would be decoded, encoded and copied three times on the way
to a socket that takes bytes. And ASGI has no way to cut off a client that reads nothing.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from backend.gateway.http import GuardedConfig
from backend.wire.frames import Frame
from backend.wire.limits import Bucket

EXTENSION: Final = "doubletalk.connection"
WRITE_LIMIT: Final = 256 * 1024  # as the tap's own feed
CLOSE_SECONDS: Final = 2.0  # a client has to take its leave in; as above


class FeedProtocol(WebSocketsSansIOProtocol):
    """One connection; found by the application in ``scope["extensions"]`` under `EXTENSION`."""

    config: GuardedConfig

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As uvicorn's, with room for a few full frames in the write buffer; counted at the door."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=WRITE_LIMIT)
        self.close_timeout = CLOSE_SECONDS
        self._door = self.config.door
        self._address = self.client[0] if self.client else None
        self._counted = self._door.enter(self._address) is None
        self._heard = Bucket(self._door.limits.bytes, self.loop.time())
        if not self._counted:
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """As uvicorn's."""
        if self._counted:
            self._counted = False
            self._door.leave(self._address)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """As uvicorn's, unless it is too much: pings and empty fragments cost memory too."""
        if not self._heard.take(self.loop.time(), len(data)):
            self._door.refused["bytes"] += 1
            self.transport.abort()
            return
        super().data_received(data)

    def keepalive_timeout(self) -> None:
        """As uvicorn's, which would wait for a peer that vanished to take what is still to be written."""
        super().keepalive_timeout()
        self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

    async def run_asgi(self) -> None:
        """As uvicorn's, after putting this object into the scope."""
        extensions: dict[str, Any] = self.scope["extensions"]
        extensions[EXTENSION] = self
        await super().run_asgi()

    async def send(self, message: Any) -> None:
        """As uvicorn's, which logs an error after a refusal that was answered in full."""
        await super().send(message)
        if self.close_sent:
            self.handshake_complete = True

    async def send_frame(self, frame: Frame) -> None:
        """Write a frame and wait until the connection can take more.

        Raises:
            EOFError: the connection is closed, or about to be.
        """
        if not self._open:
            raise EOFError
        self.write(frame.as_websocket)
        await self.writable.wait()

    @property
    def _open(self) -> bool:
        return not (self.disconnected or self.close_sent or self.transport.is_closing())

    @property
    def free(self) -> bool:
        """Whether it is open, and the system has taken all that was written to it."""
        return self._open and not self.transport.get_write_buffer_size()

    def write(self, frames: bytes) -> None:
        """Hand whole frames to the transport, without waiting until there is room."""
        self.transport.write(frames)
