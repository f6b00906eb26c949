"""The key bar says what a key would do now."""

from __future__ import annotations

import pytest

from debugger.tui.keys import TABLE
from debugger.tui.session import Mode
from debugger.tui.status.lines import KeyBar
from tests.tui.interface import app_with
from tests.tui.pressing import LINES, opened, press

PANES = {"1": "graph.", "2": "timeline.", "3": "events.", "4": "state.", "5": "turns.", "6": "findings."}


@pytest.mark.parametrize(("number", "place"), PANES.items(), ids=PANES.values())
async def test_each_pane_has_its_own_keys_on_the_bar_when_it_is_focused(number: str, place: str) -> None:
    """In front of those that work everywhere, which are cut off first where there is no room."""
    app = app_with(LINES)
    async with opened(app) as pilot:
        await press(pilot, number)
        bar = app.screen.query_one(KeyBar)
        own: list[str] = []
        for _ in range(100):  # the bar follows the focus with the next look at the session
            bar.render_line(0)
            own = [item.key.row.name for item in bar._items if item.key.row.name.startswith(place)]
            if own:
                break
            await pilot.pause(0.02)
        labelled = sorted(
            (row for row in TABLE if row.rank and row.name.startswith(place)), key=lambda row: row.rank
        )
        assert own == [row.name for row in labelled] != []
        assert [item.key.row.name for item in bar._items][: len(own)] == own


@pytest.mark.parametrize(
    ("keys", "before", "after"),
    [
        ("3v", "v follow", "v unfollow"),
        ("3s", "s pin", "s unpin"),
        ("3z", "z zoom", "z all panes"),
        ("3 ", "␣ play", "␣ stop"),
        ("1b", "b without the bus", "b over the bus"),
        ("2p", "p causal order", "p by the clock"),
        ("4i", "i history", "i tree"),
        ("4A", "A all", "A one"),
        ("4d", "d changes", "d everything"),
        ("5v", "v follow", "v unfollow"),
        ("5o", "o slowest", "o by time"),
    ],
)
async def test_what_a_key_would_do_the_second_time_is_what_the_bar_says(
    keys: str, before: str, after: str
) -> None:
    """And when it was pressed again, it is as at first."""
    app = app_with(LINES, Mode.REPLAY)
    async with opened(app) as pilot:
        bar = app.screen.query_one(KeyBar)
        focus, key = keys
        await press(pilot, focus)
        for expected in (before, after, before):
            app.main_screen.sync()
            assert f" {expected} " in f"{bar.render_line(0).text} ", expected
            await press(pilot, "space" if key == " " else key)
