"""The status line: what stays when room is short, how far a load is, what stands out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import decode_line
from debugger.tui.query_line.purpose import query_of
from debugger.tui.session import Link, Mode, Session
from debugger.tui.status.lines import StatusLine
from debugger.tui.status.model import fitting, status_parts
from debugger.tui.text import width_of
from tests.tui.comfort import SmallApp, events_of_turns, session_of


def line(session: Session, width: int = 300, rate: float = 0.0) -> str:
    return "  ".join(part.text for part in fitting(status_parts(session, rate), width))


def busy() -> Session:
    """Everything at once: loading, followed, searched, selected, a notice."""
    session = session_of(events_of_turns())
    session.seek(11)
    session.follow_turn()
    session.toggle_selection()
    session.set_search(query_of("turn:2"))
    session.progress = 0.42
    session.say("a word to the user")
    session.tick()
    return session


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("up", [True, False])
def test_twenty_cells_tell_mode_and_place(mode: Mode, up: bool) -> None:
    """Of ten million events, too."""
    session = session_of(events_of_turns(), mode)
    session.link = Link("talk", up=up, detail="nothing listens there · trying again in 2 s")
    session.seek(11)
    parts = [
        part._replace(text="#12345678") if part.text == "#12" else part for part in status_parts(session)
    ]
    told = [part.text for part in fitting(parts, 19)]
    words = {"■REPLAY", "PAUSED", "NO LINK"}
    assert len(told) == 2
    assert told[0].strip() in words
    assert told[1] == "#12345678"


@given(st.integers(1, 300))
def test_any_width_is_kept_and_the_weightiest_is_told(width: int) -> None:
    """What is said is cut only where even one part does not fit."""
    parts = fitting(status_parts(busy(), 310_000), width)
    assert sum(width_of(part.text) for part in parts) + 2 * (len(parts) - 1) <= max(width, 1)
    assert "REPLAY" in parts[0].text or width < 9


def test_a_long_load_says_how_far_how_fast_and_how_to_end_it() -> None:
    """As long as it goes on."""
    session = session_of(events_of_turns())
    for progress, told in ((0.0, "  0%"), (0.424, " 42%"), (1.0, "100%"), (7.0, "100%"), (-1.0, "  0%")):
        session.progress = progress
        text = line(session, rate=310_000)
        assert f"loading {told}" in text
        assert text.count("█") + text.count("░") == 12
        assert "310.0k/s" in text
        assert "Esc stops loading · q quits" in text
    session.progress = None
    assert "loading" not in line(session)


def test_the_rate_of_a_load_is_that_of_the_events_that_came() -> None:
    """By the session's clock; what was there before counts for nothing."""
    session = session_of(events_of_turns(10))
    now = [1_000_000_000]
    session.clock = lambda: now[0]
    line = StatusLine(session)
    assert line._loading_rate() == 0
    session.progress = 0.1
    for _ in range(10):
        more = events_of_turns(100)
        session.log.append_many(more, [decode_line(one) for one in more])
        now[0] += 100_000_000
        rate = line._loading_rate()
    assert 900 < rate < 1_200


def test_what_stands_out_is_told_with_the_key_that_ends_it() -> None:
    """A followed turn, a selection, a search."""
    text = line(busy())
    assert "following s1·2  (v ends)" in text
    assert "1 selected  (V ends)" in text
    assert "turn:2: 10 matches" in text
    assert "a word to the user" in text


def test_labels_from_the_log_are_made_harmless() -> None:
    """A session of a hostile name."""
    lines = [one.replace(b'"s1"', b'"\\u001b[2J\\u202e"') for one in events_of_turns()]
    session = session_of(lines)
    session.seek(11)
    session.follow_turn()
    assert line(session).isprintable()


async def test_twenty_by_five_is_painted() -> None:
    """Mode, place, and the way to the help."""
    app = SmallApp()
    async with app.run_test(size=(20, 5)) as pilot:
        await pilot.pause()
        await pilot.press("j")
        painted = [strip.text for strip in app.screen._compositor.render_strips()]
        assert any("REPLAY" in text and "#2" in text for text in painted)
        assert any("? help" in text for text in painted)
