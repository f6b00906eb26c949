"""A connection of the tap's own feed, with a door before it. Needs ``websockets``."""

from __future__ import annotations

import asyncio

from websockets.asyncio.server import ServerConnection

from backend.wire.limits import Bucket, Door, plain_response


def connection_class(door: Door) -> type[ServerConnection]:
    """The class of a server's connections: counted, and cut off when they say too much."""

    class Connection(ServerConnection):
        """One connection."""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            """As the library's, if there is room."""
            super().connection_made(transport)
            address = self.remote_address
            self._address = address[0] if address else None
            self._heard = Bucket(door.limits.bytes, self.loop.time())
            refusal = door.enter(self._address)
            self._counted = refusal is None
            if refusal is not None:
                self.transport.write(plain_response(refusal))
                self.transport.close()
                self.loop.call_later(1.0, self.transport.abort)

        def connection_lost(self, exc: Exception | None) -> None:
            """As the library's."""
            if self._counted:
                self._counted = False
                door.leave(self._address)
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            """As the library's, unless it is too much: pings and empty fragments cost memory too."""
            if self.transport.is_closing():
                return
            if not self._heard.take(self.loop.time(), len(data)):
                door.refused["bytes"] += 1
                self.transport.abort()
                return
            super().data_received(data)

    return Connection
