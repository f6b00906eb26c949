"""One key from a finding to everything about it, and back; with the mouse too."""

from __future__ import annotations

import pytest

from debugger.analysis.ranking import key_of, pair_of
from debugger.log.records import BrokenLine
from debugger.tui import pictures
from debugger.tui.app import DebuggerApp
from debugger.tui.findings.screen import FindingScreen, FindingText
from debugger.tui.keys import Where, current
from debugger.tui.timeline.signs import NOTHING
from tests.support.settling import until
from tests.tui.findings import judged_session, judging_of, lines_of, opened, pane_of, racy_app
from tests.tui.interface import app_with, conversation
from tests.tui.pressing import focus, keys_of, press

SIZES = [(80, 24), (120, 36), (200, 60)]


def text_of(app: DebuggerApp) -> str:
    return pictures.text(app)


def pair(app: DebuggerApp) -> tuple[int, int]:
    """The rows of the two events of the first finding."""
    return pair_of(judging_of(app.session).found.all[0])


def steps(app: DebuggerApp) -> list[int]:
    """The rows of the causal history of its second event."""
    judging = judging_of(app.session)
    story = judging.story(key_of(judging.found.all[0]))
    assert story is not None
    return [step.row for step in story.second]


def said(app: DebuggerApp) -> str:
    """What is said in the status line, or will be at the next look."""
    return "" if app.session.notice is None else app.session.notice.text


def page_of(app: DebuggerApp) -> FindingText:
    return app.screen.query_one(FindingText)


async def test_enter_goes_to_the_finding_and_draws_it() -> None:
    """Both events as letters, and the edge that is missing; Escape takes that away, and nothing else."""
    app = racy_app()
    async with opened(app) as pilot:
        judging = judging_of(app.session)
        stories = [judging.story(key_of(one)) for one in judging.found.all]
        line = next(at for at, story in enumerate(stories) if story is not None and story.missing_rows)
        first, second = pair_of(judging.found.all[line])
        await press(pilot, *"j" * line, "enter")
        assert app.session.cursor == second
        chosen = app.session.chosen
        assert chosen is not None
        assert (chosen.first, chosen.second, len(chosen.missing)) == (first, second, 2)
        await press(pilot, "2", "z")
        for letter, row in (("A", first), ("B", second)):
            name = app.session.log.header(row).component
            lane = next(line for line in text_of(app).split("\n") if name[:12] in line)
            assert letter in lane
        await until(lambda: NOTHING in text_of(app))
        await press(pilot, "6", "escape")
        assert app.session.chosen is None
        await until(lambda: NOTHING not in text_of(app))
        await press(pilot, "a", "x")
        assert app.session.chosen is None
        assert focus("findings")(app)


@pytest.mark.parametrize(("key", "which"), [("a", 0), ("b", 1)])
async def test_one_key_to_the_moment_of_either_event(key: str, which: int) -> None:
    app = racy_app()
    async with opened(app) as pilot:
        await press(pilot, key)
        assert app.session.cursor == pair(app)[which]
        await press(pilot, "3", "backspace")
        assert app.session.cursor == 0


@pytest.mark.parametrize(
    ("key", "title", "word"),
    [
        ("i", "[why]", "ordered"),
        ("A", "[history of A]", "▸"),
        ("B", "[history of B]", "▸"),
        ("u", "[rule]", "events"),
    ],
)
@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_one_key_to_a_page_and_the_same_closes_it(
    key: str, title: str, word: str, size: tuple[int, int]
) -> None:
    app = racy_app()
    async with opened(app, size) as pilot:
        await press(pilot, key)
        assert isinstance(app.screen, FindingScreen)
        assert title in text_of(app)
        await press(pilot, "G")
        assert word in text_of(app)
        await press(pilot, key)
        assert focus("findings")(app)


async def test_the_rule_is_told_in_the_words_of_check() -> None:
    """As ``check --explain`` has them, but for where lines end."""
    from debugger.analysis.rules import explain

    app = racy_app()
    async with opened(app, (200, 60)) as pilot:
        await press(pilot, "u")
        shown = " ".join("".join(part.text for part in row.segments) for row in page_of(app)._rows)
        assert shown.split() == explain("worker-overlap").split()


async def test_pages_are_turned_and_closed_by_each_key() -> None:
    tried = {"i", "A", "B", "u"}
    app = racy_app()
    async with opened(app) as pilot:
        await press(pilot, "i")
        for key, name in (("right", "first"), ("l", "second"), ("tab", "rule"), ("right", "why")):
            await press(pilot, key)
            assert page_of(app).name_of_page == name
            tried.add(key)
        for key, name in (("shift+tab", "rule"), ("left", "second"), ("h", "first"), ("l", "second")):
            await press(pilot, key)
            assert page_of(app).name_of_page == name
            tried.add(key)
        last = len(steps(app)) - 1
        assert last > 0
        for key, line in (("g", 0), ("j", 1), ("k", 0), ("down", 1), ("up", 0), ("end", last), ("home", 0)):
            await press(pilot, key)
            assert page_of(app).line == line, key
            tried.add(key)
        for key, line in (("G", last), ("pageup", 0), ("pagedown", last), ("ctrl+u", 0), ("ctrl+d", last)):
            await press(pilot, key)
            assert page_of(app).line == line, key
            tried.add(key)
        await press(pilot, "g", "enter")
        assert app.session.cursor == steps(app)[0]
        assert focus("findings")(app)
        for key, row in zip("ab", pair(app), strict=True):
            await press(pilot, "i", key)
            assert (app.session.cursor, focus("findings")(app)) == (row, True)
            tried.add(key)
        for key in ("escape", "q"):
            await press(pilot, "i")
            assert isinstance(app.screen, FindingScreen)
            await press(pilot, key)
            assert focus("findings")(app)
            tried.add(key)
    assert tried | {"enter"} == set(keys_of(Where.FINDING))


async def test_the_mouse_does_the_same() -> None:
    """A click chooses, another one goes; in a history too; a click beside the page closes it."""
    app = racy_app()
    async with opened(app) as pilot:
        pane = pane_of(app)
        await pilot.click(pane, offset=(4, 1))
        await pilot.pause()
        assert (pane.line, app.session.cursor) == (1, 0)
        await pilot.click(pane, offset=(4, 1))
        await pilot.pause()
        assert app.session.cursor == judging_of(app.session).found.all[1].row
        await press(pilot, "g", "B")
        await pilot.click(page_of(app), offset=(4, 0))
        await pilot.pause()
        await pilot.click(page_of(app), offset=(4, 0))
        await pilot.pause()
        assert app.session.cursor == steps(app)[0]
        await press(pilot, "i")
        await pilot.click(offset=(0, 0))
        await pilot.pause()
        assert focus("findings")(app)


async def test_a_finding_of_one_event_says_so() -> None:
    """There is no A; its rule, and how B came about, are there all the same."""
    app = racy_app("lost-sentinel")
    async with opened(app) as pilot:
        found = judging_of(app.session).found.all
        line = next(at for at, one in enumerate(found) if len(one.rows) == 1)
        await press(pilot, *"j" * line, "a")
        assert said(app) == "this one has but one event, which is B"
        await press(pilot, "b")
        assert app.session.cursor == found[line].row
        await press(pilot, "A")
        assert "it has but one event: B" in text_of(app)
        await press(pilot, "l")
        assert f"{found[line].row + 1:,}" in text_of(app)


async def test_of_two_events_without_an_order_both_histories_are_told() -> None:
    """What began the handler that failed, and what it was that failed."""
    app = racy_app("handler-failed")
    async with opened(app) as pilot:
        began, failed = pair(app)
        await press(pilot, "a")
        assert app.session.cursor == began
        await press(pilot, "i")
        assert "not about the order" in text_of(app)
        for row in (began, failed):
            await press(pilot, "l")
            assert f"{row + 1:,}" in text_of(app)


async def test_lines_that_are_no_findings_have_no_pages() -> None:
    """A bookmark, and what is missing from the log: that is said."""
    app = app_with(conversation(), pane="findings")
    async with opened(app) as pilot:
        await press(pilot, "m", "G", "i")
        assert said(app) == "this line is no finding of a rule"
        await press(pilot, "g", "u")
        assert "breaks no rule" in text_of(app)
        await press(pilot, "q")
        assert focus("findings")(app)


async def test_the_key_bar_and_the_help_have_the_keys_and_the_signs() -> None:
    """Those of the scrubber too, and of what the timeline draws."""
    app = racy_app()
    async with opened(app, (200, 60)) as pilot:
        bar = text_of(app).split("\n")[-2]
        assert "i why" in bar
        assert "A history of A" in bar
        await press(pilot, "question_mark", "slash", *"scrubber")
        assert "the cursor, in the whole recording" in text_of(app)
        await press(pilot, "escape", "slash", *"missing: with")
        assert "the edge that is missing" in text_of(app)
    assert current.named("findings.go") is not None


async def test_nothing_of_a_log_acts_on_the_terminal() -> None:
    """Escape codes and markup in what findings tell are shown, not done."""
    session, worker = b'"[b]s\\u001b]0;x\\u0007"', b"[red]\\u001b[2J\\u202ex"
    lines = [line.replace(b"s1-w2", worker).replace(b'"s1"', session) for line in lines_of("worker-overlap")]
    app = DebuggerApp(judged_session(lines), pane="findings")
    async with opened(app, (200, 60)) as pilot:
        assert judging_of(app.session).found.all[0].rule == "worker-overlap"
        for keys in ((), ("enter",), ("i",), ("l",), ("l",), ("l",)):
            await press(pilot, *keys)
            text = text_of(app)
            assert "\x1b" not in text
            assert "\u202e" not in text


async def test_of_lines_about_no_event_only_the_chosen_one_is_marked() -> None:
    """Broken lines have no events that tell them apart: their words do."""
    app = racy_app()
    for number in (5, 9):
        app.session.log.add_broken(BrokenLine(number, "is no JSON", "race.jsonl"))
    async with opened(app) as pilot:
        pane = pane_of(app)
        rowless = [at for at, line in enumerate(pane._lines) if line.finding is not None and line.row < 0]
        assert len(rowless) > 1
        await press(pilot, *"j" * rowless[1], "enter")
        assert app.session.chosen is not None
        marked = [at for at in range(len(pane._lines)) if "▸" in pane.render_line(at).text]
        assert marked == [rowless[1]]
