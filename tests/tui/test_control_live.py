"""Control from the debugger's keys to the bus of an assistant and back, over a real socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest

from backend.assistant import Conditions, Engines, MemoryStore, Session, load_agents, open_session
from backend.assistant.agent_config import DEFAULT_AGENTS
from backend.assistant.guards import Guard
from backend.bus import Bus
from backend.control import Desk
from backend.models import Scripted, ScriptedModel
from backend.speech.scripted import ScriptedSink, ScriptedVoice
from backend.tap import Tap
from backend.tap.feed import FeedServer
from backend.tap.hub import Hub
from backend.wire.guard import TokenPolicy
from debugger.judging import Asked, Here
from debugger.sources.feed import FeedSource
from debugger.sources.helped_feed import HelpedFeed
from debugger.tui.app import DebuggerApp
from debugger.tui.feeders import LiveFeeder
from debugger.tui.session import Link, Mode
from debugger.tui.session import Session as Looking
from tests.tui.findings import TODAY

TOKEN = "a-token-for-control"  # noqa: S105 - of this test
ROME = Scripted(("The capital of Italy is Rome. ", "It is old. "), delay=0.001)
PARIS = Scripted(("It is Paris. ", "It is on the Seine. "), delay=0.001)


class Running(NamedTuple):
    """The assistant's session, its bus, and where its feed is."""

    session: Session
    bus: Bus
    url: str


@asynccontextmanager
async def assistant(*without: Guard) -> AsyncIterator[Running]:
    """With a scripted model and voice, and a desk at which one may ask for control."""
    desk = Desk()
    hub = Hub(desk=desk)
    async with FeedServer(hub, policy=TokenPolicy(control=TOKEN)) as server, Tap("app", sinks=(hub,)) as tap:
        bus = Bus(tap)
        desk.serve(bus)
        store = MemoryStore(tap, ":memory:")
        engines = Engines(
            ScriptedModel([ROME, PARIS]),
            ScriptedVoice(),
            load_agents(DEFAULT_AGENTS),
            store,
            conditions=Conditions(without),
        )
        session = open_session(bus, engines, "s1", "ada", ScriptedSink(), pace=0.0)
        try:
            yield Running(session, bus, server.url)
        finally:
            async with asyncio.timeout(10):
                await bus.idle()
                await session.close()
                await bus.close()
            store.close()


def debugger(url: str, token: str | None = TOKEN, *, helped: bool = False) -> DebuggerApp:
    looking = Looking(Mode.LIVE, Link(url, up=False), time.monotonic_ns)
    looking.judging = Here(looking.log, Asked(TODAY, live=True))
    feed = FeedSource(url, token, first_delay=0.02)
    return DebuggerApp(looking, LiveFeeder([HelpedFeed(feed) if helped else feed], looking))


async def until(condition: Callable[[], Any], what: str) -> None:
    try:
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - what is waited for comes over a socket
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"waited in vain: {what}") from None


def rules_broken(app: DebuggerApp) -> set[str]:
    judging = app.session.judging
    assert judging is not None
    return {one.rule for one in judging.found.all if one.verdict == "violation"}


def controls(app: DebuggerApp) -> list[str]:
    """What the recording says was done to the bus, but for what it led to."""
    log = app.session.log
    rows = [log.event(row) for row in range(len(log))]
    done = [event["data"]["do"] for event in rows if event["message_type"] == "CONTROL"]
    return [one for one in done if one != "overtake"]


@pytest.mark.timeout(90)
@pytest.mark.parametrize("without", [(Guard.CURRENT_WORKER_ONLY,), ()], ids=["with the bug", "with the fix"])
async def test_text_held_until_after_a_barge_in_is_spoken_by_the_wrong_worker(
    without: tuple[Guard, ...],
) -> None:
    """Break at the text, hold it back, let the user barge in, release it: the bug shows, the fix holds."""
    async with assistant(*without) as running:
        app = debugger(running.url)
        async with app.run_test(size=(120, 36)) as pilot:
            control = app.session.control
            assert control is not None
            await until(lambda: not control.problem, "the right to control")
            await pilot.press("W", *"message:CHUNK_RESPONSE turn=1", "enter")
            await until(lambda: control.state.breaks, "the break")
            running.session.user.say("the capital of Italy?")
            await until(lambda: control.paused and control.state.held, "the bus is paused at the text")
            held = control.state.held[0]
            assert (held.message_type, held.receiver) == ("CHUNK_RESPONSE", "tts_orchestrator")
            await pilot.press("7", "b")
            await until(lambda: control.state.held[0].alone, "it is held back")
            await pilot.press("P")
            await until(lambda: control.state.mode == "running", "the bus runs on")
            second = running.session.user.say("of France, I mean")
            log = app.session.log
            await until(
                lambda: log.id_of("worker", "s1-w2") is not None, "the worker of the second turn is there"
            )
            await pilot.press("g", "r")
            await until(lambda: not control.state.held, "the text of the first turn is let go")
            async with asyncio.timeout(20):
                await running.session.user.turn_ended(second)
            done = ["take", "break", "hit", "hold", "resume", "release"]
            await until(lambda: controls(app)[: len(done)] == done, "all of it is recorded")
            if without:
                await until(lambda: "stale-worker-chunk" in rules_broken(app), "the finding")
                await pilot.press("6")
                await until(lambda: "stale-worker-chunk" in _findings(app), "the finding in its pane")
            else:
                await until(lambda: _handled(app), "what came late is thrown away")
                assert app.session.judging is not None
                await until(lambda: _judged(app), "all is judged")
                assert "stale-worker-chunk" not in rules_broken(app)
            await pilot.press("X")
            await until(lambda: control.state.mode == "off", "the bus is let go")


def _notice(app: DebuggerApp) -> str:
    told = app.session.notice
    return "" if told is None or not told.bad else told.text


def _findings(app: DebuggerApp) -> str:
    pane = app.main_screen.panes["findings"]
    return "\n".join(pane.render_line(y).text for y in range(pane.size.height))


def _handled(app: DebuggerApp) -> bool:
    """The delivery that came late was dropped by its handler."""
    log = app.session.log
    return any(
        event["message_type"] == "CHUNK_RESPONSE"
        and event["event_type"] == "message_handled"
        and event["data"].get("dropped")
        for event in map(log.event, range(len(log)))
    )


def _judged(app: DebuggerApp) -> bool:
    judging = app.session.judging
    assert judging is not None
    judging.advance(time.monotonic_ns, 50_000_000)
    return judging.found is not None


@pytest.mark.timeout(60)
async def test_a_debugger_that_goes_lets_the_bus_go_and_an_observer_sees_it() -> None:
    """Read by a helper: what is asked goes through it. The observer may do nothing, and reads everything."""
    async with assistant() as running:
        holder, observer = debugger(running.url, helped=True), debugger(running.url, None)
        async with observer.run_test(size=(120, 36)) as watching:
            seen = observer.session.control
            assert seen is not None
            async with holder.run_test(size=(80, 24)) as pilot:
                control = holder.session.control
                assert control is not None
                await until(lambda: not control.problem, "the right to control")
                await pilot.press("P")
                await until(lambda: control.paused, "the bus is paused")
                await until(lambda: seen.paused, "the observer sees it")
                assert seen.holder == control.name
                await watching.press("P")
                assert observer.session.notice is not None
                assert "may only watch" in observer.session.notice.text
                turn = running.session.user.say("the capital of Italy?")
                await until(lambda: control.state.held, "deliveries wait")
                waiting = len(control.state.held)
                await pilot.press(
                    "7", "i", "ctrl+u", *"SYSTEM_MESSAGE from overseer in s1 {", "enter", "ctrl+g"
                )
                await pilot.press("i", "ctrl+u", *'SYSTEM_MESSAGE from overseer in s1 {"text":"hi"}', "enter")
                await until(lambda: len(control.state.held) > waiting, "the message waits with the others")
                await pilot.press("a", "ctrl+u", *"tts_orchestrator 1ms", "enter")
                await until(lambda: control.state.delays == {"tts_orchestrator": 0.001}, "the delay")
                await pilot.press("i", "ctrl+u", *'SYSTEM_MESSAGE from nobody {"text":"hi"}', "enter")
                await until(lambda: _notice(holder), "the backend refuses")
                assert "nobody" in _notice(holder), _notice(holder)
                await pilot.press("S")
                await until(lambda: "step" in controls(observer), "a step is recorded")
            await until(lambda: seen.state.mode == "off", "the bus is let go")
            async with asyncio.timeout(20):
                assert await running.session.user.turn_ended(turn) == "answered"
            await until(lambda: "lost" in controls(observer), "and it is recorded")
