"""``GET /events``: the live feed as server-sent events, for a browser's EventSource and for curl."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query
from fastapi.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from backend.gateway.http import HTTP_CONNECTION, GuardedProtocol
from backend.gateway.routes.filters import PROBLEM, StreamFilter
from backend.tap.clients import FeedClients
from backend.tap.hub import Hub, HubClient
from backend.tap.tasks import silent
from backend.wire.frames import Frame, Subscribe, one_line
from backend.wire.sse import HEARTBEAT, Cursor, SseSession

HEARTBEAT_SECONDS: Final = 15.0
"""After so long without an event a comment is sent, so that nobody in between thinks it is over."""

_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_STREAM: Final[dict[str, Any]] = {
    "description": "An event stream that does not end by itself.",
    "content": {
        "text/event-stream": {
            "schema": {
                "type": "object",
                "required": ["data"],
                "properties": {
                    "data": {"type": "string"},
                    "event": {"enum": ["message", "hello", "states", "gap", "refused"]},  # unnamed: a message
                    "id": {"type": "string"},
                    "retry": {"type": "integer"},
                },
            }
        }
    },
}


def router(hub: Hub, clients: FeedClients, *, heartbeat: float = HEARTBEAT_SECONDS) -> APIRouter:
    """The feed of `hub`; whoever is connected is in `clients`."""
    routes = APIRouter()

    @routes.get(
        "/events",
        responses={200: _STREAM, 422: {"description": "A parameter makes no sense.", **PROBLEM}},
        response_class=Response,
    )
    async def events(
        asked: Annotated[StreamFilter, Query()],
        last_event_id: Annotated[str, Header(json_schema_extra={"pattern": "^(.*:[0-9]{1,18})?$"})] = "",
    ) -> Response:
        """The feed from now on, or from where ``since_seq`` or ``Last-Event-ID`` says."""
        since_seq, source = asked.since_seq, asked.source
        if last_event_id:  # a browser that connects again repeats its first address: what it has seen counts
            try:
                source, since_seq = Cursor.read(last_event_id)
            except ValueError as error:
                return JSONResponse(
                    {"detail": f"Last-Event-ID: {error}, not {one_line(last_event_id)!r}"}, 422
                )
        wanted = asked.wanted(since_seq=since_seq, source=source, states=asked.states)
        return EventStream(hub, clients, wanted, heartbeat)

    return routes


class EventStream(Response):
    """One client, from its request to its end. Bounded and dropped as any other of the hub's."""

    def __init__(self, hub: Hub, clients: FeedClients, wanted: Subscribe, heartbeat: float) -> None:
        super().__init__()
        self._hub = hub
        self._clients = clients
        self._wanted = wanted
        self._heartbeat = heartbeat

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the client leaves, or the feed or its server ends."""
        address = scope.get("client")
        peer = f"{address[0]}:{address[1]}" if address else "unknown"
        client = self._hub.attach(peer, _abort(scope), session=SseSession)
        client.subscribe(self._wanted)
        self._clients.add(client)
        sent = Sent(send)
        tasks = (
            silent(_leave(receive, client), f"doubletalk-sse-{peer}"),
            silent(_beat(client, sent, self._heartbeat), f"doubletalk-sse-beat-{peer}"),
        )
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await client.pump(sent.frame)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except OSError:
            pass  # the client is gone
        finally:
            self._hub.detach(client)
            self._clients.discard(client)
            for task in tasks:
                task.cancel()


class Sent:
    """Sends blocks, and counts them."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.blocks = 0

    async def frame(self, frame: Frame) -> None:
        """Wait until the connection can take more."""
        self.blocks += 1
        await self._send({"type": "http.response.body", "body": frame.data, "more_body": True})


def _abort(scope: Scope) -> Callable[[], None]:
    """What cuts the connection at once, whatever waits to be sent."""
    connection = scope.get("extensions", {}).get(HTTP_CONNECTION)
    if isinstance(connection, GuardedProtocol):
        return connection.abort
    serving = asyncio.current_task()

    def cancel() -> None:
        if serving is not None:
            serving.cancel()  # another ASGI server: it has to close the connection itself

    return cancel


async def _leave(receive: Receive, client: HubClient) -> None:
    try:
        while (await receive())["type"] != "http.disconnect":
            pass
    finally:
        client.leave()


async def _beat(client: HubClient, sent: Sent, seconds: float) -> None:
    """A sign of life where nothing was sent for a while."""
    while True:
        before = sent.blocks
        await asyncio.sleep(seconds)
        if sent.blocks == before:
            client.tell(HEARTBEAT)
