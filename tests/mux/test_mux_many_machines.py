"""Two producers, two gateways, two debuggers over a real server: all see the same, causes first."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.events import decode_line
from backend.mux import transport_of
from backend.mux.printing import printed
from backend.mux.streams import EVENTS
from backend.wire.client import EventsReceived, GapReceived
from debugger.log import EventLog
from debugger.sources.bus import BusSource
from debugger.sources.feed import FeedSource
from debugger.sources.helped_feed import HelpedFeed
from debugger.tui import launch  # noqa: F401 - before Textual
from debugger.tui.app import DebuggerApp
from debugger.tui.feeders import LiveFeeder
from debugger.tui.session import Link, Mode, Session
from tests.mux.streaming import settled
from tests.mux.valkey import Valkey

PRODUCER = Path(__file__).with_name("producer.py")
ROOT = Path(__file__).parents[2]
MESSAGES = 200
"""That each producer publishes: with the receives, the tap's own and the sinks' some 800 events."""


@contextlib.contextmanager
def gateway(url: str) -> Iterator[str]:
    """A gateway's process; gives its address."""
    words = [sys.executable, "-m", "debugger.cli", "bus", "gateway", url, "--port", "0"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if found := re.search(r"feed at (http://\S+);", line):
                yield found[1]
                break
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0


def converse(url: str) -> None:
    """Two processes send each other messages; each tells what it does through the stream server alone."""
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    to_a, from_b = os.pipe()
    to_b, from_a = os.pipe()
    os.write(from_b, f"go {MESSAGES}\n".encode())
    programs = [
        subprocess.Popen([sys.executable, str(PRODUCER), url, name], stdin=reads, stdout=writes, env=env)
        for name, reads, writes in (("alice", to_a, from_a), ("bob", to_b, from_b))
    ]
    for end in (to_a, from_b, to_b, from_a):
        os.close(end)
    assert [program.wait(60) for program in programs] == [0, 0]


def session_on(source: FeedSource | BusSource) -> tuple[DebuggerApp, EventLog]:
    session = Session(Mode.LIVE, Link("", up=False), time.monotonic_ns)
    return DebuggerApp(session, LiveFeeder([HelpedFeed(source)], session)), session.log


def ended(log: EventLog) -> bool:
    """Whether both producers' sinks said that they are through."""
    kind, component = log.id_of("message_type", "RECORDING_ENDED"), log.id_of("component", "event_mux")
    rows = log.column("message_type")[: len(log)] == kind
    return kind is not None and int((rows & (log.column("component")[: len(log)] == component)).sum()) == 2


def ids(log: EventLog) -> list[str]:
    return [str(log.event(row)["id"]) for row in range(len(log))]


@pytest.mark.timeout(120)
async def test_two_debuggers_at_two_gateways_see_the_same_events_once_in_causal_order() -> None:
    """Real processes throughout; a third one looks at the stream itself."""
    with Valkey() as server, gateway(server.url) as one, gateway(server.url) as other:
        apps = [session_on(FeedSource(one)), session_on(FeedSource(other))]
        (first, first_log), (second, second_log) = apps
        async with first.run_test(size=(120, 36)), second.run_test(size=(120, 36)):
            await asyncio.to_thread(converse, server.url)
            await settled(lambda: ended(first_log) and ended(second_log))
            seen = ids(first_log)
            assert ids(second_log) == seen
            for app, log in apps:
                assert len(set(seen)) == len(seen) == len(log)
                assert app.session.lost == 0
            direct = await read_directly(server.url, len(seen))
            assert await crossed(server.url) > 0
    assert direct == seen
    messages = [one for one in seen if one.startswith(("alice-", "bob-"))]
    assert len(messages) > 4 * MESSAGES - 10
    in_causal_order(first_log)
    in_causal_order(second_log)


async def read_directly(url: str, count: int) -> list[str]:
    seen: list[str] = []
    async for update in BusSource(url):
        assert not isinstance(update, GapReceived)
        if isinstance(update, EventsReceived):
            seen += [str(event.id) for event in update.events]
            if len(seen) >= count:
                return seen
    return seen


def in_causal_order(log: EventLog) -> None:
    """No event stands before the one that caused it, and each receive has its publish."""
    place: dict[str, int] = {}
    received = 0
    for row in range(len(log)):
        event = log.event(row)
        place[str(event["id"])] = row
        if event["cause"] is not None:
            assert event["cause"] in place, f"{event['id']} stands before its cause {event['cause']}"
        received += event["event_type"] == "message_received"
    assert received == 2 * MESSAGES - 1


async def crossed(url: str) -> int:
    """How many events stand in the stream before their cause: that there is trouble to be mended."""
    bus = transport_of(url)
    text = b"".join([some async for some in printed(bus, EVENTS, lambda _: None, follow=False)])
    await bus.close()
    events = [decode_line(line) for line in text.splitlines()]
    place = {event.id: number for number, event in enumerate(events)}
    return sum(one.cause is not None and place[one.cause] > number for number, one in enumerate(events))
