"""The assistant's messages and the words that go with them."""

from __future__ import annotations

import msgspec
import pytest

from backend.events import Family, correlation_id, family_of, severity_rank
from backend.events.messages import MESSAGES, Message
from backend.events.vocabulary import EVENT_TYPES, SEVERITIES

REQUIRED = {
    "COMPLETE_TRANSCRIPT",
    "PARTIAL_TRANSCRIPT",
    "STT_USER_STARTED_SPEAKING",
    "BEGIN_AI_TURN",
    "PROCESS_USER_INPUT",
    "LLM_RAW_CHUNK",
    "TEXT_CHUNK",
    "LLM_EVENT",
    "TTS_CONNECTION_READY",
    "TTS_SESSION_READY",
    "TTS_SESSION_COMPLETE",
    "TTS_SESSION_ERROR",
    "TTS_AUDIO_CHUNK",
    "TTS_BOT_STARTED_SPEAKING",
    "TTS_BOT_FINISHED_SPEAKING",
    "TTS_GENERATION_COMPLETE",
    "TTS_RECEPTION_COMPLETE",
    "TTS_WORKER_COMPLETED",
    "REQUEST_NEXT_CHUNK",
    "CHUNK_RESPONSE",
    "CHUNK_AVAILABLE",
    "SYSTEM_MESSAGE",
    "AUDIO_OUTPUT_COMPLETE",
    "AGENT_CHANGED",
}

# CONTRACT section 5: what other people's rules may look for in each message's data.
CONTRACT_KEYS = {
    "REQUEST_NEXT_CHUNK": {"worker_id", "request_id", "next_index"},
    "CHUNK_RESPONSE": {"worker_id", "request_id", "chunk_index", "is_final", "queued", "text"},
    "CHUNK_AVAILABLE": {"chunk_index", "queued"},
    "TEXT_CHUNK": {"chunk_index", "is_final", "text"},
    "TTS_AUDIO_CHUNK": {"worker_id", "audio_index", "bytes", "duration_ms", "voice_id"},
    "TTS_BOT_STARTED_SPEAKING": {"worker_id", "voice_id"},
    "TTS_BOT_FINISHED_SPEAKING": {"worker_id", "voice_id"},
    "AUDIO_OUTPUT_COMPLETE": {"worker_id", "played", "interrupted"},
    "LLM_RAW_CHUNK": {"stream_id", "index"},
    "LLM_EVENT": {"stream_id", "event", "finish_reason"},
    "AGENT_CHANGED": {"from_agent", "to_agent", "voice_id", "config_version"},
    "PROCESS_USER_INPUT": {"agent_id", "voice_id", "config_version"},
    "TTS_SESSION_READY": {"worker_id", "agent_id", "voice_id", "config_version"},
    "TTS_CONNECTION_READY": {"worker_id"},
    "TTS_WORKER_COMPLETED": {"worker_id", "status"},
}


def _subclasses(of: type[Message]) -> set[type[Message]]:
    return {kind for kind in of.__subclasses__() if kind.__module__.startswith("backend.events.")}


def test_every_message_is_registered_under_a_name_of_its_own() -> None:
    """No message class of the vocabulary is missing from the table or shares a name."""
    assert set(MESSAGES) == REQUIRED
    assert set(MESSAGES.values()) == _subclasses(Message)
    assert all(kind.message_type == name for name, kind in MESSAGES.items())


@pytest.mark.parametrize("name", sorted(CONTRACT_KEYS))
def test_messages_have_the_keys_of_the_contract(name: str) -> None:
    """Any rule written for the contract finds its keys in our own recordings."""
    assert CONTRACT_KEYS[name] <= set(MESSAGES[name].__struct_fields__)


def test_the_contracts_words_are_the_types_words() -> None:
    """Stream events and worker ends are exactly those that rules know."""
    hints = msgspec.structs.fields(MESSAGES["LLM_EVENT"])
    events = next(field.type for field in hints if field.name == "event").__args__
    assert {"stream_started", "stream_finished", "stream_cancelled", "stream_error"} <= set(events)
    status = next(
        f.type for f in msgspec.structs.fields(MESSAGES["TTS_WORKER_COMPLETED"]) if f.name == "status"
    )
    assert set(status.__args__) == {"ok", "cancelled", "failed", "replaced"}


@pytest.mark.parametrize("kind", MESSAGES.values(), ids=list(MESSAGES))
def test_a_message_cannot_be_changed(kind: type[Message]) -> None:
    """Messages are frozen: the tap encodes them later than they were sent."""
    info = kind.__struct_config__
    assert info.frozen
    for field in msgspec.structs.fields(kind):
        assert getattr(field.type, "__origin__", field.type) not in {list, dict, set}, field.name


@pytest.mark.parametrize(
    ("message_type", "event_type", "family"),
    [
        ("COMPLETE_TRANSCRIPT", "message_published", Family.STT),
        ("STT_USER_STARTED_SPEAKING", "message_received", Family.STT),
        ("LLM_RAW_CHUNK", "", Family.LLM),
        ("BEGIN_AI_TURN", "", Family.LLM),
        ("TTS_AUDIO_CHUNK", "", Family.TTS),
        ("TTS_PAUSED_BY_SOMEBODY", "", Family.TTS),
        ("TTS_SESSION_ERROR", "", Family.ERROR),
        ("CHUNK_RESPONSE", "", Family.QUEUE),
        ("CHUNK_RESPONSE", "error", Family.ERROR),
        ("AGENT_CHANGED", "", Family.SYSTEM),
        ("NEVER_HEARD_OF", "", Family.SYSTEM),
        (None, "state_change", Family.SYSTEM),
        (None, "error", Family.ERROR),
    ],
)
def test_a_family_by_table_by_prefix_or_system(message_type: str, event_type: str, family: Family) -> None:
    """Known types by table, foreign ones of our naming scheme by prefix, the rest is system."""
    assert family_of(message_type, event_type) is family


def test_families_and_event_types_are_distinct() -> None:
    """Each family has a letter of its own, for where there is no colour; no word is listed twice."""
    assert len({family.value for family in Family}) == len(Family) == 6
    assert all(len(family.value) == 1 for family in Family)
    assert len(set(EVENT_TYPES)) == len(EVENT_TYPES) == 17


def test_severities_are_ordered_and_foreign_ones_count_as_info() -> None:
    """So that `--severity warning` has a meaning for any log."""
    assert sorted(SEVERITIES, key=severity_rank) == list(SEVERITIES) == ["debug", "info", "warning", "error"]
    assert severity_rank("fatal") == severity_rank("info")


def test_a_correlation_id_names_session_turn_and_first_message() -> None:
    """The form that the contract gives it."""
    assert correlation_id("s1", 3, "COMPLETE_TRANSCRIPT") == "s1_3_COMPLETE_TRANSCRIPT"
