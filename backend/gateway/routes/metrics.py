"""``GET /metrics``: for Prometheus, behind the guard like everything that tells what goes on here."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.requests import Request
from fastapi.responses import Response

from backend.operations.operations import Operations


def router(operations: Operations) -> APIRouter:
    """As text, or OpenMetrics where that is asked for."""
    routes = APIRouter()

    @routes.get("/metrics")
    async def metrics(request: Request) -> Response:
        report = await operations.health.report()
        body, kind = operations.metrics.scraped(request.headers.get("accept", ""), report)
        return Response(body, media_type=kind)

    return routes
