"""The interface on recordings that mean harm: nothing fails, and nothing of theirs acts on a terminal."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from debugger.sources.file import open_recordings
from debugger.tui import launch, pictures  # noqa: F401 - the first before Textual
from debugger.tui.app import DebuggerApp
from debugger.tui.keys import APP, TABLE, Where
from debugger.tui.panes.arrangement import PANES
from debugger.tui.screen import MainScreen
from debugger.tui.session import Link, Mode, Session
from tests.support.hostile import VARIANTS, harm_in, recording

SIZES = [(20, 5), (38, 12), (80, 24), (120, 36), (200, 60)]
LAYOUTS = [(20, 5), (80, 24), (150, 42)]  # one pane at a time, panes that share a place, all of them
OF_PANE = dict(
    zip(
        PANES,
        (Where.GRAPH, Where.TIMELINE, Where.EVENTS, Where.STATE, Where.TURNS, Where.FINDINGS),
        strict=False,  # a recording cannot be held
    )
)
OPENED = {"ctrl+p": Where.COMMANDS, "question_mark": Where.HELP, "enter": Where.EVENT, "slash": Where.FILTER}
OPENING = (
    *("open", "filter", "search", "go_to", "run", "watch", "note", "export"),
    *("help", "palette", "screen.columns"),
)
MOVING = ("pane", "cycle", "hide", "rearrange")  # to another pane
LEAVING = ("close", "revert", "keep", "choose")  # and what runs whatever command is chosen
_CASES = [("everything", size) for size in SIZES]
_CASES += [(name, SIZES[at % len(SIZES)]) for at, name in enumerate(VARIANTS) if name != "everything"]


def app_of(folder: Path, variant: str) -> DebuggerApp:
    path = folder / f"{variant}.jsonl"
    path.write_bytes(recording(variant))
    source = open_recordings([path])
    session = Session(Mode.REPLAY, Link(path.name, path=str(path)), time.monotonic_ns)
    source.load_all(session.log)
    return DebuggerApp(session)


async def type_keys(app: DebuggerApp, *keys: str) -> None:
    """As they come from a terminal: without waiting for what each does."""
    for key in keys:
        character = key if len(key) == 1 else None
        app.post_message(events.Key(key, character))
        await asyncio.sleep(0)


async def back(app: DebuggerApp, pilot: Pilot[None]) -> None:
    """To the panes, by Escape alone."""
    for _ in range(5):
        await pilot.pause()
        if isinstance(app.screen, MainScreen) and not app.screen.typed.display:
            return
        await type_keys(app, "escape")
    raise AssertionError(f"{app.screen} cannot be left")


def look(app: DebuggerApp) -> None:
    assert harm_in(pictures.text(app)) == []


@pytest.mark.parametrize(("variant", "size"), _CASES, ids=lambda value: str(value).replace(" ", ""))
async def test_every_pane_shows_every_recording(variant: str, size: tuple[int, int], tmp_path: Path) -> None:
    """At moments all over it, each pane alone and beside the others."""
    app = app_of(tmp_path, variant)
    async with app.run_test(size=size) as pilot:
        rows = len(app.session.log)
        for number in range(1, len(PANES) + 1):
            await type_keys(app, str(number))
            for row in range(0, max(rows, 1), max(rows // 6, 1)):
                app.session.seek(row)
                app.main_screen.sync()
            await pilot.pause()
            look(app)


@pytest.mark.parametrize("size", LAYOUTS, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_no_key_fails_on_hostile_events(size: tuple[int, int], tmp_path: Path) -> None:
    """Each key of the table in each pane, wherever it leads; one comes back by Escape."""
    app = app_of(tmp_path, "everything")
    async with app.run_test(size=size) as pilot:
        rows = len(app.session.log)
        for number, (pane, where) in enumerate(OF_PANE.items(), 1):
            app.session.seek(rows * number // 8)
            await type_keys(app, str(number))
            for key in TABLE:
                action = key.action.partition("(")[0]
                opens = action in OPENING
                # What opens over the panes does so from each in the same way: once is enough.
                if key.where in (*APP, where) and action != "quit" and (pane == "events" or not opens):
                    await type_keys(app, key.keys[-1])
                    if opens:
                        await back(app, pilot)
                    if action in MOVING:
                        await type_keys(app, str(number))
            await type_keys(app, str(number))
            await pilot.pause()
            assert app.main_screen.area.arrangement.pane == pane
            look(app)


@pytest.mark.parametrize("opener", OPENED)
async def test_no_key_fails_in_what_opens_over_the_panes(opener: str, tmp_path: Path) -> None:
    """Event, help, palette and query line; what the line completes are names of the recording."""
    app = app_of(tmp_path, "everything")
    async with app.run_test(size=(80, 24)) as pilot:
        for row in (100, 700, len(app.session.log) - 1):
            app.session.seek(row)
            await type_keys(app, "3", opener)
            await pilot.pause()
            if opener == "slash":
                await type_keys(app, *"component:p")
            for key in TABLE:
                if key.where is OPENED[opener] and key.action not in LEAVING:
                    await type_keys(app, key.keys[0])
            await pilot.pause()
            look(app)
            await back(app, pilot)


@pytest.mark.parametrize("opener", ["", "ctrl+p", "question_mark", "enter", "slash", "2"])
async def test_a_terminal_may_shrink_to_one_cell_whatever_is_open(opener: str, tmp_path: Path) -> None:
    """And to one line, and to one column; it is all there again when it is large again."""
    app = app_of(tmp_path, "names")
    async with app.run_test(size=(100, 30)) as pilot:
        app.session.seek(7)
        await type_keys(app, *([opener] if opener else []))
        await pilot.pause()
        screen = type(app.screen)
        for size in ((1, 1), (1, 30), (200, 1), (100, 30)):
            await pilot.resize_terminal(*size)
            await type_keys(app, "down", "up", "pagedown", "home")
            await pilot.pause()
            look(app)
        assert type(app.screen) is screen
        await back(app, pilot)


async def test_every_moment_of_a_clock_that_is_none_is_painted(tmp_path: Path) -> None:
    """From the first number of 64 bits to the last, in the timeline too, however it is panned."""
    app = app_of(tmp_path, "numbers")
    async with app.run_test(size=(120, 36)) as pilot:
        for keys in ("2", "2a", "2aLLLLLLLL", "2aHHHHHHHH", "2p"):
            await type_keys(app, *keys)
            await pilot.pause()
            for row in range(len(app.session.log)):
                app.session.seek(row)
                app.main_screen.sync()
            await pilot.pause()
            look(app)


async def test_events_of_a_name_of_any_length_can_be_searched_and_filtered_for(tmp_path: Path) -> None:
    """By the key for events like this one, and by the key for its component."""
    path = tmp_path / "long.jsonl"
    name = b"x" * 20_000
    lines = (
        b'{"timestamp":1,"event_type":"system","component":"' + one + b'"}\n' for one in (name, b"a", name)
    )
    path.write_bytes(b"".join(lines))
    session = Session(Mode.REPLAY, Link(path.name), time.monotonic_ns)
    open_recordings([path]).load_all(session.log)
    app = DebuggerApp(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await type_keys(app, "g", "asterisk", "n")
        await pilot.pause()
        assert session.cursor == 2
        await type_keys(app, "f")
        await pilot.pause()
        assert session.filter_text
        assert len(session.shown) == 2
        look(app)


async def test_what_is_typed_behind_the_palettes_key_goes_into_it(tmp_path: Path) -> None:
    """However fast it comes: a colon opens no line behind it."""
    app = app_of(tmp_path, "one")
    async with app.run_test(size=(80, 24)) as pilot:
        await type_keys(app, "3", "ctrl+p", "g", "o", "colon")
        await pilot.pause()
        assert not isinstance(app.screen, MainScreen)
        assert not app.main_screen.typed.display
