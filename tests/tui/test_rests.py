"""A pane that takes long to be brought up to date has its turn less often."""

from __future__ import annotations

import pytest

from debugger.tui.rests import Rests
from tests.tui.interface import app_with, conversation


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def late_turns(clock: Clock) -> Rests:
    """The turns rest, and there is something new."""
    rests = Rests(clock)
    with rests.taken("turns", 1):
        clock.now += 0.01
    assert not rests.late
    rests.due("turns", 2)
    assert rests.late
    return rests


@pytest.mark.parametrize("took", [0.001, 0.02, 0.3])
def test_a_pane_takes_a_small_part_of_the_time(took: float) -> None:
    """Whatever one turn takes: asked all the time, it is at work for a twenty-fifth of it."""
    clock = Clock()
    rests = Rests(clock)
    busy, ends = 0.0, clock.now + 1_000 * took
    while clock.now < ends:
        if rests.due("timeline", int(clock.now * 1e6)):
            with rests.taken("timeline", int(clock.now * 1e6)):
                clock.now += took
                busy += took
        else:
            clock.now += took / 10
    assert busy / (1_000 * took) == pytest.approx(0.04, abs=0.005)


def test_a_pane_rests_by_itself() -> None:
    """What one takes keeps no other from its turn."""
    clock = Clock()
    rests = Rests(clock)
    with rests.taken("timeline", 1):
        clock.now += 1
    assert [rests.due("timeline", 2), rests.due("state", 2)] == [False, True]


def test_nobody_rests_where_nothing_arrives() -> None:
    """A cursor that moves in a recording, or in a feed that is silent, is followed at once by all panes."""
    clock = Clock()
    rests = Rests(clock)
    with rests.taken("timeline", 1_000):
        clock.now += 1
    assert rests.due("timeline", 1_000)
    assert not rests.late


def test_who_had_to_rest_is_late_until_its_turn_has_come() -> None:
    """So that somebody comes back to it, although nothing new has happened."""
    clock = Clock()
    rests = late_turns(clock)
    clock.now += 1
    assert rests.due("turns", 3)
    assert rests.late
    with rests.taken("turns", 3):
        pass
    assert not rests.late


def test_what_nobody_sees_is_not_late() -> None:
    """A pane that was hidden while it rested would be looked for for ever."""
    rests = late_turns(Clock())
    rests.hidden("turns")
    assert not rests.late


async def test_a_pane_that_is_hidden_while_it_rests_is_not_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interface has nothing to do then."""
    app = app_with(conversation())
    async with app.run_test(size=(160, 48)) as pilot:
        await pilot.pause()
        screen = app.main_screen
        await pilot.press("4", "Z")
        await pilot.pause()
        assert not screen.area.query_one("#state-pane").display
        with screen.rests.taken("state", 1):
            pass
        screen.rests._late.add("state")
        screen.sync()
        assert not screen.rests.late


async def test_a_pane_that_rests_shows_the_moment_a_little_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal: after a key it is not looked at while it rests, and is by a tick when it has rested."""
    app = app_with(conversation())
    async with app.run_test(size=(160, 48)) as pilot:
        await pilot.pause()
        screen, looked = app.main_screen, list[str]()
        clock = Clock()
        monkeypatch.setattr(screen, "rests", Rests(clock))
        for name, view in screen._views.items():
            monkeypatch.setattr(view, "sync", lambda name=name: looked.append(name))
        with screen.rests.taken("state", len(app.session.log) - 1):
            clock.now += 1.0
        monkeypatch.setattr(type(app), "is_headless", False)
        await pilot.press("j")
        while "findings" not in looked:
            await pilot.pause()
        assert "state" not in looked
        assert screen.rests.late
        clock.now += 100.0
        while "state" not in looked:
            await pilot.pause()
        assert not screen.rests.late
        monkeypatch.undo()
