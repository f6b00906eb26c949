"""The keys of the lines that are typed in, and what is typed fast."""

from __future__ import annotations

from typing import Any

import pytest
from textual import events
from textual.keys import _character_to_key as character_to_key
from textual.screen import Screen
from textual.widgets import Input

from debugger.tui.commands.screen import CommandPalette
from debugger.tui.help.screen import HelpScreen
from debugger.tui.keys import Where
from debugger.tui.query_line.widget import QueryLine
from tests.tui.interface import app_with, conversation
from tests.tui.pressing import HERE, LINES, focus, keys_of, opened, press


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


async def test_keys_of_the_query_line_complete_remember_and_save() -> None:
    """Tab takes what could follow; up and ^P bring what was typed before, down and ^N what came after."""
    app = app_with(LINES)
    async with opened(app) as pilot:
        box = app.main_screen.query_one(Input)
        await press(pilot, "slash", *"compon", "tab")
        assert box.value == "component:"
        await press(pilot, "tab")
        first = box.value
        await press(pilot, "tab")
        assert box.value != first
        await press(pilot, "shift+tab")
        assert box.value == first
        await press(pilot, "escape")
        for text in ("turn:1", "turn:2"):
            await press(pilot, "slash", *["backspace"] * 20, *text, "enter")
        await press(pilot, "slash", "up")
        assert box.value == "turn:2"
        await press(pilot, "ctrl+p")
        assert box.value == "turn:1"
        await press(pilot, "down")
        assert box.value == "turn:2"
        await press(pilot, "up", "ctrl+n")
        assert box.value == "turn:2"
        await press(pilot, "ctrl+s", *"second", "enter")
        assert app.chosen.queries == {"second": "turn:2"}
    tried = {"enter", "escape", "ctrl+g", "tab", "shift+tab", "up", "ctrl+p", "down", "ctrl+n", "ctrl+s"}
    assert set(keys_of(Where.FILTER)) == tried


async def test_what_is_typed_behind_a_slash_goes_into_the_line_however_fast_it_comes() -> None:
    """Keys that a terminal delivers in one piece; x and 2 would be commands elsewhere."""
    app = app_with(LINES)
    async with opened(app) as pilot:
        for char in "/x 2/":
            app.post_message(events.Key(character_to_key(char), char))
        await pilot.pause()
        assert app.screen.query_one(Input).value == "x 2/"


@pytest.mark.parametrize(
    ("keys", "opens", "typed"),
    [("\x10theme", CommandPalette, "theme"), ("?/turn", HelpScreen, "turn")],
    ids=["the palette", "the help"],
)
async def test_what_is_typed_behind_a_key_that_opens_goes_into_what_opened(
    keys: str, opens: type[Screen[Any]], typed: str
) -> None:
    """In one piece too; e, t and u would be commands of the panes."""
    app = app_with(LINES)
    async with opened(app) as pilot:
        for char in keys:
            app.post_message(events.Key("ctrl+p" if char == "\x10" else character_to_key(char), char))
        await pilot.pause()
        assert isinstance(app.screen, opens)
        assert app.screen.query_one(Input).value == typed
        assert app.session.cursor == HERE


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
        assert app.main_screen.query_one(QueryLine).display
        assert app.session.filter_text == before


@pytest.mark.parametrize("size", [(160, 48), (120, 36), (80, 24), (40, 12)])
async def test_panes_stay_where_they_are_while_something_is_typed(size: tuple[int, int]) -> None:
    """The line lies over their ends; the cursor's event is above it, at the end of the log too."""
    app = app_with(conversation(turns=12))
    async with app.run_test(size=size) as pilot:
        await pilot.press("3", "G")
        screen, table = app.main_screen, app.main_screen.events
        before = {name: pane.region for name, pane in screen.panes.items()}
        await pilot.press("slash")
        await pilot.pause()
        line = screen.typed.region
        assert line.height == screen.typed.LINES
        assert line.bottom == screen.area.region.bottom
        assert {name: pane.region for name, pane in screen.panes.items()} == before
        at = table.region.y + 1 + app.session.shown.position(app.session.cursor) - table.scroll_offset.y
        assert table.region.y < at < line.y
        await pilot.press("escape")
        await pilot.pause()
        assert table.scroll_offset.y == table.max_scroll_y
