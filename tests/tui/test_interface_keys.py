"""Each key of the key table, pressed in the running application."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual import events
from textual.keys import _character_to_key as character_to_key
from textual.pilot import Pilot
from textual.widgets import Input

from debugger.tui.app import DebuggerApp
from debugger.tui.events.detail import EventScreen, EventText
from debugger.tui.events.filter_line import FilterLine
from debugger.tui.events.table import EventTable
from debugger.tui.help.screen import HelpScreen, help_text
from debugger.tui.keys import TABLE, Where
from debugger.tui.screen import MainScreen
from debugger.tui.session import Mode
from debugger.tui.state.tree import StateTree
from tests.tui.interface import app_with, conversation

LINES = conversation()
LAST = len(LINES) - 1
HERE = 18  # a receive in the second turn, without effects

Check = Callable[[DebuggerApp], bool]


def at(row: int) -> Check:
    return lambda app: app.session.cursor == row


def focus(pane: str) -> Check:
    return lambda app: app.focused is not None and app.focused.id == pane


def chosen(component: str | None) -> Check:
    return lambda app: app.session.component == component


def scrolled(app: DebuggerApp) -> int:
    return app.screen.query_one(EventText).scroll_offset.y


def tree_line(app: DebuggerApp) -> int:
    return app.screen.query_one(StateTree)._line


def state_lines(app: DebuggerApp) -> int:
    return len(app.screen.query_one(StateTree).view.lines)


# What a key does, pressed alone at event HERE. Keys that need more have a test of their own below.
MAIN: dict[str, Check] = {
    "j": at(HERE + 1),
    "down": at(HERE + 1),
    "k": at(HERE - 1),
    "up": at(HERE - 1),
    "l": at(HERE + 2),
    "right": at(HERE + 2),
    "h": at(HERE - 1),
    "left": at(HERE - 1),
    "pagedown": lambda app: app.session.cursor == min(HERE + app.screen.query_one(EventTable).page, LAST),
    "ctrl+d": lambda app: app.session.cursor > HERE + 5,
    "pageup": lambda app: app.session.cursor < HERE - 5,
    "ctrl+u": lambda app: app.session.cursor < HERE - 5,
    "g": at(0),
    "home": at(0),
    "G": at(LAST),
    "end": at(LAST),
    "c": at(16),
    "e": lambda app: app.session.notice is not None and app.session.cursor == HERE,
    "n": at(HERE + 1),
    "N": at(HERE - 1),
    "space": lambda app: app.session.playback.playing,
    "plus": lambda app: app.session.playback.speed == 2,
    "equals_sign": lambda app: app.session.playback.speed == 2,
    "minus": lambda app: app.session.playback.speed == 0.5,
    "enter": lambda app: isinstance(app.screen, EventScreen),
    "slash": lambda app: isinstance(app.focused, Input),
    "f": lambda app: app.session.filter_text == "component:database_memory",
    "x": lambda app: app.session.filter_text == "",
    "s": chosen("database_memory"),
    "1": focus("graph"),
    "2": focus("events"),
    "3": focus("state"),
    "tab": focus("state"),
    "shift+tab": focus("graph"),
    "question_mark": lambda app: isinstance(app.screen, HelpScreen),
    "q": lambda app: app._exit,
    "ctrl+c": lambda app: app._exit,
}


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


def test_every_key_that_works_anywhere_is_tried() -> None:
    """A key added to the table needs a line here."""
    assert set(MAIN) == set(keys_of(Where.MOVE, Where.TIME, Where.FIND, Where.ANYWHERE))


async def test_each_key_of_the_main_screen_does_what_the_table_says() -> None:
    """Pressed one after the other, each from the same moment with the events in focus."""
    app = app_with(LINES)
    async with opened(app) as pilot:
        for key in MAIN.keys() - {"q", "ctrl+c"}:
            while not isinstance(app.screen, MainScreen):
                app.pop_screen()
            app.screen.query_one(FilterLine).display = False
            app.screen.query_one(EventTable).focus()
            app.session.set_filter("", None)
            app.session.component, app.session.notice = None, None
            app.session.playback.set_speed(1)
            app.session.seek(HERE)
            await pilot.pause()
            await press(pilot, key)
            assert MAIN[key](app), key


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_quitting_quits(key: str) -> None:
    """Both ways."""
    app = app_with(LINES)
    async with opened(app) as pilot:
        await press(pilot, key)
        assert MAIN[key](app)


async def test_x_shows_everything_again() -> None:
    """And f does, the second time."""
    app = app_with(LINES)
    async with opened(app) as pilot:
        for again in ("x", "f"):
            await press(pilot, "f")
            assert len(app.session.shown) < len(LINES)
            await press(pilot, again)
            assert len(app.session.shown) == len(LINES)


async def test_keys_of_the_graph_choose_components() -> None:
    """Arrows and letters go to the neighbour that way; Escape and u let go."""
    app = app_with(LINES)
    async with opened(app) as pilot:
        await press(pilot, "1", "right")
        assert app.session.component == "database_memory"  # the first press takes the cursor's
        steps = (
            ("up", "user_session"),
            ("right", "overseer"),
            ("l", "agent_context"),
            ("down", "llm_orchestrator"),
            ("j", "text_queue_manager"),
            ("left", "tts_orchestrator"),
            ("h", "audio_output"),
            ("k", "database_memory"),
        )
        for key, component in steps:
            await press(pilot, key)
            assert app.session.component == component, key
        for key in ("escape", "u"):
            await press(pilot, "right")
            assert app.session.component is not None
            await press(pilot, key)
            assert app.session.component is None
    assert {key for key, _ in steps} | {"escape", "u"} == set(keys_of(Where.GRAPH))


async def test_keys_of_the_state_pane_walk_and_fold() -> None:
    """Lines, branches, and back to the parent."""
    row = next(number for number, line in enumerate(LINES) if b'"turns"' in line)
    app = app_with(LINES)
    async with opened(app, row) as pilot:
        await press(pilot, "3")
        tried = set()
        for key, line in (("down", 1), ("j", 2), ("up", 1), ("k", 0), ("down", 1), ("down", 2)):
            await press(pilot, key)
            assert tree_line(app) == line
            tried.add(key)
        for key in ("enter", "right", "l"):
            await press(pilot, key)
            assert state_lines(app) == 5, key
            await press(pilot, key)
            assert state_lines(app) == 7, key
            tried.add(key)
        for key in ("left", "h"):
            await press(pilot, "down", key)
            assert tree_line(app) == 2
            await press(pilot, key)
            assert state_lines(app) == 5
            await press(pilot, "right")
            tried.add(key)
    assert tried == set(keys_of(Where.STATE))


async def test_keys_of_an_open_event_scroll_and_follow_its_links() -> None:
    """The cursor moves with them, and each closing key closes."""
    app = app_with(LINES)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        app.session.seek(HERE)
        await press(pilot, "enter")
        tried = set()
        for key, moved in (
            ("j", 1),
            ("down", 2),
            ("k", 1),
            ("up", 0),
            ("pagedown", 12),
            ("pageup", 0),
            ("ctrl+d", 12),
            ("ctrl+u", 0),
        ):
            await press(pilot, key)
            assert (scrolled(app) > 5) if moved > 5 else (scrolled(app) == moved), key
            tried.add(key)
        for bottom, top in (("G", "g"), ("end", "home")):
            await press(pilot, bottom)
            assert scrolled(app) == app.screen.query_one(EventText).max_scroll_y > 0
            await press(pilot, top)
            assert scrolled(app) == 0
            tried |= {bottom, top}
        for key, row in (("c", 16), ("e", 17), ("right", 18), ("left", 17), ("l", 18), ("h", 17)):
            await press(pilot, key)
            assert app.session.cursor == row, key
            tried.add(key)
        for key in ("escape", "q", "enter"):
            await press(pilot, key)
            assert isinstance(app.screen, MainScreen), key
            await press(pilot, "enter")
            tried.add(key)
    assert tried == set(keys_of(Where.EVENT))


async def test_a_filter_filters_while_it_is_typed() -> None:
    """Enter keeps it; Escape and ctrl+g bring back the one before."""
    app = app_with(LINES)
    async with opened(app) as pilot:
        await press(pilot, "slash", *"turn:2")
        assert len(app.session.shown) == sum(b'"turn": 2' in line for line in LINES)
        await press(pilot, "enter")
        assert app.session.filter_text == "turn:2"
        assert focus("events")(app)
        for key in ("escape", "ctrl+g"):
            await press(pilot, "slash", "backspace", "3", key)
            assert app.session.filter_text == "turn:2"
            assert focus("events")(app)
    assert set(keys_of(Where.FILTER)) == {"enter", "escape", "ctrl+g"}


async def test_what_is_typed_behind_a_slash_goes_into_the_line_however_fast_it_comes() -> None:
    """Keys that a terminal delivers in one piece; x and 2 would be commands elsewhere."""
    app = app_with(LINES)
    async with opened(app) as pilot:
        for char in "/x 2/":
            app.post_message(events.Key(character_to_key(char), char))
        await pilot.pause()
        assert app.screen.query_one(Input).value == "x 2/"


async def test_a_wrong_filter_is_told_at_its_place_and_changes_nothing() -> None:
    """The caret stands under the word; Enter does not accept it."""
    app = app_with(LINES)
    async with opened(app) as pilot:
        await press(pilot, "slash", *"turn:2 compnent:x")
        svg = app.export_screenshot(simplify=True)
        assert "compnent" in svg
        assert "did&#160;you&#160;mean" in svg
        before = app.session.filter_text
        await press(pilot, "enter")
        assert app.screen.query_one(FilterLine).display
        assert app.session.filter_text == before


@pytest.mark.parametrize("key", ["escape", "q", "question_mark"])
async def test_the_help_closes_by_escape_and_by_other_keys(key: str) -> None:
    """Nothing modal that one cannot leave."""
    app = app_with(LINES)
    async with opened(app) as pilot:
        await press(pilot, "question_mark", "j", "k", key)
        assert isinstance(app.screen, MainScreen)


def test_the_help_names_every_key_of_the_table() -> None:
    """It is made from it."""
    text = help_text().plain
    assert [key.about for key in TABLE if key.about not in text] == []


async def test_live_keys_pause_and_follow() -> None:
    """Space pauses; G follows again; moving back pauses too."""
    app = app_with(LINES, Mode.LIVE)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        assert app.session.following
        for pausing in ("space", "k", "g"):
            await press(pilot, pausing)
            assert not app.session.following
            await press(pilot, "G")
            assert app.session.following
            assert app.session.cursor == LAST


async def test_the_mouse_moves_chooses_and_opens() -> None:
    """A click on a line, on it again, on a component, on a key of the bar."""
    app = app_with(LINES)
    async with opened(app, 0) as pilot:
        await pilot.click("#events", offset=(10, 4))
        assert app.session.cursor == 3
        await pilot.click("#events", offset=(10, 4))
        await pilot.pause()
        assert isinstance(app.screen, EventScreen)
        await press(pilot, "escape")
        await pilot.click("#graph", offset=(5, 1))
        assert app.session.component == "user_session"
        await pilot.click("#graph", offset=(5, 1))
        assert app.session.component is None
        await pilot.click("#keys", offset=(1, 0))
        await pilot.pause()
        assert app.session.playback.playing
