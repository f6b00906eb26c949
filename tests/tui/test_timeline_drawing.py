"""What the timeline draws: bars, ways of messages, causal order, gaps, a followed turn; and when."""

from __future__ import annotations

from debugger.tui.timeline.widget import Timeline
from tests.tui.interface import START_NS, Clock, Script, session_with
from tests.tui.pressing import press
from tests.tui.timelines import LINES, Shown, line_of, opened, story, text_of


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
