"""The status line tells where one is, also where no pane lists the events."""

from __future__ import annotations

from backend.events import decode_line
from debugger.tui.query_line.purpose import query_of
from debugger.tui.session import Mode, Session
from debugger.tui.status.lines import StatusLine
from debugger.tui.status.model import fitting, status_parts
from tests.tui.interface import app_with, conversation, session_with

LINES = conversation()


def told(screen_line: StatusLine) -> str:
    return screen_line.render_line(0).text


def said(session: Session) -> str:
    return session.notice.text if session.notice is not None else ""


async def test_where_no_pane_lists_the_events_the_line_tells_the_one_at_the_cursor() -> None:
    """On a small screen turns, state or timeline stand alone; what a jump led to is told all the same."""
    app = app_with(LINES, at="2")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.2)
        line = app.main_screen.query_one(StatusLine)
        assert "COMPLETE_TRANSCRIPT" not in told(line)
        await pilot.press("5")
        await pilot.pause(0.2)
        assert "user_session → COMPLETE_TRANSCRIPT" in told(line)
        assert "#2" in told(line)
        await pilot.press("d")
        await pilot.pause(0.2)
        assert "overseer ◆ IDLE → THINKING" in told(line)
        await pilot.press("3")
        await pilot.pause(0.2)
        assert "THINKING" not in told(line)


async def test_a_pane_alone_on_a_large_screen_has_the_event_under_it_too() -> None:
    """Maximised, or with the events hidden."""
    app = app_with(LINES, at="2")
    async with app.run_test(size=(120, 36)) as pilot:
        line = app.main_screen.query_one(StatusLine)
        for keys in (("1", "z"), ("0", "3", "Z")):
            await pilot.press(*keys)
            await pilot.pause(0.2)
            assert "COMPLETE_TRANSCRIPT" in told(line), keys


def test_what_was_said_of_a_place_is_not_said_of_the_next() -> None:
    """A hunt that found nothing, an event of no turn: gone with the next step. What went wrong stays."""
    session = session_with(LINES)
    session.run_until(query_of("message:NOWHERE"), "message:NOWHERE", 1)
    assert "message:NOWHERE" in said(session)
    session.step(1)
    assert not said(session)
    session.say("the disk is full", bad=True)
    session.step(1)
    assert said(session) == "the disk is full"


def test_what_is_said_on_arriving_is_said_there() -> None:
    """A watch stops the recording and says so; a jump to what the filter hides, too."""
    session = session_with(LINES, Mode.LIVE)
    session.watches.add("type:error")
    session.log.append_many(LINES[-1:], [decode_line(LINES[-1])])
    session.tick()
    assert said(session).startswith("watch: type:error")
    session = session_with(LINES)
    session.set_filter("type:error", query_of("type:error"))
    session.jump(3, "")
    assert "not shown" in said(session)


def test_a_long_errand_is_told_wherever_one_goes_meanwhile() -> None:
    """What it says is not about a place."""
    session = session_with(LINES)
    session.start(iter(["wrote 3 events to x"]))
    session.tick()
    session.step(1)
    assert said(session) == "wrote 3 events to x"


def test_what_is_followed_is_told_beside_the_event_at_eighty_cells() -> None:
    """How to end it has room elsewhere."""
    session = session_with(LINES)
    session.seek(1)
    session.follow_turn()
    parts = fitting(status_parts(session, tells_event=True), 79)
    line = "  ".join(part.text for part in parts)
    assert "following s1·1" in line
    assert "COMPLETE_TRANSCRIPT" in line
