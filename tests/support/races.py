"""Whether a recording shows a race: for each rule of the contract the wrong thing itself, told plainly.

No rule engine: what these say of a recording is what an engine is measured by.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from backend.assistant.states import CONVERSATION, PLAYBACK, WORKER
from backend.events import Event

Events = Sequence[Event]
Turn = tuple[str | None, int | None]
_OPEN = "stream_started"
_CLOSED = ("stream_finished", "stream_cancelled", "stream_error")
_TABLES = {"overseer": CONVERSATION, "tts_orchestrator": WORKER, "audio_output": PLAYBACK}


def published(events: Events, *kinds: str) -> Iterator[tuple[Event, dict[str, Any]]]:
    """The messages of these types as they were published, with their payloads."""
    for event in events:
        if event.event_type == "message_published" and event.message_type in kinds:
            yield event, event.payload()


def _delivered(events: Events, kind: str, component: str) -> Iterator[tuple[int, dict[str, Any], Event]]:
    """Where a component began to handle such a message, if it did not drop it: position, payload, event."""
    handled = {e.task: e.payload() for e in events if e.event_type == "message_handled"}
    for at, event in enumerate(events):
        received = event.event_type == "message_received" and event.component == component
        if received and event.message_type == kind and not handled.get(event.task, {}).get("dropped"):
            yield at, event.payload(), event


def _turn(event: Event) -> Turn:
    return event.session_id, event.turn


def _first(events: Events, kind: str, key: str, value: object) -> int:
    """The position of the first such message; behind the last event if there is none."""
    for at, event in enumerate(events):
        is_kind = event.event_type == "message_published" and event.message_type == kind
        if is_kind and event.payload()[key] == value:
            return at
    return len(events)


def text_before_ready(events: Events) -> bool:
    """A worker was given text before its session was ready."""
    given = _delivered(events, "CHUNK_RESPONSE", "tts_orchestrator")
    return any(
        at < _first(events, "TTS_SESSION_READY", "worker_id", data["worker_id"]) for at, data, _ in given
    )


def stale_worker_chunk(events: Events) -> bool:
    """Text of a cancelled worker was handed on."""
    gone = {
        data["worker_id"]: at
        for at, event in enumerate(events)
        for _, data in published([event], "TTS_WORKER_COMPLETED")
        if data["status"] != "ok"
    }
    given = _delivered(events, "CHUNK_RESPONSE", "tts_orchestrator")
    return any(at > gone.get(data["worker_id"], len(events)) for at, data, _ in given)


def _most_live(events: Events, kinds: tuple[str, str], key: str) -> int:
    live: set[str] = set()
    most = 0
    for event, data in published(events, *kinds):
        begins = event.message_type == kinds[0] and data.get("event", _OPEN) == _OPEN
        ends = event.message_type == kinds[1] and data.get("event", _CLOSED[0]) in _CLOSED
        if begins:
            live.add(data[key])
        elif ends:
            live.discard(data[key])
        most = max(most, len(live))
    return most


def worker_overlap(events: Events) -> bool:
    """Two workers were connected at once, or one that lived was taken away."""
    two = _most_live(events, ("TTS_CONNECTION_READY", "TTS_WORKER_COMPLETED"), "worker_id") > 1
    return two or worker_taken_away(events)


def worker_taken_away(events: Events) -> bool:
    """The orchestrator knew of no worker while one that was connected had not completed."""
    for ready, data in published(events, "TTS_CONNECTION_READY"):
        begun = events.index(ready)
        end = _first(events, "TTS_WORKER_COMPLETED", "worker_id", data["worker_id"])
        for event in events[begun:end]:
            told = event.component == "tts_orchestrator" and event.event_type == "message_handled"
            if told and event.state().get("current_worker") is None:
                return True
    return False


def overlapping_llm_streams(events: Events) -> bool:
    """Two streams were open at once."""
    return _most_live(events, ("LLM_EVENT", "LLM_EVENT"), "stream_id") > 1


def stale_agent_config(events: Events) -> bool:
    """One turn used two configurations."""
    used: dict[Turn, set[int]] = defaultdict(set)
    for event, data in published(events, "BEGIN_AI_TURN", "PROCESS_USER_INPUT", "TTS_SESSION_READY"):
        used[_turn(event)].add(data["config_version"])
    return any(len(versions) > 1 for versions in used.values())


def illegal_transition(events: Events) -> bool:
    """An edge that is in no table."""
    for event in events:
        if event.event_type == "state_change" and event.component in _TABLES:
            step = event.payload()
            if step["to"] not in _TABLES[event.component][step["from"]]:
                return True
    return False


def audio_after_complete(events: Events) -> bool:
    """Audio of a turn was taken after the turn's playback was complete."""
    complete: dict[Turn, int] = {}
    for at, event in enumerate(events):
        if any(published([event], "AUDIO_OUTPUT_COMPLETE")):
            complete.setdefault(_turn(event), at)
    taken = _delivered(events, "TTS_AUDIO_CHUNK", "audio_output")
    return any(at > complete.get(_turn(event), len(events)) for at, _, event in taken)


def barge_in_ignored(events: Events) -> bool:
    """A piece of an earlier turn began after both that have to know handled the speech of a later one."""
    heard: Counter[tuple[str | None, str]] = Counter()
    for event in events:
        if event.event_type == "message_handled" and event.message_type == "STT_USER_STARTED_SPEAKING":
            heard[event.session_id, event.component] = event.turn or 0
        elif event.message_type == "AUDIO_PLAYING":
            both = (heard[event.session_id, name] for name in ("overseer", "audio_output"))
            if event.payload()["turn"] < min(both):
                return True
    return False


def lost_sentinel(events: Events) -> bool:
    """A session's last turn's stream finished, and its worker, never told so, did not get to its end."""
    finished = {_turn(e) for e, data in published(events, "LLM_EVENT") if data["event"] == "stream_finished"}
    told = {_turn(e) for e, data in published(events, "CHUNK_RESPONSE") if data["is_final"]}
    last = {e.session_id: _turn(e) for e, _ in published(events, "STT_USER_STARTED_SPEAKING")}
    return any(turn in finished and turn not in told for turn in last.values())


def unanswered_request(events: Events) -> bool:
    """A request of a worker that was not cancelled had no response."""
    asked = {data["request_id"]: data["worker_id"] for _, data in published(events, "REQUEST_NEXT_CHUNK")}
    answered = {data["request_id"] for _, data in published(events, "CHUNK_RESPONSE")}
    ends = published(events, "TTS_WORKER_COMPLETED")
    whole = {data["worker_id"] for _, data in ends if data["status"] == "ok"}
    return any(worker in whole and name not in answered for name, worker in asked.items())


def duplicate_completion(events: Events) -> bool:
    """A worker completed twice, or the playback of a turn did."""
    workers = Counter(data["worker_id"] for _, data in published(events, "TTS_WORKER_COMPLETED"))
    turns = Counter(_turn(event) for event, _ in published(events, "AUDIO_OUTPUT_COMPLETE"))
    return any(count > 1 for count in (*workers.values(), *turns.values()))


def out_of_order_chunks(events: Events) -> bool:
    """The pieces of a worker came in another order than their indexes."""
    last: dict[str, int] = {}
    for _, data in published(events, "TTS_AUDIO_CHUNK"):
        if data["audio_index"] != last.get(data["worker_id"], -1) + 1:
            return True
        last[data["worker_id"]] = data["audio_index"]
    return False


def lost_update(events: Events) -> bool:
    """Between an activation's read of the count and its write, another one wrote it."""
    key = "database_memory.stored"
    read_at: dict[str | None, int] = {}
    last_write: dict[str | None, int] = {}
    for at, event in enumerate(events):
        if key in event.reads:
            read_at[event.task] = at
        elif key in event.writes:
            if last_write.get(event.session_id, -1) > read_at[event.task]:
                return True
            last_write[event.session_id] = at
    return False


def handler_failed(events: Events) -> bool:
    """A handler raised, and after it nobody told an error."""
    untold = False
    for event in events:
        if event.event_type == "message_handled" and event.payload()["outcome"] == "error":
            untold = True
        elif event.event_type == "error" or any(published([event], "SYSTEM_MESSAGE")):
            untold = False
    return untold


def order_race(events: Events) -> bool:
    """The history was written by one activation and read by another that had not joined it."""
    key = "overseer.history"
    written_by: dict[str | None, str | None] = {}
    joined: set[tuple[str | None, str]] = set()
    for event in events:
        if event.event_type == "task_joined":
            joined.add((event.task, event.payload()["child"]))
        elif key in event.writes:
            written_by[event.session_id] = event.task
        elif key in event.reads:
            writer = written_by.get(event.session_id)
            if writer not in (None, event.task) and (event.task, str(writer)) not in joined:
                return True
    return False


SHOWS: Final[Mapping[str, Callable[[Events], bool]]] = MappingProxyType(
    {
        "text-before-ready": text_before_ready,
        "stale-worker-chunk": stale_worker_chunk,
        "worker-overlap": worker_overlap,
        "overlapping-llm-streams": overlapping_llm_streams,
        "stale-agent-config": stale_agent_config,
        "illegal-transition": illegal_transition,
        "audio-after-complete": audio_after_complete,
        "barge-in-ignored": barge_in_ignored,
        "lost-sentinel": lost_sentinel,
        "unanswered-request": unanswered_request,
        "duplicate-completion": duplicate_completion,
        "out-of-order-chunks": out_of_order_chunks,
        "lost-update": lost_update,
        "handler-failed": handler_failed,
        "order-race": order_race,
    }
)
