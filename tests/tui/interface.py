"""A small conversation with everything in it, and an application that shows it; all times are fixed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from backend.events import decode_line
from debugger.tui import launch  # noqa: F401 - before Textual
from debugger.tui.app import DebuggerApp
from debugger.tui.session import Link, Mode, Session

START_NS = 1_795_000_000_123_456_789
STEP_NS = 7_300_000


class Clock:
    """Time that stands until a test lets it pass."""

    def __init__(self) -> None:
        self.now = 1_000_000_000

    def __call__(self) -> int:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += round(seconds * 1e9)


class Script:
    """Writes lines as the tap does."""

    def __init__(self, source: str = "assistant-1") -> None:
        self.lines: list[bytes] = []
        self.source = source

    def event(self, event_type: str, component: str, message: str | None = None, **more: Any) -> str:
        """Add an event; returns its id."""
        seq = len(self.lines) + 1
        event = {
            "timestamp_ns": START_NS + seq * STEP_NS,
            "timestamp": (START_NS + seq * STEP_NS) / 1e9,
            "event_type": event_type,
            "component": component,
            "message_type": message,
            "session_id": "s1",
            "user_id": "ada",
            "direction": "internal",
            "data": {},
            "correlation_id": None,
            "component_state": {},
            "id": f"{self.source}-{seq}",
            "source": self.source,
            "seq": seq,
            "severity": "info",
        } | more
        self.lines.append(json.dumps(event).encode())
        return str(event["id"])

    def send(self, sender: str, message: str, receivers: Iterable[str], **more: Any) -> str:
        """A publish and its receives."""
        published = self.event("message_published", sender, message, direction="publish", **more)
        state = {"component_state": {}} | more
        for receiver in receivers:
            state["component_state"] = {"state": "BUSY", "seen": len(self.lines), "last": message}
            self.event(
                "message_received", receiver, message, direction="subscribe", **(state | {"cause": published})
            )
        return published


def conversation(turns: int = 3) -> list[bytes]:
    """Turns from speech to speech; the last one ends in an error."""
    script = Script()
    script.event("system", "tap", "RECORDING_STARTED", session_id=None)
    for turn in range(1, turns + 1):
        here: dict[str, Any] = {"turn": turn, "correlation_id": f"s1_{turn}_COMPLETE_TRANSCRIPT"}
        said = {"data": {"text": f"question {turn}"}}
        script.send("user_session", "COMPLETE_TRANSCRIPT", ["overseer", "database_memory"], **here, **said)
        script.event(
            "state_change",
            "overseer",
            data={"from": "IDLE", "to": "THINKING", "reason": "transcript"},
            component_state={"state": "THINKING", "turn": turn, "turns": {"answered": turn - 1, "failed": 0}},
            **here,
        )
        script.send("overseer", "BEGIN_AI_TURN", ["llm_orchestrator", "agent_context"], **here)
        script.send(
            "llm_orchestrator", "TEXT_CHUNK", ["text_queue_manager"], **here, data={"text": "An answer."}
        )
        script.send("text_queue_manager", "CHUNK_AVAILABLE", ["tts_orchestrator"], **here, data={"queued": 1})
        script.send("tts_orchestrator", "TTS_AUDIO_CHUNK", ["audio_output"], **here, data={"audio_index": 0})
        script.send("audio_output", "AUDIO_OUTPUT_COMPLETE", ["overseer"], **here, data={"played": 1})
    script.event(
        "error",
        "llm_orchestrator",
        severity="error",
        data={"error_type": "ModelError", "error_message": "the model is gone"},
        turn=turns,
    )
    return script.lines


def session_with(lines: list[bytes], mode: Mode = Mode.REPLAY, clock: Clock | None = None) -> Session:
    session = Session(mode, Link("talk.jsonl"), clock or Clock())
    session.log.append_many(lines, [decode_line(line) for line in lines])
    return session


def app_with(lines: list[bytes], mode: Mode = Mode.REPLAY, **more: Any) -> DebuggerApp:
    return DebuggerApp(session_with(lines, mode), **more)


def write_recording(path: Path, lines: list[bytes]) -> Path:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path
