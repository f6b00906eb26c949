"""Each key of the key table, pressed in the running application."""

from __future__ import annotations

from functools import partial

import pytest

from debugger.tui.app import DebuggerApp
from debugger.tui.commands.screen import CommandPalette
from debugger.tui.events.chooser import ColumnChooser
from debugger.tui.events.detail import EventScreen, EventText
from debugger.tui.events.table import EventTable
from debugger.tui.findings.widget import FindingList
from debugger.tui.graph.widget import ComponentGraph
from debugger.tui.help.screen import HelpScreen, help_text
from debugger.tui.keys import TABLE, Where
from debugger.tui.panes.arrangement import Arrangement, Shares
from debugger.tui.query_line.widget import QueryLine
from debugger.tui.screen import MainScreen
from debugger.tui.session import Mode, Session
from debugger.tui.state.tree import StateTree
from tests.support.settling import until
from tests.tui.interface import app_with
from tests.tui.pressing import HERE, LAST, LINES, Check, asks, focus, keys_of, layout, opened, press


def at(row: int) -> Check:
    return lambda app: app.session.cursor == row


def chosen(component: str | None) -> Check:
    return lambda app: app.session.component == component


def scrolled(app: DebuggerApp) -> int:
    return app.screen.query_one(EventText).scroll_offset.y


def says(words: str) -> Check:
    return lambda app: app.session.notice is not None and words in app.session.notice.text


def same(app: DebuggerApp, column: str) -> bool:
    values = app.session.log.column(column)
    return bool(values[app.session.cursor] == values[HERE])


def kind(app: DebuggerApp) -> str:
    log = app.session.log
    return log.name("event_type", int(log.column("event_type")[app.session.cursor]))


def row_of_turn(turn: int) -> int:
    return next(row for row, line in enumerate(LINES) if f'"turn": {turn}'.encode() in line)


# What a key does, pressed alone at event HERE. Keys that need more have a test of their own below.
MAIN: dict[str, Check] = {
    "j": at(HERE + 1),
    "down": at(HERE + 1),
    "k": at(HERE - 1),
    "up": at(HERE - 1),
    "l": at(HERE + 2),
    "right": at(HERE + 2),
    "h": at(HERE - 1),
    "left": at(HERE - 1),
    "pagedown": lambda app: app.session.cursor == min(HERE + app.screen.query_one(EventTable).page, LAST),
    "ctrl+d": lambda app: app.session.cursor > HERE + 5,
    "pageup": lambda app: app.session.cursor < HERE - 5,
    "ctrl+u": lambda app: app.session.cursor < HERE - 5,
    "g": at(0),
    "home": at(0),
    "G": at(LAST),
    "end": at(LAST),
    "c": at(16),
    "e": lambda app: app.session.notice is not None and app.session.cursor == HERE,
    "t": at(HERE + 1),
    "T": at(HERE - 1),
    "right_square_bracket": at(row_of_turn(3)),
    "left_square_bracket": at(row_of_turn(2)),
    "o": at(HERE + 1),
    "O": at(HERE - 1),
    "i": lambda app: app.session.cursor > HERE and same(app, "component"),
    "I": lambda app: app.session.cursor < HERE and same(app, "component"),
    "J": says("has no task"),
    "K": says("has no task"),
    "d": lambda app: app.session.cursor > HERE and kind(app) == "state_change",
    "D": lambda app: app.session.cursor < HERE and kind(app) == "state_change",
    "n": says("nothing is searched for"),
    "N": says("nothing is searched for"),
    "apostrophe": says("no further bookmark"),
    "quotation_mark": says("no further bookmark"),
    "colon": asks("go to"),
    "backspace": says("no jump to go back from"),
    "ctrl+o": says("no jump to go back from"),
    "space": lambda app: app.session.playback.playing,
    "full_stop": lambda app: app.session.playback.speed == 2,
    "comma": lambda app: app.session.playback.speed == 0.5,
    "r": asks("run until"),
    "R": asks("run back until"),
    "w": asks("watch for"),
    "escape": lambda app: app.session.followed is None,
    "ctrl+g": lambda app: app.session.followed is None,
    "plus": lambda app: app.session.playback.speed == 2,
    "equals_sign": lambda app: app.session.playback.speed == 2,
    "minus": lambda app: app.session.playback.speed == 0.5,
    "enter": lambda app: isinstance(app.screen, EventScreen),
    "slash": asks("filter"),
    "backslash": asks("search"),
    "asterisk": lambda app: app.session.search is not None and len(app.session.search.rows) == 3,
    "f": lambda app: app.session.filter_text == "component:database_memory",
    "x": lambda app: app.session.filter_text == "",
    "s": chosen("database_memory"),
    "v": lambda app: app.session.followed is not None and app.session.followed.label == "s1·2",
    "m": lambda app: app.session.notes.at(HERE) is not None,
    "M": asks("note"),
    "V": lambda app: app.session.selection is not None,
    "y": lambda app: app.clipboard.encode() == LINES[HERE],
    "Y": lambda app: app.clipboard == f"talk.jsonl#seq={HERE + 1}",
    "E": asks("export to"),
    "C": lambda app: isinstance(app.screen, ColumnChooser),
    "1": focus("graph"),
    "2": focus("timeline"),
    "3": focus("events"),
    "4": focus("state"),
    "5": focus("turns"),
    "6": focus("findings"),
    "tab": focus("state"),
    "shift+tab": focus("timeline"),
    "z": lambda app: layout(app).maximised == "events",
    "Z": lambda app: "events" in layout(app).hidden,
    "less_than_sign": lambda app: layout(app).shares.lower_left < Shares().lower_left,
    "greater_than_sign": lambda app: layout(app).shares.lower_left > Shares().lower_left,
    "left_parenthesis": lambda app: layout(app).shares.timeline > Shares().timeline,
    "right_parenthesis": lambda app: layout(app).shares.timeline < Shares().timeline,
    "0": lambda app: layout(app).shares == Shares(),
    "ctrl+p": lambda app: isinstance(app.screen, CommandPalette),
    "question_mark": lambda app: isinstance(app.screen, HelpScreen),
    "q": lambda app: app._exit,
    "ctrl+c": lambda app: app._exit,
}


def test_every_key_that_works_anywhere_is_tried() -> None:
    """A key added to the table needs a line here."""
    assert set(MAIN) == set(keys_of(Where.MOVE, Where.TIME, Where.FIND, Where.ANYWHERE, Where.EVENTS))


async def test_each_key_of_the_main_screen_does_what_the_table_says() -> None:
    """Pressed one after the other, each from the same moment with the events in focus."""
    app = app_with(LINES)
    async with opened(app) as pilot:
        for key in MAIN.keys() - {"q", "ctrl+c"}:
            while not isinstance(app.screen, MainScreen):
                app.pop_screen()
            app.main_screen.query_one(QueryLine).display = False
            app.main_screen.rearrange(Arrangement())
            app.main_screen.query_one(EventTable).focus()
            reset(app.session)
            await pilot.pause()
            await press(pilot, key)
            await until(partial(MAIN[key], app), key)


def reset(session: Session) -> None:
    session.set_filter("", None)
    session.set_search(None)
    while session.back():
        pass
    session.component = session.notice = session.followed = session.selection = None
    session.playback.set_speed(1)
    session.seek(HERE)
    for mark in session.notes.marks:
        session.unmark(mark.row)


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_quitting_quits(key: str) -> None:
    """Both ways."""
    app = app_with(LINES)
    async with opened(app) as pilot:
        await press(pilot, key)
        assert MAIN[key](app)


async def test_x_shows_everything_again() -> None:
    """And f does, the second time."""
    app = app_with(LINES)
    async with opened(app) as pilot:
        for again in ("x", "f"):
            await press(pilot, "f")
            assert len(app.session.shown) < len(LINES)
            await press(pilot, again)
            assert len(app.session.shown) == len(LINES)


async def test_keys_of_an_open_event_scroll_and_follow_its_links() -> None:
    """The cursor moves with them, and each closing key closes."""
    app = app_with(LINES)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        app.session.seek(HERE)
        await press(pilot, "enter")
        tried = set()
        for key, moved in (
            ("j", 1),
            ("down", 2),
            ("k", 1),
            ("up", 0),
            ("pagedown", 12),
            ("pageup", 0),
            ("ctrl+d", 12),
            ("ctrl+u", 0),
        ):
            await press(pilot, key)
            assert (scrolled(app) > 5) if moved > 5 else (scrolled(app) == moved), key
            tried.add(key)
        for bottom, top in (("G", "g"), ("end", "home")):
            await press(pilot, bottom)
            assert scrolled(app) == app.screen.query_one(EventText).max_scroll_y > 0
            await press(pilot, top)
            assert scrolled(app) == 0
            tried |= {bottom, top}
        for key, row in (("c", 16), ("e", 17), ("right", 18), ("left", 17), ("l", 18), ("h", 17)):
            await press(pilot, key)
            assert app.session.cursor == row, key
            tried.add(key)
        for key in ("escape", "q", "enter"):
            await press(pilot, key)
            assert isinstance(app.screen, MainScreen), key
            await press(pilot, "enter")
            tried.add(key)
    assert tried == set(keys_of(Where.EVENT))


async def test_keys_of_the_findings_lead_to_what_was_found() -> None:
    """An error, a bookmark, a watch; the latter two can be taken away."""
    app = app_with(LINES)
    async with opened(app) as pilot:
        await press(pilot, "m", "w", *"turn:3", "enter", "6")
        found = app.main_screen.query_one(FindingList)
        assert found.has_focus
        kinds = [line.kind for line in found._lines]
        assert kinds == ["watch", "reported", "integrity", "mark"]
        tried = set()
        for key, line in (("j", 1), ("down", 2), ("k", 1), ("up", 0), ("G", 3), ("g", 0), ("end", 3)):
            await press(pilot, key)
            assert found.line == line, key
            tried.add(key)
        for key, line in (("home", 0), ("pagedown", 3), ("pageup", 0), ("ctrl+d", 3), ("ctrl+u", 0)):
            await press(pilot, key)
            assert found.line == line, key
            tried.add(key)
        await press(pilot, "j", "enter")
        assert app.session.cursor == LAST
        await press(pilot, "j", "enter")
        assert says("no single event")(app)
        await press(pilot, "g", "d", "G", "delete")
        assert [line.kind for line in found._lines] == ["reported", "integrity"]
        assert app.session.watches.all == []
        await press(pilot, "d")
        assert says("stays")(app)
    of_rules = {"i", "a", "b", "A", "B", "u", "escape", "x"}  # test_findings_keys has them
    assert tried | of_rules | {"enter", "d", "delete"} == set(keys_of(Where.FINDINGS))


async def test_columns_are_chosen_from_a_list_that_can_be_left() -> None:
    """Each closing key closes; what was chosen stays for the next time."""
    app = app_with(LINES)
    mine = ("delta", "lag", "component", "kind", "place", "summary")  # without the time, with the lag
    async with opened(app) as pilot:
        for key in ("escape", "q", "ctrl+g"):
            await press(pilot, "C", "space", key)
            assert isinstance(app.screen, MainScreen)
            assert app.main_screen.events.columns == ()
        for key in ("enter", "C"):
            await press(pilot, "C", "d", "space", "j", "down", "x", key)
            assert app.main_screen.events.columns == mine
        assert app.chosen.columns == mine
        await press(pilot, "C", "0", "enter")
        assert app.main_screen.events.columns == ()


async def test_a_moment_that_is_typed_is_gone_to() -> None:
    """A wrong one keeps the line open, with the reason in it."""
    app = app_with(LINES)
    async with opened(app) as pilot:
        await press(pilot, "colon", *"row=3", "enter")
        assert app.session.cursor == 2
        await press(pilot, "backspace")
        assert app.session.cursor == HERE
        await press(pilot, "colon", *"99999", "enter")
        assert app.session.cursor == HERE
        assert asks("go to")(app)
        assert "no&#160;event&#160;has&#160;seq" in app.export_screenshot(simplify=True)


async def test_a_maximised_pane_gives_the_room_back_and_a_hidden_one_returns() -> None:
    """By z again, by its number; 0 has everything as at first."""
    app = app_with(LINES)
    async with opened(app) as pilot:
        events = app.main_screen.query_one(EventTable)
        before = events.region
        await press(pilot, "z")
        assert events.region.height > 25
        assert app.main_screen.query_one(StateTree).region.area == 0
        await press(pilot, "z")
        assert events.region == before
        await press(pilot, "1", "Z")
        assert app.main_screen.query_one(ComponentGraph).region.area == 0
        await press(pilot, "1")
        assert app.main_screen.query_one(ComponentGraph).region.area > 0
        await press(pilot, "Z", "greater_than_sign", "0")
        assert layout(app).hidden == {"held"}


@pytest.mark.parametrize("key", ["escape", "q", "question_mark"])
async def test_the_help_closes_by_escape_and_by_other_keys(key: str) -> None:
    """Nothing modal that one cannot leave."""
    app = app_with(LINES)
    async with opened(app) as pilot:
        await press(pilot, "question_mark", "j", "k", key)
        assert isinstance(app.screen, MainScreen)


def test_the_help_names_every_key_of_the_table() -> None:
    """It is made from it."""
    words = help_text(TABLE, (), words=False, width=200, only="").plain
    assert [key.about for key in TABLE if key.about not in words] == []


async def test_live_keys_pause_and_follow() -> None:
    """Space pauses; G follows again; moving back pauses too."""
    app = app_with(LINES, Mode.LIVE)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        assert app.session.following
        for pausing in ("space", "k", "g"):
            await press(pilot, pausing)
            assert not app.session.following
            await press(pilot, "G")
            assert app.session.following
            assert app.session.cursor == LAST
