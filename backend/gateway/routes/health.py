"""``GET /health``, ``/health/live`` and ``/health/ready``: for orchestrators, and for people.

They need no token: whoever restarts what does not answer has none. Without the right to watch they
tell a word and no more; with it, ``/health`` tells each service and dependency.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from fastapi.requests import Request
from fastapi.responses import JSONResponse

from backend.gateway.admission import may_watch
from backend.operations.health import Answer, Health
from backend.wire.guard import Guard

PATH: Final = "/health"
LIVE: Final = "/health/live"
READY: Final = "/health/ready"
WITHOUT_TOKEN: Final = frozenset({PATH, LIVE, READY})

_UNREADY = 503


def router(health: Health, guard: Guard) -> APIRouter:
    """Live: this process answers. Ready, and ``/health``: 200 while it may be sent work, else 503."""
    routes = APIRouter()

    @routes.get(LIVE)
    async def live() -> JSONResponse:
        return JSONResponse({"status": "live"})

    @routes.get(READY)
    async def ready() -> JSONResponse:
        report = await health.report()
        return JSONResponse({"status": report.status}, 200 if report.ready else _UNREADY)

    @routes.get(PATH)
    async def overall(request: Request) -> JSONResponse:
        report = await health.report()
        told: dict[str, Any] = {"status": report.status}
        if may_watch(guard, request.scope):
            told |= {
                "live": True,
                "ready": report.ready,
                "services": {name: _line(one) for name, one in report.services.items()},
                "dependencies": {
                    name: _line(one) | {"needed": one.needed} for name, one in report.dependencies.items()
                },
            }
        return JSONResponse(told, 200 if report.ready else _UNREADY)

    return routes


def _line(answer: Answer) -> dict[str, Any]:
    told: dict[str, Any] = {"status": answer.status}
    return told | {"told": answer.told} if answer.told else told
