"""The models behind the panes, without a terminal."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import Family, decode_line
from backend.wire.client import EventsReceived, GapReceived, NotUnderstood, SourceChanged
from debugger.log import EventLog
from debugger.log.filters import compile_filter
from debugger.sources.feed import Disconnected
from debugger.tui import travel
from debugger.tui.graph.counts import Counts
from debugger.tui.graph.layout import arrange
from debugger.tui.graph.marks import MAX_MARKS, TRAVEL_NS, Marks
from debugger.tui.graph.model import Flow, graph_view, order
from debugger.tui.live import Intake
from debugger.tui.rows import ShownRows
from debugger.tui.session import Link, Mode, Session
from debugger.tui.state.model import MAX_CHILDREN, MAX_LINES, state_view
from debugger.tui.status.model import fitting, status_parts
from tests.tui.interface import Clock, Script, conversation, session_with

LINES = conversation()
VOICE = ("user_session", "overseer", "agent_context", "database_memory", "llm_orchestrator")


def test_a_filter_finds_the_same_rows_bit_by_bit_as_at_once() -> None:
    """However the log grew while it was looked through."""
    session = session_with([])
    condition = compile_filter("component:overseer")
    shown = ShownRows(session.log, condition)
    events = [decode_line(line) for line in LINES]
    for start in range(0, len(LINES), 7):
        session.log.append_many(LINES[start : start + 7], events[start : start + 7])
        shown.extend(Clock(), 0)
    expected = np.flatnonzero(condition.mask(session.log, 0, len(LINES))).tolist()
    assert [shown.row(position) for position in range(len(shown))] == expected
    assert shown.rows(range(len(shown) - 1, -1, -1)).tolist() == expected[::-1]
    assert [shown.position(row) for row in expected] == list(range(len(expected)))
    assert shown.position(expected[0] - 1) == -1


@given(st.lists(st.integers(-1, len(LINES) - 1), min_size=1, max_size=12))
def test_counters_at_the_cursor_do_not_depend_on_the_way_there(rows: list[int]) -> None:
    """Moved forwards or backwards, they are those of a count from the start."""
    log = session_with(LINES).log
    counts = Counts(log)
    for row in rows:
        counts.move(row)
    events = [decode_line(line) for line in LINES[: rows[-1] + 1]]
    sent = Counter(event.component for event in events if event.event_type == "message_published")
    for component in VOICE:
        assert counts.of(component)[0] == sent[component]
    assert counts.sent == sent.total()


@given(st.integers(1, 24), st.integers(56, 220), st.integers(12, 50))
def test_boxes_and_spokes_never_touch(number: int, width: int, height: int) -> None:
    """Every component has a place or is named as left out; no cell is used twice, none is outside."""
    names = tuple(f"c{one}" for one in range(number))
    layout = arrange(names, width, height)
    assert layout is not None
    assert {placed.name for placed in layout.placed} | set(layout.left_out) == set(names)
    regions = [
        {(x, y) for x in range(box.x, box.right) for y in range(box.y, box.bottom)}
        for box in (layout.hub, *(placed.box for placed in layout.placed))
    ]
    regions += [set(placed.spoke) for placed in layout.placed]
    assert all(0 <= x < width and 0 <= y < height for region in regions for x, y in region)
    assert not [1 for one, other in combinations(regions, 2) if one & other]
    for placed in layout.placed:
        assert placed.spoke
        for (x, y), (u, v) in pairwise(placed.spoke):
            assert abs(x - u) + abs(y - v) == 1


def test_the_components_of_a_voice_assistant_keep_their_places() -> None:
    """Strangers that come before them in the log do not push them away."""
    assert order(("zebra", "overseer", "user_session")) == ("user_session", "overseer", "zebra")


def test_the_graph_shows_the_way_of_the_cursors_message() -> None:
    """From the publisher to the bus, from there to each receiver; a receive shows where it came from."""
    session = session_with(LINES)
    session.tick()
    session.seek(1)
    view = graph_view(session, Counts(session.log))
    assert {(flow.component, flow.out) for flow in view.flows} == {
        ("user_session", True),
        ("overseer", False),
        ("database_memory", False),
    }
    assert view.message == "COMPLETE_TRANSCRIPT"
    assert "tap" in view.aside
    session.seek(2)
    ways = {(flow.component, flow.out) for flow in graph_view(session, Counts(session.log)).flows}
    assert ways == {("overseer", False), ("user_session", True)}


def test_a_failing_component_is_marked_only_from_its_error_on() -> None:
    """Before the error nothing is known of it."""
    session = session_with(LINES)
    session.tick()
    for row, failing in ((len(LINES) - 1, True), (len(LINES) - 2, False)):
        session.seek(row)
        nodes = {node.name: node for node in graph_view(session, Counts(session.log)).nodes}
        assert nodes["llm_orchestrator"].failing is failing


def test_marks_move_one_way_and_are_bounded() -> None:
    """A publish goes from box to hub, a receive from hub to box, later; floods do not pile up."""
    family = Family.STT
    spokes = {"a": ((0, 0), (1, 0), (2, 0)), "b": ((9, 0), (8, 0))}
    marks = Marks()
    marks.add([Flow("a", True, family), Flow("b", False, family)], 0)
    assert list(marks.at(0, spokes)) == [(0, 0)]
    assert list(marks.at(TRAVEL_NS - 1, spokes)) == [(2, 0)]
    assert list(marks.at(TRAVEL_NS, spokes)) == [(8, 0)]
    assert not marks.at(2 * TRAVEL_NS, spokes)
    assert not marks
    for number in range(500):
        marks.add([Flow(f"n{number}", True, family)], 10 * TRAVEL_NS)
    assert len(marks.at(10 * TRAVEL_NS, {f"n{n}": ((n, 0),) for n in range(500)})) == MAX_MARKS


def test_a_state_tells_what_changed_since_the_snapshot_before() -> None:
    """Added, changed with the old value, removed; unchanged keys are plain."""
    script = Script()
    for state in ({"a": 1, "gone": "x", "same": [1, 2]}, {"a": 2, "new": None, "same": [1, 2]}):
        script.event("state_change", "overseer", component_state=state)
    log = session_with(script.lines).log
    marks = {line.key: (line.mark, line.old) for line in state_view(log, "overseer", 1, {}).lines}
    assert marks["a"] == ("~", "1")
    assert marks["new"] == ("+", "")
    assert marks["gone"] == ("-", "")
    assert marks["same"] == (" ", "")
    assert not state_view(log, "overseer", 0, {}).changes


def test_a_huge_state_is_opened_only_where_asked_and_capped() -> None:
    """Big branches begin closed; an opened one says how much it does not show."""
    script = Script()
    state = {
        "big": {f"k{number}": number for number in range(50_000)},
        "list": list(range(900)),
    }
    script.event("state_change", "overseer", component_state=state)
    log = session_with(script.lines).log
    assert len(state_view(log, "overseer", 0, {}).lines) == 2
    opened = state_view(log, "overseer", 0, {("big",): True, ("list",): True}).lines
    assert len(opened) == 2 + 2 * (MAX_CHILDREN + 1) <= MAX_LINES
    assert [line.value for line in opened if line.kind == "more"] == ["49,800 more", "700 more"]


def test_a_paused_live_view_stands_still_and_counts() -> None:
    """Events keep coming in; the cursor stays until one follows again."""
    session = session_with(LINES[:10], Mode.LIVE)
    session.tick()
    assert session.cursor == 9
    session.toggle_play()
    later = LINES[10:]
    session.log.append_many(later, [decode_line(line) for line in later])
    session.tick()
    assert (session.cursor, session.news) == (9, len(later))
    assert f"PAUSED +{len(later)} new" in status_parts(session)[0].text
    session.toggle_play()
    assert session.cursor == len(LINES) - 1


def test_a_recording_plays_at_its_pace_and_stops_at_its_end() -> None:
    """Twice the speed passes twice the rows in the same time."""
    clock = Clock()
    session = session_with(LINES, clock=clock)
    session.tick()
    session.toggle_play()
    clock.pass_seconds(0.0731)
    session.tick()
    assert session.cursor == 10
    assert session.take_passed() == range(1, 11)
    session.change_speed(1)
    clock.pass_seconds(0.0731)
    session.tick()
    assert session.cursor == 30
    clock.pass_seconds(60)
    session.tick()
    assert session.cursor == len(LINES) - 1
    assert not session.playback.playing


def test_jumps_follow_causes_effects_and_turns() -> None:
    """And say so where there is nothing to jump to, without moving."""
    session = session_with(LINES)
    session.tick()
    session.seek(2)
    assert session.to_cause()
    assert session.cursor == 1
    assert session.to_effect()
    assert session.cursor == 2
    assert travel.along(session, "turn", -1)
    assert session.cursor == 1
    assert not travel.along(session, "turn", -1)
    assert session.cursor == 1
    assert session.notice is not None


def test_losses_are_rows_and_numbers() -> None:
    """A gap, a producer that vanished and a frame that is none: all are seen in log and status line."""
    session = Session(Mode.LIVE, Link("127.0.0.1:1"), Clock())
    intake = Intake(session, ["feed"])
    first = LINES[0]
    intake.take("feed", EventsReceived((first,), (decode_line(first),)))
    intake.take("feed", GapReceived("assistant-1", 2, 41))
    intake.take("feed", SourceChanged("assistant-1", "assistant-2", 41, ended=False))
    intake.take("feed", NotUnderstood("what?"))
    intake.take("feed", Disconnected("the connection broke", 0.4))
    session.tick()
    assert len(session.log) == 3
    told = " ".join(part.text for part in status_parts(session))
    assert "2 gaps, 40 lost" in told
    assert "1 not understood" in told
    assert "the connection broke" in told
    assert "NO CONNECTION" in told


@pytest.mark.parametrize("width", [12, 40, 80, 200])
def test_the_status_line_keeps_the_mode_when_room_is_short(width: int) -> None:
    """The weightiest parts stay, and nothing is wider than the line."""
    session = session_with(LINES)
    session.tick()
    session.say("a notice of some length that wants room", bad=True)
    parts = fitting(status_parts(session), width)
    assert sum(len(part.text) for part in parts) <= width
    if width > 40:
        assert "REPLAY" in parts[0].text


def test_an_empty_log_has_no_cursor_and_every_view_bears_it() -> None:
    """Before the first event."""
    session = session_with([])
    session.tick()
    for move in (session.first, session.last, lambda: session.step(1), lambda: travel.message(session, -1)):
        move()
    assert not session.to_cause()
    assert session.cursor == -1
    assert graph_view(session, Counts(session.log)).flows == ()
    assert state_view(EventLog(), "overseer", -1, {}).lines == ()
