"""The recordings that come with the project are sound, and show what their README says."""

from __future__ import annotations

import pytest

from backend.events import Event, decode_line
from tests.support.samples import SAMPLES

NAMES = ("three_turns", "barge_in", "hand_off", "tool_call", "llm_error", "two_sessions")


def load(name: str) -> list[Event]:
    return [decode_line(line) for line in (SAMPLES / f"{name}.jsonl").read_bytes().splitlines()]


def published(events: list[Event], message_type: str) -> list[Event]:
    return [e for e in events if e.event_type == "message_published" and e.message_type == message_type]


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_whole_and_its_causes_are_in_it(name: str) -> None:
    """Gapless, every cause known, every receive handled, begun and ended."""
    events = load(name)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    ids = {event.id for event in events}
    assert len(ids) == len(events)
    assert [event.id for event in events if event.cause is not None and event.cause not in ids] == []
    assert [event.message_type for event in events if event.cause is None] == ["RECORDING_STARTED"]
    received = sorted(str(event.task) for event in events if event.event_type == "message_received")
    handled = sorted(str(event.task) for event in events if event.event_type == "message_handled")
    assert received == handled
    assert events[0].message_type == "RECORDING_STARTED"
    assert events[-1].message_type == "RECORDING_ENDED"
    assert events[-1].payload()["count"] == len(events)


def test_the_ordinary_conversation_answers_three_turns() -> None:
    """Three turns, none interrupted, no error."""
    events = load("three_turns")
    ends = published(events, "AUDIO_OUTPUT_COMPLETE")
    assert [(event.turn, event.payload()["interrupted"]) for event in ends] == [
        (1, False),
        (2, False),
        (3, False),
    ]
    assert [event for event in events if event.severity == "error"] == []


def test_the_barge_in_stops_the_answer() -> None:
    """Turn 1 is interrupted while the bot speaks, and no more of it is played; turn 2 is answered."""
    events = load("barge_in")
    ends = published(events, "AUDIO_OUTPUT_COMPLETE")
    assert [(event.turn, event.payload()["interrupted"]) for event in ends] == [(1, True), (2, False)]
    changes = [e.payload() for e in events if e.event_type == "state_change" and e.component == "overseer"]
    assert ("BOT_SPEAKING", "HUMAN_SPEAKING") in [(change["from"], change["to"]) for change in changes]
    heard = [
        event.seq
        for event in events
        if (event.event_type, event.component) == ("message_handled", "audio_output")
        and event.message_type == "STT_USER_STARTED_SPEAKING"
    ]
    played = [(event.turn, event.seq) for event in events if event.message_type == "AUDIO_PLAYING"]
    assert {turn for turn, _ in played} == {1, 2}
    assert all((seq or 0) < (heard[1] or 0) for turn, seq in played if turn == 1)
    stopped = published(events, "TTS_WORKER_COMPLETED")[0]
    assert (stopped.turn, stopped.payload()["status"]) == (1, "cancelled")


def test_the_hand_off_changes_agent_and_voice() -> None:
    """AGENT_CHANGED; the turn it was asked in keeps its configuration, the next has another."""
    events = load("hand_off")
    change = published(events, "AGENT_CHANGED")[0].payload()
    assert change["to_agent"] == "storyteller"
    ready = [event.payload() for event in published(events, "TTS_SESSION_READY")]
    assert [data["config_version"] for data in ready] == [1, 1, 2]
    assert (ready[2]["agent_id"], change["config_version"]) == ("storyteller", 2)
    assert ready[2]["voice_id"] == change["voice_id"] != ready[1]["voice_id"]


def test_the_tool_call_reaches_the_calculator() -> None:
    """A tool_call with its result, between two streams of one turn."""
    told = [event.payload() for event in published(load("tool_call"), "LLM_EVENT") if event.turn == 1]
    stream = ["stream_started", "stream_finished"]
    assert [data["event"] for data in told] == [*stream, "tool_call", "tool_result", *stream]
    assert "is 84" in told[3]["result"]


def test_the_model_error_is_recovered() -> None:
    """stream_error in turn 1, an error event with what was done, IDLE again, and turn 2 is answered."""
    events = load("llm_error")
    assert any(event.payload()["event"] == "stream_error" for event in published(events, "LLM_EVENT"))
    assert [e for e in events if e.event_type == "error" and e.payload().get("recovery_action")]
    changes = [e for e in events if e.event_type == "state_change" and e.component == "overseer"]
    assert [e.payload()["to"] for e in changes if e.turn == 1][-1] == "IDLE"
    assert published(events, "SYSTEM_MESSAGE")[0].turn == 1
    assert published(events, "AUDIO_OUTPUT_COMPLETE")[-1].turn == 2


def test_the_two_sessions_overlap_in_time() -> None:
    """Both sessions have turns, the second begins before the first ends, and no message crosses over."""
    events = load("two_sessions")
    spans = {
        session: [event.timestamp for event in events if event.session_id == session and event.turn]
        for session in ("s1", "s2")
    }
    assert spans["s2"][0] < spans["s1"][-1]
    assert spans["s1"][0] < spans["s2"][-1]
    sent = {event.id: event.session_id for event in events if event.event_type == "message_published"}
    received = [event for event in events if event.event_type == "message_received"]
    assert {event.session_id for event in received} == {"s1", "s2"}
    assert all(sent[event.cause] == event.session_id for event in received)
