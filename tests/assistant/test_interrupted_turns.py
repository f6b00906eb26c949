"""What is under way when a turn ends or begins: dropped by everybody at once, or waited for."""

from __future__ import annotations

import asyncio

import pytest

from backend.assistant.component import stop_task
from backend.assistant.turns import Turns
from backend.events import Blob
from backend.events.messages import ChunkResponse, Message, RequestNextChunk, TtsAudioChunk
from backend.models import Scripted, ScriptedModel
from backend.tap import turn_scope, within
from tests.support.assistant import RATE, FakeVoice, assistant

STORY = Scripted(tuple(f"Sentence number {number} is told. " for number in range(30)))
UNDER_WAY: tuple[tuple[Message, str], ...] = (
    (TtsAudioChunk("s1-w1", 99, 0, 2, 100.0, RATE, "heart", Blob(b"\0\0")), "audio_output"),
    (ChunkResponse("s1-w1", "s1-w1.r99", 99, "more", is_final=False, queued=0), "tts_orchestrator"),
    (RequestNextChunk("s1-w1", "s1-w1.r99", 99), "text_queue_manager"),
)


@pytest.mark.parametrize(("message", "component"), UNDER_WAY, ids=lambda value: getattr(value, "NAME", None))
async def test_what_was_sent_before_a_barge_in_is_dropped_when_it_comes_first(
    message: Message, component: str
) -> None:
    """It lies in the mailbox before the barge-in; by then another component may have stopped the worker."""
    async with assistant(ScriptedModel([STORY], loop=True), voice=FakeVoice(0.01), pace=1.0) as rig:
        assert await rig.speaks(rig.session.user.say("one"))
        with within(turn_scope("s1", "ada", 1, "STT_USER_STARTED_SPEAKING")):
            sent = rig.bus.publish(message, rig.session.user.probe)
        rig.session.user.say("two")
        await rig.bus.idle()
    (received,) = [
        event
        for event in rig.record.of("message_received", message.message_type, component)
        if event.cause == sent
    ]
    (handled,) = [event for event in rig.record.of("message_handled") if event.task == received.task]
    assert handled.payload()["dropped"] is True
    assert handled.payload()["reason"] == "turn 1 is over"


async def test_a_task_that_is_stopped_before_it_began_begins_and_says_that_it_ended() -> None:
    """A worker that was never heard of would be one that nobody knows has gone."""
    told: list[str] = []

    async def work() -> None:
        told.append("begun")
        try:
            await asyncio.sleep(60)
        finally:
            told.append("ended")

    task = asyncio.create_task(work())
    await stop_task(task, "not wanted any more")
    assert told == ["begun", "ended"]
    assert task.cancelled()


async def test_who_is_cancelled_while_it_stops_a_task_has_stopped_it() -> None:
    """The task is cancelled all the same."""
    task = asyncio.create_task(asyncio.sleep(60))
    stopping = asyncio.create_task(stop_task(task, "the session ends"))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    stopping.cancel()
    await asyncio.wait({stopping, task}, timeout=5)
    assert task.cancelled()
    assert stopping.cancelled()


def test_turns_are_over_that_were_given_up_or_followed() -> None:
    """What belongs to no turn is never too late."""
    turns = Turns()
    turns.begin(3)
    turns.begin(2)
    assert [turns.over(turn) for turn in (None, 2, 3, 4)] == [False, True, False, False]
    turns.give_up(3)
    assert [turns.over(turn) for turn in (None, 3, 4)] == [False, True, False]


async def test_a_turn_that_begins_after_a_hand_off_is_the_new_agents() -> None:
    """Even where the hand-off still lies in the mailbox."""
    async with assistant(ScriptedModel([])) as rig:
        rig.session.user.hand_off("storyteller")
        assert (await rig.session.agents.config_for_turn()).agent_id == "storyteller"
