"""The walks of docs/walks.md lead where they say, in as few keys as they say."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from debugger.sources.file import open_recordings
from debugger.tui import launch  # noqa: F401 - before Textual
from debugger.tui.app import DebuggerApp
from debugger.tui.session import Link, Mode, Session
from tests.tui.interface import Clock

ROOT = Path(__file__).parents[2]
WALKS = (ROOT / "docs" / "walks.md").read_text("utf-8")
RECORDING = ROOT / "sample_logs" / "barge_in.jsonl"


def keys_of(heading: str) -> list[str]:
    """The keys in the first column of a walk's table."""
    section = WALKS.split(f"## {heading}")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return [key for row in rows for key in re.findall(r"`(.)`", row)]


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Session, Pilot[None]]]:
    session = Session(Mode.REPLAY, Link("barge_in.jsonl"), Clock())
    open_recordings([RECORDING]).load_all(session.log)
    app = DebuggerApp(session)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        yield session, pilot


async def until(condition: Callable[[], bool], pilot: Pilot[None]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await pilot.pause(0.02)


async def test_the_event_that_stopped_the_audio_is_found_in_under_ten_keys() -> None:
    """From opening the recording to its name."""
    keys = keys_of("What stopped the audio?")
    assert len(keys) < 10
    async with opened() as (session, pilot):
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        header = session.log.header(session.cursor)
    assert header.event_type == "message_published"
    assert header.component == "user_session"
    assert header.message_type == "STT_USER_STARTED_SPEAKING"


async def test_who_last_changed_a_field_is_found_in_under_ten_keys() -> None:
    """The event that set it, which is the newest one that has another value than before."""
    keys = keys_of("Who last changed this field?")
    assert len(keys) < 10
    async with opened() as (session, pilot):
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        await until(lambda: session.log.header(session.cursor).event_type == "state_change", pilot)
        state = session.log.event(session.cursor)
        before = session.log.previous_state("audio_output", "s1", session.cursor)
    assert state["component"] == "audio_output"
    assert state["component_state"]["playing"] is None
    assert before is not None
    assert before.state["playing"] is not None
