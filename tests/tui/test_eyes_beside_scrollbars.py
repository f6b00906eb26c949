"""A list that scrolls paints beside its scrollbar, not under it."""

from __future__ import annotations

from textual.scroll_view import ScrollView

from debugger.tui.commands.screen import CommandList, CommandPalette
from debugger.tui.events.detail import EventText
from debugger.tui.help.screen import HelpLines
from tests.tui.interface import app_with, conversation

MANY = conversation(60)


def texts(view: ScrollView) -> list[str]:
    return [view.render_line(y).text for y in range(view.size.height)]


async def test_the_palette_shows_the_keys_of_every_command() -> None:
    """They stand at the right end, where the scrollbar is."""
    app = app_with(MANY)
    for size in ((80, 24), (120, 36)):
        async with app.run_test(size=size) as pilot:
            await pilot.press("ctrl+p")
            await pilot.pause()
            assert isinstance(app.screen, CommandPalette)
            shown = app.screen.query_one(CommandList)
            line = next(line for line in texts(shown) if "pane before" in line)
            assert line.endswith("⇧Tab")
            assert len(line) == shown.scrollable_content_region.width < shown.size.width
            assert shown.max_scroll_x == 0
        app = app_with(MANY)


async def test_what_is_cut_in_an_open_event_ends_in_an_ellipsis() -> None:
    """Even where a scrollbar takes a cell."""
    app = app_with(MANY, at="3")
    async with app.run_test(size=(48, 14)) as pilot:
        await pilot.pause(0.2)
        await pilot.press("enter")
        await pilot.pause()
        text = app.screen.query_one(EventText)
        assert text.show_vertical_scrollbar
        assert {len(line) for line in texts(text)} == {text.scrollable_content_region.width}
        cause = texts(text)[0]
        assert cause.rstrip().endswith("…"), cause


async def test_the_help_wraps_beside_its_scrollbar() -> None:
    """No word of it is cut."""
    app = app_with(MANY)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        lines = app.screen.query_one(HelpLines)
        assert lines.show_vertical_scrollbar
        words = {word for one in lines._lines for part in one for word in part.text.split()}
        assert max(map(len, ("".join(part.text for part in one) for one in lines._lines))) <= lines.room
        assert "receiver" in words


async def test_lists_in_panes_are_as_wide_as_what_is_seen_of_them() -> None:
    """Turns, findings and state: the last cells hold times and numbers."""
    app = app_with(MANY)
    async with app.run_test(size=(80, 24)) as pilot:
        for key, pane in (("5", "turns"), ("6", "findings")):
            if pane == "findings":
                await pilot.press("3", *("j", "m") * 30)
            await pilot.press(key)
            await pilot.pause(0.2)
            view = app.main_screen.panes[pane]
            assert isinstance(view, ScrollView)
            assert view.show_vertical_scrollbar
            assert {len(line) for line in texts(view)} == {view.size.width - 1}
