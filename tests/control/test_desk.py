"""The desk: one controller, with a right and a lease; what it may send, and what everybody is told."""

from __future__ import annotations

import asyncio
import itertools

import msgspec
import pytest
from msgspec import Raw

from backend.control import Desk
from backend.events.messages import TtsAudioChunk
from backend.tap import Scope, Tap
from backend.wire.control import (
    Alive,
    Break,
    ControlState,
    Delay,
    Hold,
    Inject,
    LetGo,
    Pace,
    Pause,
    Resume,
    Take,
    Unbreak,
)
from tests.control.hands import Program, played, settled
from tests.tap.kept import Kept


def test_control_is_taken_by_one_at_a_time() -> None:
    """The second is told who has it and for how long; after that one let go, or left, it may have it."""

    async def program(made: Program) -> None:
        other = made.desk.seat("10.0.0.2:6", allowed=True)
        assert made.refused(Pause()) == "take control first"
        made.do(Take("ann\n\x1b[31m"))
        assert made.by == "ann [31m"
        await asyncio.sleep(5)
        told = "ann [31m (10.0.0.1:5, for 5 s) has control"
        assert made.refused(Take("bob"), other) == f"{told}: it has to let go first"
        assert made.refused(Pause(), other) == told
        other.leave()
        assert made.mode == "running"
        made.do(LetGo())
        assert made.refused(LetGo()) == "take control first"
        assert made.ask(Take("bob"), other).ok
        other.leave()
        assert made.state == ControlState()
        assert [(event.payload()["do"], event.payload()["by"]) for event in made.told("take")] == [
            ("take", "ann [31m"),
            ("take", "bob"),
        ]
        (lost,) = made.told("lost")
        assert (lost.severity, lost.component) == ("warning", "message_bus")

    played(program, take=False)


async def test_a_feed_in_another_thread_than_the_bus_cannot_control_it() -> None:
    """Mailboxes belong to one thread: that is said, where they would be damaged."""
    async with Tap("app") as tap:
        made = Program(tap, Kept())
        refused = await asyncio.to_thread(made.refused, Take("ann"))
        assert "another thread" in refused
        await made.bus.close()


def test_without_the_right_nothing_is_done() -> None:
    """Not even taking; the answer says what is needed."""

    async def program(made: Program) -> None:
        seat = made.desk.seat("10.0.0.2:6", allowed=False)
        for request in (Take("bob"), Pause(), Alive(), LetGo()):
            assert "needs the control token" in made.refused(request, seat)
        assert made.bus.gate is None

    played(program, take=False)


def test_a_controller_that_says_nothing_loses_control() -> None:
    """Each word renews its lease, and taking again changes it; what an observer says has no part in it."""

    async def program(made: Program) -> None:
        other = made.desk.seat("10.0.0.2:6", allowed=True)
        made.do(Take("ann", 10))
        for _ in range(3):
            await asyncio.sleep(9)
            made.do(Alive())
        made.do(Take("ann", 30))
        await asyncio.sleep(29)
        assert made.ask(Alive(), other).ok
        assert made.by == "ann"  # still
        await asyncio.sleep(2)
        assert made.by is None
        (lost,) = made.told("lost")
        assert lost.payload()["why"] == "no sign of life for 30 s"

    played(program, take=False)


def test_losing_control_takes_everything_back() -> None:
    """Pause, holds, breaks, delays and the pace of the voice, at once."""
    paces: list[float] = []

    async def program(made: Program) -> None:
        desk = Desk(made.bus, set_pace=paces.append, timeouts=lambda: ["the model's answer (60 s)"])
        made.hand = desk.seat("10.0.0.1:5", allowed=True)
        made.desk = desk
        made.listen("a")
        for request in (Take("ann"), Pace(2.0), Delay("a", 3.0), Break("b", text="x"), Pause("finding 3")):
            made.do(request)
        made.publish(0)
        await settled()
        state = made.state
        assert (state.pace, state.delays, state.timeouts) == (2.0, {"a": 3.0}, ("the model's answer (60 s)",))
        assert (state.why, [one.name for one in state.breaks]) == ("finding 3", ["b"])
        made.hand.leave()
        await settled()
        assert made.got == ["a:0"]
        assert paces == [2.0, 1.0]
        assert made.state == ControlState()
        made.do(Take("ann"))
        assert made.state.breaks == ()

    played(program, take=False)


def test_what_makes_no_sense_is_refused_and_changes_nothing() -> None:
    """Each in one line that says what to do instead."""

    async def program(made: Program) -> None:
        made.do(Pause())
        assert made.refused(Pause()) == "the bus is paused already"
        made.do(Resume())
        assert made.refused(Resume()) == "the bus is not paused"
        assert made.refused(Pace(2.0)) == "this program has no voice to pace"
        assert made.refused(Unbreak("b")) == "there is no break 'b'"
        assert "does not wait" in made.refused(Hold(("\x1b[31m\n" * 30,)))

    played(program)


def inject(message_type: str, data: object, component: str = "writer", **more: object) -> Inject:
    raw = data if isinstance(data, Raw) else Raw(msgspec.json.encode(data))
    return Inject(message_type, component, raw, **more)  # type: ignore[arg-type]


def test_an_injected_message_is_one_like_any_other() -> None:
    """Checked, published in a component's name, in the turn that runs; its cause is what the hand did."""

    async def program(made: Program) -> None:
        made.listen("a")
        made.publish(1, turn=3)
        await settled()
        result = made.do(inject("CHUNK_AVAILABLE", {"chunk_index": 7, "queued": 0}, session_id="s1"))
        made.do(inject("CHUNK_AVAILABLE", {"chunk_index": 8, "queued": 0}, session_id="s1", turn=4))
        await settled()
        assert made.got == ["a:1", "a:7", "a:8"]
        made.bus.tap.drain()
        published = made.kept.one("message_published", chunk_index=7)
        assert (published.component, published.turn, published.cause) == ("writer", 3, result.event)
        assert published.correlation_id == "s1_3_STT_USER_STARTED_SPEAKING"
        assert made.kept.one("message_published", chunk_index=8).correlation_id == "s1_4_CHUNK_AVAILABLE"

    played(program)


def test_audio_is_injected_in_base64() -> None:
    """JSON has no form for bytes."""

    async def program(made: Program) -> None:
        heard: list[bytes] = []

        async def hear(message: TtsAudioChunk, _scope: Scope) -> None:
            heard.append(message.pcm.content)

        made.bus.attach("ear", session_id="s1").on(TtsAudioChunk, hear)
        whole = {
            "worker_id": "w",
            "audio_index": 0,
            "chunk_index": 0,
            "voice_id": "v",
            "sample_rate": 8000,
            "duration_ms": 1.0,
            "bytes": 4,
            "pcm": "AAEC",
        }
        known = {name: whole[name] for name in TtsAudioChunk.__struct_encode_fields__ if name in whole}
        made.do(inject("TTS_AUDIO_CHUNK", known))
        assert "base64" in made.refused(inject("TTS_AUDIO_CHUNK", known | {"pcm": "?"}))
        await settled()
        assert heard == [b"\x00\x01\x02"]

    played(program)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (inject("NO_SUCH", {}), "no message 'NO_SUCH'"),
        (inject("CHUNK_AVAILABLE", {"chunk_index": "x", "queued": 0}), "Expected `int`"),
        (inject("CHUNK_AVAILABLE", {"chunk_index": 1}), "missing required field `queued`"),
        (inject("CHUNK_AVAILABLE", {"chunk_index": 1, "queued": 0, "typo": 1}), "has no 'typo'"),
        (inject("CHUNK_AVAILABLE", [1, 2]), "Expected `object`"),
        (inject("CHUNK_AVAILABLE", None), "Expected `object`"),
        (inject("CHUNK_AVAILABLE", Raw(b"[" * 5000)), "the data is no CHUNK_AVAILABLE"),
        (inject("CHUNK_AVAILABLE", {"chunk_index": 1, "queued": 0}, "nobody"), "there are a, b, writer"),
        (inject("CHUNK_AVAILABLE", {"chunk_index": 1, "queued": 0}, session_id="s9"), "no session 's9'"),
        (inject("CHUNK_AVAILABLE", {"chunk_index": 1, "queued": 0}, "b"), "several sessions"),
    ],
)
def test_an_injected_message_that_fits_nothing_is_refused(asked: Inject, told: str) -> None:
    """Nothing of it reaches the bus."""

    async def program(made: Program) -> None:
        made.listen("a")
        made.listen("b")
        made.listen("b", session_id="s2")
        published = made.bus.published
        assert told in made.refused(asked)
        assert made.bus.published == published
        assert not made.told("inject")

    played(program)


def test_states_are_told_when_something_changes_and_not_too_often() -> None:
    """A burst of ten thousand messages is a state every 50 ms, and the last one is what is so in the end."""

    async def program(made: Program) -> None:
        told: list[tuple[float, int]] = []
        loop = asyncio.get_running_loop()

        def listener() -> None:
            state = msgspec.json.decode(made.desk.frame("json").data, type=ControlState)
            told.append((loop.time(), len(state.held) + state.more))

        made.desk.listen(listener)
        made.listen("a")
        made.do(Pause())
        for _ in range(100):
            made.publish(*range(10))
            await asyncio.sleep(0.002)
        await asyncio.sleep(1)
        times = [time for time, _ in told]
        gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert min(gaps) >= 0.0499
        assert told[-1][1] == 1000
        assert len(made.held) == 200
        told.clear()
        await asyncio.sleep(5)
        assert told == []

    played(program)
