"""The event table says why it is empty, where the cursor is behind a filter, and which columns it has."""

from __future__ import annotations

import pytest

from debugger.tui.app import DebuggerApp
from debugger.tui.events.chooser import ColumnChooser
from debugger.tui.events.table import EventTable
from debugger.tui.rows import ShownRows
from debugger.tui.session import Mode
from tests.tui.interface import app_with, conversation, session_with

LINES = conversation()


def body(table: EventTable) -> list[str]:
    return [table.render_line(y).text for y in range(1, table.size.height)]


async def test_a_filter_that_nothing_passes_is_told_with_the_keys_that_end_it() -> None:
    """An empty table alone looks like an empty recording."""
    app = app_with(LINES)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("slash", *"message:NOWHERE", "enter")
        await pilot.pause(0.2)
        table = app.main_screen.events
        assert body(table)[0].strip() == "no event passes the filter · x shows all · / changes the filter"
        await pilot.press("x")
        await pilot.pause(0.2)
        assert "RECORDING_STARTED" in body(table)[0]


@pytest.mark.parametrize(
    ("mode", "told"), [(Mode.LIVE, "no events yet"), (Mode.REPLAY, "no events in this recording")]
)
async def test_without_events_the_table_says_so(mode: Mode, told: str) -> None:
    """Live, some may come."""
    app = app_with([], mode)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.2)
        assert body(app.main_screen.events)[0].strip() == told


async def test_a_cursor_that_the_filter_hides_is_between_two_lines_and_on_none() -> None:
    """What Enter opens is not the line before it."""
    app = app_with(LINES, at="4")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause(0.2)
        table = app.main_screen.events
        assert [line[0] for line in body(table)].count("▌") == 1
        await pilot.press("slash", *"component:user_session", "enter")
        await pilot.pause(0.2)
        marks = [line[0] for line in body(table)]
        assert marks.count("▌") == 0
        assert marks.count("▁") == 1
        assert table.titles[1] == "after 1 of 3"
        await pilot.press("j")
        await pilot.pause(0.2)
        assert [line[0] for line in body(table)].count("▌") == 1
        assert table.titles[1] == "2 of 3"


async def test_the_cursor_is_seen_though_its_row_is_looked_at_after_the_table_went_there() -> None:
    """As where a recording is opened at a moment, and the panes are painted before the first tick."""
    lines = conversation(turns=20)
    session = session_with(lines)
    session.seek(200)
    app = DebuggerApp(session)
    async with app.run_test(size=(120, 36)) as pilot:
        table = EventTable(session)
        await app.screen.mount(table)
        await pilot.pause()
        session.shown = ShownRows(session.log)
        table.sync()
        assert not len(session.shown)
        session.shown.extend(session.clock, 0)
        table.sync()
        assert [line[0] for line in body(table)].count("▌") == 1


async def test_one_column_more_is_one_column_more() -> None:
    """The list begins with the columns there are; those for which there is no room are told."""
    app = app_with(LINES)
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.pause(0.2)
        heads = [app.main_screen.events.render_line(0).text.split()]
        await pilot.press("C", "j", "space", "enter")
        await pilot.pause(0.2)
        heads.append(app.main_screen.events.render_line(0).text.split())
        assert heads == [
            ["Time", "Component", "Message", "Payload"],
            ["Time", "Δ", "Component", "Message", "Payload"],
        ]
        await pilot.press("C", *("j", "space") * 3)
        await pilot.pause(0.2)
        assert isinstance(app.screen, ColumnChooser)
        assert "no room" in str(app.screen.query_one("Static").render())
