"""Pressing keys in the running application, from one moment of the small conversation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from debugger.tui.app import DebuggerApp
from debugger.tui.keys import TABLE, Where
from debugger.tui.panes.arrangement import Arrangement
from debugger.tui.query_line.widget import QueryLine
from debugger.tui.screen import MainScreen
from tests.tui.interface import conversation

LINES = conversation()
LAST = len(LINES) - 1
HERE = 18  # a receive in the second turn, without effects

Check = Callable[[DebuggerApp], bool]


def focus(pane: str) -> Check:
    return lambda app: app.focused is not None and app.focused.id == pane


def asks(name: str) -> Check:
    def check(app: DebuggerApp) -> bool:
        purpose = app.screen.query_one(QueryLine).purpose
        return purpose is not None and purpose.name == name and isinstance(app.focused, Input)

    return check


def layout(app: DebuggerApp) -> Arrangement:
    return app.main_screen.area.arrangement


def keys_of(*where: Where) -> Iterator[str]:
    return (name for key in TABLE if key.where in where for name in key.keys)


@asynccontextmanager
async def opened(app: DebuggerApp, row: int = HERE) -> Any:
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        app.session.seek(row)
        screen = app.screen
        assert isinstance(screen, MainScreen)
        screen.sync()
        yield pilot


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()
