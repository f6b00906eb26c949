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
from backend.gateway.documented import an_object
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

    @routes.get(LIVE, responses={200: an_object("It is well.", "status")}, response_class=JSONResponse)
    async def live() -> JSONResponse:
        """This process answers."""
        return JSONResponse({"status": "live"})

    @routes.get(
        READY,
        responses={
            200: an_object("It is well.", "status"),
            503: an_object("It is not to be sent work.", "status"),
        },
        response_class=JSONResponse,
    )
    async def ready() -> JSONResponse:
        """Whether it may be sent work."""
        report = await health.report()
        return JSONResponse({"status": report.status}, 200 if report.ready else _UNREADY)

    @routes.get(
        PATH,
        responses={
            200: an_object("It is well.", "status"),
            503: an_object("It is not to be sent work.", "status"),
        },
        response_class=JSONResponse,
    )
    async def overall(request: Request) -> JSONResponse:
        """How each service and dependency is, for who may watch; for all others a word."""
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
