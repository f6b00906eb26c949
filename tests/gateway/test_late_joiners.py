"""Who comes late sees how things stand: the topology, the state of each component, and then the stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from backend.events import EMPTY, Event, decode_line, encode_event
from backend.tap import Scope, Tap
from backend.tap.hub import Hub
from backend.wire.client import EventsReceived, GapReceived, Position, StatesReceived
from debugger.sources.feed import EVERYTHING, FeedSource
from debugger.sources.feed_messages import Message, message_from_wire, message_to_wire
from debugger.tui.live import Intake
from debugger.tui.session import Link, Mode, Session
from tests.gateway.feeds import Server, feed_url, subscribed, until
from tests.gateway.viewers import Viewer

_S1, _S2 = Scope(session_id="s1"), Scope(session_id="s2")


def lived(tap: Tap, noise: int) -> None:
    """A program that has run for a while: states long ago, and since then only noise."""
    tap.emit("state_change", "overseer", state={"state": "IDLE"}, scope=_S1)
    tap.emit("state_change", "overseer", state={"state": "THINKING"}, scope=_S1)
    tap.emit("state_change", "overseer", state={"state": "IDLE"}, scope=_S2)
    tap.emit("state_change", "memory", state={"rows": 7})
    tap.emit("state_read", "memory", state={"rows": 7, "only": "what was read"})
    for number in range(noise):
        tap.emit("message_published", "noise", "TEXT_CHUNK", {"n": number})
        if number % 10 == 0:
            tap.drain()
    tap.drain()


def told(events: list[Event]) -> dict[tuple[str, str | None], object]:
    return {(one.component, one.session_id): one.state() for one in events}


STANDS = {
    ("overseer", "s1"): {"state": "THINKING"},
    ("overseer", "s2"): {"state": "IDLE"},
    ("memory", None): {"rows": 7},
}


async def test_states_older_than_the_history_come_before_the_stream(make: Callable[..., Server]) -> None:
    """Asked for with the subscribe, told after the hello: the events that said them, as recorded."""
    hub = Hub(history_events=50, topology=lambda: {"components": ["overseer"]})
    async with make(hub) as server, Tap("app", sinks=(hub,)) as tap:
        lived(tap, 500)
        wanted = {"since_seq": 0, "batch": True, "states": True}
        async with subscribed(feed_url(server), **wanted) as (feed, hello):
            assert hello["topology"] == {"components": ["overseer"]}
            assert hello["starts"] == {tap.source: hello["start_seq"]}
            frame = json.loads(await feed.recv())
            assert (frame["type"], frame["omitted"]) == ("states", 0)
            assert {one["seq"] for one in frame["states"]} == {3, 4, 5}
            assert json.loads(await feed.recv())["type"] == "gap"
            assert json.loads(await feed.recv())["type"] == "events"


async def test_who_wants_no_history_gets_the_states_of_now(make: Callable[..., Server]) -> None:
    """Also those that are in the history; a filter by component or session holds for them too."""
    hub = Hub()
    async with make(hub) as server, Tap("app", sinks=(hub,)) as tap:
        lived(tap, 5)
        viewer = Viewer(feed_url(server), since_seq=None)
        one_session = Viewer(feed_url(server), since_seq=None, sessions=("s2",))
        watching = [asyncio.create_task(one.watch()) for one in (viewer, one_session)]
        await until(lambda: bool(viewer.states and one_session.states))
        assert told(viewer.states) == STANDS
        assert told(one_session.states) == {("overseer", "s2"): {"state": "IDLE"}}
        for one in watching:
            one.cancel()


async def test_who_does_not_ask_gets_none_nor_who_has_it_all(make: Callable[..., Server]) -> None:
    """A client of before this; and one that goes on where it was, with nothing lost in between."""
    hub = Hub()
    async with make(hub) as server, Tap("app", sinks=(hub,)) as tap:
        lived(tap, 5)
        async with subscribed(feed_url(server), since_seq=0, batch=True) as (feed, _):
            assert json.loads(await feed.recv())["type"] == "events"
        viewer, enough = Viewer(feed_url(server)), asyncio.Event()
        watching = asyncio.create_task(viewer.watch(enough))
        await until(lambda: any(one.component == "memory" for one in viewer.events))
        enough.set()
        await watching
        assert viewer.states == []  # the history has them all
        tap.emit("state_change", "overseer", state={"state": "BOT_SPEAKING"}, scope=_S1)
        watching = asyncio.create_task(viewer.watch())
        await until(lambda: any(one.state() == {"state": "BOT_SPEAKING"} for one in viewer.events))
        assert viewer.states == []
        watching.cancel()


async def test_after_a_loss_the_states_that_were_lost_are_told(make: Callable[..., Server]) -> None:
    """Away for longer than the history: what changed meanwhile comes, what the viewer knows does not."""
    hub = Hub(history_events=20)
    async with make(hub) as server, Tap("app", sinks=(hub,)) as tap:
        lived(tap, 0)
        viewer, enough = Viewer(feed_url(server)), asyncio.Event()
        watching = asyncio.create_task(viewer.watch(enough))
        await until(lambda: any(one.component == "memory" for one in viewer.events))
        enough.set()
        await watching
        known = viewer.client.known_seq
        lived(tap, 100)
        watching = asyncio.create_task(viewer.watch())
        await until(lambda: bool(viewer.states and viewer.gaps))
        watching.cancel()
        assert told(viewer.states) == STANDS
        assert min(one.seq or 0 for one in viewer.states) > known


async def test_the_debugger_shows_a_state_whose_event_is_gone(make: Callable[..., Server]) -> None:
    """Attach late: the log knows the state from its first row on, at the time of the first event."""
    hub = Hub(history_events=50)
    async with make(hub) as server, Tap("app", sinks=(hub,)) as tap:
        lived(tap, 500)
        session = Session(Mode.LIVE, Link(""), lambda: 0)
        intake = Intake(session, ["feed"])
        source = FeedSource(feed_url(server), wanted=EVERYTHING)
        watching = asyncio.create_task(intake.pump("feed", aiter(source)))
        await until(lambda: len(session.log) > len(STANDS))
        watching.cancel()
        log = session.log
        for (component, of), state in STANDS.items():
            found = log.state_at(component, of, len(log) - 1)
            assert found is not None
            assert found.state == state
            assert log.event(found.row)["message_type"] == "SNAPSHOT"
        times = log.column("timestamp_ns")
        assert times[0] == times[len(STANDS)]


def test_what_is_lost_before_the_first_event_stands_at_its_time() -> None:
    """Gone between the hello and the first frame: a row behind the states, not one in the year 1970."""
    session = Session(Mode.LIVE, Link(""), lambda: 0)
    intake = Intake(session, ["feed"])
    state = Event(900.0, "state_change", "memory", component_state={"rows": 7}, source="app", seq=3)
    event = Event(1000.0, "error", "memory", source="app", seq=60, id="app-60")
    lines, told_state = (encode_event(event),), decode_line(encode_event(state))
    intake.take("feed", StatesReceived((encode_event(state),), (told_state,)))
    intake.take("feed", GapReceived("app", 50, 59))
    assert (len(session.log), session.lost) == (0, 10)
    intake.take("feed", EventsReceived(lines, (decode_line(lines[0]),)))
    intake.flush(everything=True)
    assert [session.log.event(row)["message_type"] for row in range(3)] == ["SNAPSHOT", "GAP", None]
    assert session.log.column("timestamp_ns").tolist() == [1_000_000_000_000] * 3


def test_a_tap_that_keeps_nothing_has_no_states_in_its_events() -> None:
    """Without component_state there is nothing to keep: the hub holds none."""
    hub = Hub()
    with Tap("app", sinks=(hub,)) as tap:
        for _ in range(100):
            tap.emit("message_published", "c", state=EMPTY)
    assert hub.ring.states.now == {}
    assert decode_line(hub.ring.find(hub.ring.oldest).line(0)).message_type == "RECORDING_STARTED"


async def test_states_pass_from_the_helper_process_as_they_came(make: Callable[..., Server]) -> None:
    """A feed that is read in a process of its own: what it tells of states is what it was told."""
    hub = Hub(history_events=50)
    async with make(hub) as server, Tap("app", sinks=(hub,)) as tap:
        lived(tap, 200)
        async for updates in FeedSource(feed_url(server), wanted=EVERYTHING).frames():
            sent = [one for one in updates if isinstance(one, StatesReceived)]
            if sent:
                passed = message_from_wire(message_to_wire(Message(list(sent), Position()))).told
                assert passed == sent
                return
