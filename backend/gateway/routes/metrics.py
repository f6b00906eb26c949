"""``GET /metrics``: for Prometheus, behind the guard like everything that tells what goes on here."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from fastapi.requests import Request
from fastapi.responses import Response

from backend.operations.operations import Operations

_KINDS: Final = ("text/plain", "application/openmetrics-text")
_METRICS: Final = {
    "description": "As text, or in the form that was asked for.",
    "content": {kind: {"schema": {"type": "string"}} for kind in _KINDS},
}


def router(operations: Operations) -> APIRouter:
    """As text, or OpenMetrics where that is asked for."""
    routes = APIRouter()

    @routes.get("/metrics", responses={200: _METRICS}, response_class=Response)
    async def metrics(request: Request) -> Response:
        """All numbers, as Prometheus scrapes them."""
        report = await operations.health.report()
        body, kind = operations.metrics.scraped(request.headers.get("accept", ""), report)
        return Response(body, media_type=kind)

    return routes
