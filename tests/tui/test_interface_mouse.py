"""What the mouse does in the running application."""

from __future__ import annotations

import pytest

from debugger.tui.events.detail import EventScreen
from debugger.tui.panes.arrangement import Shares
from tests.tui.interface import app_with
from tests.tui.pressing import LAST, LINES, focus, layout, opened, press


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
    """Up and down, left and right; a double click on a title gives the pane all the room.

    The mouse says where it is, not on what: as terminals do.
    """
    app = app_with(LINES)
    async with opened(app) as pilot:
        top = app.screen.query_one("#timeline-pane").region.y
        await pilot.mouse_down(offset=(40, top))
        await pilot.hover(None, offset=(40, 20))
        await pilot.mouse_up(None, offset=(40, 20))
        await pilot.pause()
        assert layout(app).shares.upper > Shares().upper
        left = app.screen.query_one("#state-pane").region.x
        await pilot.mouse_down(offset=(left, 3))
        await pilot.hover(None, offset=(60, 3))
        await pilot.mouse_up(None, offset=(60, 3))
        await pilot.pause()
        assert layout(app).shares.left == 50
        await pilot.click(offset=(40, app.screen.query_one("#timeline-pane").region.y), times=2)
        await pilot.pause()
        assert layout(app).maximised == "timeline"


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["small", "middle"])
async def test_a_frame_names_the_panes_of_its_place_and_a_click_on_a_name_shows_that_one(
    size: tuple[int, int],
) -> None:
    """The one that is seen has a mark, and is underlined; the mark goes to the one that was clicked."""
    app = app_with(LINES)
    async with app.run_test(size=size) as pilot:
        await press(pilot, "4")
        for pane, name in (("turns", "5 Turns"), ("findings", "6 Findings"), ("state", "4 State")):
            strips = app.screen._compositor.render_strips()
            y, x = next((y, strip.text.index(name)) for y, strip in enumerate(strips) if name in strip.text)
            assert strips[y].text[x - 1] != "▸"
            await pilot.click(offset=(x + 1, y))
            await pilot.pause()
            assert focus(pane)(app)
            title = app.screen._compositor.render_strips()[y].text
            assert f"▸{name}" in title
            assert title.count("▸") == 1
