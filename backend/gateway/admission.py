"""The guard as ASGI middleware: HTTP and WebSocket requests pass it before anything answers them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from backend.wire.control import ControlOffer
from backend.wire.guard import Guard, Refusal, TokenPolicy


class Admission:
    """Refuses by Host, Origin and token, with a status and one line, before a socket is accepted.

    ``without_token`` are paths that need none, whatever the guard says; names are checked there too.
    """

    def __init__(self, app: ASGIApp, *, guard: Guard, without_token: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._guard = guard
        self._open_guard = Guard(TokenPolicy(), guard.hosts, guard.any_address)
        self._without_token = without_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with a refusal."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        refusal = self._check(scope)
        if refusal is None:
            await self._app(scope, receive, send)
            return
        headers = {"WWW-Authenticate": "Bearer"} if refusal.status == 401 else None  # noqa: PLR2004 - HTTP
        response = PlainTextResponse(f"{refusal.message}\n", refusal.status, headers)
        if scope["type"] == "http":
            await response(scope, receive, send)
        else:
            await WebSocket(scope, receive, send).send_denial_response(response)

    def _check(self, scope: Scope) -> Refusal | None:
        guard = self._open_guard if scope["path"] in self._without_token else self._guard
        return guard.check(**_credentials(scope))


class _Credentials(TypedDict):
    host: str | None
    origin: str | None
    authorization: str | None
    subprotocols: Iterable[str]


def _credentials(scope: Scope) -> _Credentials:
    """What the guard asks for."""
    headers = Headers(scope=scope)
    return {
        "host": _only(headers, "host"),
        "origin": _only(headers, "origin"),
        "authorization": _only(headers, "authorization"),
        "subprotocols": scope.get("subprotocols", ()),
    }


def may_watch(guard: Guard, scope: Scope) -> bool:
    """Whether a connection that needed no token has the right to watch all the same."""
    return guard.check(**_credentials(scope)) is None


def control_of(guard: Guard, scope: Scope) -> ControlOffer:
    """What a connection that was let in may do beyond watching."""
    return guard.control(**_credentials(scope))


def _only(headers: Headers, name: str) -> str | None:
    """A header that may come once. Sent twice it reads as no valid value, so that it is refused."""
    values = headers.getlist(name)
    return values[0] if len(values) == 1 else "?" if values else None
