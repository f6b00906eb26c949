"""The key table: one meaning for a key in a place, two ways out, and the user's own keys over it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.tui import settings
from debugger.tui.keys import APP, TABLE, Key, Where, apply_keys, current
from debugger.tui.keys.context import ActiveKey, active_keys, bar_items, places
from debugger.tui.keys.user import KEPT, effective, key_named, place_of, template
from debugger.tui.status.lines import KeyBar
from debugger.tui.text import width_of
from tests.support.examples import tried
from tests.tui.comfort import SmallApp, SmallScreen

NAMES = [row.name for row in TABLE]


@pytest.fixture(autouse=True)
def _keys_as_they_come() -> Iterator[None]:
    yield
    current.use(TABLE)


# --- the table ---------------------------------------------------------------------


def test_every_row_has_a_name_of_its_own() -> None:
    """A user's key map depends on it. The name tells place and action."""
    assert [name for name, count in Counter(NAMES).items() if count > 1] == []
    assert {"time.play", "move.cause", "app.help", "app.quit", "find.filter", "move.step_next"} <= set(NAMES)


def test_in_one_place_a_key_means_one_thing() -> None:
    """A pane may give another meaning to a key that works everywhere, and only a pane."""
    keys = Counter((place_of(row.where), key) for row in TABLE for key in row.keys)
    assert [where_and_key for where_and_key, count in keys.items() if count > 1] == []


def test_what_escape_does_another_key_does_too() -> None:
    """A lone Escape waits for the rest of a sequence that may come; and some keyboards have none."""
    assert [row.name for row in TABLE if "escape" in row.keys and len(row.keys) < 2] == []


def test_every_key_of_the_table_is_one_that_a_user_could_write() -> None:
    """As Textual calls it."""
    assert [key for row in TABLE for key in row.keys if key_named(key) != key] == []


# --- the user's keys ---------------------------------------------------------------


def keys_of(rows: list[Key], name: str) -> tuple[str, ...]:
    return next(row.keys for row in rows if row.name == name)


def test_a_row_gets_the_keys_that_the_user_wrote() -> None:
    """One, or several; the others stay."""
    rows, problems = effective({"time.play": "u", "move.cause": ["ctrl+e", "F5"]})
    assert problems == []
    assert keys_of(rows, "time.play") == ("u",)
    assert keys_of(rows, "move.cause") == ("ctrl+e", "f5")
    assert keys_of(rows, "move.effect") == ("e",)


def test_the_file_to_edit_has_every_action_and_changes_nothing_by_itself(tmp_path: Path) -> None:
    """With the # taken away it is a key map; a file that is there already is left alone."""
    said = settings.begin_keys(template(), tmp_path)
    file = tmp_path / "keys.toml"
    assert str(file) in said
    assert settings.load(tmp_path)[0].keys == {}
    edited = re.sub(r'^# (?=")', "", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    file.write_text(edited, encoding="utf-8")
    keys = settings.load(tmp_path)[0].keys
    assert set(keys) == set(NAMES)
    rows, problems = effective(keys)
    assert problems == []
    assert rows == list(TABLE)
    assert "your keys are in" in settings.begin_keys(template(), tmp_path)
    assert file.read_text(encoding="utf-8") == edited


def test_two_rows_may_change_their_keys_with_each_other() -> None:
    """Neither is in the other's way then."""
    rows, problems = effective({"move.effect": "c", "move.cause": "e"})
    assert problems == []
    assert (keys_of(rows, "move.effect"), keys_of(rows, "move.cause")) == (("c",), ("e",))


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"time.pley": "P"}, "did you mean time.play?"),
        ({"nothing like it": "P"}, "no action 'nothing like it'"),
        ({"time.play": "entr"}, "did you mean enter?"),
        ({"time.play": "hyperspace+x"}, "no key 'hyperspace+x'"),
        ({"time.play": 5}, "no key or list of keys"),
        ({"time.play": []}, "no key or list of keys"),
        ({"time.play": ["P", 5]}, "no key or list of keys"),
        ({"time.play": "e"}, "it is move.effect (to the first event that this one caused) there"),
        ({"\x1b[2J\n": "P"}, "no action"),
    ],
)
def test_what_cannot_be_is_told_in_one_line_and_left_out(overrides: dict[str, Any], words: str) -> None:
    """All keys are as they come."""
    rows, problems = effective(overrides)
    assert len(problems) == 1
    assert words in problems[0]
    assert problems[0].isprintable()
    assert rows == list(TABLE)


def test_of_two_that_want_one_key_the_first_has_it() -> None:
    """The second keeps what it had."""
    rows, problems = effective({"move.effect": "u", "move.cause": "u"})
    assert keys_of(rows, "move.effect") == ("u",)
    assert keys_of(rows, "move.cause") == ("c",)
    assert problems == [
        "keys: move.cause cannot have u: it is move.effect (to the first event that this one caused) there"
    ]


def test_a_key_may_mean_another_thing_in_another_place() -> None:
    """The pane's comes first there, as it does in the table."""
    rows, problems = effective({"findings.go": "p", "time.play": "p"})
    assert problems == []
    assert keys_of(rows, "findings.go") == keys_of(rows, "time.play") == ("p",)


def test_no_key_map_takes_the_ways_out_away() -> None:
    """Nothing modal that one cannot leave."""
    rows, problems = effective({"help.close": "f1", "app.quit": "u", "event.close": "f2"})
    assert problems == []
    assert keys_of(rows, "help.close") == ("f1", "escape")
    assert keys_of(rows, "app.quit") == ("u", "ctrl+c")
    assert keys_of(rows, "event.close") == ("f2", "escape")


KEY_TEXTS = st.sampled_from(
    ["a", "b", "e", "P", "?", "ctrl+e", "f5", "escape", "ctrl+c", "space", "no key", ""]
)


@tried(40)
@given(
    st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), KEY_TEXTS | st.lists(KEY_TEXTS) | st.none())
)
def test_whatever_is_mapped_a_key_means_one_thing_and_the_ways_out_stay(overrides: dict[str, Any]) -> None:
    """Of any key map; and each entry is either in force or told."""
    rows, problems = effective(overrides)
    keys = Counter((place_of(row.where), key) for row in rows for key in row.keys)
    assert max(keys.values()) == 1
    for row, before in zip(rows, TABLE, strict=True):
        assert row.name == before.name
        assert KEPT & set(before.keys) <= set(row.keys)
        told = sum(f"keys: {row.name}:" in one or f"keys: {row.name} " in one for one in problems)
        assert told <= (row.name in overrides)
        if row.name in overrides and not told:
            given_keys = overrides[row.name]
            wanted = [given_keys] if isinstance(given_keys, str) else given_keys
            assert {key_named(one) for one in wanted} <= set(row.keys)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("x", "x"),
        ("?", "question_mark"),
        ("+", "plus"),
        ("ctrl++", "ctrl+plus"),
        (",", "comma"),
        (" ", "space"),
        ("Ctrl+X", "ctrl+x"),
        ("shift+a", "A"),
        ("PgUp", "pageup"),
        ("esc", "escape"),
        ("shift+alt+up", "alt+shift+up"),
        ("é", "é"),
        ("", None),
        ("+++", None),
        ("x+", None),
        ("ctrl", None),
        ("\n", None),
        ("<any>", None),
    ],
)
def test_keys_are_read_as_people_write_them(text: str, key: str | None) -> None:
    """In any case, with common short names."""
    assert key_named(text) == key


async def test_the_users_keys_work_and_are_shown() -> None:
    """The new one acts, the old one no longer; the bar has it at once."""
    app = SmallApp()
    async with app.run_test(size=(120, 10)) as pilot:
        await pilot.pause()
        assert apply_keys(app, {"time.play": "@", "findings.go": ["g", "enter"], "findings.first": "0"}) == []
        screen = app.screen
        assert isinstance(screen, SmallScreen)
        screen.sync()
        await pilot.press("space")
        assert not app.session.playback.playing
        await pilot.press("at")
        assert app.session.playback.playing
        await pilot.press("g", "enter")
        assert app.done == ["go", "go"]
        bar = screen.query_one(KeyBar).render_line(0).text
        assert "@ stop" in bar
        assert bar.startswith(" g go there")
        assert apply_keys(app, {}) == []
        await pilot.press("space")
        assert not app.session.playback.playing


# --- the key bar -------------------------------------------------------------------


async def test_the_bar_begins_with_the_keys_of_the_focused_pane() -> None:
    """And changes with the focus."""
    app = SmallApp()
    async with app.run_test(size=(120, 10)) as pilot:
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, SmallScreen)
        bar = screen.query_one(KeyBar)
        assert places(screen) == [Where.FINDINGS]
        assert bar.render_line(0).text.startswith(" ⏎ go there")
        screen.query_one("#state").focus()
        await pilot.pause()
        screen.sync()
        assert places(screen) == [Where.STATE]
        assert "go there" not in bar.render_line(0).text
        # enter unfolds here: the row of everywhere that has no other key does not hold
        assert "find.open" not in {key.row.name for key in active_keys(screen)}


async def test_a_click_on_the_bar_is_a_press_in_the_focused_pane() -> None:
    """Of the pane's keys and of everyone's."""
    app = SmallApp()
    async with app.run_test(size=(120, 10)) as pilot:
        await pilot.pause()
        await pilot.click("#keys", offset=(3, 0))
        assert app.done == ["go"]
        at = app.screen.query_one(KeyBar).render_line(0).text.index("play")
        await pilot.click("#keys", offset=(at, 0))
        assert app.session.playback.playing


@given(
    st.lists(st.sampled_from([row for row in TABLE if row.rank]), unique_by=lambda row: row.name),
    st.integers(0, 250),
    st.booleans(),
)
def test_the_bar_fits_any_width_and_tells_the_help_if_anything(
    rows: list[Key], width: int, words: bool
) -> None:
    """Nothing overlaps, nothing is cut."""
    node: Any = None
    help_row = next(row for row in TABLE if row.name == "app.help")
    keys = [ActiveKey(row, node) for row in dict.fromkeys([*rows, help_row])]
    items = bar_items(keys, {"time.play": "pause"}, width, words=words)
    at = 0
    for item in items:
        assert item.start > at
        assert item.stop == item.start + width_of(item.cap) + 1 + width_of(item.label)
        at = item.stop
    assert at <= width
    if width >= 7:
        assert [item.key.row.name for item in items][-1] == "app.help"
    local = [item.key.row.where not in APP for item in items]
    assert local == sorted(local, reverse=True)
