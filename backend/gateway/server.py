"""The gateway's server: uvicorn on a socket that was bound before, inside a running loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import uvicorn

from backend.errors import UserError
from backend.gateway.app import build_app
from backend.gateway.http import GuardedConfig, GuardedProtocol
from backend.gateway.protocol import FeedProtocol
from backend.operations.operations import Operations
from backend.tap.clients import FeedClients
from backend.tap.hub import Hub
from backend.tap.listen import Tls, address_of, listening_socket
from backend.tap.tasks import silent
from backend.wire.frames import MAX_CLIENT_FRAME
from backend.wire.guard import OPEN, TokenPolicy, guard_for
from backend.wire.limits import Door

DEFAULT_PORT = 8765

_FINISH_SECONDS = 2.0


class Gateway:
    """Serves `build_app` of a hub. Use it as ``async with``, or `start` and `close`.

    On loopback watching needs no token; any other ``host`` needs one in ``policy``.
    ``port`` 0 takes any free one; ``hosts`` are further names under which the server is known. With ``tls``
    it is ``https://``.
    Close the hub first (the tap does), so that clients get the end of the recording before 1001.

    Raises:
        UserError: from `start`: port taken, no token where one is needed, or no certificate.
    """

    def __init__(
        self,
        hub: Hub,
        host: str = "127.0.0.1",
        port: int = DEFAULT_PORT,
        *,
        policy: TokenPolicy = OPEN,
        hosts: Iterable[str] = (),
        assistant_info: Callable[[], Mapping[str, Any]] = dict,
        operations: Operations | None = None,
        tls: Tls | None = None,
    ) -> None:
        self._hub = hub
        self._host = host
        self._port = port
        self._policy = policy
        self._hosts = tuple(hosts)
        self._assistant_info = assistant_info
        self._operations = operations
        self._tls = tls
        self._clients = FeedClients()
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._address = ""

    @property
    def port(self) -> int:
        """The port that is listened on; known once started."""
        return int(self._address.rpartition(":")[2])

    @property
    def url(self) -> str:
        """The base URL, such as ``http://127.0.0.1:8765``; known once started."""
        return f"{'http' if self._tls is None else 'https'}://{self._address}"

    async def start(self) -> None:
        """Listen. Returns when clients can connect."""
        try:
            guard = guard_for(self._host, self._policy, self._hosts)
        except ValueError as error:
            raise UserError(str(error)) from None
        secured: dict[str, Any] = {}
        if self._tls is not None:
            self._tls.context()  # says what is wrong with it before anything listens
            secured = {"ssl_certfile": self._tls.cert, "ssl_keyfile": self._tls.key}
        listener = listening_socket(self._host, self._port)
        self._address = address_of(listener)
        app = build_app(
            self._hub,
            guard=guard,
            assistant_info=self._assistant_info,
            clients=self._clients,
            operations=self._operations,
        )
        limits = self._hub.limits
        config = GuardedConfig(
            app,
            door=Door(limits, self._hub.turned_away),
            http=GuardedProtocol,
            h11_max_incomplete_event_size=limits.head_bytes,
            proxy_headers=False,  # anybody may send them; who counts as whom is not theirs to say
            ws=FeedProtocol,
            ws_max_size=MAX_CLIENT_FRAME,
            ws_ping_interval=limits.ping_seconds,
            ws_ping_timeout=limits.ping_seconds,
            ws_per_message_deflate=False,  # 12 to 18 times the CPU
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            **secured,
            timeout_graceful_shutdown=int(_FINISH_SECONDS),
        )
        self._server = _Server(config)
        # A context of its own, empty: tasks of the server are none of the program under test.
        self._serving = silent(self._server.serve([listener]), "doubletalk-gateway")
        started = silent(self._server.ready.wait(), "doubletalk-gateway-start")
        await asyncio.wait((self._serving, started), return_when=asyncio.FIRST_COMPLETED)
        started.cancel()
        if self._serving.done():
            await self._serving

    async def close(self) -> None:
        """Send each client what is left, close with 1001, and stop listening. Idempotent."""
        server, self._server = self._server, None
        if server is None or self._serving is None:
            return
        server.stop_accepting()
        await self._clients.finish(_FINISH_SECONDS)
        server.should_exit = True
        await self._serving

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class _Server(uvicorn.Server):
    """uvicorn as a guest: it says when it is ready and leaves signals to the program."""

    config: GuardedConfig

    def __init__(self, config: GuardedConfig) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup([])
        # uvicorn leaves a minute to a TLS handshake; nothing counts a connection before that is over.
        secured: dict[str, Any] = {}
        if self.config.ssl is not None:
            seconds = self.config.door.limits.handshake_seconds
            secured = {"ssl": self.config.ssl, "ssl_handshake_timeout": seconds}
        loop = asyncio.get_running_loop()
        for listener in sockets or ():
            self.servers.append(await loop.create_server(self._protocol, sock=listener, **secured))
        self.ready.set()

    def _protocol(self) -> asyncio.Protocol:
        return GuardedProtocol(self.config, self.server_state, self.lifespan.state)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop_accepting(self) -> None:
        for server in self.servers:
            server.close()
