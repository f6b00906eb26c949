"""What can wait lets a key go first, but not for ever; garbage is looked at bit by bit."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterable, Iterator

import pytest
from textual import events
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from debugger.sources.arrival import arrival_of
from debugger.tui import collector
from debugger.tui.live import Intake
from debugger.tui.presses import noticing
from debugger.tui.rush import KEY_SECONDS, MOST_SECONDS, READ_SECONDS, Rush
from debugger.tui.session import Link, Mode, Session
from tests.support.voicelog import voice_log
from tests.tui.interface import app_with, conversation

REST = collector.REST_SECONDS + 1


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


def test_a_key_that_was_read_is_waited_for() -> None:
    """The application may be at something that takes longer than a key has: nothing else goes first then."""
    clock = Clock()
    rush = Rush(clock)
    rush.read()
    clock.now += READ_SECONDS / 2
    assert READ_SECONDS / 2 > KEY_SECONDS
    assert rush.left > 0
    assert rush.unseen
    rush.press()
    rush.end()
    assert rush.left == 0
    rush.read()
    clock.now += READ_SECONDS
    assert rush.left == 0  # it went somewhere else


def test_keys_that_are_only_read_leave_the_rest_its_turn() -> None:
    """However many are read that nobody looks at."""
    clock = Clock()
    rush = Rush(clock)
    waited = 0.0
    while not waited or rush.left:
        rush.read()
        clock.now += KEY_SECONDS
        waited += KEY_SECONDS
    assert waited <= MOST_SECONDS + KEY_SECONDS


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


def test_a_moment_ends_with_what_the_key_does() -> None:
    """Then the rest goes on; the next key has a moment of its own, however soon it comes."""
    clock = Clock()
    rush = Rush(clock)
    rush.press()
    rush.end()
    assert rush.left == 0
    rush.press()
    assert rush.left == pytest.approx(KEY_SECONDS)


def test_a_press_is_unseen_until_it_is_looked_at() -> None:
    """By then, or when its moment is over, frames need not wait for it any more."""
    clock = Clock()
    rush = Rush(clock)
    seen = [rush.unseen]
    rush.press()
    seen.append(rush.unseen)
    rush.see()
    seen.append(rush.unseen)
    assert rush.left > 0
    rush.press()
    seen.append(rush.unseen)
    clock.now += KEY_SECONDS
    seen.append(rush.unseen)
    assert seen == [False, True, False, True, False]


def test_a_press_counts_from_when_it_was_read() -> None:
    """The driver tells of it before it passes it on; of anything else it does not."""
    told: list[str] = []

    class Reader(HeadlessDriver):
        def process_message(self, message: Message) -> None:
            told.append(type(message).__name__)

    driver = noticing(Reader, lambda: told.append("noticed"))
    reader = object.__new__(driver)
    reader.process_message(events.Key("j", "j"))
    reader.process_message(events.Resize(Size(1, 1), Size(1, 1)))
    assert told == ["noticed", "Key", "Resize"]


async def test_the_focused_pane_and_the_place_are_painted_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal: the others are brought up to date after it, and then show the same moment."""
    app = app_with(conversation())
    async with app.run_test(size=(160, 48)) as pilot:
        await pilot.pause()
        screen = app.main_screen
        done: list[str] = []
        for name, view in screen._views.items():
            monkeypatch.setattr(view, "sync", _noting(done, name, view.sync))
        paint = screen.paint

        def noted(widgets: Iterable[Widget]) -> None:
            done.append("paint")
            paint(widgets)

        monkeypatch.setattr(screen, "paint", noted)
        monkeypatch.setattr(type(app), "is_headless", False)
        before = app.session.cursor
        await pilot.press("j")
        assert done[:2] == ["events", "paint"]
        while set(done) != {*screen.panes, "paint"}:
            await pilot.pause()
        assert app.session.cursor == before + 1
        monkeypatch.undo()


async def test_frames_wait_for_a_key_nobody_has_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """They come when it is seen. What is painted at once does not wait, and is not painted twice."""
    app = app_with(conversation())
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        screen, table = app.main_screen, app.main_screen.events
        lines: list[int] = []
        render = table.render_line

        def noted(y: int) -> Strip:
            lines.append(y)
            return render(y)

        monkeypatch.setattr(table, "render_line", noted)
        app.session.rush.press()
        table.refresh()
        screen._dirty_widgets.add(table)
        screen._on_timer_update()
        assert not lines
        screen.paint([table])
        painted = len(lines)
        assert painted
        app.session.rush.see()
        screen._on_timer_update()
        assert len(lines) == painted


def _noting(done: list[str], name: str, sync: Callable[[], None]) -> Callable[[], None]:
    def noted() -> None:
        done.append(name)
        sync()

    return noted


async def test_events_of_a_feed_wait_for_a_key_and_are_not_lost() -> None:
    """They are appended when its moment is over."""
    session = Session(Mode.LIVE, Link("feed"), lambda: 0)
    intake = Intake(session, ["feed"])
    told = voice_log(1, turns=1, sessions=1)
    arrival = arrival_of([b"{}"] * len(told), told)

    async def feed() -> AsyncIterator[object]:
        session.rush.press()
        yield arrival

    pumping = asyncio.create_task(intake.pump("feed", feed()))  # type: ignore[arg-type] # an update it is
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(session.log) == 0
    await pumping
    assert len(session.log) == len(told)


@pytest.fixture
def _thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()
    gc.collect()
    gc.freeze()  # as it was before


@pytest.mark.usefixtures("_thresholds")
def test_garbage_is_collected_in_pieces_and_all_of_it_only_at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there at the start is spared; a look at everything waits until enough has come together."""
    collector.calm_collector()
    assert gc.get_freeze_count() > 0
    whole: list[tuple[int, ...]] = []
    monkeypatch.setattr(gc, "collect", lambda *generation: whole.append(generation))
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, 3))
    collector.collect_between(REST)
    assert not whole
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, 300))
    collector.collect_between(0.0)
    assert not whole
    collector.collect_between(REST)
    assert whole == [()]


def test_what_is_new_is_looked_at_when_all_is_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the middle of a key: new objects first, and after some such times those that stayed."""
    looked: list[int] = []
    monkeypatch.setattr(gc, "collect", looked.append)
    for count in ((100, 0, 0), (10_000, 0, 0), (10_000, 9, 0)):
        monkeypatch.setattr(gc, "get_count", lambda count=count: count)
        collector.collect_between(0.0)
    assert looked == [0, 1]


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
        collector.collect_between(REST)
    assert gc.get_freeze_count() <= spared  # nothing was added; what went is gone
    more += [[number] for number in range(spared + 1_000)]
    still = gc.get_freeze_count()
    collector.collect_between(REST)
    assert gc.get_freeze_count() >= still + len(more)


async def test_a_key_that_comes_with_the_last_pane_is_not_kept_waiting_by_the_collector(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its pieces take 10 to 25 ms on a slow machine; afterwards they are due as before."""
    clock = Clock()
    collected = asyncio.Event()
    monkeypatch.setattr("debugger.tui.app.collect_between", lambda _: collected.set())
    app = app_with(conversation())
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        app.session.rush = Rush(clock)
        collected.clear()
        app._steps.append(app.session.rush.read)
        app._go_on()
        assert not collected.is_set()
        clock.now += 2 * READ_SECONDS
        async with asyncio.timeout(10):
            await collected.wait()
