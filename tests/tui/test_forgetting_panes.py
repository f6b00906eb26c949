"""All panes of a live view that forgets: what is gone is gone everywhere, and nothing breaks or lies."""

from __future__ import annotations

import pytest

from debugger.analysis.findings import KEPT
from debugger.log import compile_query
from debugger.tui.app import DebuggerApp
from debugger.tui.scrubber.widget import Scrubber
from debugger.tui.session import Session
from debugger.tui.status.model import status_parts
from tests.tui.forgetting import feed, line, live, shown, synced
from tests.tui.interface import Clock

KEEP = 2_000


def full(clock: Clock | None = None, events: int = 3 * KEEP) -> Session:
    """A session whose first events are forgotten."""
    session = live(KEEP, clock)
    feed(session, (line(seq) for seq in range(1, events + 1)))
    session.tick()
    return session


def run(session: Session) -> None:
    """Hunt until it is over."""
    while session.hunting:
        session.tick()


async def test_a_paused_view_whose_event_is_forgotten_moves_on_and_says_so() -> None:
    """Every pane stands on an event that is known; the status line counts all there ever were."""
    session = live(KEEP)
    feed(session, (line(seq) for seq in range(1, KEEP + 1)))
    app = DebuggerApp(session)
    async with app.run_test(size=(160, 48)) as pilot:
        await synced(app, pilot)
        await pilot.press("space")
        session.seek(700)
        for start in range(KEEP, 3 * KEEP, 500):
            feed(session, (line(seq) for seq in range(start + 1, start + 501)))
            session.tick()
        told = session.notice
        assert told is not None
        assert "moves along with the oldest" in told.text
        assert session.cursor == session.log.first_row
        assert not session.following
        await synced(app, pilot)
        screen = shown(app)
        assert f"#{session.log.first_row + 1}" in screen
        assert "forgotten" in screen
        assert any("6,000 events" in part.text for part in status_parts(session))


@pytest.mark.parametrize(
    "keys",
    [
        ("k", "k", "pageup", "g"),
        ("g", "j", "l", "h", "c"),
        ("2", "g", "j", "plus", "minus", "left", "enter"),
        ("4", "g", "j", "enter", "u", "escape"),
        ("5", "g", "j", "enter", "s", "G"),
        ("6", "g", "j", "enter", "G"),
        ("1", "g", "j", "l", "enter"),
        ("g", "bracketleft", "t", "T", "e", "c", "backspace"),
        ("g", "v", "j", "k", "V", "j", "j", "y", "V", "v"),
    ],
    ids=lambda keys: "-".join(keys)[:30],
)
async def test_keys_at_the_edge_of_what_is_known_while_it_moves(keys: tuple[str, ...]) -> None:
    """Between any two keys another part is forgotten, which often is what one stands on."""
    session = full()
    app = DebuggerApp(session)
    async with app.run_test(size=(160, 48)) as pilot:
        await synced(app, pilot)
        for number, key in enumerate(keys):
            await pilot.press(key)
            start = 3 * KEEP + number * 600
            feed(
                session,
                (
                    line(seq, severity="error" if seq % 9 == 0 else "info")
                    for seq in range(start + 1, start + 601)
                ),
            )
            session.tick()
            app.main_screen.sync()
            assert session.log.first_row <= session.cursor < len(session.log)
        while len(app.screen_stack) > 1:
            app.pop_screen()
        await synced(app, pilot)


async def test_a_filter_and_a_search_show_only_what_is_known() -> None:
    """Counts of both are of known events; the lines of the table begin with the first known match."""
    session = full()
    app = DebuggerApp(session)
    async with app.run_test(size=(160, 48)) as pilot:
        await synced(app, pilot)
        session.set_filter("component=overseer", compile_query("component=overseer"))
        session.set_search(compile_query("data.n>4500"))
        feed(session, (line(seq) for seq in range(3 * KEEP + 1, 4 * KEEP + 1)))
        await synced(app, pilot)
        known = range(session.log.first_row, len(session.log))
        wanted = [row for row in known if (row + 1) % 3 == 0]
        assert session.shown.rows(range(len(session.shown))).tolist() == wanted
        assert f"{len(wanted):,} of {len(known):,} known events" in shown(app)
        assert session.search is not None
        assert len(session.search.rows) == len(known)
        session.first()
        assert session.cursor == wanted[0]


def test_hunts_end_at_the_first_known_event() -> None:
    """Backwards nothing is found in what is gone, and it is said."""
    session = full()
    session.seek(session.log.first_row + 10)
    session.run_until(compile_query("data.n=17"), "data.n=17", -1)
    run(session)
    assert session.cursor == session.log.first_row + 10
    assert session.notice is not None
    assert "nothing before" in session.notice.text
    session.run_until(compile_query("data.n=5000"), "data.n=5000", 1)
    run(session)
    assert session.cursor == 4_999


def test_bookmarks_of_forgotten_events_are_told_and_lead_nowhere() -> None:
    """The note stays, the event does not."""
    session = live(KEEP)
    feed(session, (line(seq) for seq in range(1, 101)))
    session.seek(50)
    session.mark("here it began")
    feed(session, (line(seq) for seq in range(101, 3 * KEEP)))
    session.tick()
    session.seek(session.log.first_row + 100)
    here = session.cursor
    assert not session.next_mark(-1)
    assert session.cursor == here
    assert session.notice is not None
    assert "forgotten" in session.notice.text
    assert [mark.note for mark in session.notes.marks] == ["here it began"]


async def test_a_bookmark_on_a_forgotten_event_is_a_line_that_one_can_stand_on() -> None:
    """In the findings pane, and on the scrubber it has no place any more."""
    session = live(KEEP)
    feed(session, (line(seq) for seq in range(1, 101)))
    session.seek(50)
    session.mark("here it began")
    session.follow()
    feed(session, (line(seq) for seq in range(101, 3 * KEEP)))
    app = DebuggerApp(session)
    async with app.run_test(size=(160, 48)) as pilot:
        await synced(app, pilot)
        assert "◆" not in app.screen.query_one(Scrubber).render_line(0).text
        await pilot.press("6")
        await synced(app, pilot)
        assert "here it began" in shown(app)
        await pilot.press("G", "enter")
        await synced(app, pilot)
        assert session.log.first_row <= session.cursor < len(session.log)


def test_state_at_and_before_the_edge_is_none_or_known() -> None:
    """A snapshot whose row is gone is not there; what changed a field that long ago is unknown, not first."""
    session = full()
    log, first = session.log, session.log.first_row
    assert log.state_at("overseer", "s1", first - 1) is None
    later = log.state_at("overseer", "s1", len(log) - 1)
    assert later is not None
    assert later.row >= first


async def test_the_newest_errors_are_on_the_scrubber_although_older_ones_are_forgotten() -> None:
    """As many errors as are kept, and more: those that come are marked at once, not with the next second."""
    clock = Clock()
    session = live(20 * KEEP, clock)
    feed(session, (line(seq, severity="error" if seq <= KEPT else "info") for seq in range(1, 10 * KEEP)))
    app = DebuggerApp(session)
    async with app.run_test(size=(160, 48)) as pilot:
        await synced(app, pilot)
        scrubber = app.screen.query_one(Scrubber)
        cells = scrubber._view.errors
        assert max(cells) < scrubber._axis.width // 3
        feed(session, (line(seq, severity="error") for seq in range(10 * KEEP, 10 * KEEP + 5)))
        await synced(app, pilot)
        assert max(scrubber._view.errors) == scrubber._axis.width - 1


def test_the_status_line_tells_what_is_forgotten() -> None:
    """As agreed on, so it is no loss."""
    parts = [part.text for part in status_parts(full())]
    assert any("forgotten" in part for part in parts)
    assert not any("lost" in part for part in parts)
