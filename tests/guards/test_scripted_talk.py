"""Conversations whose turns do not end, or begin upon a message; and faults that end with their turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Self

import pytest

from backend.conversation import LiveVoice, MessageWatch, Outcome, Script, Stage, Step, hold_conversation
from backend.conversation.script import Part
from backend.errors import UserError
from backend.models import Scripted, ScriptedModel
from tests.support.assistant import FakeSink, Rig, assistant

LATE = Scripted(("Too late.",), first_delay=5.0)
SOON = Scripted(("Yes.",))


class Deaf:
    """A listener that hears nothing and is done: the user types."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[Any]:
        return
        yield


class Counted:
    """A fault that tells how often it was begun and ended, and in which order."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def begin(self) -> None:
        self.told.append("begin")

    def end(self) -> None:
        self.told.append("end")


def typed(text: str, **more: Any) -> Step:
    return Step.model_validate({"type": text, **more})


async def talk(rig: Rig, *steps: Step, fault: Counted | None = None, **how: Any) -> Outcome:
    part = Part(session="s1", user="ada", steps=steps)
    watch = MessageWatch()
    rig.bus.tap.add_sink(watch)
    script = Script(about="a test", parts=(part,), **how)
    stage = Stage(script, watch, {"lock_memory": fault} if fault else {})
    return await hold_conversation(rig.session, part, LiveVoice(FakeSink()), Deaf(), stage)  # type: ignore[arg-type]


async def test_a_turn_that_does_not_end_is_given_up_and_the_talk_goes_on() -> None:
    """With `gives_up` the user says the next thing after their patience; the outcome tells of it."""
    async with assistant(ScriptedModel([LATE, SOON])) as rig:
        held = await talk(rig, typed("one"), typed("two"), patience_seconds=1.0, gives_up=True)
    assert [(turn.turn, turn.said, turn.ended) for turn in held.turns] == [
        (1, "one", "given up"),
        (2, "two", "answered"),
    ]


async def test_a_turn_that_does_not_end_is_otherwise_an_error() -> None:
    """It names the step and the patience."""
    async with assistant(ScriptedModel([LATE])) as rig:
        with pytest.raises(UserError, match=r"the last turn did not end within 0\.2 s"):
            await talk(rig, typed("one"), patience_seconds=0.2)


async def test_a_message_that_does_not_come_is_an_error_that_names_the_step() -> None:
    """The turn before never had audio."""
    waits = typed("two", when="message", message="TTS_AUDIO_CHUNK", after_ms=0)
    async with assistant(ScriptedModel([LATE, SOON])) as rig:
        with pytest.raises(UserError, match="step 2 of session s1: what it waits for did not come"):
            await talk(rig, typed("one"), waits, patience_seconds=0.2)


async def test_a_step_begins_upon_its_message() -> None:
    """The first turn is interrupted in its middle."""
    waits = typed("two", when="message", message="BEGIN_AI_TURN", after_ms=0)
    async with assistant(ScriptedModel([LATE, SOON])) as rig:
        held = await talk(rig, typed("one"), waits)
    assert [turn.ended for turn in held.turns] == ["interrupted", "answered"]


async def test_a_fault_ends_with_its_turn() -> None:
    """Also where the talk breaks off; one that is not to be had does not happen."""
    fault = Counted()
    async with assistant(ScriptedModel([SOON, SOON])) as rig:
        await talk(rig, typed("one", fault="lock_memory"), typed("two"), fault=fault)
    assert fault.told == ["begin", "end"]
    async with assistant(ScriptedModel([LATE])) as rig:
        with pytest.raises(UserError):
            await talk(rig, typed("one", fault="lock_memory"), fault=fault, patience_seconds=0.2)
    assert fault.told == ["begin", "end"] * 2
    async with assistant(ScriptedModel([SOON])) as rig:
        held = await talk(rig, typed("one", fault="kill_model"))
    assert [turn.ended for turn in held.turns] == ["answered"]
