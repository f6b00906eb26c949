"""A live view that forgets, its clock in the test's hand, and events to fill it with."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from textual.pilot import Pilot

from backend.events import decode_line
from debugger.tui import launch  # noqa: F401 - before Textual
from debugger.tui.app import DebuggerApp
from debugger.tui.screen import MainScreen
from debugger.tui.session import Link, Mode, Session
from tests.tui.interface import START_NS, Clock

STEP_NS = 1_000_000


def live(keep: int, clock: Clock | None = None) -> Session:
    """A live session without events."""
    return Session(Mode.LIVE, Link("127.0.0.1:1"), clock or Clock(), keep=keep)


def line(seq: int, **more: Any) -> bytes:
    """An event of a turn that lasts a hundred; every tenth tells a state."""
    turn = seq // 100
    event: dict[str, Any] = {
        "timestamp": (START_NS + seq * STEP_NS) / 1e9,
        "timestamp_ns": START_NS + seq * STEP_NS,
        "event_type": "message_published",
        "component": ("overseer", "tts_orchestrator", "audio_output")[seq % 3],
        "message_type": ("COMPLETE_TRANSCRIPT", "TEXT_CHUNK", "TTS_AUDIO_CHUNK")[seq % 3],
        "session_id": "s1",
        "turn": turn,
        "correlation_id": f"s1_{turn}_COMPLETE_TRANSCRIPT",
        "data": {"n": seq},
        "component_state": {} if seq % 10 else {"state": "IDLE", "n": seq, "held": seq // 1_000},
        "id": f"a-{seq}",
        "source": "a",
        "seq": seq,
        "cause": f"a-{seq - 1}",
    }
    return json.dumps(event | more).encode()


def feed(session: Session, lines: Iterable[bytes]) -> None:
    """As a feed brings them."""
    lines = list(lines)
    session.log.append_many(lines, [decode_line(one) for one in lines])


def shown(app: DebuggerApp) -> str:
    """The text of the screen."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def synced(app: DebuggerApp, pilot: Pilot[None]) -> None:
    """Let the session and all panes look at what came, until nothing changes any more."""
    session, before = app.session, ""
    for _ in range(200):
        session.tick()
        assert isinstance(app.screen, MainScreen)
        app.screen.sync()
        await pilot.pause()
        now = shown(app)
        if now == before and session.shown.complete:
            return
        before = now
    raise AssertionError("the screen does not come to rest")
