"""What fails is told, ends its turn, and leaves the assistant usable."""

from __future__ import annotations

import asyncio

import pytest

from backend.assistant import tools as tools_module
from backend.assistant.text_queue import TextQueueManager
from backend.models import Scripted, ScriptedModel, ToolCall
from tests.support.assistant import FakeVoice, Rig, assert_sound, assistant


async def assert_recovered(rig: Rig, component: str) -> None:
    """An error event with what was done, a word to the user, IDLE, and the next turn works."""
    assert await rig.say("and now?") == "answered"
    await rig.bus.idle()
    rig.bus.tap.drain()
    errors = [event.payload() for event in rig.record.of("error", component="overseer")]
    assert [error["component"] for error in errors] == [component]
    assert errors[0]["recovery_action"]
    told = [event.payload() for event in rig.record.of("message_published", "SYSTEM_MESSAGE")]
    assert [(message["about"], message["level"]) for message in told] == [(component, "error")]
    assert rig.record.transitions("overseer")[-1] == ("BOT_SPEAKING", "IDLE")


@pytest.mark.parametrize("chunks", [(), ("I was about ", "to say. ", "But then ")])
async def test_a_failing_model_ends_its_turn_and_only_that(chunks: tuple[str, ...]) -> None:
    """Before the first word or in the middle: stream_error, recovery, and the next turn is answered."""
    model = ScriptedModel([Scripted(chunks, error="the weights are gone"), Scripted(("Yes.",))])
    async with assistant(model) as rig:
        assert await rig.say("hello") == "failed"
        await assert_recovered(rig, "llm_orchestrator")
    ends = [event.payload()["event"] for event in rig.record.of("message_published", "LLM_EVENT")]
    assert ends == ["stream_started", "stream_error", "stream_started", "stream_finished"]
    assert_sound(rig.record)


async def test_a_voice_that_breaks_ends_its_worker_as_failed() -> None:
    """TTS_SESSION_ERROR and a worker that completes as failed; the next turn has a new one."""
    model = ScriptedModel([Scripted(("All is fine. Then it breaks. And more.",)), Scripted(("Yes.",))])
    async with assistant(model, voice=FakeVoice(fail_on="breaks"), pace=0.1) as rig:
        assert await rig.say("hello") == "failed"
        await assert_recovered(rig, "tts_orchestrator")
    ends = [event.payload() for event in rig.record.of("message_published", "TTS_WORKER_COMPLETED")]
    assert [end["status"] for end in ends] == ["failed", "ok"]
    assert_sound(rig.record)


async def test_a_handler_that_raises_is_isolated_and_recovered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bus reports the handler with its trace, others go on, and the overseer ends the turn."""
    original = TextQueueManager._answer
    failures = iter([True])

    def fails_once(self: TextQueueManager, request: object) -> None:
        if next(failures, False):
            raise ValueError("the queue is upside down")
        original(self, request)  # type: ignore[arg-type]

    monkeypatch.setattr(TextQueueManager, "_answer", fails_once)
    async with assistant(ScriptedModel([Scripted(("Yes.",))], loop=True)) as rig:
        assert await rig.say("hello") == "failed"
        await assert_recovered(rig, "text_queue_manager")
    failed = [e for e in rig.record.of("message_handled") if e.payload()["outcome"] == "error"]
    assert [event.component for event in failed] == ["text_queue_manager"]
    assert "upside down" in failed[0].payload()["stack_trace"]
    assert_sound(rig.record)


async def _slow(_arguments: object) -> str:
    await asyncio.Event().wait()
    return ""


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (ToolCall("1", "calculate", {"expression": "1 / 0"}), "division by zero"),
        (ToolCall("1", "calculate", {"expression": "__import__('os')"}), "only numbers"),
        (ToolCall("1", "get_time", {"timezone": "Mars/Olympus"}), "no time zone"),
        (ToolCall("1", "switch_agent", {"agent": "nobody"}), "no agent 'nobody'"),
        (ToolCall("1", "make_tea", {}), "no tool 'make_tea'"),
    ],
)
async def test_a_tool_that_fails_is_an_answer_to_the_model(call: ToolCall, told: str) -> None:
    """The turn goes on: the model is told what did not work, and speaks."""
    model = ScriptedModel([Scripted(tool_calls=(call,)), Scripted(("Sorry.",))])
    async with assistant(model) as rig:
        assert await rig.say("do it") == "answered"
    assert told in model.asked[1].messages[-1].content
    assert_sound(rig.record)


async def test_a_tool_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time the model is told so, and the turn ends."""
    monkeypatch.setattr("backend.assistant.llm._TOOL_SECONDS", 0.01)
    hanging = tools_module.Tool(tools_module.calculator().spec, _slow)
    monkeypatch.setattr("backend.assistant.assembly.calculator", lambda: hanging)
    model = ScriptedModel([Scripted(tool_calls=(ToolCall("1", "calculate", {}),)), Scripted(("Sorry.",))])
    async with assistant(model) as rig:
        assert await rig.say("think") == "answered"
    assert "took more than" in model.asked[1].messages[-1].content


async def test_a_model_that_only_calls_tools_is_stopped() -> None:
    """The loop of tools has an end, and the turn too."""
    model = ScriptedModel([Scripted(tool_calls=(ToolCall("1", "get_time", {}),))], loop=True)
    async with assistant(model) as rig:
        assert await rig.say("loop") == "answered"
    assert len(model.asked) == 4
    assert_sound(rig.record)


async def test_a_sink_that_fails_ends_the_sound_of_its_turn_and_no_more() -> None:
    """A full disk: told, the turn is over as interrupted, and the next one is played."""
    model = ScriptedModel([Scripted(("One two three.",)), Scripted(("Four.",))])
    async with assistant(model) as rig:
        rig.sink.fail_after = 1
        assert await rig.say("count") in ("interrupted", "failed")
        rig.sink.fail_after = None
        assert await rig.say("on") == "answered"
    errors = rig.record.of("error", component="audio_output")
    assert [error.payload()["error_message"] for error in errors] == ["no space left"]
    assert rig.record.of("message_published", "SYSTEM_MESSAGE")
    assert_sound(rig.record)


async def test_a_model_that_breaks_its_word_fails_its_own_turn_only() -> None:
    """An error that is no ModelError: its turn is given up, and does not reach into the next."""

    def script(asked: object) -> Scripted:
        if len(model.asked) == 1:
            raise KeyError("choices")
        return Scripted(("Yes.",))

    model = ScriptedModel(script)
    async with assistant(model) as rig:
        assert await rig.say("one") == "failed"
        assert await rig.say("two") == "answered"
    assert_sound(rig.record)
