"""Turns of a log that goes on for ever: no more than so many are kept, and those are as they were."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import decode_line
from debugger.analysis.turns import index as turn_index
from debugger.analysis.turns.index import TurnIndex
from debugger.log import EventLog
from tests.support.examples import tried

MESSAGES = (
    "COMPLETE_TRANSCRIPT",
    "BEGIN_AI_TURN",
    "LLM_RAW_CHUNK",
    "CHUNK_RESPONSE",
    "TTS_BOT_STARTED_SPEAKING",
    "AUDIO_OUTPUT_COMPLETE",
)


def line(number: int, per_turn: int, sessions: int) -> bytes:
    """An event of the story in which sessions take turns."""
    turn, place = divmod(number, per_turn)
    session, within = f"s{turn % sessions}", turn // sessions
    fields = {
        "timestamp": 1e9 + number / 1_000,
        "event_type": "message_published",
        "component": "c",
        "message_type": MESSAGES[place % len(MESSAGES)],
        "session_id": session,
        "turn": within,
        "correlation_id": f"{session}_{within}_COMPLETE_TRANSCRIPT",
        "data": {"text": f"said {turn}", "played": 1, "interrupted": turn % 7 == 3},
    }
    return json.dumps(fields).encode()


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn_index, "MOST_FORGOTTEN", 8)
    monkeypatch.setattr(turn_index, "MOST_TURNS", 24)


@tried(20)
@given(
    count=st.integers(1, 400),
    per_turn=st.integers(1, 12),
    sessions=st.integers(1, 4),
    more=st.integers(0, 40),
    step=st.integers(1, 40),
)
def test_the_newest_turns_are_those_of_a_log_that_keeps_all(
    count: int, per_turn: int, sessions: int, more: int, step: int
) -> None:
    """Also where their rows are gone: words, status, durations. Rows that are known lead to their turn."""
    # A session that no known row names is another one when it comes again: none is silent for so long.
    short, long = EventLog(max_rows=2 * per_turn * sessions + step + more), EventLog()
    kept, whole = TurnIndex(short), TurnIndex(long)
    lines = [line(number, per_turn, sessions) for number in range(count)]
    for start in range(0, count, step):
        some = lines[start : start + step]
        for log, index in ((short, kept), (long, whole)):
            log.append_many(some, [decode_line(one) for one in some])
            index.advance(lambda: 0, 1)
        forgotten = sum(turn.last_row < short.first_row for turn in kept.turns)
        most = 8 + 2 + step  # a quarter more, and what came at once
        assert forgotten <= most
        assert len(kept) <= 24 + 6 + step
        assert kept.dropped + len(kept) == len(whole)
    for at, turn in enumerate(kept.turns):
        there = whole.turn(at + kept.dropped)
        assert (turn.session, turn.number, turn.said, turn.status, turn.total_ns, turn.events) == (
            there.session,
            there.number,
            there.said,
            there.status,
            there.total_ns,
            there.events,
        )
    for row in range(short.first_row, len(short)):
        mine, theirs = kept.turn_at(row), whole.turn_at(row)
        assert theirs is not None
        assert mine == (theirs - kept.dropped if theirs >= kept.dropped else None)
        assert mine is None or short.first_row <= kept.first_row(mine) <= row


def test_turns_of_which_nothing_is_known_any_more_are_the_first_to_go() -> None:
    """A long conversation in a small window: as many turns as the window has, and a few more."""
    log = EventLog(max_rows=60)
    index = TurnIndex(log)
    for number in range(3_000):
        one = line(number, 10, 1)
        log.append(one, decode_line(one))
        index.advance(lambda: 0, 1)
    assert 6 + 8 <= len(index) <= 7 + 8 + 2 + 1
    assert index.turn(len(index) - 1).number == 299
    assert index.dropped + len(index) == 300
