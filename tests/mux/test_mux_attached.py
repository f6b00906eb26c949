"""The debugger on a stream itself, and recordings of it: without a gateway between."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from backend.events import Event, decode_line, encode_event
from backend.mux import transport_of
from backend.mux.sink import BusSink
from backend.mux.streams import EVENTS
from backend.wire.client import EventsReceived, GapReceived, NotUnderstood
from debugger.sources.bus import BusSource
from debugger.sources.feed import Connected, Disconnected, Update
from debugger.sources.helped_feed import HelpedFeed
from debugger.tui import launch  # noqa: F401 - before Textual
from debugger.tui.app import DebuggerApp
from debugger.tui.feeders import LiveFeeder
from debugger.tui.session import Link, Mode, Session
from tests.mux.streaming import batch, settled
from tests.mux.valkey import Valkey
from tests.support.commands import say


class Follower:
    """Collects what a source says."""

    def __init__(self, source: BusSource) -> None:
        self.source = source
        self.updates: list[Update] = []
        self._task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        async for update in self.source:
            self.updates.append(update)

    @property
    def seqs(self) -> list[int | None]:
        events = [event for one in self.updates if isinstance(one, EventsReceived) for event in one.events]
        return [event.seq for event in events if event.source == "app-1"]

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])


def publish(url: str, first: int, count: int) -> None:
    sink = BusSink(url)
    sink.write(batch(first, count))
    sink.close()


async def test_a_source_goes_on_where_another_one_was(url: str) -> None:
    """As a helper's heir does: from the position, nothing twice, nothing lost."""
    await asyncio.to_thread(publish, url, 1, 300)
    first = Follower(BusSource(url))
    await settled(lambda: len(first.seqs) == 300)
    await first.stop()
    await asyncio.to_thread(publish, url, 301, 100)
    second = Follower(BusSource.of(first.source.asked))
    await settled(lambda: len(second.seqs) == 100)
    await second.stop()
    assert first.seqs + second.seqs == list(range(1, 401))
    assert not any(isinstance(one, GapReceived) for one in first.updates + second.updates)


async def test_what_was_before_is_told_apart_from_what_is_lost(url: str, valkey: Valkey) -> None:
    """The stream's oldest entries were gone before anybody looked; others go while it is looked at."""
    await asyncio.to_thread(publish, url, 1, 128)
    with valkey.client() as other:
        other.xtrim(EVENTS, maxlen=0, approximate=False)
    await asyncio.to_thread(publish, url, 129, 10)
    seen = Follower(BusSource(url))
    await settled(lambda: len(seen.seqs) == 10)
    await asyncio.to_thread(publish, url, 150, 10)
    await settled(lambda: len(seen.seqs) == 20)
    await seen.stop()
    gaps = [one for one in seen.updates if isinstance(one, GapReceived)]
    assert gaps == [GapReceived("app-1", 1, 128, before=True), GapReceived("app-1", 139, 149)]


async def test_a_source_tells_of_its_server_and_of_what_is_no_entry() -> None:
    """Away, there again; what others put into the stream is left out and named."""
    with Valkey() as server:
        server.kill()
        seen = Follower(BusSource(server.url, first_delay=0.01, last_delay=0.05))
        await settled(lambda: seen.updates)
        server.start()
        await settled(lambda: any(isinstance(one, Connected) for one in seen.updates))
        with server.client() as other:
            other.xadd(EVENTS, {"who": "else"})
        await settled(lambda: any(isinstance(one, NotUnderstood) for one in seen.updates))
        assert isinstance(seen.updates[0], Disconnected)
        assert seen.updates[0].reason == f"cannot reach {server.url}: nothing listens there"
        await seen.stop()


@pytest.mark.timeout(60)
async def test_the_debugger_attaches_to_a_stream(url: str) -> None:
    """History and what comes, read by its helper; through a server that is away for a while."""
    await asyncio.to_thread(publish, url, 1, 50)
    source = HelpedFeed(BusSource(url, first_delay=0.02, last_delay=0.05))
    session = Session(Mode.LIVE, Link(url, up=False), time.monotonic_ns)
    app = DebuggerApp(session, LiveFeeder([source], session))

    def seqs() -> list[int]:
        log = session.log
        ours = log.id_of("source", "app-1")
        count = len(log)
        return [int(seq) for seq in log.column("seq")[:count][log.column("source")[:count] == ours]]

    async with app.run_test(size=(120, 36)) as pilot:
        await settled(lambda: seqs() == list(range(1, 51)))
        await asyncio.to_thread(publish, url, 51, 50)
        await settled(lambda: seqs() == list(range(1, 101)))
        assert session.link.up
        await pilot.press("q")


def test_a_stream_is_recorded(url: str, tmp_path: Path) -> None:
    """All that it has, then what comes: each line as it was published."""
    publish(url, 1, 300)
    said = say("record", url, "-o", str(tmp_path / "r.jsonl"), "--events", "302")
    assert (said.code, said.out) == (0, "")
    assert said.err.startswith(f"connected to {url}\n")
    events = [decode_line(line) for line in (tmp_path / "r.jsonl").read_bytes().splitlines()]
    assert [event.seq for event in events if event.source == "app-1"] == list(range(1, 301))
    assert (events[0].component, events[-1].component) == ("recorder", "recorder")


def test_streams_that_cannot_be_used_are_refused_in_a_line(tmp_path: Path) -> None:
    """Exit code 2, no traceback, no password."""
    output = str(tmp_path / "r.jsonl")
    for url, told in {
        "redis://": "no host",
        "nats://h:port": "not the URL of a stream server",
        "redis://:s3cret@127.0.0.1:port": "not the URL",
    }.items():
        said = say("record", url, "-o", output)
        assert (said.code, said.out) == (2, "")
        assert told in said.err
        assert "s3cret" not in said.err
        assert said.err.count("\n") == 1
    with Valkey("--requirepass", "the-right-one") as server:
        said = say("record", server.url.replace("//", "//:s3cret@"), "-o", output)
    assert (said.code, said.out) == (2, "")
    assert "refuses" in said.err
    assert "s3cret" not in said.err


async def test_an_event_of_nobody_is_seen(url: str) -> None:
    """A program that knows nothing of us writes a line with neither source nor seq; others are no events."""
    bus = transport_of(url)
    await bus.publish(EVENTS, [b'{"timestamp":1,"event_type":"system","component":"caf\xe9"}'])
    await bus.publish(EVENTS, [b'{"timestamp":1,"event_type":"system","component":"c","data":[]}'])
    await bus.publish(EVENTS, [encode_event(Event(1.0, "system", "stranger"))])
    seen = Follower(BusSource(url))
    await settled(lambda: any(isinstance(one, EventsReceived) for one in seen.updates))
    await seen.stop()
    await bus.close()
