"""Turns as they are read out of a log."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import decode_line
from debugger.analysis.turns import TurnIndex, latency_summary, to_json
from debugger.log import EventLog
from tests.support.examples import tried
from tests.support.voicelog import base_lines, voice_log

SAMPLES = Path(__file__).parents[2] / "sample_logs"
MS = 1_000_000


def log_of(lines: list[bytes]) -> EventLog:
    log = EventLog()
    if lines:
        log.append_many(lines, [decode_line(line) for line in lines])
    return log


def index_of(lines: list[bytes]) -> TurnIndex:
    index = TurnIndex(log_of(lines))
    index.advance(time.monotonic_ns, 10**12)
    assert index.complete
    return index


def sample(name: str) -> TurnIndex:
    return index_of((SAMPLES / f"{name}.jsonl").read_bytes().splitlines())


class Lines:
    """Writes events of one session, a millisecond apart unless told."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.at_ms = 1_000_000

    def add(self, message: str | None, ms: int = 1, turn: int | None = 1, **more: Any) -> Lines:
        self.at_ms += ms
        event = {
            "timestamp": self.at_ms / 1000,
            "event_type": "message_published",
            "component": "somebody",
            "message_type": message,
            "session_id": "s1",
            "direction": "publish",
            "turn": turn,
            "data": {},
        } | more
        self.lines.append(json.dumps(event).encode())
        return self

    def turn(self, number: int = 1, **end: Any) -> Lines:
        """A turn that took 10 ms to be understood and 30 ms more to be answered."""
        self.add("STT_USER_STOPPED_SPEAKING", turn=number)
        self.add("COMPLETE_TRANSCRIPT", 10, turn=number, data={"text": "how are you"})
        self.add("LLM_RAW_CHUNK", 20, turn=number, data={"text": "fine"})
        self.add("TTS_BOT_STARTED_SPEAKING", 10, turn=number)
        return self.add("AUDIO_OUTPUT_COMPLETE", 500, turn=number, data={"played": 3} | end)


# --- what really was recorded -----------------------------------------------------------------


def test_the_barge_in_recording_has_an_interrupted_turn_and_an_answered_one() -> None:
    """Figures as in the file's own events; the interruption is shown by the end of playback."""
    first, second = sample("barge_in").turns
    assert (first.status, second.status) == ("interrupted", "ok")
    assert first.said == "Please tell me a long story about the sea and an old fisherman."
    assert first.answered.startswith("The story of the sea and the old fisherman is one")
    assert second.answered == "The capital of France is Paris."
    lines = (SAMPLES / "barge_in.jsonl").read_bytes().splitlines()
    shown = json.loads(lines[first.status_row or 0])
    assert (shown["message_type"], shown["data"]["interrupted"]) == ("AUDIO_OUTPUT_COMPLETE", True)


def test_a_killed_model_makes_a_failed_turn_that_says_why() -> None:
    """The reason is the producer's; the next turn counts alone."""
    index = sample("llm_error")
    first, second = index.turns
    assert (first.status, second.status) == ("failed", "ok")
    assert "SIGKILL" in first.reason
    assert first.total_ns is None
    assert "first_audio" in first.missing
    assert index.summary().excluded == {"failed": 1}
    assert index.summary().total.values_ns == (second.total_ns,)


@pytest.mark.parametrize(
    "name", ["barge_in", "hand_off", "llm_error", "three_turns", "tool_call", "two_sessions"]
)
def test_totals_agree_with_what_the_assistant_measured_itself(name: str) -> None:
    """Its figure is taken when the overseer hears of the first audio: a little later, never earlier."""
    measured = {}
    for line in (SAMPLES / f"{name}.jsonl").read_bytes().splitlines():
        event = json.loads(line)
        if event["message_type"] == "PERFORMANCE":
            measured[event["session_id"], event["turn"]] = event["data"]["value"] * MS
    turns = sample(name).turns
    found = {(turn.session, turn.number): turn.total_ns for turn in turns if turn.total_ns is not None}
    assert found.keys() == measured.keys()
    for key, total in found.items():
        assert -MS < measured[key] - total < 20 * MS


def test_tools_agents_and_sessions_are_told() -> None:
    """Each turn has the agent that it used, not the one that it changed to."""
    assert [turn.tool_calls for turn in sample("tool_call").turns] == [1, 1]
    assert [turn.agent for turn in sample("hand_off").turns] == ["guide", "guide", "storyteller"]
    turns = [(turn.session, turn.number) for turn in sample("two_sessions").turns]
    assert turns == [("s1", 1), ("s2", 1), ("s2", 2), ("s1", 2)]


def test_stages_add_up_to_the_time_from_the_end_of_speech_to_the_end() -> None:
    """Every wait is in one stage, none in two."""
    for turn in sample("three_turns").turns:
        assert not turn.missing
        whole = turn.milestones["end"].timestamp_ns - turn.milestones["end_of_speech"].timestamp_ns
        assert sum(stage.duration_ns for stage in turn.stages) == whole
        spoken = [stage.duration_ns for stage in turn.stages if stage.until != "end"]
        assert sum(spoken) == turn.total_ns


def test_every_row_of_a_turn_leads_to_it() -> None:
    """Rows outside of any turn lead nowhere; counts are of the rows."""
    index = sample("two_sessions")
    found = [index.turn_at(row) for row in range(index.looked_at)]
    for number, turn in enumerate(index.turns):
        rows = [row for row, one in enumerate(found) if one == number]
        assert (rows[0], rows[-1], len(rows)) == (turn.first_row, turn.last_row, turn.events)
    assert found[0] is None
    assert index.turn_at(10**9) is None
    assert index.turn_at(-1) is None


# --- however it is taken in ---------------------------------------------------------------------


@tried(10)
@given(seed=st.integers(1, 50), pieces=st.lists(st.integers(1, 400), max_size=12), base=st.booleans())
def test_turns_are_the_same_however_the_log_came(seed: int, pieces: list[int], base: bool) -> None:
    """Taken in as it grows, in pieces of any size, or at once."""
    events = voice_log(seed, turns=2, sessions=2)
    lines = base_lines(events).splitlines() if base else [msgspec.json.encode(event) for event in events]
    whole = index_of(lines)
    log = EventLog()
    index = TurnIndex(log)
    for piece in [*pieces, len(lines)]:
        some = lines[len(log) : len(log) + piece]
        if some:
            log.append_many(some, [decode_line(line) for line in some])
        index._chunk = piece
        index.advance(lambda: 0, 1)
        _ = list(index.turns), index.summary()  # what is asked meanwhile must not stick
    assert list(index.turns) == list(whole.turns)
    assert index.summary() == whole.summary() == latency_summary(whole.turns)
    assert [index.turn_at(row) for row in range(len(log))] == [whole.turn_at(row) for row in range(len(log))]


def test_the_base_format_has_the_same_turns() -> None:
    """Without `turn`, the correlation says it."""
    events = voice_log(3)
    full = index_of([msgspec.json.encode(event) for event in events])
    base = index_of(base_lines(events).splitlines())
    assert [turn.number for turn in base.turns] == [turn.number for turn in full.turns]
    assert [turn.said for turn in base.turns] == [turn.said for turn in full.turns]
    assert [turn.status for turn in base.turns] == [turn.status for turn in full.turns]
    assert {turn.status for turn in base.turns} >= {"ok", "interrupted"}


def test_a_budget_ends_a_call_and_the_next_goes_on() -> None:
    """One chunk at least, and no more than the time allows."""
    lines = [line for line in Lines().add("PARTIAL_TRANSCRIPT").lines for _ in range(5000)]
    index = TurnIndex(log_of(lines))
    ticks = iter(range(0, 10**12, 10**9))
    assert index.advance(lambda: next(ticks), 1)
    assert 0 < index.looked_at < 5000
    assert not index.complete
    while not index.complete:
        index.advance(lambda: next(ticks), 1)
    assert index.turns[0].events == 5000
    assert not index.advance(lambda: next(ticks), 1)


def test_a_live_turn_is_open_until_it_ends() -> None:
    """And what it is said to have is what has come."""
    lines = Lines().turn().lines
    log = log_of(lines[:2])
    index = TurnIndex(log)
    index.advance(lambda: 0, 1)
    assert (index.turns[0].status, index.turns[0].said, index.turns[0].total_ns) == (
        "open",
        "how are you",
        None,
    )
    log.append_many(lines[2:], [decode_line(line) for line in lines[2:]])
    index.advance(lambda: 0, 1)
    assert (index.turns[0].status, index.turns[0].total_ns) == ("ok", 40 * MS)


# --- status ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "status", "reason"),
    [
        (Lines().turn(), "ok", ""),
        (Lines().turn(interrupted=True), "interrupted", "spoke"),
        (Lines().turn(played=0), "cancelled", "nothing was played"),
        (Lines().add("COMPLETE_TRANSCRIPT", data={"text": " "}), "cancelled", "no words"),
        (Lines().add("LLM_EVENT", data={"event": "llm_stream_error", "error": "gone"}), "failed", "gone"),
        (
            Lines().add("LLM_EVENT", data={"event": "stream_cancelled", "reason": "barge-in"}),
            "cancelled",
            "barge-in",
        ),
        (
            Lines().add("TTS_WORKER_COMPLETED", data={"status": "failed"}),
            "failed",
            "TTS_WORKER_COMPLETED failed",
        ),
        (Lines().add("TTS_SESSION_ERROR", data={"error_message": "no voice"}), "failed", "no voice"),
        (Lines().add(None, event_type="error", data={"error_type": "KeyError"}), "failed", "KeyError"),
        (
            Lines().add("TTS_WORKER_COMPLETED", data={"status": "failed"}).turn(),
            "ok",
            "recovered from: TTS_WORKER_COMPLETED failed",
        ),
        (Lines().turn().add(None, event_type="error", data={"error_type": "Late"}), "failed", "Late"),
        (Lines().turn(2).add("COMPLETE_TRANSCRIPT", turn=3), "ok", ""),
        (Lines().add("COMPLETE_TRANSCRIPT").turn(2), "cancelled", "the next turn began"),
        (Lines().add("COMPLETE_TRANSCRIPT", data={"text": "hello"}), "open", ""),
    ],
)
def test_how_a_turn_ended(lines: Lines, status: str, reason: str) -> None:
    """Told by the first turn, in the words of the event that shows it."""
    turn = index_of(lines.lines).turns[0]
    assert turn.status == status
    assert reason in turn.reason
    assert bool(reason) == bool(turn.reason)
    assert (turn.status_row is None) == (status == "open")


def test_a_producer_that_tells_no_ends_has_answered_turns_all_the_same() -> None:
    """A turn that the next one follows is over, and counts."""
    lines = Lines()
    for number in (1, 2):
        lines.add("STT_USER_STOPPED_SPEAKING", turn=number).add("COMPLETE_TRANSCRIPT", turn=number)
        lines.add("TTS_AUDIO_CHUNK", 30, turn=number)
    index = index_of(lines.lines)
    assert [turn.status for turn in index.turns] == ["ok", "open"]
    assert index.turns[0].total_ns == 31 * MS
    assert index.turns[0].milestones["first_audio"].message == "TTS_AUDIO_CHUNK"
    assert index.turns[0].missing == ("first_token", "first_chunk", "ready", "end")


# --- milestones ----------------------------------------------------------------------------------------


def test_ready_is_the_later_of_connection_and_session() -> None:
    """And a connection alone is not ready where sessions are told."""
    lines = Lines().add("COMPLETE_TRANSCRIPT").add("TTS_SESSION_READY").add("TTS_CONNECTION_READY")
    lines.add("COMPLETE_TRANSCRIPT", turn=2).add("TTS_CONNECTION_READY", turn=2)
    first, second = index_of(lines.lines).turns
    assert first.milestones["ready"].message == "TTS_CONNECTION_READY"
    assert "ready" in second.missing


def test_a_voice_that_was_ready_before_speech_ended_cost_nothing() -> None:
    """It has no stage, and the others are not longer for it."""
    lines = Lines().add("TTS_SESSION_READY")
    lines.add("COMPLETE_TRANSCRIPT", 500, data={"text": "x", "since_speech_end_ms": 200.0})
    lines.add("TTS_BOT_STARTED_SPEAKING", 50)
    turn = index_of(lines.lines).turns[0]
    assert not turn.clock_suspect
    assert [(stage.since, stage.until, stage.duration_ns // MS) for stage in turn.stages] == [
        ("end_of_speech", "transcript", 200),
        ("transcript", "first_audio", 50),
    ]
    assert (turn.total_ns, turn.total_since) == (250 * MS, "end_of_speech")


def test_without_an_end_of_speech_the_total_counts_from_the_transcript_and_says_so() -> None:
    """A typed line has no end of speech."""
    lines = Lines().add("COMPLETE_TRANSCRIPT", data={"text": "x", "source": "text"})
    index = index_of(
        lines.add("TTS_BOT_STARTED_SPEAKING", 50).add("AUDIO_OUTPUT_COMPLETE", data={"played": 1}).lines
    )
    assert (index.turns[0].total_ns, index.turns[0].total_since) == (50 * MS, "transcript")
    assert index.summary().from_transcript == 1


def test_a_clock_that_goes_back_makes_no_durations_and_is_said() -> None:
    """Neither negative nor absurd ones; the turn is left out of percentiles, by name."""
    lines = Lines().add("COMPLETE_TRANSCRIPT").add("LLM_RAW_CHUNK", -3_600_000)
    lines.add("TTS_BOT_STARTED_SPEAKING").add("AUDIO_OUTPUT_COMPLETE", data={"played": 1})
    index = index_of(lines.lines)
    turn = index.turns[0]
    assert turn.clock_suspect
    assert (turn.stages, turn.total_ns) == ((), None)
    assert index.summary().excluded == {"clock_suspect": 1}


def test_an_answer_is_told_once_though_several_hear_it() -> None:
    """A publish and its receives are one chunk; the empty last one is none."""
    lines = Lines()
    for chunk, text in enumerate(("One.", "Two.", "")):
        data = {"text": text, "chunk_index": chunk, "is_final": not text}
        lines.add("CHUNK_RESPONSE", data=data)
        for component in ("a", "b"):
            lines.add("CHUNK_RESPONSE", event_type="message_received", component=component, data=data)
    assert index_of(lines.lines).turns[0].answered == "One. Two."
    nothing = Lines().add("CHUNK_RESPONSE", data={"text": "", "is_final": True})
    assert "first_chunk" in index_of(nothing.lines).turns[0].missing


def test_an_answer_in_writing_is_put_together_from_its_pieces() -> None:
    """Where no voice was handed text, the model's pieces tell it."""
    lines = Lines()
    for word in ("Fine", ", ", "thanks"):
        lines.add("LLM_RAW_CHUNK", data={"text": word}).add("TEXT_CHUNK", turn=2, data={"text": word})
    assert [turn.answered for turn in index_of(lines.lines).turns] == ["Fine, thanks"] * 2


# --- bad input -----------------------------------------------------------------------------------------


def test_an_empty_log_has_no_turns() -> None:
    """Nor has one without any turn in it."""
    for lines in ([], Lines().add("COMPLETE_TRANSCRIPT", turn=None).lines):
        index = index_of(lines)
        assert len(index) == len(index.turns) == 0
        assert index.summary().total.p50_ns is None
        with pytest.raises(IndexError):
            index.turn(0)


def test_foreign_values_of_any_type_do_no_harm() -> None:
    """Wrong types, huge numbers, control characters, no payload at all."""
    lines = Lines()
    bad: Any
    for bad in (None, 1, [], {}, "x", 1e300, -5, True, "\x00\x1b[2J", "x" * 10_000):
        for message in ("COMPLETE_TRANSCRIPT", "CHUNK_RESPONSE", "LLM_EVENT", "TTS_WORKER_COMPLETED"):
            keys = ("text", "event", "status", "since_speech_end_ms", "played", "interrupted", "is_final")
            lines.add(message, turn=len(lines.lines), data=dict.fromkeys(keys, bad))
            lines.add(message, turn=-7, data=dict.fromkeys(keys, bad))
    lines.add("COMPLETE_TRANSCRIPT", turn=2**40, session_id="[red]\x1b[0m", data=None)
    index = index_of(lines.lines)
    for turn in index.turns:
        assert len(turn.said) <= 240
        assert len(turn.answered) <= 480
        assert all(stage.duration_ns >= 0 for stage in turn.stages)
    assert json.loads(msgspec.json.encode(to_json(list(index.turns))))


def test_a_correlation_that_names_no_turn_is_one_when_something_is_said_in_it() -> None:
    """Requests without speech or text are no turns, however many there are."""
    lines = Lines()
    for number in range(3000):
        lines.add("QUERY_ROUTE", turn=None, correlation_id=f"request-{number}", event_type="system")
    lines.add("PARTIAL", turn=None, correlation_id="talk").add(
        "COMPLETE_TRANSCRIPT", turn=None, correlation_id="talk", data={"text": "hi"}
    )
    index = index_of(lines.add("OTHER", turn=None, correlation_id="talk").lines)
    (turn,) = index.turns
    assert (turn.number, turn.correlation, turn.said, turn.events) == (None, "talk", "hi", 2)
    assert index.turn_at(turn.first_row) == 0
    assert index.turn_at(0) is None
