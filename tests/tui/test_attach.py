"""The interface on a real feed: late, through a dead server, and through losses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from backend.events import Event, encode_lines
from backend.tap import Tap
from backend.tap.batch import Batch
from backend.tap.feed import FeedServer
from backend.tap.hub import Hub
from debugger.log import EventLog
from debugger.sources.feed import FeedSource
from debugger.sources.helped_feed import HelpedFeed
from debugger.tui.app import DebuggerApp
from debugger.tui.feeders import LiveFeeder
from debugger.tui.graph.widget import ComponentGraph
from debugger.tui.session import Link, Mode, Session
from debugger.tui.status.lines import StatusLine

COMPONENTS = ("overseer", "llm_orchestrator", "silent_one")


HELPED = pytest.mark.parametrize("helped", [False, True], ids=["read here", "read by a helper"])


def debugger(url: str, *, helped: bool = False) -> DebuggerApp:
    feed = FeedSource(url, first_delay=0.02, last_delay=0.05)
    source = HelpedFeed(feed) if helped else feed
    session = Session(Mode.LIVE, Link(url, up=False, detail="connecting …"), time.monotonic_ns)
    return DebuggerApp(session, LiveFeeder([source], session))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for is painted, and sets no event
            await asyncio.sleep(0.01)


def status(app: DebuggerApp) -> str:
    return "".join(part.text + " " for part in app.screen.query_one(StatusLine)._parts)


def numbers(log: EventLog) -> list[int]:
    """What the test's own events carry, in the order of the log."""
    rows = range(len(log))
    overseer = log.id_of("component", "overseer")
    return [log.event(row)["data"]["number"] for row in rows if log.column("component")[row] == overseer]


def topology() -> dict[str, object]:
    return {"components": COMPONENTS, "subscriptions": {"silent_one": ["TEXT_CHUNK"]}}


def told(seq: int) -> Batch:
    events = (Event(float(seq), "system", "overseer", source="s", seq=seq),)
    return Batch(events, encode_lines(events), seq)


@asynccontextmanager
async def serving(hub: Hub, port: int = 0) -> AsyncIterator[tuple[FeedServer, int]]:
    async with FeedServer(hub, port=port) as server:
        yield server, int(server.url.split(":")[2].split("/")[0])


@pytest.mark.timeout(30)
@HELPED
async def test_a_killed_server_is_told_and_joined_again_with_nothing_twice(helped: bool) -> None:
    """Late attach shows history and topology; what happened meanwhile is there afterwards, once."""
    async with serving(Hub()) as (server, port):
        pass  # only to have an address
    hub = Hub(topology=topology)
    app = debugger(server.url, helped=helped)
    log = app.session.log
    async with Tap("app", sinks=(hub,)) as tap, app.run_test(size=(120, 36)) as pilot:
        for number in range(5):
            tap.emit("system", "overseer", data={"number": number})
        async with serving(hub, port):
            await until(lambda: numbers(log) == [0, 1, 2, 3, 4])
            await until(lambda: "LIVE" in status(app))
            graph = app.screen.query_one(ComponentGraph)
            await until(lambda: {"silent_one", "overseer"} <= {node.name for node in graph._view.nodes})
        await until(lambda: "NO CONNECTION" in status(app))
        assert numbers(log) == [0, 1, 2, 3, 4]
        for number in range(5, 10):
            tap.emit("system", "overseer", data={"number": number})
        async with serving(hub, port):
            await until(lambda: len(numbers(log)) == 10)
            await until(lambda: "LIVE" in status(app))
            assert numbers(log) == list(range(10))
            # The tap tells of the application's own tasks too: nothing of them is missing either.
            seqs = log.column("seq").tolist()
            assert seqs == list(range(1, len(seqs) + 1))
            await pilot.press("q")


@pytest.mark.timeout(30)
@HELPED
async def test_events_that_the_history_lost_are_a_row_and_a_number(helped: bool) -> None:
    """The ring was too small for what happened while nobody was connected."""
    async with serving(Hub()) as (server, port):
        pass  # only to have an address
    hub = Hub(history_events=4)
    app = debugger(server.url, helped=helped)
    log = app.session.log
    async with app.run_test(size=(120, 36)) as pilot:
        hub.write(told(1))
        async with serving(hub, port):
            await until(lambda: len(log) == 1)
        await until(lambda: "NO CONNECTION" in status(app))
        for seq in range(2, 22):
            hub.write(told(seq))
        async with serving(hub, port):
            await until(lambda: "1 gap, 16 lost" in status(app))
            await until(lambda: log.column("seq").tolist() == [1, -1, 18, 19, 20, 21])
            gap = log.event(1)
            assert gap["message_type"] == "GAP"
            assert (gap["data"]["from_seq"], gap["data"]["to_seq"]) == (2, 17)
            await pilot.press("q")


@pytest.mark.timeout(30)
async def test_a_feed_that_was_never_there_is_waited_for() -> None:
    """The debugger may be started first."""
    async with serving(Hub()) as (server, port):
        pass
    app = debugger(server.url)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(lambda: f"nothing listens on 127.0.0.1:{port}" in status(app))
        hub = Hub()
        async with Tap("app", sinks=(hub,)) as tap, serving(hub, port):
            tap.emit("system", "overseer")
            await until(lambda: len(app.session.log) >= 2)
            await until(lambda: "LIVE" in status(app))
            await pilot.press("q")
