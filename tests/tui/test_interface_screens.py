"""What the screen looks like, at three sizes and under hostile input."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from textual.pilot import Pilot

from backend.events import decode_line
from debugger.tui.app import DebuggerApp
from debugger.tui.findings.widget import FindingList
from debugger.tui.graph.widget import ComponentGraph
from debugger.tui.screen import MainScreen
from debugger.tui.scrubber.widget import Scrubber
from debugger.tui.session import Mode
from tests.tui.interface import Clock, Script, app_with, conversation, session_with

LINES = conversation()


@pytest.fixture(autouse=True)
def _universal_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times are shown in the local zone: for pictures, the same everywhere."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


async def settled(pilot: Pilot[None]) -> None:
    """Wait until syncing changes nothing on the screen any more."""
    seen: list[str] = []
    async with asyncio.timeout(30):
        while len(seen) < 3 or len(set(seen[-3:])) > 1:
            screen = pilot.app.screen
            await pilot.pause(0.02)
            if isinstance(screen, MainScreen):
                screen.sync()
                await pilot.pause()
                seen.append("\n".join(strip.text for strip in screen._compositor.render_strips()))


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_screen_at_three_sizes(size: tuple[int, int], snap_compare: Any) -> None:
    """A receive in the middle of a turn: table, graph with the message's way, state with its changes."""
    assert snap_compare(app_with(LINES, at="18"), terminal_size=size, run_before=settled)


async def test_no_size_is_too_small_or_too_large() -> None:
    """Every page and everything that opens paints at any size."""
    app = app_with(LINES, at="18")
    async with app.run_test(size=(120, 36)) as pilot:
        for keys in ("1", "2", "3", "enter", "question_mark", "slash"):
            await pilot.press(keys)
            for size in ((1, 1), (20, 5), (40, 10), (79, 15), (300, 90)):
                await pilot.resize_terminal(*size)
                await pilot.pause()
                strips = app.screen._compositor.render_strips()
                assert (len(strips), strips[0].cell_length) == (size[1], size[0])
            await pilot.press("escape")


HOSTILE = (
    "[red]x[/nope]",
    "[@click=app.quit]quit[/]",
    "\x1b]0;title\x07\x1b[2J",
    "\u202eevil\u2066",
    "\ttabs\tand\nlines\r",
    "宽字符🧑‍🚀" * 40,
    "\x00\x7f\x9b",
    "x" * 1_000_000,
    "",
)


def hostile_lines() -> list[bytes]:
    script = Script()
    deep: Any = "bottom"
    for _ in range(150):
        deep = {"d": [deep]}
    for number, text in enumerate(HOSTILE):
        name = text[:2_000]
        script.event(
            ("message_published", "message_received", "error", name[:50])[number % 4],
            name,
            name,
            session_id=name,
            data={text[:100]: text, "deep": deep, "huge": 10**60, "text": text},
            component_state={"state": text[:5_000], text[:100]: {"a": deep}, "n": number},
            severity=name[:10],
            turn=number,
            direction=name,
        )
    return script.lines


async def test_hostile_text_is_painted_and_nothing_else() -> None:
    """No crash, no markup that acts, no control character in anything painted."""
    app = app_with(hostile_lines())
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        for _ in HOSTILE:
            await pilot.press("enter")
            await pilot.pause()
            painted = "".join(strip.text for strip in app.screen._compositor.render_strips())
            assert not [char for char in painted if ord(char) < 32 or 127 <= ord(char) < 160]
            assert not set(painted) & set("\u202e\u2066\ud800")
            await pilot.press("escape", "s", "s", "j")
            await pilot.pause()
            painted = "".join(strip.text for strip in app.screen._compositor.render_strips())
            assert not [char for char in painted if ord(char) < 32 or 127 <= ord(char) < 160]
        assert not app._exit


async def test_a_log_of_nothing_but_the_base_fields_is_shown() -> None:
    """Ten fields, no seq, no cause, no turn."""
    base = {
        "timestamp": 1_795_000_000.5,
        "event_type": "message_published",
        "component": "overseer",
        "message_type": "BEGIN_AI_TURN",
        "session_id": None,
        "user_id": None,
        "direction": "publish",
        "data": {},
        "correlation_id": None,
        "component_state": {"state": "THINKING"},
    }
    app = app_with([json.dumps(base).encode()] * 3)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("j", "c", "e", "n", "enter", "escape")
        await pilot.pause()
        assert app.session.cursor == 1
        assert "THINKING" in app.export_screenshot(simplify=True)


async def test_an_empty_recording_is_shown_as_such() -> None:
    """Every key is harmless."""
    app = app_with([])
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press(*"jkhlgGcenNfsx+-123", "space", "enter", "tab", "pagedown")
        await pilot.pause()
        assert "no&#160;events&#160;yet" in app.export_screenshot(simplify=True)


async def test_without_colour_the_cursor_and_the_families_are_still_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By a mark and by letters."""
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_with(LINES, at="18")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        text = [strip.text for strip in app.screen._compositor.render_strips()]
    line = next(one for one in text if "▌" in one)
    assert "S ←" in line
    assert "overseer" in line


async def test_nothing_moves_and_no_timer_runs_once_all_marks_have_arrived() -> None:
    """The graph's clock sleeps while nothing is on the way."""
    clock = Clock()
    session = session_with(LINES[:2], Mode.LIVE, clock)
    app = DebuggerApp(session)
    async with app.run_test(size=(120, 36)) as pilot:
        graph = app.screen.query_one(ComponentGraph)
        await pilot.pause(0.15)
        session.log.append_many(LINES[2:12], [decode_line(line) for line in LINES[2:12]])
        async with asyncio.timeout(20):
            while not graph._moving:
                await pilot.pause(0.02)
                clock.pass_seconds(0.02)
        clock.pass_seconds(5)
        async with asyncio.timeout(20):
            while graph._timer._active.is_set():
                await pilot.pause(0.02)
        assert not graph._moving


async def test_errors_are_marked_on_the_scrubber_while_the_findings_are_hidden() -> None:
    """They share the place of the state, which is shown first."""
    app = app_with(LINES)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        scrubber = app.screen.query_one(Scrubber)
        assert not app.screen.query_one(FindingList).size
        assert "!" in scrubber.render_line(0).text
