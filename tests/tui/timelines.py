"""The timeline alone on a screen, what can be asked of it, and a short story for it to draw."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from backend.events import decode_line
from debugger.log import EventLog
from debugger.tui.session import Mode, Session
from debugger.tui.timeline.project import ByClock
from debugger.tui.timeline.widget import Timeline
from tests.tui.interface import Script, conversation, session_with

LINES = conversation()
HERE = 18


def log_of(lines: list[bytes]) -> EventLog:
    log = EventLog()
    log.append_many(lines, [decode_line(line) for line in lines])
    return log


class Shown(App[None]):
    """The timeline and nothing else."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.opened = 0
        self.moved = 0

    def compose(self) -> ComposeResult:
        yield Timeline(self.session, id="timeline")

    def on_timeline_opened(self) -> None:
        self.opened += 1

    def on_timeline_moved(self) -> None:
        self.moved += 1


Opened = tuple[Pilot[None], Timeline, Session]


@asynccontextmanager
async def opened(
    lines: list[bytes], *, row: int = HERE, size: tuple[int, int] = (100, 14), mode: Mode = Mode.REPLAY
) -> AsyncIterator[Opened]:
    session = session_with(lines, mode)
    session.tick()
    if mode is Mode.REPLAY:
        session.seek(row)
    async with Shown(session).run_test(size=size) as pilot:
        timeline = pilot.app.query_one(Timeline)
        timeline.focus()
        timeline.sync()
        await pilot.pause()
        yield pilot, timeline, session


def text_of(timeline: Timeline) -> str:
    return "\n".join(timeline.render_line(y).text for y in range(timeline.size.height))


def line_of(timeline: Timeline, lane: str) -> int:
    lines = text_of(timeline).splitlines()
    return next(y for y, line in enumerate(lines) if line[1:].startswith(lane))


def window(timeline: Timeline) -> tuple[int, int]:
    """Start and length of what is seen."""
    projection = timeline.model.projection
    assert isinstance(projection, ByClock)
    return projection.window.start, projection.window.span


def component(session: Session, row: int) -> str:
    return session.log.name("component", int(session.log.column("component")[row]))


def chosen(timeline: Timeline) -> str:
    lane = timeline.model.view.lane
    return "" if lane is None else timeline._session.log.name("component", lane)


def story() -> list[bytes]:
    """A handler that takes 60 ms, one that fails, one that is cancelled; and a change of state."""
    script = Script()
    said = script.event("message_published", "user_session", "COMPLETE_TRANSCRIPT", direction="publish")
    ends = (("overseer", "ok"), ("database_memory", "error"), ("llm_orchestrator", "cancelled"))
    begun = {
        name: script.event("message_received", name, "COMPLETE_TRANSCRIPT", cause=said, task=f"x/{name}")
        for name, _ in ends
    }
    script.event(
        "state_change", "overseer", component_state={"state": "THINKING"}, task="x/overseer"
    )  # fmt: skip
    for _ in range(5):
        script.event("state_read", "audio_output")
    for name, outcome in ends:
        severity = "error" if outcome == "error" else "info"
        script.event(
            "message_handled", name, "COMPLETE_TRANSCRIPT", cause=begun[name], task=f"x/{name}",
            data={"outcome": outcome}, severity=severity,
        )  # fmt: skip
    return script.lines
