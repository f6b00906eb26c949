"""Control over a real socket: rights, losses, and the walk of the docs on the real assistant."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect

from backend.assistant.guards import Guard
from backend.bus import Bus
from backend.cli.hosting import ControlToken, hosted
from backend.compose import Backend
from backend.control import Desk
from backend.events.messages import ChunkAvailable
from backend.gateway import Gateway
from backend.models import Scripted, ScriptedModel
from backend.settings import Settings
from backend.speech import NullSink
from backend.tap import Scope, Tap
from backend.tap.feed import FeedServer
from backend.tap.hub import Hub
from backend.wire.guard import TokenPolicy
from debugger.checking.one import Asked, Judged, judge_one
from debugger.log.query.parse import parse
from tests.support.assistant import FakeVoice

WATCH = "correct-horse-battery"
CONTROL = "staple-of-the-hand-that-holds"
POLICY = TokenPolicy(WATCH, control=CONTROL)


class Client:
    """A debugger, as small as can be."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.hello: dict[str, Any] = {}
        self.state: dict[str, Any] = {}
        self.events: list[dict[str, Any]] = []
        self._results: dict[int, dict[str, Any]] = {}
        self._number = 0
        self._more = asyncio.Event()

    async def read(self) -> None:
        async for frame in self.connection:
            told = json.loads(frame)
            match told["type"]:
                case "hello":
                    self.hello = told
                case "control_state":
                    self.state = told
                case "control_result":
                    self._results[told["id"]] = told
                case "events":
                    self.events += told["events"]
            self._more.set()

    async def until(self, condition: Callable[[], Any]) -> Any:
        async with asyncio.timeout(10):
            while not (found := condition()):
                self._more.clear()
                await self._more.wait()
        return found

    async def ask(self, do: str, **more: Any) -> dict[str, Any]:
        self._number += 1
        number = self._number
        await self.connection.send(json.dumps({"type": "control", "id": number, "do": do, **more}))
        result: dict[str, Any] = await self.until(lambda: self._results.pop(number, None))
        return result

    async def do(self, do: str, **more: Any) -> dict[str, Any]:
        result = await self.ask(do, **more)
        assert result["ok"], result
        return result

    async def refused(self, do: str, **more: Any) -> str:
        result = await self.ask(do, **more)
        assert not result["ok"]
        return str(result["error"])


@contextlib.asynccontextmanager
async def client(
    url: str, token: str | None = None, *, origin: str | None = None, protocols: tuple[str, ...] = ()
) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"} if token else None
    subprotocols: Any = protocols or None
    async with connect(
        url,
        additional_headers=headers,
        origin=origin,
        subprotocols=subprotocols,
        proxy=None,  # type: ignore[arg-type]
    ) as connection:
        made = Client(connection)
        await connection.send('{"type":"subscribe","batch":true,"since_seq":0}')
        reading = asyncio.create_task(made.read())
        await made.until(lambda: made.hello)
        yield made
        reading.cancel()


def feed_url(server: FeedServer | Gateway) -> str:
    return server.url if isinstance(server, FeedServer) else f"ws{server.url[4:]}/ws/events"


@contextlib.asynccontextmanager
async def program(
    kind: type[FeedServer | Gateway] = FeedServer, *, desk: bool = True, policy: TokenPolicy = POLICY
) -> AsyncIterator[tuple[str, Bus, list[int]]]:
    """Anyone's asyncio program with our bus and tap, served by either feed."""
    the_desk = Desk()
    hub = Hub(desk=the_desk if desk else None)
    got: list[int] = []
    async with kind(hub, port=0, policy=policy) as server, Tap("app", sinks=(hub,)) as tap:
        bus = Bus(tap)
        the_desk.serve(bus)

        async def handle(message: ChunkAvailable, _scope: Scope) -> None:
            got.append(message.chunk_index)

        bus.attach("reader").on(ChunkAvailable, handle)
        bus.attach("writer")
        yield feed_url(server), bus, got
        await bus.close()


def publish(bus: Bus, *numbers: int) -> None:
    port = bus.ports[1]
    for number in numbers:
        port.publish(ChunkAvailable(number, 0))


@pytest.mark.parametrize("kind", [FeedServer, Gateway])
async def test_a_program_is_held_and_let_go_over_its_feed(kind: type[FeedServer | Gateway]) -> None:
    """Both feeds; whoever watches is told; and the connection that is lost releases at once."""
    async with program(kind) as (url, bus, got), client(url, WATCH) as watcher:
        assert watcher.hello["control"] == {"offered": True, "allowed": False}
        async with client(url, CONTROL) as hand:
            assert hand.hello["control"] == {"offered": True, "allowed": True}
            await hand.do("take", name="ann")
            await hand.do("pause")
            publish(bus, 1, 2)
            await watcher.until(lambda: len(watcher.state.get("held", ())) == 2)
            assert (watcher.state["by"], watcher.state["mode"]) == ("ann", "paused")
            assert watcher.state["held"][1]["ordered_after"] == [watcher.state["held"][0]["delivery"]]
            assert "control token" in await watcher.refused("take")
            async with client(url, CONTROL) as second:
                assert "ann (" in await second.refused("take")
            assert got == []
        await watcher.until(lambda: watcher.state["mode"] == "off")
        await bus.idle()
        assert got == [1, 2]
        await watcher.until(
            lambda: [
                event
                for event in watcher.events
                if event["message_type"] == "CONTROL" and event["data"]["do"] == "lost"
            ]
        )


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        ({"token": CONTROL}, True),
        ({"token": WATCH}, False),
        ({}, False),
        ({"protocols": ("doubletalk.feed.1", f"doubletalk.token.{CONTROL}")}, True),
        ({"token": CONTROL, "origin": "http://localhost:3000"}, False),
        ({"token": CONTROL, "origin": "self"}, True),
    ],
)
async def test_the_right_comes_with_its_own_token_and_never_to_other_pages(
    given: dict[str, Any], allowed: bool
) -> None:
    """On loopback, too, where watching needs none; a page of another server here may only watch."""
    async with program() as (url, _bus, _got):
        if given.get("origin") == "self":
            given = given | {"origin": f"http://{url.split('/')[2]}"}
        async with client(url, **given) as hand:
            assert hand.hello["control"]["allowed"] is allowed
            assert (await hand.ask("take"))["ok"] is allowed


@pytest.mark.parametrize(
    ("desk", "policy"), [(False, POLICY), (True, TokenPolicy(WATCH)), (True, TokenPolicy())]
)
async def test_a_program_without_our_bus_or_a_token_offers_none(desk: bool, policy: TokenPolicy) -> None:
    """The hello says so, and so does the answer; the feed goes on."""
    async with program(desk=desk, policy=policy) as (url, bus, got):
        async with client(url, policy.token) as hand:
            assert hand.hello["control"]["offered"] is (desk and policy.control is not None)
            assert "control" in await hand.refused("take")
            publish(bus, 1)
            await hand.until(lambda: any(event["message_type"] == "CHUNK_AVAILABLE" for event in hand.events))
        assert got == [1]


WRONG: tuple[dict[str, Any], ...] = (
    {"do": "explode"},
    {"do": "hold", "deliveries": "x"},
    {"do": "pace", "pace": "fast"},
    {"do": 3},
)


async def test_wrong_frames_cost_their_sender_an_answer_each() -> None:
    """The hand goes on holding what it holds."""
    async with program() as (url, bus, got), client(url, CONTROL) as hand:
        await hand.do("take")
        await hand.do("pause")
        for wrong in (
            {"do": "explode"},
            {"do": "hold", "deliveries": "x"},
            {"do": "pace", "pace": "fast"},
            {"do": 3},
        ):
            assert "not a request of control" in await hand.refused(**wrong)  # type: ignore[arg-type]
        publish(bus, 1)
        await hand.until(lambda: hand.state.get("held"))
        assert got == []
        await hand.do("resume")
        await bus.idle()
        assert got == [1]


async def test_a_controller_that_reads_nothing_and_says_nothing_is_released_after_its_lease() -> None:
    """Half-open or asleep: nobody closes, so its lease does."""
    async with program() as (url, bus, got):
        connection = await connect(
            url, additional_headers={"Authorization": f"Bearer {CONTROL}"}, proxy=None, ping_interval=None
        )
        connection.transport.pause_reading()  # type: ignore[attr-defined]
        for number, asked in enumerate(({"do": "take", "lease": 1}, {"do": "pause"}), 1):
            await connection.send(json.dumps({"type": "control", "id": number} | asked))
        async with asyncio.timeout(10):
            while bus.gate is None or not bus.gate.paused:  # noqa: ASYNC110 - it comes over a socket
                await asyncio.sleep(0.005)
            publish(bus, 1)
            await bus.idle()
        assert got == [1]
        assert bus.gate is None
        connection.transport.abort()


# --- the walk ----------------------------------------------------------------------------


STORY = Scripted(tuple(f"Sentence number {number} is told. " for number in range(8)), delay=0.002)


@contextlib.asynccontextmanager
async def assistant(path: Path, *without: Guard) -> AsyncIterator[tuple[str, Backend]]:
    """`serve --control` with a scripted model and voice, recorded to `path`."""
    settings = Settings(
        port=0, memory=path.parent / "memory.sqlite3", record=path, without=frozenset(without)
    )
    voice: Any = FakeVoice(0.002)
    backend = Backend(settings, model=ScriptedModel([STORY, STORY]), tts=voice, stt=voice)
    async with hosted(backend, control=ControlToken(CONTROL, of_this_run=False)) as address, backend:
        await backend.load()
        yield f"ws{address[4:]}/ws/events", backend


async def hold_and_let_a_barge_in_pass(hand: Client, backend: Backend) -> None:
    session = backend.open_session("ada", NullSink(), pace=0.05)
    await hand.do("take", name="ann")
    text = "message:CHUNK_RESPONSE turn = 1 data.chunk_index = 1"
    when = msgspec.to_builtins(parse(text))
    await hand.do("break", name="chunk", when=when, text=text, then="hold")
    session.user.say("Tell me a story.")
    (held,) = await hand.until(lambda: hand.state.get("held"))
    assert (held["to"], held["alone"]) == ("tts_orchestrator", True)
    turn = session.user.say("Stop! Tell another.")
    await hand.until(
        lambda: [
            event
            for event in hand.events
            if event["message_type"] == "TTS_SESSION_READY" and event["turn"] == turn
        ]
    )
    await hand.do("release", deliveries=[held["delivery"]])
    await hand.do("let_go")
    async with asyncio.timeout(10):
        await session.user.turn_ended(turn)


def judged(path: Path) -> Judged:
    return judge_one(Asked((str(path),), dt.date(2026, 1, 1)))


@pytest.mark.parametrize("guarded", [True, False])
async def test_the_walk_shows_the_race_without_the_guard_and_nothing_with_it(
    tmp_path: Path, guarded: bool
) -> None:
    """Break at `CHUNK_RESPONSE`, hold it, let a barge-in pass, release it: a fact, or nothing.

    That the hand put a delivery behind a later one is no finding of its own.
    """
    path = tmp_path / "walk.jsonl"
    without = () if guarded else (Guard.CURRENT_WORKER_ONLY,)
    async with assistant(path, *without) as (url, backend), client(url, CONTROL) as hand:
        await hold_and_let_a_barge_in_pass(hand, backend)
    found = judged(path)
    rules = {one.rule for one in found.findings if one.verdict == "violation"}
    assert rules == (set() if guarded else {"stale-worker-chunk"}), found.findings
    told = [json.loads(line) for line in path.read_bytes().splitlines() if b'"CONTROL"' in line]
    assert [event["data"]["do"] for event in told if event["message_type"] == "CONTROL"] == [
        "take",
        "break",
        "hit",
        "overtake",
        "release",
        "let_go",
    ]
