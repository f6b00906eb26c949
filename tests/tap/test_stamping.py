"""What the tap puts on every event: id, seq, clocks, and a frame around the whole."""

from __future__ import annotations

import asyncio
import functools
import gc
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import Event, decode_line
from backend.tap import Batch, Clock, Probe, Scope, Tap, turn_scope, within
from backend.tap.drain import BATCH_LIMIT, DRAIN_EVENTS, PENDING_LIMIT
from tests.support.examples import tried
from tests.tap.kept import Kept, assert_framed


async def test_a_recording_is_framed_and_says_what_it_is() -> None:
    """Started with schema, source and topology; ended with its count; nothing outside the two."""
    kept = Kept()
    async with Tap("app", sinks=(kept,), topology=lambda: {"components": ["a"]}) as tap:
        tap.system("CACHE", {"hit": True})
    assert_framed(kept.events)
    started = kept.events[0].payload()
    assert started["schema"] == "doubletalk.event/1"
    assert started["source"] == tap.source == kept.events[0].source
    assert started["topology"] == {"components": ["a"]}
    assert tap.source.startswith("app-")
    assert kept.events[0].direction == "internal"


async def test_what_is_emitted_before_start_and_after_close_is_not_recorded() -> None:
    """The record begins at `start` and ends at `close`, however much is told around it."""
    kept = Kept()
    tap = Tap("app", sinks=(kept,))
    for _ in range(3 * PENDING_LIMIT):
        tap.system("TOO_EARLY")
    assert tap.pending < PENDING_LIMIT
    async with tap:
        tap.system("CACHE")
    for _ in range(3 * PENDING_LIMIT):
        tap.system("TOO_LATE")
    tap.drain()
    assert tap.pending < PENDING_LIMIT
    assert_framed(kept.events)
    assert [event.message_type for event in kept.events[1:-1]] == ["CACHE"]


async def test_closing_twice_is_closing_once_and_a_tap_starts_once() -> None:
    """Close is idempotent, also without a start; a second start is refused with what to do."""
    kept = Kept()
    tap = Tap("app", sinks=(kept,))
    tap.close()
    tap.start()
    tap.close()
    tap.close()
    assert kept.closed == 1
    assert [event.message_type for event in kept.events] == ["RECORDING_STARTED", "RECORDING_ENDED"]
    with pytest.raises(RuntimeError, match="closed; make another"):
        tap.start()


@tried(20)
@given(st.lists(st.sampled_from(["emit", "burst", "yield", "drain", "many"]), max_size=12))
def test_numbers_have_no_gap_and_ids_no_twin(program: list[str]) -> None:
    """Whatever is emitted and drained in whatever rhythm, the record is numbered in its order."""
    kept = Kept()
    told: list[str] = []

    async def run() -> None:
        async with Tap("app", sinks=(kept,)) as tap:
            for step in program:
                if step == "drain":
                    tap.drain()
                elif step == "yield":
                    await asyncio.sleep(0)
                else:
                    count = {"emit": 1, "burst": 150, "many": DRAIN_EVENTS + 50}[step]
                    told.extend(tap.system("CACHE") for _ in range(count))

    asyncio.run(run())
    assert_framed(kept.events)
    assert [event.id for event in kept.events[1:-1]] == told


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads that change over as often as the interpreter can, so that races show."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("restless")
@pytest.mark.parametrize("inside_loop", [True, False])
def test_many_threads_at_once_lose_nothing(inside_loop: bool) -> None:
    """Threads that emit all at once: unique ids, gapless seq in file order, each thread's own order kept."""
    kept = Kept()
    threads, each = 8, 2500

    def work(tap: Tap, number: int) -> None:
        for index in range(each):
            tap.system("MARK", {"thread": number, "index": index})

    def run_all(tap: Tap) -> None:
        workers = [threading.Thread(target=work, args=(tap, number)) for number in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    async def inside() -> None:
        async with Tap("app", sinks=(kept,)) as tap:
            await asyncio.to_thread(run_all, tap)

    if inside_loop:
        asyncio.run(inside())
    else:
        with Tap("app", sinks=(kept,)) as tap:
            run_all(tap)
    assert_framed(kept.events)
    marks = [event.payload() for event in kept.events if event.message_type == "MARK"]
    assert len(marks) == threads * each
    for number in range(threads):
        assert [mark["index"] for mark in marks if mark["thread"] == number] == list(range(each))


@pytest.mark.usefixtures("restless")
def test_threads_that_emit_while_the_tap_closes_cannot_break_the_frame() -> None:
    """The last line is the end with the right count, whatever others tell in that moment."""
    for _ in range(8):
        kept = Kept()
        stop = threading.Event()
        with Tap("app", sinks=(kept,)) as tap:

            def babble(tap: Tap = tap, stop: threading.Event = stop) -> None:
                while not stop.is_set():
                    tap.system("BABBLE")

            workers = [threading.Thread(target=babble) for _ in range(3)]
            for worker in workers:
                worker.start()
            while len(kept.events) < 10:
                time.sleep(0)
        stop.set()
        for worker in workers:
            worker.join()
        assert_framed(kept.events)


def test_what_comes_between_the_end_and_its_writing_is_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that a thread slips in behind `RECORDING_ENDED` is left out rather than counted wrong."""
    kept = Kept()
    tap = Tap("app", sinks=(kept,))
    emit = tap.emit

    def overtaken(event_type: str, *fields: str, **more: str) -> str:
        event_id = emit(event_type, *fields, **more)  # type: ignore[arg-type]
        emit("system", None, "LATE")
        return event_id

    tap.start()
    monkeypatch.setattr(tap, "emit", overtaken)
    tap.close()
    assert_framed(kept.events)
    assert not kept.has("LATE")


async def test_a_drain_comes_by_itself_within_a_moment() -> None:
    """One event, nobody drains: the sinks have it after the next few milliseconds."""
    kept = Kept()
    async with Tap("app", sinks=(kept,)) as tap:
        took = []
        for name in ("FIRST", "SECOND"):  # the second: the timer can be set again
            began = time.monotonic()
            tap.system(name)
            await kept.until(functools.partial(kept.has, name))
            took.append(time.monotonic() - began)
        assert max(took) < 1.0


def test_a_tap_without_a_loop_drains_by_itself_too() -> None:
    """In a program without asyncio, events reach the sinks although nobody closes or drains."""
    kept = Kept()
    with Tap("app", sinks=(kept,)) as tap:
        for name in ("FIRST", "SECOND"):
            tap.system(name)
            deadline = time.monotonic() + 5
            while not kept.has(name):
                assert time.monotonic() < deadline
                time.sleep(0)
    assert_framed(kept.events)
    assert not any(thread.name == "tap-drain" for thread in threading.enumerate())


def test_a_tap_survives_the_loop_it_was_started_in() -> None:
    """Started inside `asyncio.run` and used after it: the events still come."""
    kept = Kept()
    tap = Tap("app", sinks=(kept,))

    async def start() -> None:
        tap.start()

    asyncio.run(start())
    tap.system("AFTER")
    tap.close()
    assert_framed(kept.events)
    assert kept.marked("AFTER")


async def test_a_publisher_that_never_yields_stays_bounded() -> None:
    """Without a chance for the timer, the tap drains in place, in batches of a bounded size."""
    kept = Kept()
    most = 0
    async with Tap("app", sinks=(kept,)) as tap:
        for _ in range(5 * PENDING_LIMIT):
            tap.system("CACHE")
            most = max(most, tap.pending)
    assert most <= PENDING_LIMIT + 100
    assert max(kept.batches) <= BATCH_LIMIT
    assert_framed(kept.events)


class HandClock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.wall = 1_800_000_000_000_000_000
        self.mono = 5_000

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.mono)

    def pass_ns(self, nanoseconds: int) -> None:
        self.wall += nanoseconds
        self.mono += nanoseconds


def test_both_clocks_are_exact() -> None:
    """Nanoseconds of both clocks as they were read; the float agrees with them to its resolution."""
    hand, kept = HandClock(), Kept()
    tap = Tap("app", sinks=(kept,), clock=hand.clock())
    tap.start()
    for step in (1, 999, 123_456_789):
        hand.pass_ns(step)
        tap.system("MARK")
        event_wall, event_mono = hand.wall, hand.mono
        tap.drain()
        assert (kept.events[-1].timestamp_ns, kept.events[-1].mono_ns) == (event_wall, event_mono)
        assert abs(kept.events[-1].timestamp - event_wall / 1e9) < 1e-6
    tap.close()


def test_a_wall_clock_that_steps_is_followed() -> None:
    """After an hour's step the wall stamps are right again at the next drain; the monotonic ones go on."""
    hand, kept = HandClock(), Kept()
    tap = Tap("app", sinks=(kept,), clock=hand.clock())
    tap.start()
    hand.wall -= 3_600_000_000_000
    tap.drain()
    hand.pass_ns(10)
    tap.system("AFTER")
    tap.close()
    after = kept.marked("AFTER")
    assert after.timestamp_ns == hand.wall
    monos = [event.mono_ns or 0 for event in kept.events]
    assert monos == sorted(monos)


def test_a_scope_stands_in_each_of_its_events() -> None:
    """Session, user, turn, correlation and worker, also where they hold what JSON must escape."""
    kept = Kept()
    odd = 's"1\\\n\ud800'
    with Tap("app", sinks=(kept,)) as tap:
        with within(turn_scope("s1", "ada", 3, "COMPLETE_TRANSCRIPT")):
            tap.emit("system", "c", "INSIDE", reads=("a.b",), writes=("a.c",), severity="debug")
            tap.emit("system", "c", "GIVEN", scope=Scope("s2", worker_id="w"), cause="x")
        with within(Scope(odd, odd)):
            tap.system("ODD")
        tap.system("OUTSIDE")

    def of(event: Event) -> tuple[object, ...]:
        return (event.session_id, event.user_id, event.turn, event.correlation_id, event.worker_id)

    inside = kept.marked("INSIDE")
    assert of(inside) == ("s1", "ada", 3, "s1_3_COMPLETE_TRANSCRIPT", None)
    assert (inside.reads, inside.writes, inside.severity) == (("a.b",), ("a.c",), "debug")
    assert of(kept.marked("GIVEN")) == ("s2", None, None, None, "w")
    assert kept.marked("GIVEN").cause == "x"
    assert of(kept.marked("ODD"))[:2] == (odd.replace("\ud800", "?"),) * 2
    assert of(kept.marked("OUTSIDE")) == (None,) * 5


def test_every_field_of_the_format_is_written() -> None:
    """A line of ours names each field of the event once, so that no reader has to guess."""
    lines: list[bytes] = []

    class Lines(Kept):
        def write(self, batch: Batch) -> None:
            lines.extend(batch.lines)

    with Tap("app", sinks=(Lines(),)):
        pass
    for line in lines:
        for field in Event.__struct_fields__:
            assert line.count(f'"{field}":'.encode()) >= 1, field
        assert decode_line(line).id is not None


async def test_a_batch_shows_its_events_as_the_record_has_them() -> None:
    """`Batch.events` can be counted, indexed and sliced, and equals the decoded lines."""
    seen: list[Batch] = []

    class Batches(Kept):
        def write(self, batch: Batch) -> None:
            seen.append(batch)

    async with Tap("app", sinks=(Batches(),)) as tap:
        for index in range(5):
            tap.system("MARK", {"index": index})
        tap.drain()
    batch = seen[0]
    assert len(batch) == len(batch.events) == 6
    assert batch.events[1].payload() == {"index": 0}
    assert [event.seq for event in batch.events[-2:]] == [5, 6] == [event.seq for event in batch.events][-2:]
    with pytest.raises(IndexError):
        batch.events[6]


async def test_a_snapshot_cannot_change_after_it_was_taken() -> None:
    """State and data are recorded as they were when they were told, whatever the component does next."""
    kept = Kept()
    state = {"queue": ["a"], "nested": {"n": 1}}
    data = {"items": [1]}
    async with Tap("app", sinks=(kept,)) as tap:
        Probe(tap, "queue", lambda: state).emit("state_change", "MARK", data)
        state["queue"].append("b")  # type: ignore[attr-defined]
        state["nested"]["n"] = 2  # type: ignore[index]
        data["items"].clear()
    mark = kept.marked("MARK")
    assert mark.state() == {"queue": ["a"], "nested": {"n": 1}}
    assert mark.payload() == {"items": [1]}


async def test_a_state_getter_that_fails_is_recorded_and_harms_nobody() -> None:
    """Its error stands where the snapshot would; one whose error cannot even be printed, too."""
    kept = Kept()

    class Mute(Exception):  # noqa: N818 - it is told as a name in the record
        def __str__(self) -> str:
            raise RuntimeError

    def failing(error: Exception) -> dict[str, object]:
        raise error

    async with Tap("app", sinks=(kept,)) as tap:
        Probe(tap, "a", lambda: failing(ValueError("broken"))).system("A")
        Probe(tap, "b", lambda: failing(Mute())).system("B")
        Probe(tap, "c", lambda: [1]).system("C")  # type: ignore[arg-type,return-value]
        tap.error(Mute())
    assert kept.marked("A").state() == {"get_debug_state_failed": "ValueError: broken"}
    assert kept.marked("B").state() == {"get_debug_state_failed": "Mute: <str failed: RuntimeError>"}
    assert kept.marked("C").state() == {"value": [1]}
    assert kept.one("error").payload()["error_message"] == "<str failed: RuntimeError>"


async def test_any_payload_is_recorded_and_never_raised_into_the_publisher() -> None:
    """Objects, cycles and surrogates come out described; their events keep their place."""
    kept = Kept()
    cycle: dict[str, object] = {}
    cycle["self"] = cycle
    async with Tap("app", sinks=(kept,)) as tap:
        for index, payload in enumerate([object(), cycle, "\ud800", {"x": {1, 2}}, [gc], 7]):
            tap.system(f"P{index}", payload)  # type: ignore[arg-type]
        tap.emit("odd\udc80", "c\udc80", "M\udc80", {"fine": 1})
    assert_framed(kept.events)
    assert kept.marked("P0").payload()["unencodable"] == "object"
    assert kept.marked("P5").payload() == {"value": 7}
    assert kept.marked("M?").event_type == "odd?"
