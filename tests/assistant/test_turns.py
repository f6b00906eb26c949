"""Turns of the assistant, from the first word to the last sound, as their record tells them."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.assistant.states import CONVERSATION, PLAYBACK, WORKER, IllegalTransitionError, StateMachine
from backend.events.messages import CompleteTranscript
from backend.models import Scripted, ScriptedModel, ToolCall
from backend.tap import Probe, Tap, turn_scope, within
from tests.support.assistant import FakeVoice, Record, assert_sound, assistant

STORY = tuple(f"Sentence number {number} is told. " for number in range(30))


async def test_an_answered_turn_walks_the_whole_table() -> None:
    """IDLE → HUMAN_SPEAKING → THINKING → BOT_SPEAKING → IDLE, and the sink got the audio."""
    async with assistant(ScriptedModel([Scripted(("Hello ", "there."))])) as rig:
        assert await rig.say("hi") == "answered"
    assert rig.record.transitions("overseer") == [
        ("IDLE", "HUMAN_SPEAKING"),
        ("HUMAN_SPEAKING", "THINKING"),
        ("THINKING", "BOT_SPEAKING"),
        ("BOT_SPEAKING", "IDLE"),
    ]
    assert rig.sink.pieces == 2
    assert rig.sink.closed
    assert_sound(rig.record)


async def test_all_that_a_turn_causes_carries_its_correlation_id() -> None:
    """One id for every message of the turn, from the door to the loudspeaker."""
    async with assistant(ScriptedModel([Scripted(("Yes.",))], loop=True)) as rig:
        await rig.say("one")
        await rig.say("two")
    for turn in (1, 2):
        messages = [event for event in rig.record.of("message_published") if event.turn == turn]
        assert {event.correlation_id for event in messages} == {f"s1_{turn}_STT_USER_STARTED_SPEAKING"}
        kinds = {event.message_type for event in messages}
        assert {"COMPLETE_TRANSCRIPT", "LLM_RAW_CHUNK", "TTS_AUDIO_CHUNK", "AUDIO_OUTPUT_COMPLETE"} <= kinds


async def test_every_event_but_the_roots_names_a_cause_in_the_record() -> None:
    """Only the beginning of the recording has none."""
    async with assistant(ScriptedModel([Scripted(("Yes.",))])) as rig:
        await rig.say("one")
    roots = [event.message_type for event in rig.record.events if event.cause is None]
    assert roots == ["RECORDING_STARTED"]
    assert_sound(rig.record)


async def test_nothing_understood_goes_back_to_idle_without_asking_the_model() -> None:
    """A cough is a turn of its own that ends as empty."""
    model = ScriptedModel([])
    async with assistant(model) as rig:
        await rig.say("   ")
    assert model.asked == []
    assert rig.record.transitions("overseer")[-1] == ("HUMAN_SPEAKING", "IDLE")


async def test_an_answer_without_words_ends_the_turn() -> None:
    """The model says only what cannot be spoken: no sound, and back to IDLE."""
    async with assistant(ScriptedModel([Scripted(("```code```",))])) as rig:
        assert await rig.say("write code") == "answered"
    assert rig.record.transitions("overseer")[-1] == ("THINKING", "IDLE")
    assert rig.record.of("message_published", "TTS_BOT_STARTED_SPEAKING") == []
    assert_sound(rig.record)


async def test_barge_in_stops_model_voice_and_playback() -> None:
    """The interrupted turn: stream cancelled at its source, worker cancelled, playback over, once each."""
    model = ScriptedModel([Scripted(STORY, delay=0.005), Scripted(("Fine.",))])
    async with assistant(model, pace=0.3) as rig:
        story = rig.session.user.say("tell me a story")
        assert await rig.speaks(story)
        assert await rig.say("stop") == "answered"
        assert await rig.ended(story) == "interrupted"
    record = rig.record
    assert model.closed_early == 1
    ends = [event.payload() for event in record.of("message_published", "TTS_WORKER_COMPLETED")]
    assert [end["status"] for end in ends] == ["cancelled", "ok"]
    played = record.of("message_published", "AUDIO_OUTPUT_COMPLETE")
    assert [(event.turn, event.payload()["interrupted"]) for event in played] == [(1, True), (2, False)]
    assert ("BOT_SPEAKING", "HUMAN_SPEAKING") in record.transitions("overseer")
    assert_no_sound_of_interrupted_turns(record)
    assert_sound(record)


def assert_no_sound_of_interrupted_turns(record: Record) -> None:
    """After audio_output handled the speech of turn n, no piece of an earlier turn starts."""
    current = 0
    for event in record.events:
        if event.component != "audio_output":
            continue
        if event.event_type == "message_handled" and event.message_type == "STT_USER_STARTED_SPEAKING":
            current = event.turn or 0
        starts = event.message_type == "AUDIO_PLAYING"
        taken = (
            event.event_type == "message_handled"
            and event.message_type == "TTS_AUDIO_CHUNK"
            and not event.payload().get("dropped")
        )
        if starts or taken:
            assert (event.turn or 0) >= current


async def test_barge_in_while_the_assistant_thinks_cancels_the_answer() -> None:
    """No audio yet: the turn is given up through IDLE, and the next one is answered."""
    model = ScriptedModel([Scripted(("Late.",), first_delay=5.0), Scripted(("Soon.",))])
    async with assistant(model) as rig:
        first = rig.session.user.say("one")
        async with asyncio.timeout(5):
            await model.was_asked(1)
        assert await rig.say("two") == "answered"
        assert await rig.ended(first) == "interrupted"
    walked = rig.record.transitions("overseer")
    assert ("THINKING", "IDLE") in walked
    assert ("THINKING", "HUMAN_SPEAKING") not in walked
    assert_sound(rig.record)


@pytest.mark.parametrize("seed", range(6))
async def test_barge_in_at_any_moment_breaks_no_rule(seed: int) -> None:
    """A storm of turns, each cutting into the one before at a random time."""
    dice = random.Random(seed)
    model = ScriptedModel(
        lambda _asked: Scripted(STORY[: dice.randint(1, 12)], delay=dice.choice((0, 0.001, 0.004)))
    )
    voice = FakeVoice(delay=dice.choice((0.0, 0.002)))
    async with assistant(model, voice=voice, pace=0.02) as rig:
        for number in range(12):
            turn = rig.session.user.say(f"turn {number}")
            with_timeout = asyncio.wait_for(rig.session.user.turn_ended(turn), dice.random() * 0.06)
            await asyncio.gather(with_timeout, return_exceptions=True)
        assert await rig.say("the last one") == "answered"
    assert_no_sound_of_interrupted_turns(rig.record)
    assert_sound(rig.record)


async def test_a_message_of_a_turn_that_is_over_is_dropped_and_says_so() -> None:
    """A late transcript of turn 1 after turn 2 began does nothing but report itself dropped."""
    async with assistant(ScriptedModel([Scripted(("Yes.",))], loop=True)) as rig:
        await rig.say("one")
        await rig.say("two")
        port = rig.session.user.port
        with within(turn_scope("s1", "ada", 1, "STT_USER_STARTED_SPEAKING")):
            port.publish(CompleteTranscript("late"))
        await rig.bus.idle()
    last = rig.record.of("message_handled", "COMPLETE_TRANSCRIPT", "overseer")[-1]
    assert last.payload()["dropped"] is True
    assert "turn 1 is over" in last.payload()["reason"]


async def test_two_sessions_do_not_hear_each_other() -> None:
    """Each session's components get that session's messages only."""
    from backend.assistant import open_session
    from tests.support.assistant import FakeSink

    async with assistant(ScriptedModel(lambda asked: Scripted((f"Re {asked[-1].content}.",)))) as rig:
        other = open_session(rig.bus, rig.engines, "s2", "grace", FakeSink(), pace=0.0)
        turns = (rig.session.user.say("one"), other.user.say("two"))
        await rig.ended(turns[0])
        async with asyncio.timeout(10):
            assert await other.user.turn_ended(turns[1]) == "answered"
        await rig.bus.idle()
        await other.close()
    for event in rig.record.of("message_received"):
        cause = next(e for e in rig.record.events if e.id == event.cause)
        assert cause.session_id == event.session_id
    assert_sound(rig.record)


@given(st.lists(st.sampled_from(("IDLE", "HUMAN_SPEAKING", "THINKING", "BOT_SPEAKING")), max_size=12))
def test_a_state_machine_takes_only_the_edges_of_its_table(wanted: list[str]) -> None:
    """Listed edges are taken and recorded; others are refused and change nothing."""
    record = Record()
    tap = Tap("test", sinks=(record,))
    tap.start()
    machine = StateMachine(CONVERSATION, Probe(tap, "overseer"))
    walked = []
    for new in wanted:
        old = machine.state
        if new in CONVERSATION[old]:
            machine.to(new, "asked")
            walked.append((old, new))
        else:
            with pytest.raises(IllegalTransitionError, match=new):
                machine.to(new, "asked")
            assert machine.state == old
    tap.close()
    assert record.transitions("overseer") == walked


@pytest.mark.parametrize("table", [CONVERSATION, WORKER, PLAYBACK])
def test_every_state_of_a_table_can_come_back_to_idle(table: dict[str, frozenset[str]]) -> None:
    """IDLE is reachable from everywhere: no error can leave a machine stuck."""
    for state in table:
        seen = {state}
        while not seen >= (more := set().union(*(table[name] for name in seen))):
            seen |= more
        assert "IDLE" in seen


async def test_tool_results_go_back_to_the_model_until_it_answers_in_words() -> None:
    """Two rounds of tools, then text; each call and result is in the record."""
    model = ScriptedModel(
        [
            Scripted(tool_calls=(ToolCall("1", "calculate", {"expression": "12 * 7"}),)),
            Scripted(tool_calls=(ToolCall("2", "get_time", {}),)),
            Scripted(("Eighty four.",)),
        ]
    )
    async with assistant(model) as rig:
        assert await rig.say("what is 12 times 7, and how late is it?") == "answered"
    events = [event.payload() for event in rig.record.of("message_published", "LLM_EVENT")]
    assert [event["event"] for event in events] == [
        *("stream_started", "stream_finished", "tool_call", "tool_result"),
        *("stream_started", "stream_finished", "tool_call", "tool_result"),
        *("stream_started", "stream_finished"),
    ]
    assert events[3]["result"] == "12 times 7 is 84"
    assert events[1]["finish_reason"] == "tool_calls"
    last = model.asked[-1].messages
    assert [message.role for message in last[-4:]] == ["assistant", "tool", "assistant", "tool"]
    assert_sound(rig.record)
