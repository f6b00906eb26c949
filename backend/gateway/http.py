"""uvicorn's HTTP protocol with a door before it: no room, no time, no more than it may send.

uvicorn waits for ever for a request that does not come, or comes a byte a minute; whoever opens some
thousand of these leaves no connection for anybody else.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from backend.wire.guard import Refusal
from backend.wire.limits import TOO_SLOW, Door, plain_response

HTTP_CONNECTION: Final = "doubletalk.http"


class GuardedConfig(uvicorn.Config):
    """uvicorn's configuration, and the door of the server; its protocols are made with nothing else."""

    def __init__(self, app: Any, *, door: Door, **options: Any) -> None:
        super().__init__(app, **options)
        self.door = door


class GuardedProtocol(H11Protocol):
    """One HTTP connection, until it is upgraded; in ``scope["extensions"]`` under `HTTP_CONNECTION`."""

    config: GuardedConfig

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """As uvicorn's, if there is room."""
        super().connection_made(transport)
        self.app = self._known_to(self.app)
        self._door = self.config.door
        self._deadline: asyncio.TimerHandle | None = None
        self._address = self.client[0] if self.client else None
        refusal = self._door.enter(self._address)
        self._counted = refusal is None
        if refusal is not None:
            self._turn_away(refusal)
            return
        self._wait_for_request()

    def _known_to(self, app: Any) -> Any:
        async def run(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[HTTP_CONNECTION] = self
            await app(scope, receive, send)

        return run

    def abort(self) -> None:
        """Cut the connection at once: ASGI has no way to let go of a client that reads nothing."""
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """As uvicorn's."""
        self._leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """As uvicorn's; what comes after a refusal is not looked at."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        self._look()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """As uvicorn's; from here on the WebSocket's protocol counts the connection."""
        self._leave()
        super().handle_websocket_upgrade(event)

    def _wait_for_request(self) -> None:
        self._deadline = self.loop.call_later(self._door.limits.handshake_seconds, self._too_slow)

    def _look(self) -> None:
        """Stop the clock once a request is here whole; start it with the first byte of another one."""
        if self.transport.get_protocol() is not self or self.transport.is_closing():
            return
        cycle = self.cycle
        whole = cycle is not None and not cycle.response_complete and not cycle.more_body
        if self._deadline is None and not whole:
            self._wait_for_request()
        elif self._deadline is not None and whole:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        seconds = self._door.limits.handshake_seconds
        self._turn_away(self._door.refuse("slow", TOO_SLOW, f"no whole request within {seconds:g} s"))

    def _turn_away(self, refusal: Refusal) -> None:
        if self.conn.our_state is h11.IDLE or self.conn.our_state is h11.SEND_RESPONSE:
            self.transport.write(plain_response(refusal))
        self.transport.close()
        # Whoever does not read its refusal is not waited for either.
        self.loop.call_later(1.0, self.transport.abort)

    def _leave(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if self._counted:
            self._counted = False
            self._door.leave(self._address)
