"""The pane of turns: what it shows, and each of its keys."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Offset
from textual.pilot import Pilot

from backend.events import decode_line
from debugger.analysis.turns import Turn
from debugger.durations import span
from debugger.tui.keys import TABLE, Where
from debugger.tui.palette import DARK, textual_theme
from debugger.tui.session import Mode, Session
from debugger.tui.turns.bar import SPARKS
from debugger.tui.turns.detail import DETAILS
from debugger.tui.turns.widget import TurnList
from tests.support.samples import SAMPLES, place_of
from tests.tui.interface import Clock, session_with


def recorded(name: str) -> list[bytes]:
    return (SAMPLES / f"{name}.jsonl").read_bytes().splitlines()


def row_in(name: str, *, turn: int) -> int:
    """The first row of a turn."""
    return place_of(name, turn=turn) - 1


class Alone(App[None]):
    """The pane without any other."""

    CSS = "TurnList { width: 1fr; height: 1fr; scrollbar-size: 0 0; }"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.register_theme(textual_theme(DARK))
        self.theme = DARK.name
        self.pane = TurnList(session, id="turns")
        self.moves = 0

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_turn_list_moved(self) -> None:
        self.moves += 1


class Shell:
    """The pane, and what there is to look at it with."""

    def __init__(self, app: Alone, session: Session, pilot: Pilot[None]) -> None:
        self.app, self.pane, self.session, self.pilot = app, app.pane, session, pilot

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        self.pane.sync()
        await self.pilot.pause()

    def line(self, y: int) -> str:
        return "".join(segment.text for segment in self.pane.render_line(y))

    def lines(self) -> list[str]:
        return [self.line(y) for y in range(self.pane.size.height)]

    @property
    def text(self) -> str:
        return "\n".join(self.lines())

    @property
    def chosen(self) -> Turn:
        turn = self.pane._chosen()
        assert turn is not None
        return turn

    @property
    def turns(self) -> list[Turn]:
        return list(self.pane.index.turns)

    def settle(self) -> None:
        while not self.pane.index.complete:
            self.pane.sync()
        self.pane.sync()


@asynccontextmanager
async def shown(
    lines: list[bytes], size: tuple[int, int] = (110, 24), row: int = 0, mode: Mode = Mode.REPLAY
) -> AsyncIterator[Shell]:
    session = session_with(lines, mode)
    app = Alone(session)
    async with app.run_test(size=size) as pilot:
        if row >= 0 and lines:
            session.seek(row)
        shell = Shell(app, session, pilot)
        shell.settle()
        app.pane.focus()
        await pilot.pause()
        yield shell


# --- what is shown -------------------------------------------------------------------------


async def test_an_interrupted_turn_is_marked_and_left_out_of_the_figures() -> None:
    """By a glyph and a letter, and said in so many words."""
    async with shown(recorded("barge_in"), row=row_in("barge_in", turn=2)) as shell:
        first, second = shell.line(1), shell.line(2)
        cut, whole = (span(turn.total_ns or 0) for turn in shell.turns)
        assert "✂I s1·1 Please tell me a long story" in first
        assert cut in first
        assert "✓  s1·2" in second
        assert whole in second
        assert shell.pane.titles == ("5 Turns · 2", f"p50 {whole} · p95 {whole} · 1 of 2 counted")
        await shell.press("i")
        assert "1 of 2 counted, left out: 1 interrupted" in shell.text


async def test_a_failed_turn_says_why_instead_of_an_answer() -> None:
    """In the list already."""
    async with shown(recorded("llm_error"), (160, 24), row=row_in("llm_error", turn=1)) as shell:
        assert "✗F s1·1" in shell.line(1)
        assert "SIGKILL" in shell.line(1)
        assert "failed: the model's worker was ended by SIGKILL" in shell.text
        assert "not in the log: first token, first chunk, first audio" in shell.text


async def test_the_breakdown_tells_each_wait_of_the_turn() -> None:
    """Where the time went, with the letters that the bars have."""
    async with shown(recorded("barge_in"), row=row_in("barge_in", turn=2)) as shell:
        text, turn = shell.text, shell.chosen
        names = {"transcript": "S transcript", "first_token": "L first token", "first_chunk": "C first chunk"}
        names |= {"ready": "R voice ready", "first_audio": "A first audio", "end": "P played"}
        waits = {stage.until: stage.duration_ns for stage in turn.stages}
        assert waits.keys() == names.keys()
        for until, name in names.items():
            assert re.search(rf"{name} +{re.escape(span(waits[until]))} ", text), name
        assert re.search(rf"voice to voice +{span(turn.total_ns or 0)} since the end of speech", text)
        assert re.search(r"P played +\S+ since the first audio", text)
        assert "user Please stop and tell me the capital of France." in text
        assert "bot  The capital of France is Paris." in text


async def test_each_detail_is_made_of_the_recording() -> None:
    """Percentiles, histogram, handlers, and round again."""
    async with shown(recorded("hand_off"), row=row_in("hand_off", turn=2)) as shell:
        await shell.press("i")
        total = shell.pane.index.summary().total
        told = " +".join(span(one or -1) for one in (total.p50_ns, total.p95_ns, total.max_ns))
        assert re.search(f"voice to voice +{told} +3", shell.text)
        assert SPARKS[-1] in shell.text
        await shell.press("i")
        bars = re.findall(r"\S+ +… \S+ +(\d) (█*)", shell.text)
        assert sum(int(count) for count, _ in bars) == 3
        assert all(bool(bar) == (count != "0") for count, bar in bars)
        await shell.press("i")
        assert "overseer COMPLETE_TRANSCRIPT" in shell.text
        await shell.press("i")
        assert "agent guide" in shell.text


async def test_following_a_turn_dims_the_others() -> None:
    """Whoever said to follow it."""
    from debugger.tui.palette import ink

    def styles(y: int) -> set[Any]:
        return {
            segment.style.color
            for segment in shell.pane.render_line(y)
            if segment.style is not None and segment.text.strip()
        }

    async with shown(recorded("three_turns"), row=row_in("three_turns", turn=1)) as shell:
        bright = styles(2)
        shell.session.follow_turn()
        shell.pane.sync()
        assert styles(2) == {ink.dimmer.color}
        assert styles(2) != bright


@pytest.mark.parametrize("size", [(1, 1), (10, 3), (20, 5), (38, 6), (60, 9), (80, 14), (200, 56)])
async def test_any_size_shows_the_turns_first(size: tuple[int, int]) -> None:
    """Nothing is wider than the pane, and nothing crashes; a low pane has no strip."""
    async with shown(recorded("two_sessions"), size, row=row_in("two_sessions", turn=2)) as shell:
        for detail in DETAILS:
            del detail
            assert all(len(line) == size[0] for line in shell.lines())
            await shell.press("i")
        if size[0] >= 38:
            assert "s2·1" in shell.text


async def test_hostile_words_are_shown_as_what_they_are() -> None:
    """Markup, escapes, bidi controls, wide glyphs; in names, texts and reasons."""
    bad = "[red]x[/nope]\x1b[2J\u202e\t漢字" * 30
    event = {
        "timestamp": 1.0,
        "event_type": "message_published",
        "component": bad,
        "message_type": "COMPLETE_TRANSCRIPT",
        "session_id": bad,
        "turn": 1,
        "data": {"text": bad, "agent_id": bad, "error_message": bad},
    }
    failed = event | {"message_type": "TTS_SESSION_ERROR"}
    async with shown([json.dumps(one).encode() for one in (event, failed)]) as shell:
        for _ in DETAILS:
            assert not any(ord(char) < 32 or char in "\x7f\u202e" for char in shell.text.replace("\n", ""))
            await shell.press("i")
        assert "[red]x[/nope]" in shell.text


async def test_an_empty_log_says_so_and_takes_every_key() -> None:
    """Nothing to choose, nothing to go to."""
    async with shown([], row=-1) as shell:
        assert "no turns yet" in shell.line(0)
        for key in (name for row in TABLE if row.where is Where.TURNS for name in row.keys):
            await shell.press(key)
        assert shell.session.cursor == -1
        await shell.pilot.click(shell.pane, offset=Offset(3, 2))


# --- live ------------------------------------------------------------------------------------


async def test_turns_that_come_in_are_shown_and_the_line_is_on_the_newest() -> None:
    """While one follows; nothing is painted where nothing changed."""
    lines = recorded("three_turns")
    second = row_in("three_turns", turn=2)
    async with shown(lines[:second], mode=Mode.LIVE, row=-1) as shell:
        shell.session.tick()
        shell.pane.sync()
        assert shell.pane.titles[0] == "5 Turns · 1"
        before = shell.pane._drawn
        shell.pane.sync()
        assert shell.pane._drawn is before
        more = lines[second:]
        shell.session.log.append_many(more, [decode_line(line) for line in more])
        clock = shell.session.clock
        assert isinstance(clock, Clock)
        clock.pass_seconds(2)
        shell.session.tick()
        shell.settle()
        _, middle, longest = sorted(turn.total_ns or 0 for turn in shell.turns)
        told = f"p50 {span(middle)} · p95 {span(longest)} · 3 of 3 counted"
        assert shell.pane.titles == ("5 Turns · 3", told)


# --- keys and mouse ------------------------------------------------------------------------------


async def test_every_key_of_the_pane_does_what_the_table_says() -> None:
    """A key added to the table needs a line here."""
    async with shown(recorded("hand_off"), row=0) as shell:
        session, pane = shell.session, shell.pane
        tried: set[str] = set()

        async def press(*keys: str) -> None:
            tried.update(keys)
            await shell.press(*keys)

        for down, up in (("j", "k"), ("down", "up"), ("pagedown", "pageup"), ("ctrl+d", "ctrl+u")):
            await press(down)
            assert shell.chosen.number is not None
            assert shell.chosen.number > 1
            await press(up)
            assert shell.chosen.number == 1
        for last, first in (("G", "g"), ("end", "home")):
            await press(last)
            assert shell.chosen.number == 3
            await press(first)
            assert shell.chosen.number == 1
        assert session.cursor == 0  # so far only the pane's line has moved
        await press("j", "enter")
        assert session.cursor == shell.chosen.first_row
        assert shell.app.moves == 1
        rows = sorted({one.row for one in shell.chosen.milestones.values()})
        for right, left in (("l", "h"), ("right", "left")):
            await press(right)
            assert session.cursor == rows[0]
            await press(right)
            assert session.cursor == rows[1]
            await press(left)
            assert session.cursor == rows[0]
            await press(left)
            assert session.notice is not None
            assert session.cursor == rows[0]
            session.seek(shell.chosen.first_row)
        await press("v")
        assert session.followed is not None
        assert session.followed.turn == 2
        await press("v")
        assert session.followed is None
        await press("o")
        slowest = sorted(shell.turns, key=lambda turn: turn.total_ns or 0, reverse=True)
        assert slowest != shell.turns
        assert [pane.index.turn(pane._order.turn(line)) for line in range(3)] == slowest
        assert shell.chosen.number == 2  # the line stays on its turn
        assert "slowest first" in pane.titles[0]
        await press("o")
        assert "slowest" not in pane.titles[0]
        await press("i")
        assert pane._detail == "percentiles"
        await press("w")
        assert session.cursor == shell.chosen.status_row
        assert tried == {name for row in TABLE if row.where is Where.TURNS for name in row.keys}


async def test_following_another_turn_goes_there_and_lets_the_first_one_go() -> None:
    """One key is enough."""
    async with shown(recorded("three_turns"), row=row_in("three_turns", turn=1)) as shell:
        await shell.press("v")
        await shell.press("j", "v")
        assert shell.session.followed is not None
        assert shell.session.followed.turn == 2
        assert shell.session.belongs(shell.session.cursor)


async def test_from_outside_a_turn_its_milestones_are_entered_at_either_end() -> None:
    """Forwards at the first, backwards at the last."""
    async with shown(recorded("three_turns"), row=0) as shell:
        rows = sorted({one.row for one in shell.chosen.milestones.values()})
        await shell.press("l")
        assert shell.session.cursor == rows[0]
        shell.session.seek(0)
        await shell.press("h")
        assert shell.session.cursor == rows[-1]


async def test_the_line_goes_with_the_cursor_when_that_enters_another_turn() -> None:
    """And is left alone while it stays in one, or in none."""
    second = row_in("three_turns", turn=2)
    async with shown(recorded("three_turns"), row=second) as shell:
        assert shell.chosen.number == 2
        await shell.press("j")
        shell.session.seek(second + 1)
        shell.pane.sync()
        assert shell.chosen.number == 3
        shell.session.seek(row_in("three_turns", turn=1))
        shell.pane.sync()
        assert shell.chosen.number == 1
        assert shell.line(1).startswith("▌")


async def test_the_mouse_does_the_same() -> None:
    """A click on a turn goes there, one on a stage to its milestone, one on the title to the next detail."""
    async with shown(recorded("three_turns"), row=0) as shell:
        await shell.pilot.click(shell.pane, offset=Offset(20, 2))
        assert shell.session.cursor == shell.chosen.first_row
        assert shell.chosen.number == 2
        y = next(y for y, line in enumerate(shell.lines()) if "first token" in line)
        await shell.pilot.click(shell.pane, offset=Offset(5, y))
        assert shell.session.cursor == shell.chosen.milestones["first_token"].row
        y = next(y for y, line in enumerate(shell.lines()) if "breakdown" in line)
        await shell.pilot.click(shell.pane, offset=Offset(5, y))
        assert shell.pane._detail == "percentiles"


async def test_a_long_list_scrolls_with_its_line() -> None:
    """Only what is on the screen is made."""
    lines = []
    for number in range(3000):
        event = {"timestamp": number, "event_type": "message_published", "component": "c", "turn": number}
        event |= {"message_type": "COMPLETE_TRANSCRIPT", "session_id": "s", "data": {"text": f"n{number}"}}
        lines.append(json.dumps(event).encode())
    async with shown(lines, row=0) as shell:
        await shell.press("G")
        assert "n2999" in shell.text
        await shell.press("pageup")
        assert f"n{shell.chosen.number}" in shell.text
        assert len(shell.pane.index._turns) <= 512
        await shell.press("g")
        assert "n0" in shell.line(1)
