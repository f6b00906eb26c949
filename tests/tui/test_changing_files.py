"""A recording that grows, is cut, replaced or written over while it is open: what each pane shows then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from debugger.sources.file import open_recordings
from debugger.tui import feeders, pictures
from debugger.tui.app import DebuggerApp
from debugger.tui.feeders import FileFeeder
from debugger.tui.panes.arrangement import PANES
from debugger.tui.session import Link, Mode, Session
from debugger.tui.status.model import status_parts
from tests.tui.interface import Clock, conversation, write_recording

LINES = conversation(6)
HALF = len(LINES) // 2


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeders, "POLL_SECONDS", 0.01)


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[tuple[DebuggerApp, Pilot[None]]]:
    session = Session(Mode.REPLAY, Link("talk.jsonl", path="talk.jsonl"), Clock())
    feeder = FileFeeder(open_recordings([path]), session)
    app = DebuggerApp(session, feeder)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, feeder.loaded.is_set)
        await pilot.press("2", "a")  # all of the time: else its window depends on where one was before
        yield app, pilot


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await pilot.pause(0.01)


async def looks(app: DebuggerApp, pilot: Pilot[None]) -> dict[str, str]:
    """What each pane shows at moments all over the recording, without the lines under it.

    It comes to them from the end: how far a pane is scrolled depends on where one was before.
    """
    shown = {}
    assert isinstance(app.session.clock, Clock)
    app.session.clock.pass_seconds(2)  # figures are made anew only so often
    for number, pane in enumerate(PANES[:-1], 1):  # a recording cannot be held
        await pilot.press(str(number), "z")
        if pane == "findings":
            await pilot.press("g")  # the line that one was on stays under the cursor
        for share in (3, 0, 1, 2):
            app.session.seek((len(app.session.log) - 1) * share // 3)
            app.main_screen.sync()
            await pilot.pause()
            shown[f"{pane} {share}"] = "\n".join(pictures.text(app).splitlines()[:-3])
    return shown


def told(app: DebuggerApp) -> str:
    return " ".join(part.text for part in status_parts(app.session))


async def test_a_recording_that_grew_is_shown_as_if_it_had_been_opened_whole(tmp_path: Path) -> None:
    """Rows, state, turns, findings, timeline, graph; a line that comes in two pieces is one event."""
    whole, growing = write_recording(tmp_path / "whole.jsonl", LINES), tmp_path / "growing.jsonl"
    content = whole.read_bytes()
    write_recording(growing, LINES[:HALF])
    async with opened(whole) as (app, pilot):
        expected = await looks(app, pilot)
    async with opened(growing) as (app, pilot):
        assert len(app.session.log) == HALF
        await looks(app, pilot)
        for end in (growing.stat().st_size + 40, len(content) - 7, len(content)):
            with growing.open("ab") as file:
                file.write(content[growing.stat().st_size : end])
            await until(pilot, lambda end=end: len(app.session.log) >= content[:end].count(b"\n"))  # type: ignore[misc]
        assert len(app.session.log) == len(LINES)
        assert await looks(app, pilot) == expected


async def test_a_recording_that_was_replaced_stays_in_view_and_it_is_told(tmp_path: Path) -> None:
    """The file that was opened is still there for whoever has it open."""
    path, other = write_recording(tmp_path / "talk.jsonl", LINES), tmp_path / "other.jsonl"
    write_recording(other, conversation(1))
    async with opened(path) as (app, pilot):
        expected = await looks(app, pilot)
        other.replace(path)
        await until(pilot, lambda: "replaced" in told(app))
        assert await looks(app, pilot) == expected
        path.unlink()
        await until(pilot, lambda: "deleted" in told(app))
        assert await looks(app, pilot) == expected


@pytest.mark.parametrize("how", ["cut", "emptied", "written over", "other events"])
async def test_a_recording_that_lost_its_lines_is_told_and_no_pane_fails(tmp_path: Path, how: str) -> None:
    """Rows stay, with what was kept of them in columns; no other line is taken for one of theirs."""
    path = write_recording(tmp_path / "talk.jsonl", LINES)
    content = path.read_bytes()
    async with opened(path) as (app, pilot):
        await looks(app, pilot)
        before = len(app.session.log)
        with path.open("r+b") as file:
            if how == "written over":
                file.write(b"x" * len(content))
            elif how == "other events":
                file.write(
                    content.replace(b"question", b"QUESTION").replace(b"model is gone", b"MODEL IS GONE")
                )
            else:
                file.truncate(len(content) // 3 if how == "cut" else 0)
        await until(pilot, lambda: "open it again" in told(app))
        after = await looks(app, pilot)
        assert len(app.session.log) == before
        assert "QUESTION" not in "".join(after.values())
        assert [name for name, shown in after.items() if not shown.strip()] == []
        await pilot.press("3", "enter", "j", "escape", "4", "j", "enter")
        await pilot.pause()
        assert len(app.session.log) == before
