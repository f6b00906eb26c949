"""The live feed of a program that has no gateway of ours: one WebSocket endpoint, ``/ws/events``.

    hub = Hub()
    async with FeedServer(hub, port=8765), Tap("my-app", sinks=(hub,)):
        ...

In this order: the tap ends first, so that its last events still reach the clients.
Needs ``websockets`` (``pip install 'doubletalk[feed]'``).
"""

from __future__ import annotations

import asyncio
import http
import logging
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypedDict, cast

from backend.errors import UserError
from backend.tap.clients import FeedClients
from backend.tap.hub import Hub, HubClient
from backend.tap.listen import Tls, address_of, listening_socket
from backend.tap.tasks import silent
from backend.wire.control import NO_CONTROL
from backend.wire.frames import MAX_CLIENT_FRAME
from backend.wire.guard import OPEN, TokenPolicy, guard_for, select_subprotocol
from backend.wire.limits import Door

if TYPE_CHECKING:
    from websockets.asyncio.server import Server, ServerConnection
    from websockets.datastructures import Headers
    from websockets.http11 import Request, Response
    from websockets.typing import Subprotocol

    from backend.tap.feed_connection import FeedConnection

PATH = "/ws/events"
WRITE_LIMIT = 256 * 1024
"""Bytes that may wait in a connection before `send` waits: a few full frames keep the pipe busy."""

_CLOSE_SECONDS = 2.0
_REASON_BYTES = 123  # RFC 6455: what fits into a close frame

# Said by websockets, about clients that fail their handshake: of use only to who asks for it.
_log = logging.getLogger("doubletalk.feed")
_log.addHandler(logging.NullHandler())
_log.propagate = False


class FeedServer:
    """Serves a `Hub` over WebSocket. Use it as ``async with``, or `start` and `close`.

    On loopback watching needs no token; any other ``host`` needs one in ``policy``. Control is offered
    where the hub has a desk and ``policy`` a token for it.
    ``hosts`` are further names under which the server is known (Host and Origin are checked). With ``tls``
    it is ``wss://``.
    Its tasks do not appear in the tap's record.

    Raises:
        UserError: from `start`: no ``websockets``, port taken, or no token where one is needed.
    """

    def __init__(
        self,
        hub: Hub,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        policy: TokenPolicy = OPEN,
        hosts: Iterable[str] = (),
        tls: Tls | None = None,
    ) -> None:
        self._hub = hub
        self._host = host
        self._port = port
        self._policy = policy
        self._hosts = tuple(hosts)
        self._tls = tls
        self._address = ""
        self._server: Server | None = None
        self._clients = FeedClients()

    @property
    def url(self) -> str:
        """Where clients connect; known once started."""
        return f"{'ws' if self._tls is None else 'wss'}://{self._address}{PATH}"

    async def start(self) -> None:
        """Listen. Returns when clients can connect."""
        try:
            self._guard = guard_for(self._host, self._policy, self._hosts)
        except ValueError as error:
            raise UserError(str(error)) from None
        # The connections' tasks inherit this context: an empty one, which the tap leaves alone.
        await silent(self._listen(), "doubletalk-feed")

    async def _listen(self) -> None:
        try:
            from websockets.asyncio.server import serve  # noqa: PLC0415 - only who serves needs it

            from backend.tap.feed_connection import connection_class  # noqa: PLC0415 - see above
        except ImportError:
            raise UserError("the live feed needs websockets: pip install 'doubletalk[feed]'") from None
        limits = self._hub.limits
        secured: dict[str, Any] = {}
        if self._tls is not None:
            secured = {"ssl": self._tls.context(), "ssl_handshake_timeout": limits.handshake_seconds}
        listener = listening_socket(self._host, self._port)
        self._address = address_of(listener)
        self._door = Door(limits, self._hub.turned_away)
        self._server = await serve(
            self._serve,
            sock=listener,
            process_request=self._admit,
            create_connection=connection_class(self._door),
            open_timeout=limits.handshake_seconds,
            select_subprotocol=_select,
            compression=None,  # 12 to 18 times the CPU
            max_size=MAX_CLIENT_FRAME,
            max_queue=4,
            write_limit=WRITE_LIMIT,
            ping_interval=limits.ping_seconds,
            ping_timeout=limits.ping_seconds,
            close_timeout=_CLOSE_SECONDS,
            logger=_log,
            **secured,
        )

    async def close(self) -> None:
        """Send each client what is left, close with 1001 and stop listening. Idempotent."""
        server, self._server = self._server, None
        if server is None:
            return
        await silent(self._shut(server), "doubletalk-feed-close")

    async def _shut(self, server: Server) -> None:
        server.close(close_connections=False)
        await self._clients.finish(_CLOSE_SECONDS)
        await server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # --- one connection ------------------------------------------------------------

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """Before the handshake is answered: None lets it go on."""
        address = connection.remote_address  # None of a client that is gone already
        refusal = self._door.ask(address[0] if address else None, asyncio.get_running_loop().time())
        if refusal is None:
            refusal = self._guard.check(**_credentials(request.headers))
            if refusal is not None:
                self._hub.turned_away[refusal.reason] += 1
        if refusal is not None:
            response = connection.respond(http.HTTPStatus(refusal.status), f"{refusal.message}\n")
            if refusal.status == http.HTTPStatus.UNAUTHORIZED:
                response.headers["WWW-Authenticate"] = "Bearer"
            return response
        if request.path.partition("?")[0] != PATH:
            return connection.respond(http.HTTPStatus.NOT_FOUND, f"the feed is at {PATH}\n")
        return None

    async def _serve(self, accepted: ServerConnection) -> None:
        connection = cast("FeedConnection", accepted)  # as `_listen` has them made
        peer = "{}:{}".format(*connection.remote_address[:2])
        request = connection.request
        control = NO_CONTROL if request is None else self._guard.control(**_credentials(request.headers))
        client = self._hub.attach(peer, connection.transport.abort, control)
        self._clients.add(client)
        listener = silent(_hear(connection, client), f"doubletalk-feed-{peer}")

        try:
            code, reason = await client.pump(connection.send_frame, connection)
            await connection.close(code, _short(reason))
        except (EOFError, OSError):
            pass
        finally:
            self._hub.detach(client)
            self._clients.discard(client)
            listener.cancel()


async def _hear(connection: ServerConnection, client: HubClient) -> None:
    try:
        async for message in connection:
            client.receive(message)
    finally:
        client.leave()


def _select(_: ServerConnection, offered: Iterable[Subprotocol]) -> Subprotocol | None:
    from websockets.typing import Subprotocol  # noqa: PLC0415 - see _listen

    chosen = select_subprotocol(offered)
    return None if chosen is None else Subprotocol(chosen)


def _only(headers: Headers, name: str) -> str | None:
    """A header that may come once. Sent twice it reads as no valid value, so that it is refused."""
    values = headers.get_all(name)
    return values[0] if len(values) == 1 else "?" if values else None


class _Credentials(TypedDict):
    host: str | None
    origin: str | None
    authorization: str | None
    subprotocols: list[str]


def _credentials(headers: Headers) -> _Credentials:
    """What the guard asks for."""
    return {
        "host": _only(headers, "Host"),
        "origin": _only(headers, "Origin"),
        "authorization": _only(headers, "Authorization"),
        "subprotocols": _offered(headers),
    }


def _offered(headers: Headers) -> list[str]:
    return [name.strip() for value in headers.get_all("Sec-WebSocket-Protocol") for name in value.split(",")]


def _short(reason: str) -> str:
    return reason.encode()[:_REASON_BYTES].decode(errors="ignore")
