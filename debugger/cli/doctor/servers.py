"""A feed or a stream server, as it looks from here: reached, let in, its protocol, its clock."""

from __future__ import annotations

import asyncio
import http.client
import json
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from backend.errors import UserError
from backend.mux.transports import is_bus_url
from backend.token_file import find_run_token
from backend.wire.frames import PROTOCOL, Hello
from backend.wire.guard import is_loopback
from debugger.cli.doctor.diagnosis import Diagnosis, note, ok, problem

_SECONDS: Final = 6.0
_HTTP_SECONDS: Final = 3.0
_SKEW: Final = 2.0
"""Seconds of difference that are told: the Date of HTTP is whole seconds, and the way takes time, too."""
_BODY: Final = 64 * 1024


def server(url: str, token: str | None, ca: str | None) -> Iterator[Diagnosis]:
    """All about one of either kind.

    Raises:
        UserError: the URL means neither.
    """
    if is_bus_url(url):
        yield from asyncio.run(_stream(url))
        return
    from debugger.sources.feed import feed_url  # noqa: PLC0415 - as all here: loads for a while

    address = feed_url(url)
    parts = urlsplit(address)
    if token is None and parts.port is not None and is_loopback(parts.hostname or ""):
        token = find_run_token(parts.port)
    yield from asyncio.run(_feed(address, token, ca))
    yield from _over_http(address, token, ca)


async def _feed(address: str, token: str | None, ca: str | None) -> list[Diagnosis]:
    from debugger.sources.feed import Connected, Disconnected, FeedSource  # noqa: PLC0415

    try:
        async with asyncio.timeout(_SECONDS):
            async for update in FeedSource(address, token, ca=ca):
                if isinstance(update, Connected):
                    return _greeted(address, update.hello)
                if isinstance(update, Disconnected):
                    fix = "is its server running, and is this the address that it told?"
                    return [problem("feed", update.reason, fix)]
    except TimeoutError:
        pass
    fix = "is it a feed? Its path is usually /ws/events"
    return [problem("feed", f"{address} took the connection and said nothing for {_SECONDS:g} s", fix)]


def _greeted(address: str, hello: Hello) -> list[Diagnosis]:
    found = [ok("feed", f"{address} lets us watch")]
    if hello.protocol == PROTOCOL:
        found.append(ok("protocol", hello.protocol))
    else:
        told = f"it speaks {hello.protocol[:60]!r}, this debugger {PROTOCOL!r}"
        found.append(problem("protocol", told, "use the same version of doubletalk on both sides"))
    if hello.source is None:
        found.append(note("events", "none so far", "is the program tapped, and running?"))
    else:
        found.append(
            ok(
                "events",
                f"{hello.next_seq - 1:,} of {hello.source}, the history from {hello.oldest_seq:,} on",
            )
        )
    allowed = "allowed" if hello.control.allowed else "not to us" if hello.control.offered else "not offered"
    found.append(ok("control", allowed))
    return found


def _over_http(address: str, token: str | None, ca: str | None) -> Iterator[Diagnosis]:
    """What its health says, and its clock; a tap's own feed has only the clock."""
    try:
        sent, answer, body, came = _asked(address, token, ca)
    except (OSError, http.client.HTTPException, UserError, ValueError):
        return  # what is to be said of it, the feed has said
    date = answer.getheader("Date")
    if date is not None:
        yield from _clock(date, sent, came)
    try:
        told = json.loads(body) if answer.status in {200, 503} else None
    except ValueError:
        told = None
    if isinstance(told, dict) and isinstance(told.get("status"), str):
        yield from _health(told)


def _asked(
    address: str, token: str | None, ca: str | None
) -> tuple[float, http.client.HTTPResponse, bytes, float]:
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port
    connection: http.client.HTTPConnection
    if parts.scheme == "wss":
        from debugger.sources.feed import trusting  # noqa: PLC0415

        connection = http.client.HTTPSConnection(host, port, timeout=_HTTP_SECONDS, context=trusting(ca))
    else:
        connection = http.client.HTTPConnection(host, port, timeout=_HTTP_SECONDS)
    try:
        sent = time.time()
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        connection.request("GET", "/health", headers=headers)
        answer = connection.getresponse()
        came = time.time()
        return sent, answer, answer.read(_BODY), came
    finally:
        connection.close()


def _clock(date: str, sent: float, came: float) -> Iterator[Diagnosis]:
    try:
        there = parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return
    # It was said at some time between; it is the beginning of a second.
    ahead = max(0.0, there - came) or min(0.0, there + 1 - sent)
    yield _skew(ahead)


def _skew(ahead: float) -> Diagnosis:
    if abs(ahead) <= _SKEW:
        return ok("clock", "as ours")
    told = f"theirs is {abs(ahead):,.0f} s {'ahead of' if ahead > 0 else 'behind'} ours"
    return problem(
        "clock", told, "let both follow NTP: merged timelines, latencies and queries by time are off"
    )


def _health(told: dict[str, Any]) -> Iterator[Diagnosis]:
    status = told["status"]
    if status == "ok":
        yield ok("health", "ok")
        return
    yield (note if status in {"starting", "stopping"} else problem)("health", str(status)[:60])
    dependencies = told.get("dependencies")
    for name, one in dependencies.items() if isinstance(dependencies, dict) else ():
        if isinstance(one, dict) and one.get("status") in {"degraded", "down"}:
            yield problem(f"its {name}", f"{one['status']}: {one.get('told', '')}")


async def _stream(url: str) -> list[Diagnosis]:
    from backend.mux.protocol import MuxError  # noqa: PLC0415
    from backend.mux.streams import EVENTS  # noqa: PLC0415
    from backend.mux.transports import transport_of  # noqa: PLC0415

    transport = transport_of(url)
    try:
        async with asyncio.timeout(_SECONDS):
            await transport.connect()
            found = [ok("server", f"{transport.name} lets us in")]
            info = await transport.info(EVENTS)
            found.append(
                ok("stream", f"{EVENTS}: {info.length:,} entries")
                if info.length
                else note("stream", f"{EVENTS} is empty", "publish to it: doubletalk serve --bus URL")
            )
            if info.poisoned:
                fix = f"see them: doubletalk bus poison {transport.name}"
                found.append(
                    problem("stream", f"{info.poisoned:,} entries were no events, and set aside", fix)
                )
            for group in info.groups:
                lag = "unknown" if group.lag is None else f"{group.lag:,}"
                told = (
                    f"{lag} entries behind, {group.pending:,} not acknowledged, {group.consumers} consumers"
                )
                found.append(ok(f"group {group.name}", told))
            if info.length:
                found += await _stream_clock(transport, EVENTS)
            return found
    except TimeoutError:
        return [problem("server", f"{transport.name} does not answer within {_SECONDS:g} s")]
    except MuxError as error:
        return [problem("server", str(error), "is it running, and do address and password fit?")]
    finally:
        await transport.close()


async def _stream_clock(transport: Any, stream: str) -> list[Diagnosis]:
    """Nobody can have put an entry there in our future."""
    from backend.mux.envelope import PoisonedError, opened  # noqa: PLC0415
    from backend.mux.protocol import START  # noqa: PLC0415

    entries = await transport.tail(stream, START, 1, 0.5)
    try:
        about = opened(entries[-1].payload).about if entries else None
    except PoisonedError:
        return []
    if about is None:
        return []
    ahead = about.ingested_ns / 1e9 - time.time()
    return [_skew(ahead)] if ahead > _SKEW else []
