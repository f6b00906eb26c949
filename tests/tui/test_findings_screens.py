"""What findings look like, at three sizes, and that none of it is told by colour alone."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from textual.pilot import Pilot

from debugger.tui import pictures
from debugger.tui.app import DebuggerApp
from debugger.tui.findings.model import GLYPHS, LETTERS
from debugger.tui.screen import MainScreen
from tests.tui.findings import keys_to_edge, opened, pane_of, racy_app
from tests.tui.test_interface_screens import settled

SIZES = pytest.mark.parametrize(
    "size", [(80, 24), (120, 36), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}"
)


@pytest.fixture(autouse=True)
def _universal_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times are shown in the local zone: for pictures, the same everywhere."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def after(*keys: str) -> Any:
    """Press keys; without any, go to a finding that has an edge missing."""

    async def run(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, DebuggerApp)
        await settled(pilot)
        for key in keys or keys_to_edge(app):
            await pilot.press(key)
            if isinstance(pilot.app.screen, MainScreen):  # where the timeline stands depends on the way there
                await settled(pilot)
            else:
                await pilot.pause()

    return run


@SIZES
@pytest.mark.parametrize("name", ["worker-overlap", "lost-update"])
def test_the_chosen_finding_at_three_sizes(name: str, size: tuple[int, int], snap_compare: Any) -> None:
    """Its line, both events and the missing edge on the timeline, marks on the scrubber."""
    assert snap_compare(racy_app(name), terminal_size=size, run_before=after())


@SIZES
def test_the_explanation_at_three_sizes(size: tuple[int, int], snap_compare: Any) -> None:
    assert snap_compare(racy_app("stale-agent-config"), terminal_size=size, run_before=after("i"))


async def test_without_unicode_all_of_it_is_told() -> None:
    """In ASCII the edge is dotted, with a cross in it."""
    app = racy_app(ascii_only=True)
    async with opened(app) as pilot:
        await pilot.press(*keys_to_edge(app), "2", "z")
        await pilot.pause()
        text = pictures.text(app)
        assert text.isascii()
        assert re.search(r"\.\.X\.\.", text)


async def test_a_letter_and_a_sign_say_what_colours_say() -> None:
    """Verdict and severity of each line; on the scrubber and over the lanes the same signs."""
    app = racy_app()
    async with opened(app) as pilot:
        pane = pane_of(app)
        for line in pane._lines:
            assert line.finding is not None
            shown = "".join(part.text for part in pane.render_line(pane._lines.index(line))._segments)
            assert shown[1:4] == f"{GLYPHS[line.finding.verdict]} {LETTERS[line.finding.severity]}"
        scrubber = pictures.text(app).split("\n")[-4]
        assert "✗" in scrubber
        await pilot.press("2", "a")
        await pilot.pause()
        axis = next(line for line in pictures.text(app).split("\n") if "╷" in line)
        assert "✗" in axis


@pytest.mark.parametrize("size", [(20, 5), (40, 10), (38, 12), (300, 90)], ids=str)
async def test_no_size_is_too_small_or_too_large(size: tuple[int, int]) -> None:
    app = racy_app()
    async with opened(app) as pilot:
        for keys in (("enter",), ("i",), ("l",), ("q",)):
            await pilot.press(*keys)
            await pilot.resize_terminal(*size)
            await pilot.pause()
            strips = app.screen._compositor.render_strips()
            assert (len(strips), strips[0].cell_length) == (size[1], size[0])


async def test_a_finding_is_chosen_and_gone_to_in_one_step() -> None:
    """A timeline that is painted in between would look at the one, then at the other, and stand elsewhere."""
    app = racy_app("lost-update")
    async with opened(app):
        pane = pane_of(app)
        pane.action_go()
        assert app.session.chosen is not None
        assert app.session.cursor == pane._lines[pane.line].row
