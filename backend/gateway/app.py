"""The FastAPI application: one router a file in `routes`, one guard before all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError

from backend.gateway.admission import Admission
from backend.gateway.documented import REFUSED, document
from backend.gateway.routes import assistant, events, health, history, metrics, sse
from backend.gateway.routes.filters import told_in_one_line
from backend.operations.operations import Operations
from backend.tap.clients import FeedClients
from backend.tap.hub import Hub
from backend.wire.frames import PROTOCOL
from backend.wire.guard import Guard
from backend.wire.limits import Door


def build_app(
    hub: Hub,
    *,
    guard: Guard | None = None,
    assistant_info: Callable[[], Mapping[str, Any]] = dict,
    clients: FeedClients | None = None,
    operations: Operations | None = None,
) -> FastAPI:
    """An application that serves `hub`.

    ``guard`` decides who may come in: loopback names and no token by default (see
    `backend.wire.guard.guard_for`). ``assistant_info`` is asked at each ``GET /api/assistant``.
    ``operations`` has what health and metrics tell: of the hub alone by default.
    """
    app = FastAPI(
        title="Doubletalk gateway",
        version=PROTOCOL.rpartition("/")[2],
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        responses=REFUSED,
    )
    document(app)
    admits = guard or Guard()
    clients = clients or FeedClients()
    app.add_exception_handler(RequestValidationError, told_in_one_line)
    app.include_router(events.router(hub, clients, admits))
    app.include_router(history.router(hub))
    app.include_router(sse.router(hub, clients))
    app.include_router(assistant.router(assistant_info))
    operations = operations or Operations(hub)
    app.include_router(health.router(operations.health, admits))
    app.include_router(metrics.router(operations))
    door = Door(hub.limits, hub.turned_away)
    app.add_middleware(Admission, guard=admits, without_token=health.WITHOUT_TOKEN, door=door)
    return app
