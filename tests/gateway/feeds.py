"""Servers of the feed, what they are fed with, and a client that reads them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect

from backend.events import Event, encode_lines
from backend.gateway import Gateway
from backend.tap.batch import Batch
from backend.tap.feed import FeedServer

TOKEN = "correct-horse-battery"  # noqa: S105 - of this test
Server = FeedServer | Gateway


def feed_url(server: Server) -> str:
    return server.url if isinstance(server, FeedServer) else f"ws{server.url[4:]}/ws/events"


def batch(first: int, count: int, source: str = "s", text: str = "") -> Batch:
    events = [
        Event(
            1.0 + seq,
            "system" if seq % 2 else "message_published",
            "overseer",
            "CACHE" if seq % 2 else "TEXT_CHUNK",
            data={"text": text, "n": seq},
            id=f"{source}-{seq}",
            source=source,
            seq=seq,
        )
        for seq in range(first, first + count)
    ]
    return Batch(tuple(events), encode_lines(events), first)


def decoded(frame: str | bytes) -> dict[str, Any]:
    told: dict[str, Any] = (
        msgspec.json.decode(frame) if isinstance(frame, str) else msgspec.msgpack.decode(frame)
    )
    return told


@contextlib.asynccontextmanager
async def subscribed(url: str, **wanted: Any) -> AsyncIterator[tuple[ClientConnection, dict[str, Any]]]:
    async with connect(url, compression=None, max_size=None, proxy=None) as connection:
        await connection.send(json.dumps({"type": "subscribe", **wanted}))
        hello = await connection.recv()
        yield connection, decoded(hello)


async def events(connection: ClientConnection, count: int) -> list[dict[str, Any]]:
    """The next events, out of as many frames as they come in; anything but events fails."""
    got: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while len(got) < count:
            got += decoded(await connection.recv())["events"]
    return got


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.005)
