"""``GET /api/assistant``: what is running behind this gateway, in the program's own words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from backend.events import encode_payload
from backend.gateway.documented import an_object


def router(assistant_info: Callable[[], Mapping[str, Any]]) -> APIRouter:
    """An object, asked for anew at each request."""
    routes = APIRouter(prefix="/api")

    @routes.get(
        "/assistant",
        responses={200: an_object("What the program says of itself.")},
        response_class=Response,
    )
    async def assistant() -> Response:
        """What is running here: its source, model, components, open sessions."""
        return Response(bytes(encode_payload(assistant_info())), media_type="application/json")

    return routes
