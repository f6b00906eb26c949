"""Moving along things, hunting, watching, selecting: the session without a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.events import decode_line
from debugger.sources.notes import Notes
from debugger.tui import travel
from debugger.tui.actions.taking import copied, exporting
from debugger.tui.query_line.purpose import (
    EntryError,
    Filtering,
    Going,
    Noting,
    Running,
    Searching,
    Watching,
    query_of,
)
from debugger.tui.session import Link, Mode, Session
from tests.tui.interface import Clock, conversation, session_with, write_recording

LINES = conversation()


def settle(session: Session) -> None:
    """Let everything that goes on bit by bit come to its end."""
    for _ in range(100):
        session.tick()
        if not session.hunting and session.shown.complete:
            return
    raise AssertionError("it never ends")


def turn_of(session: Session) -> int:
    return int(session.log.column("turn")[session.cursor])


def test_along_a_column_goes_to_its_neighbours_and_says_where_they_end() -> None:
    """Forwards and back is where one was; at the end one stays, and is told."""
    session = session_with(LINES)
    for column in ("turn", "correlation", "component", "message_type"):
        session.seek(5)
        value = int(session.log.column(column)[5])
        assert travel.along(session, column, 1)
        assert int(session.log.column(column)[session.cursor]) == value
        assert travel.along(session, column, -1)
        assert session.cursor == 5
    session.seek(0)
    assert not travel.along(session, "turn", 1)
    assert session.notice is not None
    assert session.notice.text == "this event has no turn"
    assert not travel.along(session, "task", 1)


def test_turns_are_gone_through_from_beginning_to_beginning() -> None:
    """Backwards first to the beginning of the turn one is in, then to the turn before."""
    session = session_with(LINES)
    starts = []
    while travel.turn(session, 1):
        starts.append((turn_of(session), session.cursor))
    assert [turn for turn, _ in starts] == [1, 2, 3]
    session.seek(starts[1][1] + 4)
    assert travel.turn(session, -1)
    assert session.cursor == starts[1][1]
    assert travel.turn(session, -1)
    assert session.cursor == starts[0][1]
    assert not travel.turn(session, -1)


def test_changes_of_state_are_those_of_the_pinned_component() -> None:
    """Of any component when none is pinned."""
    session = session_with(LINES)
    assert travel.state_change(session, 1)
    first = session.cursor
    assert travel.state_change(session, 1)
    assert travel.state_change(session, -1)
    assert session.cursor == first
    session.component = "llm_orchestrator"
    assert not travel.state_change(session, 1)
    assert session.notice is not None
    assert "llm_orchestrator" in session.notice.text


def test_jumps_can_be_gone_back() -> None:
    """One after the other, in the reverse order."""
    session = session_with(LINES)
    session.seek(3)
    travel.turn(session, 1)
    session.to_cause()
    assert session.back() is (session.cursor != 3 or True)
    while session.back():
        pass
    assert session.cursor == 3


def test_running_until_a_condition_goes_both_ways() -> None:
    """To the nearest event that matches, within what the filter shows; told when there is none."""
    session = session_with(LINES)
    Running(1).keep(session, "turn = 2")
    settle(session)
    assert turn_of(session) == 2
    there = session.cursor
    session.last()
    Running(-1).keep(session, "turn:1")
    settle(session)
    assert turn_of(session) == 1
    Running(1).keep(session, "turn:9")
    settle(session)
    assert session.notice is not None
    assert "turn:9" in session.notice.text
    Filtering().keep(session, "component:overseer")
    Running(1).keep(session, "turn:2")
    settle(session)
    assert session.cursor >= there
    assert session.log.name("component", int(session.log.column("component")[session.cursor])) == "overseer"
    with pytest.raises(EntryError):
        Running(1).keep(session, "  ")


def test_a_search_counts_and_leads_from_match_to_match() -> None:
    """And back; leaving the line gives the search back that was before."""
    session = session_with(LINES)
    searching = Searching()
    assert searching.begin(session) == ""
    searching.look(session, "message:TEXT_CHUNK")
    settle(session)
    assert session.search is not None
    expected = query_of("message:TEXT_CHUNK").rows(session.log, 0, len(session.log)).tolist()
    assert len(session.search.rows) == len(expected)
    session.first()
    found = []
    for _ in expected:
        session.next_match(1)
        settle(session)
        found.append(session.cursor)
    assert found == expected
    session.next_match(-1)
    settle(session)
    assert session.cursor == expected[-2]
    searching.revert(session)
    assert session.search is None


def test_a_watch_stops_what_plays_at_the_event_itself() -> None:
    """Not at the end of what was passed in one step of the clock; it beeps, and counts."""
    clock = Clock()
    session = session_with(LINES, clock=clock)
    Watching().keep(session, "turn = 2")
    session.toggle_play()
    session.tick()
    clock.pass_seconds(60)
    session.tick()
    assert not session.playback.playing
    assert turn_of(session) == 2
    assert turn_of(session) != int(session.log.column("turn")[session.cursor - 1])
    assert session.beeps == 1
    assert session.watches.all[0].hits == 1
    session.toggle_play()
    clock.pass_seconds(0.0073 * 1.5)
    session.tick()
    assert session.watches.all[0].hits == 2


def test_a_watch_stops_a_live_view_and_looks_at_every_event() -> None:
    """Those of before it was set do not count; the view stands at the first that matches."""
    clock = Clock()
    session = session_with(LINES[:5], mode=Mode.LIVE, clock=clock)
    session.tick()
    Watching().keep(session, "message:TEXT_CHUNK")
    more = LINES[5:]
    session.log.append_many(more, [decode_line(line) for line in more])
    session.tick()
    assert not session.following
    kind = session.log.column("message_type")[session.cursor]
    assert session.log.name("message_type", int(kind)) == "TEXT_CHUNK"
    assert session.watches.all[0].hits == sum(b"TEXT_CHUNK" in line for line in more)


@pytest.mark.parametrize("text", ["", "turn >", "trun = 3", "component ~ /(/"])
def test_what_cannot_be_watched_for_is_told_at_its_place(text: str) -> None:
    """And is not set."""
    session = session_with(LINES)
    with pytest.raises(EntryError) as told:
        Watching().keep(session, text)
    assert "\n" not in told.value.message
    assert session.watches.all == []


def test_a_moment_is_gone_to_or_refused_in_the_line() -> None:
    """The line stays open on a mistake, so the mistake is an error of the line."""
    session = session_with(LINES)
    Going().keep(session, "seq=9")
    assert session.cursor == 8
    with pytest.raises(EntryError, match="no event has seq"):
        Going().keep(session, "seq=99999")
    assert session.cursor == 8


def test_following_a_turn_tells_its_rows_from_the_others() -> None:
    """Again on one of its rows: no longer; on a row of another turn: that one."""
    session = session_with(LINES)
    travel.turn(session, 1)
    session.follow_turn()
    turns = session.log.column("turn")
    assert session.belonging(0, len(session.log)).tolist() == (turns == 1).tolist()
    travel.turn(session, 1)
    session.follow_turn()
    assert session.belonging(0, len(session.log)).tolist() == (turns == 2).tolist()
    session.follow_turn()
    assert session.belonging(0, len(session.log)).all()
    session.first()
    session.follow_turn()
    assert session.followed is None


def test_a_selection_grows_with_the_cursor_and_keeps_to_what_is_shown(tmp_path: Path) -> None:
    """What is copied and exported are the recorded lines themselves."""
    session = session_with(LINES)
    session.seek(20)
    session.toggle_selection()
    session.step(-19)
    assert session.selected_rows().tolist() == list(range(1, 21))
    text, told = copied(session, None)
    assert text.encode().split(b"\n") == LINES[1:21]
    assert "20 events" in told
    Filtering().keep(session, "component:overseer")
    settle(session)
    shown = [row for row in session.selected_rows().tolist() if 1 <= row <= 20]
    assert shown == session.selected_rows().tolist()
    assert 0 < len(shown) < 20
    path = tmp_path / "part.jsonl"
    with path.open("xb") as file:
        assert list(exporting(session, file, "part.jsonl"))[-1] == f"wrote {len(shown)} events to part.jsonl"
    assert path.read_bytes().splitlines() == [LINES[row] for row in shown]
    session.halt()
    assert session.selection is None


def test_bookmarks_are_kept_beside_the_recording_and_found_again(tmp_path: Path) -> None:
    """With their notes; the keys go from one to the next."""
    path = write_recording(tmp_path / "talk.jsonl", LINES)
    session = Session(Mode.REPLAY, Link("talk"), Clock(), notes=Notes([str(path)]))
    session.log.append_many(LINES, [decode_line(line) for line in LINES])
    session.tick()
    session.seek(4)
    session.toggle_mark()
    session.seek(9)
    noting = Noting()
    assert noting.begin(session) == ""
    noting.keep(session, "the barge-in")
    assert noting.begin(session) == "the barge-in"
    session.first()
    assert session.next_mark(1)
    assert session.cursor == 4
    assert session.next_mark(1)
    assert session.cursor == 9
    assert not session.next_mark(1)
    again = Session(Mode.REPLAY, Link("talk"), Clock(), notes=Notes([str(path)]))
    again.log.append_many(LINES, [decode_line(line) for line in LINES])
    again.tick()
    assert [(mark.row, mark.note) for mark in again.notes.marks] == [(4, ""), (9, "the barge-in")]
    session.toggle_mark()
    assert [mark.row for mark in session.notes.marks] == [4]


def test_a_bookmark_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """It holds until the end of the view, and the user knows."""
    session = session_with(LINES)
    session.notes = Notes([str(tmp_path / "gone" / "talk.jsonl")])
    session.toggle_mark()
    assert session.notice is not None
    assert session.notice.bad
    assert "not kept" in session.notice.text
