"""The interface on a server that lies, sends junk or says nothing: it stays, tells it, and obeys its keys."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot
from websockets.asyncio.server import ServerConnection, serve

from backend.wire.frames import PROTOCOL
from debugger.sources import feed
from debugger.sources.feed import FeedSource
from debugger.tui import launch, pictures  # noqa: F401 - the first before Textual
from debugger.tui.app import DebuggerApp
from debugger.tui.feeders import LiveFeeder
from debugger.tui.session import Link, Mode, Session
from debugger.tui.status.model import status_parts
from tests.support.hostile import BIDI, PLANTED, harm_in, hostile_names

HARM = PLANTED[0] + BIDI
HELLO = {
    "type": "hello",
    "protocol": PROTOCOL,
    "source": "p",
    "oldest_seq": 1,
    "next_seq": 5,
    "start_seq": 1,
    "topology": {},
}


def frame(**fields: Any) -> str:
    return json.dumps(fields)


def hello(**fields: Any) -> str:
    return json.dumps(HELLO | fields)


def frame_of(*events: dict[str, Any]) -> str:
    return frame(type="events", events=events)


def event(seq: object, **more: Any) -> dict[str, Any]:
    base = {"timestamp": 1.0, "event_type": "system", "component": "a", "source": "p", "seq": seq}
    return base | {"id": f"p-{seq}"} | more


DEEP = '{"type":"events","events":[{"timestamp":1,"event_type":"system","component":"a","data":@}]}'.replace(
    "@", '{"a":' * 50_000 + "1" + "}" * 50_000
)
STRANGE_TOPOLOGY = {"components": [HARM, 5, None, HARM], "subscriptions": {HARM: [HARM, 5]}, "bus": [1]}
NAMES = [f'{{"type":"events","events":[{line.decode("utf-8", "replace")}]}}' for line in hostile_names()]

CASES: dict[str, tuple[list[str | bytes], int, int]] = {
    # frames, rows that come of them at least, frames and events that are not understood at least
    "binary": ([b"\x00\xff" * 500, hello()], 0, 1),
    "no frames": (["What a nice day", "[]", "null", '{"type":5}', frame(type=HARM)], 0, 5),
    "hello of wrong types": ([hello(source=5, oldest_seq="a", next_seq=[], topology=5)], 0, 1),
    "hello beyond all numbers": ([hello(oldest_seq=-(2**63), next_seq=2**63 - 1), frame_of(event(5))], 1, 0),
    "hello that harms": ([hello(source=HARM, topology=STRANGE_TOPOLOGY), frame_of(event(1))], 1, 0),
    "nested": ([hello(), DEEP], 0, 1),
    "events of wrong types": (
        [hello(), frame(type="events", events=5), frame_of(5, None, event(1) | {"timestamp": "x"})],  # type: ignore[arg-type]
        0,
        4,
    ),
    "no hello": ([frame_of(event(1), event(2))], 2, 0),
    "numbers back and forth": (
        [hello(), frame_of(event(5), event(4), event(10**18), event(10**40), event("x"))],
        2,
        1,
    ),
    "gaps that are none": (
        [
            hello(),
            *(
                frame(type="gap", from_seq=a, to_seq=b)
                for a, b in ((5, 1), ("a", 2), (1, 2**63), (1, 10**40))
            ),
        ],
        1,
        1,
    ),
    "refusal": ([frame(type="error", code=HARM, message=HARM * 2_000)], 0, 0),
    "a frame of megabytes": ([hello(), frame_of(event(1, data={"text": "x" * (8 << 20)}))], 1, 0),
    "names": ([hello(), frame_of(event(1, component="x" * (1 << 20))), *NAMES], 100, 1),
    "nothing": ([], 0, 0),
}


@asynccontextmanager
async def attached(
    *frames: str | bytes, before: Callable[[], Awaitable[object]] | None = None
) -> AsyncIterator[tuple[DebuggerApp, Pilot[None]]]:
    async def answer(connection: ServerConnection) -> None:
        await connection.recv()
        if before is not None:
            await before()
        for one in frames:
            await connection.send(one)
        await connection.wait_closed()

    async with serve(answer, "127.0.0.1", 0, compression=None) as server:
        (listener,) = server.sockets
        url = f"ws://127.0.0.1:{listener.getsockname()[1]}/ws/events"
        session = Session(Mode.LIVE, Link(url, up=False, detail="connecting …"), time.monotonic_ns)
        app = DebuggerApp(session, LiveFeeder([FeedSource(url)], session))
        async with app.run_test(size=(100, 30)) as pilot:
            yield app, pilot


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.01)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("case", CASES)
async def test_whatever_a_server_says_the_view_stays_and_obeys(case: str) -> None:
    """What is no event is counted and told; nothing that was sent acts on the terminal."""
    frames, rows, strange = CASES[case]
    async with attached(*frames) as (app, pilot):
        session = app.session
        await until(lambda: len(session.log) >= rows and session.misunderstood >= strange)
        if case == "refusal":
            await until(lambda: session.notice is not None and session.notice.bad)
        for keys in ("1", "2", "3", "4", "5", "6", "3"):
            await pilot.press(keys, "k", "G")
            await pilot.pause()
            assert harm_in(pictures.text(app)) == []
        assert session.following
        if strange:
            told = " ".join(part.text for part in status_parts(session))
            assert "not understood" in told


def said(session: Session) -> str:
    """What the status line says."""
    return " ".join(part.text for part in status_parts(session))


@pytest.mark.timeout(60)
async def test_of_a_server_that_says_nothing_it_is_said_until_it_speaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where, what, and what to look at; nobody has to guess what 'connecting' means."""
    monkeypatch.setattr(feed, "SILENT_SECONDS", 0.05)
    speak = asyncio.Event()
    async with attached(frame_of(event(1)), before=speak.wait) as (app, _):
        await until(
            lambda: "has said nothing for 0.05 s: is it a feed, and its path /ws/events?" in said(app.session)
        )
        assert "ws://127.0.0.1:" in said(app.session)
        speak.set()
        await until(lambda: len(app.session.log) == 1)
        assert app.session.link.up
        assert "said nothing" not in said(app.session)


@pytest.mark.timeout(60)
async def test_a_gap_that_cannot_be_so_large_is_told_and_not_counted() -> None:
    """What a lying server says is lost does not drown what is lost."""
    gaps = [frame(type="gap", from_seq=2, to_seq=4), frame(type="gap", from_seq=5, to_seq=2**62)]
    async with attached(hello(), frame_of(event(1)), *gaps, frame_of(event(2**62 + 1))) as (app, _):
        session = app.session
        await until(lambda: len(session.log) == 4)
        assert session.lost == 3
        assert session.notice is not None
        assert session.notice.bad
        assert session.notice.text.endswith("events: not believed")
        assert "2 gaps, 3 lost" in said(session)
        assert "numbers of 1 not believed" in said(session)
        assert "cannot have been so many" in str(session.log.event(2))
