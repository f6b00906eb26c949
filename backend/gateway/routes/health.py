"""``GET /health``: for whoever restarts what does not answer. Needs no token and tells nothing."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from backend.tap.hub import Hub

PATH = "/health"


def router(hub: Hub) -> APIRouter:
    """200 while events are taken, 503 once the feed has ended."""
    routes = APIRouter()

    @routes.get(PATH)
    async def health() -> JSONResponse:
        if hub.running:
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "stopping"}, 503)

    return routes
