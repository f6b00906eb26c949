"""Command palette, first hint and pictures; and that whatever opens can be left."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.binding import Binding
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import Input

import debugger.tui
from backend.errors import UserError
from debugger.tui import pictures
from debugger.tui.commands.catalogue import Command, Sources, catalogue
from debugger.tui.commands.fuzzy import match
from debugger.tui.commands.screen import CommandList, CommandPalette, found
from debugger.tui.findings.model import FindingLine
from debugger.tui.help.hint import FirstRunHint, hint_parts
from debugger.tui.keys import APP, TABLE, Where
from debugger.tui.session import Session
from debugger.tui.text import width_of
from tests.tui.comfort import SmallApp, SmallScreen, events_of_turns

# --- whatever opens can be left ------------------------------------------------------

LEAVING = ("close", "leave", "dismiss", "cancel", "revert", "quit", "back")
GIVEN: dict[str, Callable[[Session], Any]] = {
    "Session": lambda session: session,
    "str": lambda _: "",
    "int": lambda _: 120,
    "FindingLine": lambda _: FindingLine("integrity", "info", "", "something is missing", "", -1),
}


def modal_screens() -> list[type[ModalScreen[Any]]]:
    screens = set()
    for module in pkgutil.walk_packages(debugger.tui.__path__, "debugger.tui."):
        for value in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(value) and issubclass(value, ModalScreen) and value.__module__ == module.name:
                screens.add(value)
    return sorted(screens, key=lambda screen: screen.__name__)


def opened(screen: type[ModalScreen[Any]], session: Session) -> ModalScreen[Any]:
    """One of its kind; what it asks for is given by its type, an empty sequence where there is no better."""
    needed = [one for one in inspect.signature(screen).parameters.values() if one.default is one.empty]
    values = [GIVEN.get(str(one.annotation), lambda _: ())(session) for one in needed]
    return screen(*values)


def ways_out(screen: type[ModalScreen[Any]]) -> set[str]:
    keys: set[str] = set()
    for binding in screen.BINDINGS:
        key, action = (binding.key, binding.action) if isinstance(binding, Binding) else binding[:2]
        if action.partition("(")[0] in LEAVING:
            keys.update(key.split(","))
    return keys


@pytest.mark.parametrize("screen", modal_screens(), ids=lambda screen: screen.__name__)
async def test_whatever_opens_over_the_panes_is_left_by_each_of_its_keys(
    screen: type[ModalScreen[Any]],
) -> None:
    """Escape, and another one."""
    keys = ways_out(screen)
    assert "escape" in keys
    assert len(keys) > 1
    app = SmallApp()
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        for key in sorted(keys):
            app.push_screen(opened(screen, app.session))
            await pilot.pause()
            assert isinstance(app.screen, screen)
            await pilot.press(key)
            await pilot.pause()
            assert isinstance(app.screen, SmallScreen), key


# --- the command palette -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "name", "matches"),
    [
        ("", "anything", True),
        ("turn", "to the next turn", True),
        ("next turn", "to the next turn", True),
        ("turn next", "to the next turn", True),
        ("ntu", "to the next turn", True),
        ("SVG", "screenshot as SVG", True),
        ("turn", "next event that the search finds", False),
        ("x", "", False),
        ("ß", "STRASSE ß", True),
    ],
)
def test_a_few_letters_find_a_name(wanted: str, name: str, matches: bool) -> None:
    """Words anywhere, letters in order; not letters strewn over a long name."""
    assert (match(wanted, name) is not None) is matches


def test_the_best_match_comes_first() -> None:
    """The whole name, its beginning, the beginning of a word, a piece, letters."""
    names = ("t...o...p", "nonstop", "full stop", "stop all", "stop")
    commands = [Command("x", name, lambda: None) for name in names]
    assert [one.command.title for one in found(commands, "stop")][:4] == [
        "stop",
        "stop all",
        "full stop",
        "nonstop",
    ]


@given(st.text(max_size=12), st.text(max_size=60))
def test_found_letters_are_where_they_are_said_to_be(wanted: str, name: str) -> None:
    """Whatever is typed, over whatever name; places are within it."""
    matched = match(wanted, name)
    if matched is not None:
        assert all(0 <= place < len(name) for place in matched.places)
        letters = "".join(name[place] for place in matched.places).lower()
        if " " not in wanted.strip() and wanted.isascii() and name.isascii():
            assert letters == wanted.strip().lower() or not wanted.isprintable()


def test_a_hostile_name_costs_no_time() -> None:
    """Linear: no way through the letters is tried twice."""
    assert match("a" * 40, "a" * 100_000) is not None
    assert match("ab" * 20 + "c", "ab" * 50_000) is None


async def choose(pilot: Pilot[None], typed: str) -> None:
    """Open the palette, type, and take what is best."""
    await pilot.press("ctrl+p")
    await pilot.pause()
    pilot.app.screen.query_one(Input).value = typed
    await pilot.pause()
    await pilot.press("enter")
    await pilot.pause()


async def test_every_action_that_holds_can_be_run_by_its_name() -> None:
    """Those of everywhere, of the focused pane, and of the other panes: there one goes first."""
    app = SmallApp()
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, SmallScreen)
        offered = {command.title for command in catalogue(screen, Sources())}
        panes = {key for row in TABLE if row.where is Where.FINDINGS for key in row.keys}
        for row in TABLE:
            everywhere = row.where in APP and not set(row.keys) <= panes and row.action != "palette"
            if everywhere or row.where in (Where.FINDINGS, Where.STATE):
                assert row.about in offered
        for typed, done in (("play or stop", None), ("to its event", "go"), ("fold, or go", "fold")):
            await choose(pilot, typed)
            assert isinstance(app.screen, SmallScreen)
            if done is None:
                assert app.session.playback.playing
            else:
                assert app.done[-1] == done
        assert screen.focused is not None
        assert screen.focused.id == "state"


async def test_the_palette_offers_themes_queries_bookmarks_and_pictures() -> None:
    """With what they are called; and names from a log are painted, not obeyed."""
    done: list[Any] = []
    sources = Sources(
        theme=done.append,
        queries=lambda: {"late": "data.duration_us > 20ms"},
        use_query=done.append,
        bookmarks=lambda: [("[red]x[/nope]\x1b[2J", 17)],
        go=done.append,
        screenshot=done.append,
    )
    app = SmallApp(sources=sources)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        for typed in ("high contrast dark", "late", "bookmark [red]", "screenshot text"):
            await choose(pilot, typed)
        assert done == ["high-contrast", "data.duration_us > 20ms", 17, "txt"]


async def test_the_palette_is_used_by_keys_and_mouse() -> None:
    """Down and up go round; a click runs; a wheel and pages move; nothing found runs nothing."""
    ran: list[int] = []
    commands = [Command("group", f"command {n}", lambda n=n: ran.append(n)) for n in range(40)]
    chosen: list[Command | None] = []
    app = SmallApp()
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        app.push_screen(CommandPalette(commands), chosen.append)
        await pilot.pause()
        rows = app.screen.query_one(CommandList)
        for key, line in (("down", 1), ("ctrl+n", 2), ("tab", 3), ("up", 2), ("shift+tab", 1), ("ctrl+b", 0)):
            await pilot.press(key)
            assert rows.line == line, key
        await pilot.press("up")
        assert rows.line == 39
        assert rows.scroll_offset.y == 40 - rows.size.height
        await pilot.press("down", "pagedown")
        assert rows.line == rows.size.height - 1
        await pilot.press("pageup")
        assert rows.line == 0
        await pilot.press(*"zzz", "enter")
        await pilot.pause()
        assert isinstance(app.screen, CommandPalette)
        assert "nothing of that name" in pictures.text(app)
        app.screen.query_one(Input).value = ""
        await pilot.pause()
        await pilot.click(CommandList, offset=(10, 3))
        await pilot.pause()
        assert chosen == [commands[3]]


@pytest.mark.parametrize("size", [(1, 1), (20, 5), (38, 8), (300, 90)], ids=str)
async def test_what_opens_paints_at_any_size(size: tuple[int, int]) -> None:
    """And tells the most important thing."""
    app = SmallApp(seen=lambda: None)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        for key, text in (("question_mark", "In the findings"), ("ctrl+p", "line down")):
            await pilot.press(key)
            await pilot.pause()
            if size[0] >= 20:
                assert text in pictures.text(app)  # the first of what it has to say
            await pilot.press("escape")


# --- the first hint ----------------------------------------------------------------------


async def test_the_first_hint_goes_with_any_key_which_does_what_it_does() -> None:
    """And is told once that it was seen."""
    seen: list[bool] = []
    app = SmallApp(seen=lambda: seen.append(True))
    async with app.run_test(size=(100, 20)) as pilot:
        await pilot.pause()
        assert "shown once" in pictures.text(app)
        await pilot.press("j")
        await pilot.pause()
        assert app.session.cursor == 1
        assert not app.screen.query(FirstRunHint)
        await pilot.press("j")
        assert (app.session.cursor, seen) == (2, [True])


async def test_a_click_takes_the_hint_away_too() -> None:
    """Where one looks with the mouse."""
    app = SmallApp(seen=lambda: None)
    async with app.run_test(size=(100, 20)) as pilot:
        await pilot.pause()
        await pilot.click("#findings")
        await pilot.pause()
        assert not app.screen.query(FirstRunHint)


@given(st.integers(0, 200), st.booleans())
def test_the_hint_fits_any_width_and_keeps_the_help_longest(width: int, words: bool) -> None:
    """As many keys as there is room for."""
    parts = hint_parts(width, words=words)
    assert sum(width_of(key) + width_of(label) + 4 for key, label in parts) <= width
    if parts:
        assert ("?", "help") in parts


# --- pictures ------------------------------------------------------------------------------


async def test_a_picture_is_what_is_on_the_screen(tmp_path: Path) -> None:
    """As SVG that fetches nothing, and as text without trailing spaces; also of what is open over it."""
    app = SmallApp()
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        await pilot.press("question_mark")
        await pilot.pause()
        svg, text = pictures.svg(app), pictures.text(app)
        assert svg.startswith("<svg")
        assert "@font-face" not in svg
        assert "url(http" not in svg
        lines = text.splitlines()
        assert len(lines) == 20
        assert lines == [line.rstrip() for line in lines]
        assert "In the findings" in text
        assert "go there" in text  # behind it
        assert "\x1b" not in text
        where = pictures.save(app, tmp_path, "txt", recording="/a/talk.jsonl.zst", seq=18)
        assert where == tmp_path / "talk-18.txt"
        assert where.read_text(encoding="utf-8") == text


async def test_no_picture_overwrites_another_and_no_name_leaves_the_folder(tmp_path: Path) -> None:
    """Names come from recordings."""
    app = SmallApp(lines=events_of_turns(2))
    async with app.run_test(size=(40, 8)) as pilot:
        await pilot.pause()
        names = [
            pictures.save(app, tmp_path, "svg", recording=recording).name
            for recording in ("talk.jsonl", "talk.jsonl", "../../x\n\x1b y.gz", "", "..", "a" * 300)
        ]
        assert names == [
            "talk.svg",
            "talk-2.svg",
            "x-y.svg",
            "doubletalk.svg",
            "doubletalk-2.svg",
            "a" * 80 + ".svg",
        ]
        with pytest.raises(UserError, match="cannot write"):
            pictures.save(app, tmp_path / "none", "svg")
