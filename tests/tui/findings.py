"""The interface on recordings of races, judged as they are when it is opened."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from debugger.analysis.ranking import key_of
from debugger.judging import Asked, Here, Judging
from debugger.tui import launch  # noqa: F401 - before Textual
from debugger.tui.app import DebuggerApp
from debugger.tui.findings.widget import FindingList
from debugger.tui.screen import MainScreen
from debugger.tui.session import Mode, Session
from tests.tui.interface import session_with

RACES = Path("docs/races")
TODAY = dt.date(2026, 1, 1)


def lines_of(name: str) -> list[bytes]:
    return (RACES / f"{name}.jsonl").read_bytes().splitlines()


def judged_session(lines: list[bytes], mode: Mode = Mode.REPLAY) -> Session:
    session = session_with(lines, mode)
    here = Here(session.log, Asked(TODAY, live=mode is Mode.LIVE))
    here.finish_all()
    session.judging = here
    return session


def racy_app(name: str = "worker-overlap", **more: Any) -> DebuggerApp:
    return DebuggerApp(judged_session(lines_of(name)), pane="findings", **more)


def pane_of(app: DebuggerApp) -> FindingList:
    return app.main_screen.query_one(FindingList)


def judging_of(session: Session) -> Judging:
    assert session.judging is not None
    return session.judging


@asynccontextmanager
async def opened(app: DebuggerApp, size: tuple[int, int] = (120, 36)) -> AsyncIterator[Any]:
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, MainScreen)
        app.main_screen.sync()
        await pilot.pause()
        yield pilot


def keys_to_edge(app: DebuggerApp) -> tuple[str, ...]:
    """Keys to the first finding whose two events nothing orders."""
    judging = judging_of(app.session)
    stories = [judging.story(key_of(one)) for one in judging.found.all]
    line = next(at for at, story in enumerate(stories) if story is not None and story.missing_rows)
    return (*"j" * line, "enter")
