"""The query line tells what could follow, takes it, and brings back what was typed before."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot
from textual.widgets import Input

from debugger.tui import settings
from debugger.tui.app import DebuggerApp
from debugger.tui.query_line.completing import Typed, offers_for, take
from debugger.tui.query_line.hint import QueryHint
from tests.tui.interface import app_with, conversation, session_with

LINES = conversation()
LOG = session_with(LINES).log


def at_end(text: str) -> Typed:
    return Typed(text, len(text))


def painted(app: DebuggerApp) -> str:
    return app.main_screen.query_one(QueryHint).render_line(0).text.strip()


async def typed(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()


def test_a_field_that_is_taken_waits_for_its_value() -> None:
    """With its colon, so that Tab goes on with the values."""
    now, cycle = take(at_end("compon"), None, LOG, 1)
    assert (now.text, cycle) == ("component:", None)
    now, cycle = take(at_end("component:over"), None, LOG, 1)
    assert (now.text, cycle) == ("component:overseer ", None)


def test_a_name_that_is_whole_is_gone_on_with() -> None:
    """Although longer ones begin like it; and a colon that is there is not written again."""
    assert take(at_end("time"), None, LOG, 1)[0].text == "time:"
    assert take(Typed("compon:tts_*", 6), None, LOG, 1)[0] == Typed("component:tts_*", 10)


def test_of_several_the_next_is_taken_each_time_and_back() -> None:
    """From the first to the last, then the first again; backwards the other way round."""
    line, cycle, seen = at_end("message:tts"), None, []
    offers = [one.text for one in offers_for(at_end("message:"), LOG)]
    line, cycle = take(at_end("message:"), None, LOG, 1)
    for _ in offers:
        seen.append(line.text.removeprefix("message:"))
        line, cycle = take(line, cycle, LOG, 1)
    assert seen == offers
    assert line.text == f"message:{offers[0]}"
    assert take(line, cycle, LOG, -1)[0].text == f"message:{offers[-1]}"
    assert take(at_end("message:"), None, LOG, -1)[0].text == f"message:{offers[-1]}"


def test_what_is_typed_in_between_begins_anew() -> None:
    """It is completed as it stands then."""
    line, cycle = take(at_end("message:"), None, LOG, 1)
    other = at_end(line.text + " tur")
    assert take(other, cycle, LOG, 1) == (at_end(line.text + " turn:"), None)


@given(st.text(max_size=12), st.integers(0, 12), st.sampled_from([1, -1]))
def test_taking_keeps_what_stands_behind(text: str, position: int, step: int) -> None:
    """Whatever was typed: what is behind the place stays, and one types on before it."""
    before = Typed(text, min(position, len(text)))
    now, _ = take(before, None, LOG, step)
    rest = text[before.position :]
    assert now.text.endswith(rest)
    assert now.text[now.position :] in (rest, rest[1:])


async def test_a_query_that_ends_too_early_is_told_what_could_follow() -> None:
    """A field without a value is no mistake yet; one that goes on wrong is."""
    app = app_with(LINES)
    async with app.run_test(size=(100, 30)) as pilot:
        await typed(pilot, "slash", *"severity:")
        assert "needs a value" in painted(app)
        assert "debug" in painted(app)
        await typed(pilot, "tab", "tab")
        assert app.main_screen.query_one(Input).value == "severity:info"
        await typed(pilot, *"_x")
        assert painted(app).startswith("^")
        await typed(pilot, *" mesage:x")
        assert "^" in painted(app)


async def test_words_of_a_mistake_that_have_no_room_end_in_an_ellipsis() -> None:
    """With a caret where it can stand, else with the number of the place."""
    app = app_with(LINES)
    async with app.run_test(size=(60, 20)) as pilot:
        await typed(pilot, "slash", *"lambda>1")
        assert painted(app).startswith("^ unknown field")
        assert painted(app).endswith("…")
        await typed(pilot, "ctrl+u", *("x" * 40), *" lambda>1")
        assert painted(app).startswith("at 42: unknown field")
        assert painted(app).endswith("…")


async def test_the_keys_under_the_line_say_what_they_do_here() -> None:
    """Only what there is; they are whole at 80 cells."""
    app = app_with(LINES)
    async with app.run_test(size=(80, 24)) as pilot:
        for opening, does, not_there in (
            ("colon", "⏎ go there   Esc leave", "save"),
            ("slash", "⏎ keep   Esc undo", "before"),
            ("r", "⏎ run   Esc leave", "before"),
            ("w", "⏎ watch   Esc leave", "before"),
            ("M", "⏎ keep   Esc leave", "save"),
        ):
            await typed(pilot, opening)
            assert does in painted(app)
            assert not_there not in painted(app)
            await typed(pilot, "escape")


async def test_what_was_typed_for_one_purpose_is_there_for_the_others_and_the_next_time(
    tmp_path: Path,
) -> None:
    """One language, one history; behind the newest stands what was being typed."""
    app = app_with(LINES, folder=tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        await typed(pilot, "slash", *"turn:2", "enter")
        box = app.main_screen.query_one(Input)
        await typed(pilot, "w", *"lag", "up")
        assert box.value == "turn:2"
        await typed(pilot, "down")
        assert box.value == "lag"
        await typed(pilot, "escape", "colon", "up")
        assert box.value == ""
    chosen, problems = settings.load(tmp_path)
    assert (chosen.history, problems) == (("turn:2",), [])
    app = app_with(LINES, chosen=chosen, folder=tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        await typed(pilot, "r", "up")
        assert app.main_screen.query_one(Input).value == "turn:2"
