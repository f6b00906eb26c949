"""Recordings of a voice assistant that never ran: as the contract says, the same for the same seed.

A small model of the assistant's components on a bus with one mailbox for each session.
What it writes is correct code's log: each receive is handled, each cause is in the file,
`seq` has no gap, no rule of the contract is broken.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from backend.events import SCHEMA, Event, decode_line, encode_event, encode_lines
from tests.support.voicebus import START_NS, SUBSCRIPTIONS, Activation, Bus, Scope, Session

_WORDS = ("the", "weather", "is", "mild", "today", "with", "light", "wind", "from", "the", "sea")


BASE = (
    "timestamp",
    "event_type",
    "component",
    "message_type",
    "session_id",
    "user_id",
    "direction",
    "data",
    "correlation_id",
    "component_state",
)
"""The ten fields that every producer has."""


class VoiceLog(Bus):
    """Runs the model. ``barge_in`` is the turn of each session that the user interrupts, 0 for none."""

    def __init__(self, seed: int = 1, *, turns: int = 3, sessions: int = 2, barge_in: int = 2) -> None:
        super().__init__(seed, sessions)
        self._barge_in = barge_in
        self._run(turns)

    # --- the run -------------------------------------------------------------------

    def _run(self, turns: int) -> None:
        outside = Activation("tap", Scope())
        topology = {
            "bus": "message_bus",
            "components": sorted(SUBSCRIPTIONS),
            "subscriptions": {name: sorted(kinds) for name, kinds in SUBSCRIPTIONS.items()},
            "sessions": [],
        }
        self._emit(
            outside,
            "system",
            message_type="RECORDING_STARTED",
            data={"schema": SCHEMA, "source": self._source, "pid": 1, "topology": topology},
        )
        for session in self._sessions:
            for component, kinds in SUBSCRIPTIONS.items():
                for kind in kinds:
                    self._emit(
                        Activation(component, Scope(session.name)),
                        "subscribed",
                        message_type=kind,
                        direction="subscribe",
                        data={"message_type": kind, "mode": "ordered", "concurrency": 1},
                    )
        while busy := [one for one in self._sessions if one.mailbox or one.interrupt or one.turn < turns]:
            session = self._random.choice(busy)
            if session.interrupt or not session.mailbox:
                session.interrupt = False
                self._speak(session)
            else:
                self._deliver(session)
        self._emit(
            outside,
            "system",
            message_type="RECORDING_ENDED",
            data={"count": len(self.events) + 1, "source": self._source},
        )

    def _speak(self, session: Session) -> None:
        session.turn += 1
        self._now += self._random.randrange(200_000_000, 1_500_000_000)
        who = Activation("user_session", Scope(session.name, session.turn), self._new_task("t"))
        said = self._text(self._random.randrange(3, 9))
        self._publish(who, "STT_USER_STARTED_SPEAKING", at_ms=(self._now - START_NS) / 1e6)
        self._publish(who, "PARTIAL_TRANSCRIPT", text=said[: len(said) // 2], audio_ms=400.0)
        self._publish(who, "COMPLETE_TRANSCRIPT", text=said, source="voice", speech_ms=900.0)

    def _text(self, words: int) -> str:
        return " ".join(self._random.choice(_WORDS) for _ in range(words))

    def _change(self, who: Activation, session: Session, state: str, reason: str) -> None:
        before, session.state = session.state, state
        self._emit(
            who,
            "state_change",
            data={"from": before, "to": state, "reason": reason},
            component_state=self._snapshot("overseer", session),
            writes=("overseer.state",),
        )

    # --- the components: each handler returns why it dropped the message, if it did -------

    def _overseer_stt_user_started_speaking(self, who: Activation, session: Session, _: Any) -> None:
        self._change(who, session, "HUMAN_SPEAKING", "user speaks")

    def _overseer_complete_transcript(self, who: Activation, session: Session, data: Any) -> None:
        self._change(who, session, "THINKING", "transcript")
        agent = {"agent_id": "guide", "voice_id": "alto", "config_version": 1}
        self._publish(who, "BEGIN_AI_TURN", **agent)
        self._publish(who, "PROCESS_USER_INPUT", text=data["text"], **agent)

    def _overseer_tts_bot_started_speaking(self, who: Activation, session: Session, _: Any) -> str | None:
        if who.scope.turn != session.turn or session.state != "THINKING":
            return "stale turn"
        self._change(who, session, "BOT_SPEAKING", "first audio")
        return None

    def _overseer_audio_output_complete(self, who: Activation, session: Session, _: Any) -> str | None:
        if who.scope.turn != session.turn or session.state != "BOT_SPEAKING":
            return "stale turn"
        self._change(who, session, "IDLE", "playback complete")
        return None

    def _database_memory_complete_transcript(self, who: Activation, session: Session, _: Any) -> None:
        session.history += 1
        self._emit(
            who,
            "state_change",
            component_state={"history": session.history},
            writes=("database_memory.history",),
        )

    def _llm_orchestrator_process_user_input(self, who: Activation, session: Session, _: Any) -> None:
        child = self._new_task("t")
        spawned = self._emit(who, "task_spawned", data={"child": child, "name": "stream", "kind": "task"})
        work = Activation(who.component, who.scope, child, spawned)
        stream = f"{session.name}-stream-{who.scope.turn}"
        self._publish(work, "LLM_EVENT", stream_id=stream, event="stream_started", model="scripted")
        index = 0
        sentences = self._random.randrange(2, 5)
        for chunk in range(sentences):
            words = self._text(self._random.randrange(3, 8)).split()
            for word in words:
                self._publish(work, "LLM_RAW_CHUNK", stream_id=stream, index=index, text=f"{word} ")
                index += 1
            text = " ".join(words).capitalize() + "."
            self._publish(work, "TEXT_CHUNK", stream_id=stream, chunk_index=chunk, text=text, is_final=False)
        self._publish(work, "TEXT_CHUNK", stream_id=stream, chunk_index=sentences, text="", is_final=True)
        self._publish(work, "LLM_EVENT", stream_id=stream, event="stream_finished", finish_reason="stop")
        self._emit(work, "task_finished", data={"child": child, "name": "stream", "outcome": "ok"})

    def _text_queue_manager_begin_ai_turn(self, _: Activation, session: Session, __: Any) -> None:
        session.texts, session.asked, session.given = [], None, 0

    def _text_queue_manager_text_chunk(self, who: Activation, session: Session, data: Any) -> str | None:
        if who.scope.turn != session.turn:
            return "stale turn"
        session.texts.append(None if data["is_final"] else data["text"])
        self._publish(who, "CHUNK_AVAILABLE", chunk_index=data["chunk_index"], queued=len(session.texts))
        self._answer(who, session)
        return None

    def _text_queue_manager_request_next_chunk(
        self, who: Activation, session: Session, data: Any
    ) -> str | None:
        if who.scope.turn != session.turn:
            return "stale turn"
        session.asked = data["request_id"]
        self._answer(who, session)
        return None

    def _answer(self, who: Activation, session: Session) -> None:
        if session.asked is None or not session.texts:
            return
        request, session.asked = session.asked, None
        text = session.texts.pop(0)
        worker = f"{session.name}-w{who.scope.turn}"
        self._publish(
            who._replace(scope=who.scope._replace(worker=worker)),
            "CHUNK_RESPONSE",
            worker_id=worker,
            request_id=request,
            chunk_index=session.given,
            text=text or "",
            is_final=text is None,
            queued=len(session.texts),
        )
        session.given += 1

    def _tts_orchestrator_stt_user_started_speaking(self, who: Activation, session: Session, _: Any) -> None:
        if session.worker is not None:
            old = who._replace(scope=Scope(session.name, (who.scope.turn or 1) - 1, session.worker))
            self._publish(old, "TTS_WORKER_COMPLETED", worker_id=session.worker, status="cancelled")
            session.worker = None

    def _tts_orchestrator_begin_ai_turn(self, who: Activation, session: Session, _: Any) -> None:
        worker = f"{session.name}-w{who.scope.turn}"
        session.worker, session.worker_state, session.spoken = worker, "ACTIVE", 0
        mine = who._replace(scope=who.scope._replace(worker=worker))
        self._publish(mine, "TTS_CONNECTION_READY", worker_id=worker, sample_rate=24000)
        self._publish(
            mine, "TTS_SESSION_READY", worker_id=worker, agent_id="guide", voice_id="alto", config_version=1
        )
        self._request(mine, worker, 0)

    def _request(self, who: Activation, worker: str, index: int) -> None:
        request = f"{worker}-r{index}"
        self._publish(who, "REQUEST_NEXT_CHUNK", worker_id=worker, request_id=request, next_index=index)

    def _tts_orchestrator_chunk_response(self, who: Activation, session: Session, data: Any) -> str | None:
        worker = data["worker_id"]
        if worker != session.worker:
            return "worker stopped"
        if data["is_final"]:
            self._publish(who, "TTS_GENERATION_COMPLETE", worker_id=worker, audio_chunks=session.spoken)
            self._publish(who, "TTS_SESSION_COMPLETE", worker_id=worker, chunks=data["chunk_index"])
            self._publish(who, "TTS_WORKER_COMPLETED", worker_id=worker, status="ok")
            session.worker = None
            return None
        for _ in range(self._random.randrange(1, 4)):
            self._publish(
                who,
                "TTS_AUDIO_CHUNK",
                worker_id=worker,
                audio_index=session.spoken,
                chunk_index=data["chunk_index"],
                bytes=9600,
                duration_ms=200.0,
                voice_id="alto",
                pcm={"blob_bytes": 9600},
            )
            session.spoken += 1
        self._request(who, worker, data["chunk_index"] + 1)
        return None

    def _audio_output_stt_user_started_speaking(self, who: Activation, session: Session, _: Any) -> None:
        if session.playing is not None:
            self._complete(who, session, interrupted=True)

    def _audio_output_tts_audio_chunk(self, who: Activation, session: Session, data: Any) -> str | None:
        if who.scope.turn != session.turn:
            return "stale turn"
        first = session.playing is None
        index = data["audio_index"]
        session.playing = {"worker_id": data["worker_id"], "turn": who.scope.turn, "audio_index": index}
        session.played += 1
        self._now += 20_000_000
        self._emit(
            who,
            "state_change",
            component_state=self._snapshot("audio_output", session),
            writes=("audio_output.playing",),
        )
        if first:
            self._publish(who, "TTS_BOT_STARTED_SPEAKING", worker_id=data["worker_id"], voice_id="alto")
        elif session.state == "BOT_SPEAKING" and session.turn == self._barge_in:
            session.interrupt = True  # the user has heard enough
        return None

    def _audio_output_tts_generation_complete(
        self, who: Activation, session: Session, data: Any
    ) -> str | None:
        playing = session.playing
        if playing is None or playing["worker_id"] != data["worker_id"]:
            return "not playing"
        self._complete(who, session, interrupted=False)
        return None

    def _complete(self, who: Activation, session: Session, *, interrupted: bool) -> None:
        playing = session.playing or {}
        worker = playing["worker_id"]
        mine = who._replace(scope=Scope(session.name, playing["turn"], worker))
        played, session.playing, session.played = session.played, None, 0
        self._publish(mine, "TTS_BOT_FINISHED_SPEAKING", worker_id=worker, interrupted=interrupted)
        self._publish(mine, "AUDIO_OUTPUT_COMPLETE", worker_id=worker, played=played, interrupted=interrupted)


def voice_log(seed: int = 1, *, turns: int = 3, sessions: int = 2, barge_in: int = 2) -> list[Event]:
    """The events of some conversations, as a debugger reads them: payloads undecoded."""
    made = VoiceLog(seed, turns=turns, sessions=sessions, barge_in=barge_in).events
    return [decode_line(encode_event(event)) for event in made]


def voice_lines(seed: int = 1, **more: int) -> bytes:
    """The same as JSONL."""
    return encode_lines(VoiceLog(seed, **more).events)


def base_lines(events: Iterable[Event]) -> bytes:
    """The same in the base format: only the ten fields that every producer has."""
    import msgspec

    rows = [msgspec.json.decode(encode_event(event)) for event in events]
    return b"".join(msgspec.json.encode({name: row[name] for name in BASE}) + b"\n" for row in rows)


def write_voice_log(path: Path, seed: int = 1, **more: int) -> Path:
    """Write a recording; returns its path."""
    path.write_bytes(voice_lines(seed, **more))
    return path
