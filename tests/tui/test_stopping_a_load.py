"""A long load can be stopped; what is not there is told for as long as the view is open."""

from __future__ import annotations

import asyncio
from pathlib import Path

from debugger.sources.file import open_recordings
from debugger.tui.app import DebuggerApp
from debugger.tui.feeders import FileFeeder
from debugger.tui.session import Link, Mode, Session
from debugger.tui.status.model import status_parts
from tests.tui.interface import Clock, conversation, write_recording


async def test_a_load_that_was_stopped_stays_told(tmp_path: Path) -> None:
    """Escape stops it within a step; the events that are there can be looked at."""
    lines = conversation() * 2_000
    path = write_recording(tmp_path / "long.jsonl", lines)
    session = Session(Mode.REPLAY, Link("long.jsonl"), Clock())
    feeder = FileFeeder(open_recordings([path]), session)
    app = DebuggerApp(session, feeder)
    async with app.run_test(size=(120, 36)) as pilot:
        async with asyncio.timeout(10):
            while session.progress is None or not len(session.log):
                await pilot.pause(0)
        await pilot.press("escape")
        async with asyncio.timeout(10):
            while not feeder.loaded.is_set():
                await pilot.pause(0.01)
        await pilot.press("G")
        await pilot.pause()
        assert 0 < session.cursor < len(lines) - 1
    told = " ".join(part.text for part in status_parts(session))
    assert "loading was stopped at" in told
    assert "later events are not here" in told
