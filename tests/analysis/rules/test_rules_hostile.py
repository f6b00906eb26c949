"""Events that mean harm, or nothing: rules are judged all the same, or say that they are not."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rule_logs import VOICE, Told, event, found, log_of, recorded

from tests.support.examples import tried

MESSAGES = [
    "CHUNK_RESPONSE",
    "TTS_AUDIO_CHUNK",
    "TTS_WORKER_COMPLETED",
    "TTS_SESSION_READY",
    "REQUEST_NEXT_CHUNK",
    "CHUNK_AVAILABLE",
    "LLM_EVENT",
    "LLM_RAW_CHUNK",
    "AGENT_CHANGED",
    "BEGIN_AI_TURN",
    "AUDIO_OUTPUT_COMPLETE",
    "STT_USER_STARTED_SPEAKING",
]
KINDS = ["message_published", "message_received", "message_handled", "state_change", "error", "unsubscribed"]
WHO = ["overseer", "tts_orchestrator", "audio_output", "agent_context", "\x1b[31m{x}[/red]"]
KEYS = [
    "worker_id",
    "request_id",
    "next_index",
    "chunk_index",
    "is_final",
    "audio_index",
    "stream_id",
    "event",
    "status",
    "to",
    "from",
    "reason",
    "config_version",
    "agent_id",
    "to_agent",
    "outcome",
    "dropped",
    "interrupted",
]
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.just(10**400) | st.just(1e308)
    | st.sampled_from(["w1", "ok", "cancelled", "stream_started", "IDLE", "", "{turn}"])
    | st.just("x" * 5000),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


@st.composite
def events(draw: st.DrawFn) -> Told:
    state = draw(st.dictionaries(st.sampled_from(["state", "playing", "current_worker"]), VALUES, max_size=2))
    told = event(
        draw(st.sampled_from(KINDS)),
        draw(st.sampled_from(WHO)),
        draw(st.sampled_from(MESSAGES)),
        task=draw(st.sampled_from([None, "h1", "h2"])),
        session_id=draw(st.sampled_from([None, "s1", "s2"])),
        turn=draw(st.sampled_from([None, 1, 2, -5])),
        component_state=state,
    )
    told["data"] = draw(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5))
    return told


@given(st.lists(events(), max_size=30))
@tried(60)
def test_payloads_of_any_kind_break_nothing(told: list[Told]) -> None:
    """Each finding is of a rule, at rows of the log, in words of a bounded length."""
    log = log_of(recorded(*told))
    rules = {rule.id for rule in VOICE.rules}
    for one in found(log):
        assert one.rule in rules
        assert -1 <= one.row < len(log)
        assert all(0 <= row < len(log) for row in one.rows)
        assert len(one.message) < 1_000
        assert "{worker}" not in one.message
