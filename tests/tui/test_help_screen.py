"""The help: all keys in force, what the panes' signs mean, how one asks."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widgets import Input

from debugger.tui import pictures
from debugger.tui.help.legend import LEGENDS
from debugger.tui.help.screen import HelpLines, help_text
from debugger.tui.help.text import QUERY
from debugger.tui.keys import TABLE, Where
from debugger.tui.query_line.purpose import query_of
from debugger.tui.text import width_of
from tests.tui.comfort import SmallApp, SmallScreen


def test_the_help_names_every_key_in_force_under_its_place() -> None:
    """The places asked for come first, each once."""
    text = help_text(TABLE, (Where.STATE, Where.GRAPH), width=200).plain
    for row in TABLE:
        assert row.about in text
        assert row.shown in text
    order = sorted((text.index(f"{where.value}\n"), where) for where in {row.where for row in TABLE})
    assert [where for _, where in order][:2] == [Where.STATE, Where.GRAPH]
    assert text.count(Where.STATE.value) == 1


@pytest.mark.parametrize("example", [example for example, _ in QUERY])
def test_every_query_of_the_help_is_one(example: str) -> None:
    """It can be typed as it stands there."""
    assert not query_of(example).passes_all


@given(st.integers(1, 200), st.booleans())
def test_no_line_of_the_help_is_wider_than_there_is_room(width: int, words: bool) -> None:
    """But for keys and words that are longer, each alone in its line."""
    lines = help_text(TABLE, width=width, words=words).plain.split("\n")
    assert max(width_of(line) for line in lines) <= max(width, 44)


def test_the_help_tells_the_signs_of_each_pane_behind_its_keys() -> None:
    """Made of what the panes are painted with; the name of a pane finds all of its signs."""
    text = help_text(TABLE, (Where.TURNS,), width=200).plain
    assert text.index("In the turns") < text.index("Signs of the turns") < text.index("Move the cursor")
    for where, (title, legend) in LEGENDS.items():
        assert text.index(where.value) < text.index(title)
        alone = help_text(TABLE, width=200, only=title.casefold()).plain
        assert all(f"{sign.glyph} " in alone and sign.about in alone for sign in legend()), title
        assert [line for line in alone.split("\n") if line][1:] != [], title


@pytest.mark.parametrize("where", [Where.GRAPH, Where.TIMELINE, Where.EVENTS, Where.STATE])
def test_what_the_panes_paint_is_in_the_legend(where: Where) -> None:
    """Every sign of its module is in one of the lines: who adds one says what it means."""
    module = sys.modules[LEGENDS[where][1].__module__]
    told = "".join(sign.glyph for sign in LEGENDS[where][1]())
    signs = {name: value for name, value in vars(module).items() if name.isupper() and isinstance(value, str)}
    assert [name for name, value in signs.items() if not set(value) & set(told)] == []


async def test_the_help_begins_with_the_focused_pane_and_finds_words() -> None:
    """A slash asks for a word; Escape shows all again, then closes."""
    app = SmallApp()
    async with app.run_test(size=(100, 48)) as pilot:
        await pilot.pause()
        await pilot.press("question_mark")
        await pilot.pause()
        text = pictures.text(app)
        assert text.index("In the findings") < text.index("Move the cursor")
        lines = app.screen.query_one(HelpLines)
        for down, up in (("j", "k"), ("down", "up"), ("pagedown", "pageup"), ("space", "b"), ("G", "g")):
            await pilot.press(down)
            assert lines.scroll_offset.y > 0, down
            await pilot.press(up)
            assert lines.scroll_offset.y == 0, up
        await pilot.press("slash", *"bo q?")
        assert "nothing here has" in pictures.text(app)
        app.screen.query_one(Input).value = "bookmark"
        await pilot.pause()
        assert "bookmark" in pictures.text(app)
        assert "next event of the same turn" not in pictures.text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert "next event" in pictures.text(app)
        await pilot.press("escape")
        assert isinstance(app.screen, SmallScreen)
