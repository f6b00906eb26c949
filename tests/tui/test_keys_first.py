"""What can wait lets a key go first, but not for ever; garbage is looked at bit by bit."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator

import pytest

from debugger.sources.arrival import arrival_of
from debugger.tui import collector
from debugger.tui.live import Intake
from debugger.tui.rush import KEY_SECONDS, MOST_SECONDS, Rush
from debugger.tui.session import Link, Mode, Session
from tests.support.voicelog import voice_log


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_key_has_a_moment_for_itself() -> None:
    """From its press on, and no longer."""
    clock = Clock()
    rush = Rush(clock)
    assert rush.left == 0
    rush.press()
    assert rush.left == pytest.approx(KEY_SECONDS)
    clock.now += KEY_SECONDS
    assert rush.left == 0


def test_a_key_held_down_leaves_the_rest_its_turn() -> None:
    """Repeated faster than its moment passes, the moments end all the same."""
    clock = Clock()
    rush = Rush(clock)
    waited = 0.0
    for _ in range(100):
        rush.press()
        if not rush.left:
            break
        clock.now += KEY_SECONDS / 3
        waited += KEY_SECONDS / 3
    assert waited == pytest.approx(MOST_SECONDS, abs=KEY_SECONDS)
    clock.now += KEY_SECONDS / 3
    rush.press()
    assert rush.left == 0  # the rest has as long a turn
    clock.now += KEY_SECONDS
    rush.press()
    assert rush.left > 0


async def test_events_of_a_feed_wait_for_a_key_and_are_not_lost() -> None:
    """They are appended when its moment is over."""
    session = Session(Mode.LIVE, Link("feed"), lambda: 0)
    intake = Intake(session, ["feed"])
    events = voice_log(1, turns=1, sessions=1)
    arrival = arrival_of([b"{}"] * len(events), events)

    async def feed() -> AsyncIterator[object]:
        session.rush.press()
        yield arrival

    pumping = asyncio.create_task(intake.pump("feed", feed()))  # type: ignore[arg-type] # an update it is
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(session.log) == 0
    await pumping
    assert len(session.log) == len(events)


@pytest.fixture
def _thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.mark.usefixtures("_thresholds")
def test_garbage_is_collected_in_pieces_and_all_of_it_only_at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there at the start is spared; a look at everything waits until enough has come together."""
    collector.calm_collector()
    assert gc.get_freeze_count() > 0
    whole: list[int] = []
    monkeypatch.setattr(gc, "collect", lambda: whole.append(1))
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, 3))
    collector.collect_at_rest()
    assert not whole
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, 300))
    collector.collect_at_rest()
    assert whole


@pytest.mark.usefixtures("_thresholds")
def test_what_is_spared_grows_only_by_doubling(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a look takes on a loaded machine: what is spared, and goes after all, is lost."""
    monkeypatch.setattr(collector, "_LONG_SECONDS", -1)
    monkeypatch.setattr(collector, "_LEAST_FROZEN", 0)
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, 300))
    collector.calm_collector()
    spared = gc.get_freeze_count()
    more = [[number] for number in range(1_000)]
    for _ in range(5):
        collector.collect_at_rest()
    assert gc.get_freeze_count() <= spared  # nothing was added; what went is gone
    more += [[number] for number in range(spared + 1_000)]
    collector.collect_at_rest()
    assert gc.get_freeze_count() >= spared + len(more)
