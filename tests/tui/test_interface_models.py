"""The models behind the panes, without a terminal."""

from __future__ import annotations

import numpy as np
import pytest

from backend.events import decode_line
from backend.wire.client import EventsReceived, GapReceived, NotUnderstood, SourceChanged
from debugger.log import EventLog, compile_query
from debugger.sources.feed import Disconnected
from debugger.tui import travel
from debugger.tui.graph.model import GraphModel
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
    condition = compile_query("component:overseer")
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
    intake.take("feed", GapReceived("assistant-1", 1, 9_000, before=True))
    assert session.notice is not None
    assert "begins with event 9,001" in session.notice.text
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
    assert GraphModel(session).view().flows == ()
    assert state_view(EventLog(), "overseer", -1, {}).lines == ()
