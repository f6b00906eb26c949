"""The timeline pane: each of its keys, the mouse, sizes, and what it does with bad logs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from backend.events import decode_line, encode_event
from debugger.tui.keys import TABLE, Where
from debugger.tui.session import Mode, Session
from debugger.tui.timeline.lanes import By
from debugger.tui.timeline.project import ByClock
from debugger.tui.timeline.widget import Timeline
from tests.support.voicelog import VoiceLog
from tests.tui.interface import START_NS, STEP_NS, Clock, Script, conversation, session_with

LINES = conversation()
HERE = 18


class Shown(App[None]):
    """The timeline and nothing else."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.opened = 0
        self.moved = 0

    def compose(self) -> ComposeResult:
        yield Timeline(self.session, id="timeline")

    def on_timeline_opened(self) -> None:
        self.opened += 1

    def on_timeline_moved(self) -> None:
        self.moved += 1


Opened = tuple[Pilot[None], Timeline, Session]


@asynccontextmanager
async def opened(
    lines: list[bytes], *, row: int = HERE, size: tuple[int, int] = (100, 14), mode: Mode = Mode.REPLAY
) -> AsyncIterator[Opened]:
    session = session_with(lines, mode)
    session.tick()
    if mode is Mode.REPLAY:
        session.seek(row)
    async with Shown(session).run_test(size=size) as pilot:
        timeline = pilot.app.query_one(Timeline)
        timeline.focus()
        timeline.sync()
        await pilot.pause()
        yield pilot, timeline, session


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()


def text_of(timeline: Timeline) -> str:
    return "\n".join(timeline.render_line(y).text for y in range(timeline.size.height))


def line_of(timeline: Timeline, lane: str) -> int:
    lines = text_of(timeline).splitlines()
    return next(y for y, line in enumerate(lines) if line[1:].startswith(lane))


def window(timeline: Timeline) -> tuple[int, int]:
    """Start and length of what is seen."""
    projection = timeline.model.projection
    assert isinstance(projection, ByClock)
    return projection.window.start, projection.window.span


def component(session: Session, row: int) -> str:
    return session.log.name("component", int(session.log.column("component")[row]))


def chosen(timeline: Timeline) -> str:
    lane = timeline.model.view.lane
    return "" if lane is None else timeline._session.log.name("component", lane)


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


# --- what is drawn ------------------------------------------------------------------------------


def story() -> list[bytes]:
    """A handler that takes 60 ms, one that fails, one that is cancelled; and a change of state."""
    script = Script()
    said = script.event("message_published", "user_session", "COMPLETE_TRANSCRIPT", direction="publish")
    ends = (("overseer", "ok"), ("database_memory", "error"), ("llm_orchestrator", "cancelled"))
    begun = {
        name: script.event("message_received", name, "COMPLETE_TRANSCRIPT", cause=said, task=f"x/{name}")
        for name, _ in ends
    }
    script.event(
        "state_change", "overseer", component_state={"state": "THINKING"}, task="x/overseer"
    )  # fmt: skip
    for _ in range(5):
        script.event("state_read", "audio_output")
    for name, outcome in ends:
        severity = "error" if outcome == "error" else "info"
        script.event(
            "message_handled", name, "COMPLETE_TRANSCRIPT", cause=begun[name], task=f"x/{name}",
            data={"outcome": outcome}, severity=severity,
        )  # fmt: skip
    return script.lines


async def test_activations_are_bars_whose_ends_tell_how_they_went() -> None:
    """With the family's letter at their start."""
    async with opened(story(), row=0, size=(110, 8)) as (pilot, timeline, _):
        await press(pilot, "a")
        lines = text_of(timeline).splitlines()
        assert "━━━" in lines[line_of(timeline, "overseer")]
        assert "✗" in lines[line_of(timeline, "database_memory")]
        assert "⊘" in lines[line_of(timeline, "llm_orchestrator")]
        assert "THINKING" in lines[line_of(timeline, "overseer")]
        await press(pilot, "l")  # the ways of the cursor's message no longer hide the letters
        timeline._session.seek(5)
        timeline.sync()
        assert "S━" in text_of(timeline)


async def test_the_cursors_message_is_seen_going_to_its_receivers() -> None:
    """A head at each of them, however many events there are."""
    async with opened(story(), row=0, size=(110, 8)) as (pilot, timeline, _):
        await press(pilot, "a")
        lines = text_of(timeline).splitlines()
        for lane in ("overseer", "database_memory", "llm_orchestrator"):
            assert "▼" in lines[line_of(timeline, lane)]


async def test_in_causal_order_runs_of_local_events_are_their_number() -> None:
    """Five reads in a row are one step."""
    async with opened(story(), row=0, size=(110, 8)) as (pilot, timeline, _):
        await press(pilot, "p")
        assert "5" in text_of(timeline).splitlines()[line_of(timeline, "audio_output")]
        assert "causal order" in timeline.titles[0]


async def test_a_message_that_arrives_before_it_was_sent_is_drawn_as_it_is() -> None:
    """By the clock it points left; in causal order it does not."""
    script = Script()
    sent = script.event("message_published", "overseer", "BEGIN_AI_TURN", timestamp_ns=START_NS + 900_000_000)
    script.event("message_received", "llm_orchestrator", "BEGIN_AI_TURN", cause=sent, timestamp_ns=START_NS)
    async with opened(script.lines, row=0, size=(80, 6)) as (pilot, timeline, _):
        lines = text_of(timeline).splitlines()
        head = lines[line_of(timeline, "llm")].index("▼")
        assert head < lines[line_of(timeline, "overseer")].index("→")
        await press(pilot, "p")
        lines = text_of(timeline).splitlines()
        assert lines[line_of(timeline, "llm")].index("▼") > lines[line_of(timeline, "overseer")].index("→")


async def test_a_gap_in_the_log_breaks_all_lanes() -> None:
    """Where events were lost, nothing can be read across."""
    session = session_with(LINES)
    session.log.append_gap("assistant-1", 50, 60, "dropped")
    session.seek(len(session.log) - 1)
    async with Shown(session).run_test(size=(90, 12)) as pilot:
        timeline = pilot.app.query_one(Timeline)
        timeline.sync()
        session.seek(0)
        timeline.sync()
        assert text_of(timeline).count("┋") >= 5


async def test_the_rest_dims_while_a_turn_is_followed() -> None:
    """And is bright again afterwards."""
    async with opened(LINES) as (_, timeline, session):
        before = timeline._frame.lines
        session.follow_turn()
        timeline.sync()
        assert timeline._frame.lines != before
        session.follow_turn()
        timeline.sync()
        assert timeline._frame.lines == before


async def test_nothing_is_painted_while_nothing_happens() -> None:
    """Idle costs nothing."""
    async with opened(LINES) as (_, timeline, __):
        timeline.sync()
        strips = dict(timeline._strips)
        frame = timeline._frame
        timeline.sync()
        assert timeline._frame == frame
        assert all(timeline._strips[y] is strip for y, strip in strips.items())
        timeline.restyle()
        assert not timeline._strips


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


# --- bad input -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1, 1), (8, 2), (20, 5), (38, 6), (78, 12), (120, 16), (200, 56)])
@pytest.mark.parametrize("keys", [(), ("a",), ("p",), ("p", "plus", "plus", "b", "b", "b", "b")])
async def test_every_size_has_a_picture(size: tuple[int, int], keys: tuple[str, ...]) -> None:
    """The lane of the cursor is in it, and each line is as wide as the pane."""
    async with opened(LINES, size=size) as (pilot, timeline, _):
        await press(pilot, *keys)
        assert all(timeline.render_line(y).cell_length == size[0] for y in range(size[1]))
        scene = timeline.model.scene
        assert scene is not None
        assert timeline.model.cursor_key in scene.shown.keys


ODD: dict[str, list[bytes]] = {
    "empty": [],
    "one": LINES[:1],
    "base": [
        json.dumps({key: value for key, value in json.loads(line).items()
                    if key in {"timestamp", "event_type", "component", "message_type"}}).encode()
        for line in LINES
    ],
    "backwards": [
        json.dumps(json.loads(line) | {"timestamp_ns": START_NS - number * 10**8}).encode()
        for number, line in enumerate(LINES)
    ],
    "far away": [
        json.dumps(json.loads(line) | {"timestamp_ns": at}).encode()
        for line, at in zip(LINES, (0, 2**62, -(2**62), 5, START_NS), strict=False)
    ],
    "same time": [
        json.dumps(json.loads(line) | {"timestamp_ns": START_NS}).encode() for line in LINES
    ],
    "hostile": [
        json.dumps({
            "timestamp": 1.0, "event_type": "\x1b[2J", "component": f"[red]\u202e漢字{number}[/x]",
            "task": "[@click=app.quit]", "component_state": {"state": "\x1b]0;漢\x07"},
            "session_id": "\u200f", "turn": -3,
        }).encode()
        for number in range(30)
    ],
    "ten thousand components": [
        json.dumps({"timestamp": number / 1e3, "event_type": "system", "component": f"c{number}"}).encode()
        for number in range(10_000)
    ],
}  # fmt: skip
WALK: tuple[str, ...] = (
    "j", "k", "l", "h", "plus", "minus", "a", "L", "H", "0", "p", "plus", "L", "0", "minus",
    "b", "b", "b", "b", "p", "l", "a", "b", "escape",
)  # fmt: skip


@pytest.mark.parametrize("name", ODD)
async def test_odd_logs_are_drawn_and_walked_through(name: str) -> None:
    """With every key; nothing escapes to the terminal, no line is too long."""
    lines = ODD[name]
    async with opened(lines, row=len(lines) // 2, size=(80, 12)) as (pilot, timeline, session):
        for key in WALK:
            await pilot.press(key)
            text = text_of(timeline)
            assert "\x1b" not in text
            assert "\u202e" not in text
            assert all(timeline.render_line(y).cell_length == 80 for y in range(12))
        await pilot.click(Timeline, offset=(60, 4))
        assert pilot.app.is_running
        title, subtitle = timeline.titles
        assert title.startswith("2 Timeline")
        if name == "ten thousand components":
            assert "quiet" in subtitle or "more lanes" in subtitle
        assert session.cursor == -1 if not lines else session.cursor >= 0


async def test_an_empty_log_says_so_and_comes_to_life() -> None:
    """As soon as there is an event."""
    async with opened([], size=(60, 8)) as (_, timeline, session):
        assert "no events yet" in text_of(timeline)
        session.log.append_many(LINES, [decode_line(line) for line in LINES])
        timeline.sync()
        assert "no events yet" not in text_of(timeline)
        assert "tap" in text_of(timeline)


async def test_payloads_are_read_a_little_at_a_time() -> None:
    """A frame never waits for all of them; the rest comes with the next ones."""

    class Slow(Clock):
        def __call__(self) -> int:
            self.now += 1_000_000
            return self.now

    session = session_with(story(), clock=Slow())
    async with Shown(session).run_test(size=(110, 8)) as pilot:
        timeline = pilot.app.query_one(Timeline)
        await press(pilot, "a")
        for _ in range(40):
            timeline.sync()
        assert not timeline.model.incomplete
        assert "THINKING" in text_of(timeline)
