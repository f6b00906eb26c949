"""Each key of the state pane, and the mouse, in an application that has nothing else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from backend.events import decode_line
from debugger.tui.keys import TABLE, Where
from debugger.tui.palette import ink
from debugger.tui.session import Mode, Session
from debugger.tui.state.tree import StateTree
from tests.support.settling import until
from tests.tui.interface import Clock, Script, session_with
from tests.tui.pressing import press


class Alone(App[None]):
    """The pane, and a session."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.pane = StateTree(session, id="state")

    def compose(self) -> ComposeResult:
        yield self.pane

    def shown(self) -> list[str]:
        """The lines as they are painted."""
        return [self.pane.render_line(y).text.rstrip() for y in range(self.pane.size.height)]


def story() -> list[bytes]:
    """Two components; the worker changes at rows 3 and 6, the counter at each own row, the rest never."""
    script = Script()
    turn: dict[str, Any] = {"turn": 1}

    def overseer(worker: str | None, count: int, **more: Any) -> None:
        script.event(
            "state_change",
            "overseer",
            component_state={"worker": worker, "count": count, "fixed": {"a": 1, "b": [1, 2]}},
            **(turn | more),
        )

    overseer(None, 0, turn=None)
    script.event("state_change", "tts", component_state={"state": "IDLE"}, turn=None)
    sent = script.event(
        "message_published", "user_session", "COMPLETE_TRANSCRIPT", direction="publish", **turn
    )
    received = script.event("message_received", "overseer", "COMPLETE_TRANSCRIPT", cause=sent, **turn)
    overseer("w1", 1, cause=received)
    overseer("w1", 2, cause=received)
    script.event("state_change", "tts", component_state={"state": "ACTIVE"}, **turn)
    overseer("w2", 3)
    overseer("w2", 4)
    return script.lines


@asynccontextmanager
async def opened(
    session: Session, row: int, size: tuple[int, int] = (80, 16)
) -> AsyncIterator[tuple[Alone, Pilot[None]]]:
    app = Alone(session)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        app.pane.focus()
        session.tick()
        session.seek(row)
        app.pane.sync()
        await pilot.pause()
        yield app, pilot


def count(pane: StateTree) -> int:
    return len(pane.view.lines)


LINES = story()


async def test_lines_are_walked_by_letters_arrows_and_pages() -> None:
    """One, a page, to the ends; the chosen field stays chosen in the next snapshot."""
    async with opened(session_with(LINES), 4, (80, 5)) as (app, pilot):
        pane = app.pane
        for key, line in (
            *(("down", 1), ("j", 2), ("up", 1), ("k", 0)),
            *(("G", 6), ("g", 0), ("end", 6), ("home", 0)),
            *(("pagedown", 3), ("pageup", 0), ("ctrl+d", 3), ("ctrl+u", 0)),
        ):
            await press(pilot, key)
            assert pane._line == line, key
        await press(pilot, "j")
        app.session.seek(0)
        pane.sync()
        assert pane.view.lines[pane._line].path == ("count",)


async def test_the_chosen_line_is_told_from_the_others() -> None:
    """By its background, brighter where keys go to it."""
    async with opened(session_with(LINES), 4) as (app, pilot):
        pane = app.pane
        backgrounds = [
            {segment.style.bgcolor for segment in pane.render_line(y) if segment.style} for y in (0, 1)
        ]
        assert backgrounds[0] == {ink.on_cursor.bgcolor}
        assert backgrounds[1] != backgrounds[0]
        app.set_focus(None)
        await pilot.pause()
        assert {one.style.bgcolor for one in pane.render_line(0) if one.style} == {
            ink.on_cursor_unfocused.bgcolor
        }


async def test_branches_open_and_close() -> None:
    """Enter, l and right; h and left close, and go to the parent first."""
    async with opened(session_with(LINES), 4) as (app, pilot):
        pane = app.pane
        await press(pilot, "j", "j")
        for key in ("enter", "right", "l"):
            await press(pilot, key)
            assert count(pane) == 3, key
            await press(pilot, key)
            assert count(pane) == 7, key
        for key in ("left", "h"):
            await press(pilot, "j", key)
            assert pane._line == 2
            await press(pilot, key)
            assert count(pane) == 3
            await press(pilot, "right")


async def test_who_last_changed_a_field_is_two_keys() -> None:
    """One goes to the event; the next to the message that its component was handling.."""
    async with opened(session_with(LINES), 5) as (app, pilot):
        assert "last changed #5" in app.shown()[-1]
        assert "by COMPLETE_TRANSCRIPT (user_session)" in app.shown()[-1]
        await press(pilot, "w")
        assert app.session.cursor == 4
        assert app.pane.view.lines[app.pane._line].mark == "~"
        await press(pilot, "w")
        assert app.session.cursor == 3
        assert app.session.back()
        assert app.session.cursor == 4
        app.session.seek(0)
        app.pane.sync()
        await press(pilot, "w")
        assert app.session.cursor == 0
        assert app.session.notice is not None


async def test_who_goes_on_from_a_receive_to_its_publish() -> None:
    """The receive's own snapshot has the change: what was handled is the message that was sent."""
    script = Script()
    sent = script.event("message_published", "user_session", "ASK", direction="publish")
    script.event("message_received", "overseer", "ASK", cause=sent, component_state={"asked": 1})
    async with opened(session_with(script.lines), 1) as (app, pilot):
        await press(pilot, "w")
        assert app.session.cursor == 0


async def test_the_changes_of_a_field_are_stepped_through_both_ways() -> None:
    """By b and B, and the arrows with shift; at the ends it stays and says why."""
    async with opened(session_with(LINES), 5) as (app, pilot):
        for key, row in (
            ("B", 7),
            ("B", 7),
            ("b", 4),
            ("b", 0),
            ("b", 0),
            ("shift+right", 4),
            ("shift+left", 0),
        ):
            app.session.notice = None
            before = app.session.cursor
            await press(pilot, key)
            assert app.session.cursor == row, key
            assert (app.session.notice is not None) == (before == row)


async def test_the_history_of_a_field_is_a_list_to_go_through() -> None:
    """Newest first, the one at the cursor marked; Enter goes there; four keys lead out."""
    async with opened(session_with(LINES), 5) as (app, pilot):
        await press(pilot, "i")
        await until(lambda: [line[:2] for line in app.shown()[1:4]] == [" ~", "▶~", " +"])
        assert '"w1" → "w2"' in app.shown()[1]
        assert "by COMPLETE_TRANSCRIPT (user_session)" in app.shown()[2]
        await press(pilot, "k", "enter")
        assert app.session.cursor == 7
        await press(pilot, "j", "w")
        assert app.session.cursor == 3
        assert "w1" in app.pane.copy_text
        for key in ("i", "escape", "q", "h"):
            assert "history" in app.pane.titles[0], key
            await press(pilot, key)
            assert "history" not in app.pane.titles[0], key
            await press(pilot, "i")


async def test_a_field_of_numbers_has_a_line_of_bars() -> None:
    """From the oldest to the newest, with the least and the most."""
    async with opened(session_with(LINES), 5) as (app, pilot):
        await press(pilot, "j", "i")
        await until(lambda: app.shown()[1].split() == ["▁▃▅▆█", "0", "…", "4"])


async def test_components_that_have_a_state_are_walked_through() -> None:
    """By o and O, which pin them; u lets go."""
    async with opened(session_with(LINES), 8) as (app, pilot):
        for key, component in (("o", "tts"), ("o", "overseer"), ("O", "tts"), ("O", "overseer")):
            await press(pilot, key)
            assert app.session.component == component
            assert app.pane.view.component == component
        await press(pilot, "o", "u")
        assert app.session.component is None
        assert app.pane.view.component == "overseer"


async def test_the_overview_tells_what_changed_in_this_turn() -> None:
    """All components; d leaves only those that changed; Enter goes into one."""
    async with opened(session_with(LINES), 5) as (app, pilot):
        await press(pilot, "A")
        assert app.pane.titles == ("4 State · all components", "since turn 1 began")
        lines = app.shown()
        assert '~worker=null → "w1"' in lines[0]
        assert "fixed=" in lines[0]
        assert "~" not in lines[2]
        assert "state=" in lines[2]
        await press(pilot, "d")
        assert len(app.pane._body) == 1
        await press(pilot, "d", "j")
        assert "tts" in app.pane.copy_text
        await press(pilot, "enter")
        assert app.session.component == "tts"
        assert app.pane.view.component == "tts"
        for key in ("A", "escape", "q"):
            await press(pilot, "A", key)
            assert "all components" not in app.pane.titles[0], key


async def test_only_what_changed_can_be_seen_and_since_any_moment() -> None:
    """The one (d) leaves the rest out; D compares with this moment, until it is pressed again."""
    async with opened(session_with(LINES), 5) as (app, pilot):
        pane = app.pane
        await press(pilot, "d")
        assert [line.path for line in pane.view.lines] == [("count",)]
        await press(pilot, "D")
        app.session.seek(8)
        pane.sync()
        assert {line.key: line.old for line in pane.view.lines} == {"worker": '"w1"', "count": "2"}
        assert "since #6" in pane.titles[1]
        await press(pilot, "D")
        assert [line.old for line in pane.view.lines] == ["3"]
        await press(pilot, "d")
        assert count(pane) == 7


async def test_the_mouse_does_the_same() -> None:
    """A click chooses, on the glyph or once more it folds; twice on a leaf: who; in a list: go there."""
    async with opened(session_with(LINES), 5) as (app, pilot):
        pane = app.pane
        await pilot.click(pane, offset=(10, 2))
        await pilot.click(pane, offset=(10, 2))
        await pilot.pause()
        assert count(pane) == 3
        await pilot.click(pane, offset=(10, 0))
        await pilot.click(pane, offset=(2, 2))
        assert count(pane) == 7
        await pilot.click(pane, offset=(10, 0), times=2)
        await pilot.pause()
        assert app.session.cursor == 4
        await press(pilot, "i")
        await until(lambda: "looking" not in app.shown()[0])
        await pilot.click(pane, offset=(10, 1), times=2)
        await pilot.pause()
        assert app.session.cursor == 7


async def test_a_wheel_scrolls_and_the_cursor_brings_it_back() -> None:
    """What is chosen need not be seen until a key moves it."""
    async with opened(session_with(LINES), 4, (60, 5)) as (app, pilot):
        pane = app.pane
        pane._on_mouse_scroll_down(_wheel(pane))
        await pilot.pause()
        assert pane.scroll_offset.y > 0
        await press(pilot, "j")
        assert pane.scroll_offset.y <= 1


def _wheel(pane: StateTree) -> Any:
    from textual.events import MouseScrollDown

    return MouseScrollDown(pane, 1, 1, 0, 1, 0, shift=False, meta=False, ctrl=False)


async def test_what_is_copied_is_the_path_and_the_whole_value() -> None:
    """As JSON, made harmless."""
    script = Script()
    state = {"a b": {"text": "x" * 3_000}, "list": [{"\u202e": "\x1b[31m"}]}
    script.event("state_change", "c", component_state=state)
    async with opened(session_with(script.lines), 0) as (app, pilot):
        assert app.pane.copied() == f'["a b"] = {json.dumps(state["a b"], separators=(",", ":"))}'
        await press(pilot, "G")
        assert app.pane.copy_text.startswith("list[0][")
        assert "\u202e" not in app.pane.copy_text
        assert "\x1b" not in app.pane.copy_text


HOSTILE = Script()
HOSTILE.event(
    "state_change", "\u202e[red]x[/nope]\x1b[2J", component_state={"…": "界" * 9_000, "\x9b": {"a": {}}}
)
HOSTILE.event(
    "state_change", "\u202e[red]x[/nope]\x1b[2J", component_state={"…": ["界"] * 900}, timestamp_ns=-(2**62)
)
BASE = b'{"timestamp": 1e300, "event_type": "odd", "component": "c", "component_state": {"a": 1e999}}'


@pytest.mark.parametrize("lines", [[], [BASE], HOSTILE.lines], ids=["empty", "base format", "hostile"])
async def test_every_action_holds_at_every_size_on_every_log(lines: list[bytes]) -> None:
    """Nothing is raised, each painted line has the room of the pane, and nothing in it is live."""
    actions = [key.action for key in TABLE if key.where is Where.STATE]
    async with opened(session_with(lines), len(lines) - 1) as (app, pilot):
        pane = app.pane
        for size in ((1, 1), (12, 2), (38, 6), (200, 56)):
            await pilot.resize_terminal(*size)
            for opening in ("overview", "line(1)", "history", "overview"):
                for action in (opening, *actions):
                    await app.run_action(action, pane)
                    strips = [pane.render_line(y) for y in range(pane.size.height)]
                    assert {strip.cell_length for strip in strips} == {pane.room}, action
                    text = "".join([strip.text for strip in strips] + [*pane.titles, pane.copy_text])
                    assert text.isprintable()
                    assert "\u202e" not in text
                await pilot.pause()


async def test_a_long_search_waits_for_no_key() -> None:
    """A clock that runs out at once: each look is one batch; the pane says it is looking, then finds."""
    script = Script()
    for number in range(2_000):
        script.event("state_change", "c", component_state={"n": number, "still": 1})

    class Running(Clock):
        def __call__(self) -> int:
            self.now += 5_000_000
            return self.now

    async with opened(session_with(script.lines, clock=Running()), 1_999) as (app, pilot):
        app.pane.action_line(1)
        assert "last changed …" in app.shown()[-1]
        await press(pilot, "w")
        while app.session.cursor:
            await pilot.pause()
        assert "never changed since #1" in app.shown()[-1]


async def test_a_live_view_rests_on_one_component_and_a_jump_pauses_it() -> None:
    """What comes in is shown without a key; the last change is known without looking twice."""
    session = session_with(LINES[:6], Mode.LIVE)
    session.tick()
    async with opened(session, 5) as (app, pilot):
        session.follow()
        app.pane.sync()
        assert app.pane.view.row == 5
        session.log.append_many(LINES[6:], [decode_line(line) for line in LINES[6:]])
        session.tick()
        app.pane.sync()
        assert app.pane.view.row == 8
        assert "last changed #8" in app.shown()[-1]
        await press(pilot, "w")
        assert session.cursor == 7
        assert not session.following


def test_every_key_of_the_pane_is_tried_above() -> None:
    """A key added to the table needs a test here."""
    text = Path(__file__).read_text()
    for key in TABLE:
        if key.where is Where.STATE:
            assert all(f'"{name}"' in text for name in key.keys), key
