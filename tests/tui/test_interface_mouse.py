"""What the mouse does in the running application."""

from __future__ import annotations

from debugger.tui.events.detail import EventScreen
from debugger.tui.panes.arrangement import Shares
from tests.tui.interface import app_with
from tests.tui.pressing import LAST, LINES, layout, opened, press


async def test_the_mouse_moves_chooses_and_opens() -> None:
    """A click on a line, on it again, on a component, on a key of the bar, on the scrubber."""
    app = app_with(LINES)
    async with opened(app, 0) as pilot:
        await pilot.click("#events", offset=(10, 4))
        assert app.session.cursor == 3
        await pilot.click("#events", offset=(10, 6), shift=True)
        assert app.session.selected_rows().tolist() == [3, 4, 5]
        await press(pilot, "escape")
        await pilot.click("#events", offset=(10, 6))
        await pilot.pause()
        assert isinstance(app.screen, EventScreen)
        await press(pilot, "escape")
        await pilot.click("#graph", offset=(5, 1))
        assert app.session.component == "user_session"
        await pilot.click("#graph", offset=(5, 1))
        assert app.session.component is None
        await pilot.mouse_down("#scrubber", offset=(109, 0))
        await pilot.mouse_up("#scrubber", offset=(109, 0))
        assert app.session.cursor == LAST
        await pilot.mouse_down("#scrubber", offset=(60, 0))
        await pilot.hover("#scrubber", offset=(10, 0))
        await pilot.mouse_up("#scrubber", offset=(10, 0))
        assert app.session.cursor == 0


async def test_the_mouse_moves_the_borders_of_panes() -> None:
    """Up and down, left and right; a double click on a title gives the pane all the room."""
    app = app_with(LINES)
    async with opened(app) as pilot:
        await pilot.mouse_down("#timeline-pane", offset=(40, 0))
        await pilot.hover(None, offset=(40, 20))
        await pilot.mouse_up(None, offset=(40, 20))
        await pilot.pause()
        assert layout(app).shares.upper > Shares().upper
        await pilot.mouse_down("#state-pane", offset=(0, 3))
        await pilot.hover(None, offset=(60, 3))
        await pilot.mouse_up(None, offset=(60, 3))
        await pilot.pause()
        assert layout(app).shares.left == 50
        await pilot.click("#timeline-pane", offset=(40, 0), times=2)
        await pilot.pause()
        assert layout(app).maximised == "timeline"
