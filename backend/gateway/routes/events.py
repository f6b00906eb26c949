"""The live feed: ``/ws/events``, and ``GET /api/events/stats``."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from fastapi import APIRouter
from fastapi.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from backend.gateway.admission import control_of
from backend.gateway.documented import of_struct
from backend.gateway.protocol import EXTENSION, FeedProtocol
from backend.tap.clients import FeedClients
from backend.tap.hub import Hub, HubClient, HubStats
from backend.tap.tasks import silent
from backend.wire.control import ControlOffer
from backend.wire.frames import Frame
from backend.wire.guard import Guard, select_subprotocol

_REASON_BYTES = 123  # RFC 6455: what fits into a close frame


def router(hub: Hub, clients: FeedClients, guard: Guard) -> APIRouter:
    """The feed of `hub`; whoever is connected is in `clients`. `guard` says who may control."""
    routes = APIRouter()

    @routes.get(
        "/api/events/stats",
        responses={200: of_struct(HubStats, "The feed in numbers.")},
        response_class=Response,
    )
    async def stats() -> Response:
        """The feed in numbers: clients, queues, history, what was delivered, lost and refused."""
        return Response(msgspec.json.encode(hub.stats()), media_type="application/json")

    @routes.websocket("/ws/events")
    async def events(socket: WebSocket) -> None:
        await socket.accept(select_subprotocol(socket.scope.get("subprotocols", ())))
        await _serve(hub, clients, socket, control_of(guard, socket.scope))

    return routes


async def _serve(hub: Hub, clients: FeedClients, socket: WebSocket, control: ControlOffer) -> None:
    address = socket.client
    peer = f"{address.host}:{address.port}" if address is not None else "unknown"
    connection = socket.scope.get("extensions", {}).get(EXTENSION)
    pumping = asyncio.current_task()

    def abort() -> None:
        if isinstance(connection, FeedProtocol):
            connection.transport.abort()
        elif pumping is not None:
            pumping.cancel()  # another ASGI server: it has to close the socket itself

    client = hub.attach(peer, abort, control)
    clients.add(client)
    listener = silent(_hear(socket, client), f"doubletalk-gateway-{peer}")
    direct = connection if isinstance(connection, FeedProtocol) else None
    try:
        code, reason = await client.pump(_sender(socket) if direct is None else direct.send_frame, direct)
        if socket.application_state is WebSocketState.CONNECTED:
            await socket.close(code, reason.encode()[:_REASON_BYTES].decode(errors="ignore"))
    except (EOFError, OSError, WebSocketDisconnect):
        pass
    finally:
        hub.detach(client)
        clients.discard(client)
        listener.cancel()


async def _hear(socket: WebSocket, client: HubClient) -> None:
    try:
        while True:
            message: dict[str, Any] = dict(await socket.receive())
            if message["type"] == "websocket.disconnect":
                return
            client.receive(message.get("text") or message.get("bytes") or b"")
    finally:
        client.leave()


def _sender(socket: WebSocket) -> Any:
    async def send(frame: Frame) -> None:
        if frame.text:
            await socket.send_text(frame.data.decode())
        else:
            await socket.send_bytes(frame.data)

    return send
