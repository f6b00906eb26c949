"""``GET /api/events/history``: the latest events in pages, by type, severity, component, session and time."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from backend.gateway.routes.filters import PROBLEM, PageFilter
from backend.tap.hub import Hub
from backend.wire.history import HistoryReader, Page, UnknownCursorError
from backend.wire.sse import Cursor

_PAGE: dict[str, Any] = {
    "description": "A page of events, each as the dialect has it.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["events", "count", "order", "next", "next_url", "cursor", "gaps"],
                "properties": {
                    "events": {"type": "array", "items": {"type": "object"}},
                    "count": {"type": "integer"},
                    "order": {"enum": ["oldest", "newest"]},
                    "next": {"type": ["string", "null"]},
                    "next_url": {"type": ["string", "null"]},
                    "cursor": {"type": ["string", "null"]},
                    "oldest": {"type": ["string", "null"]},
                    "newest": {"type": ["string", "null"]},
                    "gaps": {"type": "array", "items": {"type": "object"}},
                },
            }
        }
    },
}


def router(hub: Hub) -> APIRouter:
    """The history of `hub`."""
    routes = APIRouter()

    @routes.get(
        "/api/events/history",
        responses={
            200: _PAGE,
            404: {"description": "The cursor is of another run of the program.", **PROBLEM},
            422: {"description": "A parameter makes no sense.", **PROBLEM},
        },
        response_class=Response,
    )
    async def history(request: Request, asked: Annotated[PageFilter, Query()]) -> Response:
        """Events, ``limit`` at most. ``next`` is the cursor of the next page, null where there is none now.

        ``cursor`` is how far this page looked: with it, what comes later is had by asking again. ``gaps`` are
        events that came after the cursor that was given, and are kept no longer.
        """
        try:
            page = await _read(hub, asked)
        except UnknownCursorError as error:
            return JSONResponse({"detail": str(error)}, 404)
        return Response(_body(page, asked, request), media_type="application/json")

    return routes


async def _read(hub: Hub, asked: PageFilter) -> Page:
    """The page, a slice at a time: others get their turn in between."""
    cursor = None if asked.cursor is None else Cursor.read(asked.cursor)
    with hub.lock:
        reader = HistoryReader(
            hub.ring,
            asked.wanted(),
            limit=asked.limit,
            cursor=cursor,
            newest_first=asked.order == "newest",
            times=asked.times,
        )
    while True:
        with hub.lock:
            taken = reader.take()
        if taken is None:
            return reader.page
        reader.look(*taken)
        await asyncio.sleep(0)


def _body(page: Page, asked: PageFilter, request: Request) -> bytes:
    """Events are put in as they were recorded, byte for byte."""
    following = str(page.cursor) if page.more and page.cursor is not None else None
    given = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    about = {
        "count": len(page.events),
        "order": asked.order,
        "next": following,
        "next_url": following and f"{request.url.path}?{urlencode([*given, ('cursor', following)])}",
        "cursor": None if page.cursor is None else str(page.cursor),
        "oldest": None if page.oldest is None else str(page.oldest),
        "newest": None if page.newest is None else str(page.newest),
        "gaps": page.gaps,
    }
    return b'{"events":[' + b",".join(page.events) + b"]," + msgspec.json.encode(about)[1:]
