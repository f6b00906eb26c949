"""The bus of a voice assistant that never ran: a mailbox for each session; all it does is an event."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from backend.events import Event, correlation_id

START_NS = 1_760_000_000_000_000_000
SUBSCRIPTIONS = {
    "overseer": (
        "STT_USER_STARTED_SPEAKING",
        "COMPLETE_TRANSCRIPT",
        "TTS_BOT_STARTED_SPEAKING",
        "AUDIO_OUTPUT_COMPLETE",
    ),
    "llm_orchestrator": ("PROCESS_USER_INPUT",),
    "text_queue_manager": ("BEGIN_AI_TURN", "TEXT_CHUNK", "REQUEST_NEXT_CHUNK"),
    "tts_orchestrator": ("STT_USER_STARTED_SPEAKING", "BEGIN_AI_TURN", "CHUNK_RESPONSE"),
    "audio_output": ("STT_USER_STARTED_SPEAKING", "TTS_AUDIO_CHUNK", "TTS_GENERATION_COMPLETE"),
    "database_memory": ("COMPLETE_TRANSCRIPT",),
}


class Scope(NamedTuple):
    session: str | None = None
    turn: int | None = None
    worker: str | None = None


class Activation(NamedTuple):
    component: str
    scope: Scope
    task: str | None = None
    cause: str | None = None


class Envelope(NamedTuple):
    receiver: str
    message_type: str
    data: dict[str, Any]
    scope: Scope
    publish_id: str


@dataclass
class Session:
    name: str
    mailbox: deque[Envelope] = field(default_factory=deque)
    turn: int = 0
    state: str = "IDLE"
    worker: str | None = None
    worker_state: str = "IDLE"
    texts: list[str | None] = field(default_factory=list)
    asked: str | None = None
    given: int = 0
    spoken: int = 0
    playing: dict[str, Any] | None = None
    played: int = 0
    history: int = 0
    interrupt: bool = False


class Bus:
    """Delivers what is published, a message at a time, and writes the log of it.

    A subclass has the components: ``_{component}_{message_type}`` handles a message, and returns why it
    dropped it, if it did.
    """

    def __init__(self, seed: int, sessions: int) -> None:
        self.events: list[Event] = []
        self._random = random.Random(seed)
        self._source = f"assistant-{seed:08x}"
        self._now = START_NS
        self._tasks = 0
        self._sessions = [Session(f"s{number}") for number in range(1, sessions + 1)]

    def _emit(self, who: Activation, event_type: str, **fields: Any) -> str:
        self._now += self._random.randrange(20_000, 400_000)
        seq = len(self.events) + 1
        session, turn, worker = who.scope
        event = Event(
            self._now / 1e9,
            event_type,
            who.component,
            session_id=session,
            user_id=session and f"user-{session}",
            correlation_id=correlation_id(session, turn, "STT_USER_STARTED_SPEAKING")
            if session is not None and turn is not None
            else None,
            id=f"{self._source}-{seq}",
            source=self._source,
            seq=seq,
            timestamp_ns=self._now,
            mono_ns=self._now - START_NS,
            cause=fields.pop("cause", who.cause),
            task=who.task,
            turn=turn,
            worker_id=worker,
            **fields,
        )
        self.events.append(event)
        return event.id or ""

    def _publish(self, who: Activation, message_type: str, **data: Any) -> None:
        publish_id = self._emit(
            who, "message_published", message_type=message_type, direction="publish", data=data
        )
        session = next((one for one in self._sessions if one.name == who.scope.session), None)
        for receiver, kinds in SUBSCRIPTIONS.items():
            if session is not None and message_type in kinds:
                session.mailbox.append(Envelope(receiver, message_type, data, who.scope, publish_id))

    def _deliver(self, session: Session) -> None:
        receiver, kind, data, scope, publish_id = session.mailbox.popleft()
        who = Activation(receiver, scope, self._new_task("h"), publish_id)
        state = self._snapshot(receiver, session)
        received = self._emit(
            who,
            "message_received",
            message_type=kind,
            direction="subscribe",
            data=data,
            component_state=state,
        )
        handler: Callable[[Activation, Session, dict[str, Any]], str | None]
        handler = getattr(self, f"_{receiver}_{kind.lower()}")
        dropped = handler(who._replace(cause=received), session, data)
        outcome: dict[str, Any] = {"outcome": "ok", "duration_us": self._random.randrange(30, 3000)}
        if dropped is not None:
            outcome |= {"dropped": True, "reason": dropped}
        self._emit(
            who,
            "message_handled",
            message_type=kind,
            direction="subscribe",
            cause=received,
            data=outcome,
            component_state=self._snapshot(receiver, session),
        )

    def _new_task(self, kind: str) -> str:
        self._tasks += 1
        return f"{self._source}/{kind}{self._tasks}"

    def _snapshot(self, component: str, session: Session) -> dict[str, Any]:
        if component == "overseer":
            return {"state": session.state, "turn": session.turn}
        if component == "text_queue_manager":
            return {"backlog": len(session.texts), "asked": session.asked}
        if component == "tts_orchestrator":
            workers = {session.worker: session.worker_state} if session.worker else {}
            return {"current_worker": session.worker, "workers": workers}
        if component == "audio_output":
            return {"playing": session.playing, "played": session.played}
        return {"history": session.history} if component == "database_memory" else {}
