"""Two recordings side by side on a screen: each key of its table, the mouse, small terminals, long work."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from textual import events
from textual.pilot import Pilot

from debugger.analysis.diff import flags
from debugger.sources.file import open_recordings
from debugger.tui import launch  # noqa: F401 - before Textual
from debugger.tui.diff.app import DiffApp
from debugger.tui.diff.detail import DiffDetail, _cut, detail_lines
from debugger.tui.diff.folds import folds_of, lines_of
from debugger.tui.diff.model import DiffView
from debugger.tui.diff.screen import DiffScreen
from debugger.tui.diff.turns import TurnColumn
from debugger.tui.help.screen import HelpScreen
from debugger.tui.keys import Where
from debugger.tui.keys.diff import KEYS
from debugger.tui.text import width_of
from tests.analysis import altered
from tests.analysis.altered import diff_of, place_of, swapped, without
from tests.support.examples import tried

LINES = altered.lines_of(1)
LOST = place_of(LINES, "message_published", "PROCESS_USER_INPUT", session_id="s1", turn=2)


def write(path: Path, lines: Sequence[bytes]) -> str:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return str(path)


def app_of(folder: Path, a: Sequence[bytes], b: Sequence[bytes]) -> DiffApp:
    names = write(folder / "good.jsonl", a), write(folder / "bad.jsonl", b)
    return DiffApp((open_recordings([names[0]]), open_recordings([names[1]])), names)


async def until_there(pilot: Pilot[None]) -> DiffScreen:
    screen = pilot.app.screen
    assert isinstance(screen, DiffScreen)
    for _ in range(2_000):
        await pilot.pause()
        if screen.view is not None or "bad" in screen.head.classes:
            break
        await asyncio.sleep(0.005)
    return screen


@asynccontextmanager
async def shown(
    folder: Path, b: Sequence[bytes], size: tuple[int, int] = (120, 36), a: Sequence[bytes] = LINES
) -> AsyncIterator[tuple[Pilot[None], DiffScreen, DiffView]]:
    app = app_of(folder, a, b)
    async with app.run_test(size=size) as pilot:
        screen = await until_there(pilot)
        assert screen.view is not None
        yield pilot, screen, screen.view


def picture(screen: DiffScreen) -> str:
    """What the table shows."""
    table = screen.table
    return "\n".join(table.render_line(y).text for y in range(table.size.height))


async def test_it_opens_where_the_recordings_part(tmp_path: Path) -> None:
    """The event that is missing, a gap beside it, and below what is to be said of it."""
    async with shown(tmp_path, without(LINES, LOST)) as (_, screen, view):
        assert view.pair[:2] == (LOST, None)
        line = screen.table.render_line(view.line - screen.table.scroll_offset.y).text
        assert "PROCESS_USER_INPUT" in line
        assert " - " in line
        text = "\n".join("".join(one.text for one in line) for line in detail_lines(view, 80))
        assert text.startswith("- only in a")
        assert "overseer sends PROCESS_USER_INPUT" in text
        assert "by user_session sends COMPLETE_TRANSCRIPT ▸ overseer gets COMPLETE_TRANSCRIPT" in text
        assert "data.agent_id" in text
        assert screen.head.said.endswith("missing by their seq")


async def test_keys_move_through_lines_differences_and_turns(tmp_path: Path) -> None:
    """Each with its arrow and its letter."""
    bad = without(
        without(LINES, LOST), place_of(LINES, "message_published", "BEGIN_AI_TURN", session_id="s2")
    )
    async with shown(tmp_path, bad) as (pilot, _, view):
        start = view.scope, view.row
        await pilot.press("j", "down")
        assert view.row > start[1]
        await pilot.press("k", "up")
        assert (view.scope, view.row) == start
        await pilot.press("pagedown")
        paged = view.row
        await pilot.press("pageup")
        assert view.row < paged
        await pilot.press("G")
        assert view.line == len(view.lines.starts) - 1
        await pilot.press("g")
        assert view.line == 0
        await pilot.press("right_square_bracket")
        assert view.scope == start[0] + 1
        await pilot.press("left_square_bracket", "left_square_bracket")
        assert view.scope == start[0] - 1
        await pilot.press("1")
        first = view.scope, view.row
        seen = [first]
        await pilot.press("g")
        while view.difference(-1):
            pass
        await pilot.press("N")
        seen = [(view.scope, view.row)]
        for _ in range(40):
            await pilot.press("n")
            if (view.scope, view.row) == seen[-1]:
                break
            seen.append((view.scope, view.row))
        assert first in seen
        assert {scope for scope, _ in seen} == set(np.flatnonzero(view.diff.differences).tolist())
        assert seen == sorted(seen)


async def test_what_is_equal_folds_and_opens(tmp_path: Path) -> None:
    """By Enter, and all at once by o; the cursor stays where it is."""
    async with shown(tmp_path, without(LINES, LOST)) as (pilot, screen, view):
        before = len(view.lines.starts)
        assert " equal " in picture(screen)
        while not view.folded:
            await pilot.press("k")
        hidden = int(view.lines.stops[view.line] - view.lines.starts[view.line])
        row = view.row
        await pilot.press("enter")
        assert (len(view.lines.starts), view.row) == (before + hidden - 1, row)
        await pilot.press("j", "enter")
        assert (len(view.lines.starts), view.row) == (before, row)
        await pilot.press("o")
        assert len(view.lines.starts) == len(view.aligned.a)
        await pilot.press("o")
        assert len(view.lines.starts) == before


async def test_from_what_moved_to_its_counterpart_and_back(tmp_path: Path) -> None:
    """It stands at both places, with the pair that changed its order."""
    lines = altered.lines_of(2, 3, 1)
    places = sorted(
        place_of(lines, "message_received", name, component="text_queue_manager")
        for name in ("TEXT_CHUNK", "REQUEST_NEXT_CHUNK")
    )
    async with shown(tmp_path, swapped(lines, *places), a=lines) as (pilot, screen, view):
        assert view.pair[2] & flags.MOVED
        here = view.row
        pair = view.pair
        await pilot.press("c")
        assert view.row != here
        assert view.pair == pair
        await pilot.press("c")
        assert view.row == here
        assert "↕" in picture(screen)
        text = "".join(one.text for line in detail_lines(view, 200) for one in line)
        assert "text_queue_manager gets" in text
        assert "in b the other way round" in text


async def test_parts_have_the_focus_in_turn_and_one_can_be_alone(tmp_path: Path) -> None:
    """Tab goes round; in the turns, moving moves between turns; z leaves the events alone."""
    async with shown(tmp_path, without(LINES, LOST), (80, 24)) as (pilot, screen, view):
        assert screen.focused is screen.table
        await pilot.press("tab")
        detail = screen.query_one(DiffDetail)
        assert detail.has_focus
        row = view.row
        await pilot.press("j")
        assert view.row == row
        assert detail.scroll_offset.y == 1
        await pilot.press("tab")
        assert screen.query_one(TurnColumn).has_focus
        scope = view.scope
        await pilot.press("j")
        assert view.scope == scope + 1
        await pilot.press("shift+tab", "shift+tab")
        assert screen.focused is screen.table
        width = screen.table.size.width
        await pilot.press("z")
        assert screen.table.size.width > width
        await pilot.press("z")
        assert screen.table.size.width == width


async def test_the_mouse_does_the_same(tmp_path: Path) -> None:
    """A click puts the cursor, on a fold it opens it, on a turn it goes there; the wheel moves."""
    async with shown(tmp_path, without(LINES, LOST)) as (pilot, screen, view):
        table = screen.table
        top = table.scroll_offset.y
        await pilot.click(offset=(table.region.x + 5, table.region.y + 2))
        assert view.line == top + 2
        await pilot.press("g")
        folds = [line for line in range(20) if view.lines.stops[line] - view.lines.starts[line] > 1]
        before = len(view.lines.starts)
        y = folds[0] - table.scroll_offset.y
        await pilot.click(offset=(table.region.x + 5, table.region.y + y))
        assert len(view.lines.starts) > before
        row = view.row
        await pilot._post_mouse_events([events.MouseScrollDown], offset=(60, 5))
        assert view.row > row
        await pilot.click(TurnColumn, offset=(3, 0))
        assert view.scope == 0


async def test_help_shows_these_keys_and_every_key_has_its_action(tmp_path: Path) -> None:
    """The help is made from the table; so are the bindings."""
    async with shown(tmp_path, LINES) as (pilot, screen, _):
        await pilot.press("question_mark")
        assert isinstance(pilot.app.screen, HelpScreen)
        await pilot.press("q")
        assert screen.is_current
        for key in KEYS:
            assert key.where is Where.DIFF
            assert hasattr(screen, f"action_{key.action.partition('(')[0]}")


@pytest.mark.parametrize("key", ["q", "ctrl+c", "escape"])
async def test_each_way_out_ends_it(tmp_path: Path, key: str) -> None:
    """Also while it works."""
    app = app_of(tmp_path, LINES, LINES)
    async with app.run_test() as pilot:
        await pilot.press(key)
        await pilot.pause()
    assert app._exit
    assert app.work._stopping.is_set()


@pytest.mark.parametrize(
    ("other", "key", "code"),
    [
        ("same", "q", 0),
        ("less", "q", 1),
        ("less", "escape", 1),
        ("same", "ctrl+c", 130),
        ("less", "ctrl+c", 130),
    ],
)
async def test_the_exit_code_says_what_came_out(tmp_path: Path, other: str, key: str, code: int) -> None:
    """As without a screen: 1 if they differ; and 130 if it was broken off."""
    app = app_of(tmp_path, LINES, LINES if other == "same" else without(LINES, LOST))
    async with app.run_test() as pilot:
        while app.work.diff is None:
            await pilot.pause(0.01)
        await pilot.press(key)
    assert app.exit_code == code


async def test_without_an_answer_the_exit_code_says_so(tmp_path: Path) -> None:
    """Left while it works: nothing is known. A recording that cannot be read: 2."""
    app = app_of(tmp_path, LINES, LINES)
    app.work.stop()
    app.work.run()
    assert app.exit_code == 130
    app.work.problem = "b.jsonl: cannot be read"
    assert app.exit_code == 2


@given(st.lists(st.text(st.sampled_from("ab 宽é"), max_size=12), max_size=6), st.integers(1, 40))
def test_a_line_that_is_too_long_ends_in_an_ellipsis(pieces: list[str], width: int) -> None:
    """And no other does; none is wider than there is room."""
    whole = "".join(pieces)
    cut = "".join(one.text for one in _cut([Segment(piece) for piece in pieces], width))
    assert width_of(cut) <= width
    assert (cut == whole) == (width_of(whole) <= width)
    assert cut == whole or cut.endswith("…")


async def test_work_that_is_stopped_has_no_result(tmp_path: Path) -> None:
    """It ends within a step, and closes its files."""
    app = app_of(tmp_path, LINES, LINES)
    app.work.stop()
    app.work.run()
    assert (app.work.diff, app.work.problem) == (None, "stopped")


async def test_equal_recordings_say_so_and_have_nothing_to_step_to(tmp_path: Path) -> None:
    """One fold a turn."""
    async with shown(tmp_path, LINES) as (pilot, screen, view):
        assert screen.head.said.endswith("equal in structure")
        at = view.scope, view.row
        await pilot.press("n")
        assert (view.scope, view.row) == at
        assert screen.head.said.endswith("no more differences")
        await pilot.press("c")
        assert screen.head.said.endswith("nothing moved here")


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60), (38, 10), (20, 5), (10, 3), (4, 2)])
async def test_every_size_can_be_worked_with(tmp_path: Path, size: tuple[int, int]) -> None:
    """Each line is as wide as there is room; nothing fails where there is none."""
    async with shown(tmp_path, without(LINES, LOST), size) as (pilot, screen, view):
        await pilot.press("n", "N", "j", "enter", "o", "G", "g", "tab", "j", "right_square_bracket", "1")
        table = screen.table
        for y in range(table.size.height):
            assert table.render_line(y).cell_length == table.room
        assert view.pair[:2] == (LOST, None)


async def test_empty_recordings_are_shown_as_such(tmp_path: Path) -> None:
    """No keys fail on them."""
    async with shown(tmp_path, [], a=[]) as (pilot, screen, _):
        await pilot.press("n", "N", "j", "k", "G", "g", "enter", "o", "c", "1", "z", "z", "pagedown")
        assert "no events in either" in picture(screen)
        assert screen.head.said.endswith("no events (and 1 more)")


async def test_markup_and_escapes_of_a_log_are_text(tmp_path: Path) -> None:
    """Nothing of it is read as markup, or reaches the terminal as itself."""
    names = {"component": "[red]\x1b[2J", "message_type": "[/x]\u202e", "data": {"[b]": "\x07"}}
    event = json.dumps({"timestamp": 1, "event_type": "system"} | names).encode()
    async with shown(tmp_path, [event], a=[event, event]) as (pilot, screen, view):
        await pilot.press("G", "tab")
        detail = "".join(one.text for line in detail_lines(view, 90) for one in line)
        for text in (picture(screen), detail):
            assert "[red]" in text
            assert not {"\x1b", "\x07", "\u202e"} & set(text)


@given(st.lists(st.booleans(), max_size=60), st.data())
@tried(80)
def test_every_row_is_on_one_line(equal: list[bool], data: st.DataObject) -> None:
    """No row is lost or shown twice; what differs is never folded, nor what is beside it."""
    array = np.array(equal, np.bool_)
    folds = folds_of(array)
    opened = frozenset(data.draw(st.sets(st.sampled_from(folds.starts.tolist() or [-1]))))
    lines = lines_of(len(array), folds, opened)
    rows = [list(range(*pair)) for pair in zip(lines.starts.tolist(), lines.stops.tolist(), strict=True)]
    assert [row for line in rows for row in line] == list(range(len(array)))
    for line in rows:
        if len(line) > 1:
            assert array[line].all()
            assert line[0] not in opened
            assert line[0] == 0 or array[line[0] - 2 : line[0]].all()
        assert all(lines.line_of(row) == rows.index(line) for row in line)


def test_the_next_difference_is_found_in_later_turns_only() -> None:
    """And the one before in earlier ones; at the end it stays."""
    view = DiffView(diff_of(LINES, without(LINES, LOST)))
    while view.difference(-1):
        pass
    first = view.scope, view.row
    assert not view.difference(-1)
    places = [first]
    while view.difference(1):
        places.append((view.scope, view.row))
    assert places == sorted(set(places))
    assert (view.scope, view.row) == places[-1]
