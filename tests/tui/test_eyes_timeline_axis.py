"""No number on the axis of the timeline is half of another one."""

from __future__ import annotations

import re

import pytest

from debugger.tui.timeline.widget import Timeline
from tests.tui.interface import app_with, conversation

LINES = conversation(6)
WHOLE = re.compile(r"0|steps|\+\d+(\.\d+)?(ns|µs|ms|s|min|h)?")


@pytest.mark.parametrize("order", ["clock", "cause"])
async def test_a_mark_has_all_of_its_label_or_none(order: str) -> None:
    """Wherever the cursor's time covers it, and at the right end."""
    app = app_with(LINES)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("2", *(("p",) if order == "cause" else ()))
        timeline = app.main_screen.query_one(Timeline)
        told = set()
        for key in "+++++--":
            await pilot.press(key, *"]d")
            await pilot.pause()
            for width in (97, 90, 71):
                text = timeline.model.frame(width, 6).lines[0].text
                labels = [label for label in re.split("[╷ ]+", text) if label]
                told |= {one for one in labels if not re.fullmatch(r"\d\d:\d\d:\d\d\.\d+", one)}
        assert told
        assert [one for one in told if not WHOLE.fullmatch(one)] == []


async def test_the_time_at_the_left_edge_is_whole_whatever_the_lanes_are_called() -> None:
    """A part of it would read as another time; where it has no room at all, that is to be seen."""
    app = app_with(LINES, at="20")
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("2", "b", "b")  # lanes are called s1·1
        await pilot.pause(0.2)
        model = app.main_screen.query_one(Timeline).model
        assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3,6} *", model.frame(98, 6).labels[0].text)
        model.label_width = 0
        assert model.frame(30, 6).labels[0].text.startswith("…")
