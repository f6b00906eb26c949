"""Keys that come all at once, as a script or a quick hand types them: each acts where the one before led."""

from __future__ import annotations

import pytest
from textual import events

from debugger.tui.app import DebuggerApp
from debugger.tui.help.screen import HelpScreen
from debugger.tui.screen import MainScreen
from tests.tui.interface import app_with, conversation

LINES = conversation()
START = 3


def type_at_once(app: DebuggerApp, *keys: str) -> None:
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))


@pytest.mark.parametrize(
    ("keys", "cursor", "filtered", "pane"),
    [
        (("colon", *"12", "enter", "j"), 12, "", "events"),
        (("slash", *"turn=1", "enter", "g", "j", "j"), 3, "turn=1", "events"),
        (("slash", *"turn=2", "escape", "j"), START + 1, "", "events"),
        (("question_mark", "q", "colon", *"9", "enter", "5"), 8, "", "turns"),
        (("enter", "q", "j"), START + 1, "", "events"),
        (("enter", "j", "l", "escape", "1", "2", "3", "j"), START + 2, "", "events"),
        (("C", "q", "colon", *"7", "enter"), 6, "", "events"),
        (("ctrl+p", *"abc", "escape", "j"), START + 1, "", "events"),
        (("ctrl+p", *"last event", "enter", "k"), len(LINES) - 2, "", "events"),
        (("5", "Z", "5"), START, "", "turns"),
        (("5", "Z", "6", "4", "3", "slash", *"turn=1", "enter"), START, "turn=1", "events"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
async def test_each_key_acts_where_the_one_before_led(
    keys: tuple[str, ...], cursor: int, filtered: str, pane: str
) -> None:
    """Lines, screens and panes that a key opens or leaves: none of the keys behind it goes astray."""
    app = app_with(LINES)
    async with app.run_test(size=(80, 24)) as pilot:
        app.session.seek(START)
        type_at_once(app, *keys)
        for _ in range(3):
            await pilot.pause()
        assert isinstance(app.screen, MainScreen)
        assert not app.screen.typed.display
        assert app.screen.area.arrangement.pane == pane
        assert app.screen.focused is app.screen.panes[pane]
    assert app.session.cursor == cursor
    assert app.session.filter_text == filtered


async def test_what_is_typed_behind_a_command_goes_to_what_it_opens() -> None:
    """The command is the one that matches all that was typed, however late the list is painted."""
    app = app_with(LINES)
    async with app.run_test(size=(80, 24)) as pilot:
        type_at_once(app, "ctrl+p", *"this help", "enter", "j")
        for _ in range(3):
            await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        assert app.session.cursor < 1
