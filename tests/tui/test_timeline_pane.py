"""The timeline pane: each of its keys, the mouse, and a log that grows."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from textual import events

from backend.events import decode_line, encode_event
from debugger.tui.keys import TABLE, Where
from debugger.tui.session import Mode, Session
from debugger.tui.timeline.lanes import By
from debugger.tui.timeline.project import ByClock
from debugger.tui.timeline.widget import Timeline
from tests.support.voicelog import VoiceLog
from tests.tui.interface import START_NS, STEP_NS
from tests.tui.pressing import press
from tests.tui.timelines import HERE, LINES, Shown, chosen, component, line_of, opened, story, window

# --- keys -----------------------------------------------------------------------------------

Before = tuple[int, int]
Check = Callable[[Timeline, Session, Before], bool]

KEYS: dict[str, Check] = {
    "up": lambda timeline, _, __: chosen(timeline) == "agent_context",
    "k": lambda timeline, _, __: chosen(timeline) == "agent_context",
    "down": lambda timeline, _, __: chosen(timeline) == "llm_orchestrator",
    "j": lambda timeline, _, __: chosen(timeline) == "llm_orchestrator",
    "left": lambda _, session, __: session.cursor < HERE and component(session, session.cursor) == MINE,
    "h": lambda _, session, __: session.cursor < HERE and component(session, session.cursor) == MINE,
    "right": lambda _, session, __: session.cursor > HERE and component(session, session.cursor) == MINE,
    "l": lambda _, session, __: session.cursor > HERE and component(session, session.cursor) == MINE,
    "escape": lambda timeline, _, __: timeline.model.view.lane is None,
    "u": lambda timeline, _, __: timeline.model.view.lane is None,
    "plus": lambda timeline, _, before: window(timeline)[1] < before[1],
    "equals_sign": lambda timeline, _, before: window(timeline)[1] < before[1],
    "minus": lambda timeline, _, before: window(timeline)[1] > before[1],
    "a": lambda timeline, _, __: window(timeline)[0] == START_NS + STEP_NS,
    "L": lambda timeline, _, before: before[0] < window(timeline)[0] < before[0] + before[1],
    "shift+right": lambda timeline, _, before: before[0] < window(timeline)[0] < before[0] + before[1],
    "H": lambda timeline, _, before: before[0] - before[1] < window(timeline)[0] < before[0],
    "shift+left": lambda timeline, _, before: before[0] - before[1] < window(timeline)[0] < before[0],
    "0": lambda timeline, _, before: window(timeline) == before,
    "b": lambda timeline, _, __: timeline.model.view.by is By.SESSION,
    "p": lambda timeline, _, __: timeline.model.view.causal,
}
MINE = "database_memory"


def test_every_key_of_the_timeline_is_tried() -> None:
    """A key added to the table needs a line here."""
    assert KEYS.keys() == {name for key in TABLE if key.where is Where.TIMELINE for name in key.keys}


@pytest.mark.parametrize("key", KEYS)
async def test_a_key_does_what_the_help_says(key: str) -> None:
    """Pressed at an event of database_memory in the second turn."""
    async with opened(LINES) as (pilot, timeline, session):
        assert component(session, HERE) == MINE
        await press(pilot, "0")
        before = window(timeline)
        await press(pilot, key)
        assert KEYS[key](timeline, session, before), (key, before)


async def test_zooming_keeps_the_cursor_where_it_is() -> None:
    """In and out, from microseconds to hours, and back by 0 after a walk aside."""
    async with opened(LINES) as (pilot, timeline, session):
        at = int(session.log.column("timestamp_ns")[HERE])
        place = timeline.model.projection
        assert isinstance(place, ByClock)
        cell = place.window.cell(at)
        for direction, times in ((1, 25), (-1, 40)):
            for _ in range(times):
                timeline.action_zoom(direction)
                now = timeline.model.projection
                assert isinstance(now, ByClock)
                assert now.window.cell(at) == cell
        assert window(timeline)[1] > 24 * 3_600 * 10**9
        await press(pilot, "a", "plus", "plus", "L", "L", "L", "0")
        assert window(timeline)[0] < at < sum(window(timeline))


async def test_a_chosen_lane_is_walked_along_until_it_is_given_up() -> None:
    """The keys for events go through the lane that j chose, not the cursor's."""
    async with opened(LINES) as (pilot, timeline, session):
        await press(pilot, "j", "l")
        assert component(session, session.cursor) == "llm_orchestrator"
        await press(pilot, "l")
        assert component(session, session.cursor) == "llm_orchestrator"
        await press(pilot, "escape", "k", "k", "k", "h")
        assert component(session, session.cursor) == chosen(timeline) == "overseer"
        assert isinstance(pilot.app, Shown)
        assert pilot.app.moved == 3


async def test_at_the_end_of_a_lane_one_is_told_so() -> None:
    """And stays."""
    async with opened(LINES, row=0) as (pilot, _, session):
        await press(pilot, "l")
        assert session.cursor == 0
        assert session.notice is not None
        assert "lane of tap" in session.notice.text


async def test_lanes_go_round_all_kinds() -> None:
    """Component, session, turn, worker, task, and the components again."""
    lines = [encode_event(event) for event in VoiceLog(seed=5, turns=2, sessions=2).events]
    async with opened(lines, row=200) as (pilot, timeline, _):
        seen = []
        for _ in By:
            seen.append(timeline.titles[0].split(" · ")[1])
            lane = timeline.model.scene
            assert lane is not None
            assert timeline.model.cursor_key in lane.shown.keys
            await press(pilot, "b")
        assert seen == ["by component", "by session", "by turn", "by worker", "by task"]
        assert timeline.model.view.by is By.COMPONENT


# --- the mouse -----------------------------------------------------------------------------------


async def test_a_click_goes_to_the_nearest_event_of_the_lane_and_a_second_one_opens_it() -> None:
    """On the mark itself, or beside it."""
    async with opened(story(), row=0, size=(110, 8)) as (pilot, timeline, session):
        await press(pilot, "a")
        y = line_of(timeline, "audio_output")
        await pilot.click(Timeline, offset=(timeline.size.width - 1, y))
        await pilot.pause()
        assert component(session, session.cursor) == "audio_output"
        cursor = session.cursor
        assert isinstance(pilot.app, Shown)
        assert pilot.app.opened == 0
        await pilot.click(Timeline, offset=(timeline.size.width - 1, y))
        await pilot.pause()
        assert (session.cursor, pilot.app.opened) == (cursor, 1)


async def test_a_click_on_a_name_chooses_the_lane_and_another_one_gives_it_up() -> None:
    """As j and Esc do."""
    async with opened(LINES) as (pilot, timeline, session):
        for expected in ("overseer", ""):
            await pilot.click(Timeline, offset=(2, line_of(timeline, "overseer")))
            await pilot.pause()
            assert chosen(timeline) == expected
        assert session.cursor == HERE


def wheel(kind: type[events.MouseEvent], x: int, held: str = "") -> events.MouseEvent:
    return kind(None, x, 3, 0, 0, 0, held == "shift", False, held == "ctrl", screen_x=x, screen_y=3)


async def test_the_wheel_zooms_around_the_mouse_and_moves_with_shift_or_ctrl() -> None:
    """What is under the mouse stays there."""
    async with opened(LINES) as (pilot, timeline, _):
        projection = timeline.model.projection
        assert isinstance(projection, ByClock)
        x = 70
        cell = x - timeline.model.label_width
        moment = projection.window.time(cell)
        for kind, closer in ((events.MouseScrollUp, True), (events.MouseScrollDown, False)):
            before = window(timeline)
            timeline.post_message(wheel(kind, x))
            await pilot.pause()
            assert (window(timeline)[1] < before[1]) is closer
            now = timeline.model.projection
            assert isinstance(now, ByClock)
            assert now.window.cell(moment) == cell
        for kind, right in ((events.MouseScrollDown, True), (events.MouseScrollUp, False)):
            for key in ("shift", "ctrl"):
                before = window(timeline)
                timeline.post_message(wheel(kind, x, key))
                await pilot.pause()
                assert window(timeline)[1] == before[1]
                assert (window(timeline)[0] > before[0]) is right


# --- live ------------------------------------------------------------------------------------------


async def test_live_the_newest_event_is_at_the_right_edge_until_one_looks_back() -> None:
    """Moving aside pauses; nothing that comes moves it back."""
    async with opened(LINES[:20], mode=Mode.LIVE) as (pilot, timeline, session):
        rest = [json.dumps(json.loads(line) | {"timestamp_ns": START_NS + (1 + number) * 10**9}).encode()
                for number, line in enumerate(LINES[20:])]  # fmt: skip
        for start in range(0, 10, 5):
            part = rest[start : start + 5]
            session.log.append_many(part, [decode_line(line) for line in part])
            session.tick()
            timeline.sync()
            now = timeline.model.projection
            assert isinstance(now, ByClock)
            newest = int(session.log.column("timestamp_ns")[len(session.log) - 1])
            assert now.window.cell(newest) == now.window.cells - 1
        await press(pilot, "H")
        assert not session.following
        before = window(timeline)
        session.log.append_many(rest[10:], [decode_line(line) for line in rest[10:]])
        session.tick()
        timeline.sync()
        assert window(timeline) == before
