"""Queries that are kept for later: saved, used, forgotten, kept after all."""

from __future__ import annotations

from pathlib import Path

from textual.pilot import Pilot

from debugger.tui import pictures, settings
from debugger.tui.commands.screen import CommandPalette
from debugger.tui.settings import Settings
from tests.tui.interface import app_with
from tests.tui.pressing import LINES, opened, press

QUERIES = {"late": "data.duration_us > 20ms", "second": "turn:2"}


async def find(pilot: Pilot[None], words: str) -> str:
    """Look for it in the palette; the frame's lower line."""
    await press(pilot, "ctrl+p", *words)
    return told(pilot)


def told(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#commands-frame").border_subtitle)


async def test_a_saved_query_is_forgotten_where_it_is_offered_and_can_be_kept_after_all(
    tmp_path: Path,
) -> None:
    """By a key that the palette names for such a line, and for no other; the file has it at once."""
    settings.change(tmp_path, queries=QUERIES)
    app = app_with(LINES, chosen=Settings(queries=QUERIES, seen_hint=True), folder=tmp_path)
    async with opened(app) as pilot:
        assert "^R forgets it" in await find(pilot, "second")
        await press(pilot, "ctrl+r")
        assert app.chosen.queries == {"late": QUERIES["late"]}
        assert settings.load(tmp_path)[0].queries == {"late": QUERIES["late"]}
        assert "^R keeps it" in told(pilot)
        assert "forgotten" in pictures.text(app)
        await press(pilot, "ctrl+r")
        assert app.chosen.queries == QUERIES
        assert "forgotten" not in pictures.text(app)
        await press(pilot, "ctrl+r", "escape")
        assert "second: turn:2" not in await _offered(pilot, "second")
        assert "late: " in await _offered(pilot, "late")


async def _offered(pilot: Pilot[None], words: str) -> str:
    await find(pilot, words)
    text = pictures.text(pilot.app)
    await press(pilot, "escape")
    return text


async def test_what_the_user_did_not_make_cannot_be_forgotten() -> None:
    """The key is not told there, and does nothing."""
    app = app_with(LINES)
    async with opened(app) as pilot:
        assert "forgets" not in await find(pilot, "theme")
        await press(pilot, "ctrl+r")
        assert isinstance(app.screen, CommandPalette)
        assert "forgotten" not in pictures.text(app)
