"""The guard as ASGI middleware: HTTP and WebSocket requests pass it before anything answers them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from typing import TypedDict

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from backend.wire.control import ControlOffer
from backend.wire.guard import Guard, Refusal, TokenPolicy
from backend.wire.limits import DEFAULT, TOO_MANY, Door


class Admission:
    """Refuses by Host, Origin and token, with a status and one line, before a socket is accepted.

    ``without_token`` are paths that need none, whatever the guard says; names are checked there too. At the
    ``door`` it is asked how fast an address comes back, and counted who was turned away.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        guard: Guard,
        without_token: frozenset[str] = frozenset(),
        door: Door | None = None,
    ) -> None:
        self._app = app
        self._door = Door(DEFAULT, Counter()) if door is None else door
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
            await self._app(scope, receive, _private(send) if scope["type"] == "http" else send)
            return
        headers = {401: {"WWW-Authenticate": "Bearer"}, TOO_MANY: {"Retry-After": "1"}}.get(refusal.status)
        response = PlainTextResponse(f"{refusal.message}\n", refusal.status, headers)
        if scope["type"] == "http":
            await response(scope, receive, send)
        else:
            await WebSocket(scope, receive, send).send_denial_response(response)

    def _check(self, scope: Scope) -> Refusal | None:
        client = scope.get("client")
        refusal = self._door.ask(client[0] if client else None, time.monotonic())
        if refusal is not None:
            return refusal
        guard = self._open_guard if scope["path"] in self._without_token else self._guard
        refusal = guard.check(**_credentials(scope)) or _embedded(scope)
        if refusal is not None:
            self._door.refused[refusal.reason] += 1
        return refusal


def _embedded(scope: Scope) -> Refusal | None:
    """What a page of another site takes for a picture or a script names no Origin; browsers say so."""
    headers = Headers(scope=scope)
    if headers.get("sec-fetch-site") != "cross-site" or headers.get("sec-fetch-mode") == "navigate":
        return None
    return None if "origin" in headers else Refusal(403, "this Origin may not watch", "origin")


def _private(send: Send) -> Send:
    """Have answers neither kept nor guessed at nor taken into another site's page by a browser."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("cache-control", "no-store")
            headers["x-content-type-options"] = "nosniff"
            headers["cross-origin-resource-policy"] = "same-origin"
        await send(message)

    return sent


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
