"""Breaks: the bus stops at what is about to happen, once, and a bad condition never reaches the program."""

from __future__ import annotations

import asyncio
import threading

import pytest

from backend.control.subject import Subject
from backend.wire.control import Break, LetGo, Release, Resume, Step, Take, Unbreak
from backend.wire.query.nodes import Field, Kind, Matches, Not, Text
from tests.control.hands import Program, played, settled, when


def test_a_break_stops_before_the_message_is_delivered() -> None:
    """At its publication; resumed, the same message does not stop again, and the next one does."""

    async def program(made: Program) -> None:
        made.listen("a")
        made.listen("b")
        text = "message:CHUNK_AVAILABLE data.chunk_index > 1"
        made.do(Break("late", when(text), text))
        made.publish(1)
        await settled()
        assert made.got == ["a:1", "b:1"]
        (second,) = made.publish(2)
        await settled()
        state = made.state
        assert (state.mode, state.why) == ("paused", f"break late: {text}")
        assert [one.publish for one in state.held] == [second, second]
        assert [(one.hits, one.when_text) for one in state.breaks] == [(1, text)]
        (hit,) = made.told("hit")
        assert hit.cause == second
        made.do(Resume())
        await settled()
        assert made.got[2:] == ["a:2", "b:2"]
        assert made.mode == "running"
        made.publish(3)
        assert made.state.breaks[0].hits == 2
        made.do(Unbreak("late"))
        made.do(Resume())
        made.publish(4)
        await settled()
        assert made.got[-1] == "b:4"

    played(program)


def test_a_break_at_a_receiver_stops_its_delivery_alone_where_it_is() -> None:
    """The condition is on the receive: component and state are the receiver's, before its handler begins."""

    async def program(made: Program) -> None:
        made.listen("a")
        made.listen("b")
        made.do(Break("b", when("component:b state.got >= 1 type:message_received"), then="hold"))
        made.publish(0, 1)
        await settled()
        # The other component had its messages before; of this one all are held.
        assert made.got == ["a:0", "a:1"]
        assert [(one.receiver, one.alone) for one in made.held] == [("b", True), ("b", True)]
        assert made.mode == "running"
        made.do(Unbreak("b"))
        made.do(Release(made.named("b:0", "b:1")))
        await settled()
        assert made.got == ["a:0", "a:1", "b:0", "b:1"]

    played(program)


def test_a_message_is_held_for_all_who_would_get_it() -> None:
    """The condition is on the publication."""

    async def program(made: Program) -> None:
        made.listen("a")
        made.listen("b")
        made.do(Break("h", when("message:CHUNK_AVAILABLE and data.chunk_index = 1"), then="hold"))
        made.publish(0, 1, 2)
        await settled()
        assert made.got == ["a:0", "a:2", "b:0", "b:2"]
        assert len(made.held) == 2
        assert made.state.breaks[0].hits == 1
        made.do(Release(tuple(one.delivery for one in made.held)))
        await settled()
        assert made.got[4:] == ["a:1", "b:1"]

    played(program)


def test_a_break_on_state_stops_at_the_change() -> None:
    """Not only messages: whatever is emitted, and nothing is delivered after it."""

    async def program(made: Program) -> None:
        port = made.listen("a")

        async def change(number: int) -> None:
            if number == 1:
                port.probe.state_changed("IDLE", "THINKING", "asked")

        made.listen("b", takes=change)
        made.do(Break("s", when("type:state_change data.to:THINKING")))
        made.publish(0, 1, 2)
        await settled()
        assert "b:1" in made.got  # its handler was running
        assert "b:2" not in made.got
        assert made.mode == "paused"

    played(program)


def test_a_handler_that_fails_can_be_broken_at() -> None:
    """By the outcome of its end, which nobody knows before."""

    async def program(made: Program) -> None:
        async def fail(_number: int) -> None:
            raise ValueError("no")

        made.listen("a", takes=fail)
        made.do(Break("e", when("data.outcome:error")))
        made.publish(0, 1)
        await settled()
        assert made.mode == "paused"
        assert made.told("hit")[0].cause == made.kept.one("message_handled").id
        made.do(LetGo())
        made.bus.failures = 0

    played(program)


def test_paused_already_a_break_only_counts() -> None:
    """A handler that goes on after the stop may publish what is waited for, too."""

    async def program(made: Program) -> None:
        made.listen("a")
        made.do(Break("any", text="anything", message_types=("chunk_available",)))
        made.publish(0, 1)
        assert made.state.breaks[0].hits == 2
        assert len(made.told("hit")) == 1
        made.do(Step())
        await settled()
        assert made.got == ["a:0"]
        assert made.state.breaks[0].hits == 2

    played(program)


def test_a_condition_that_raises_is_disarmed_and_told() -> None:
    """The program does not notice; the others go on."""

    async def program(made: Program) -> None:
        made.listen("a")
        made.do(Break("bad", when("message:CHUNK_AVAILABLE data.chunk_index > 5"), "data.chunk_index > 5"))
        made.do(Break("good", when("message:CHUNK_AVAILABLE data.chunk_index > 1")))

        def fail(_subject: Subject) -> bool:
            raise ZeroDivisionError("oh")

        assert made.desk._tenure is not None
        made.desk._tenure.breaks._breaks["bad"].holds = fail  # type: ignore[assignment, method-assign]
        made.publish(0)
        await settled()
        assert made.got == ["a:0"]
        assert made.state.breaks[0].disarmed == "ZeroDivisionError: oh"
        (told,) = made.told("disarm")
        assert told.severity == "warning"
        made.publish(2)
        await settled()
        assert made.mode == "paused"

    played(program)


def test_conditions_that_cannot_be_judged_are_refused_when_they_are_armed() -> None:
    """Too deep, a regular expression that would go back, a field of a log; and no more than fifty."""

    async def program(made: Program) -> None:
        deep = Text("x")
        for _ in range(50):
            deep = Not(deep)  # type: ignore[assignment]
        assert "deeper" in made.refused(Break("b", deep))
        pattern = Matches(Field("data.x", Kind.PAYLOAD, "data", ("x",)), r"(a)\1")
        assert "back reference" in made.refused(Break("b", pattern))
        assert "counted by a log" in made.refused(Break("b", when("row = 3")))
        for number in range(50):
            made.do(Break(f"b{number}", when("turn = 99")))
        made.do(Break("b7", when("turn = 98")))
        assert "50 breaks" in made.refused(Break("b50", when("turn = 99")))

    played(program)


def test_our_own_events_meet_no_break() -> None:
    """One that everything meets does not stop at what tells that it stopped."""

    async def program(made: Program) -> None:
        made.listen("a")
        made.do(Break("all"))
        made.publish(0)
        await settled()
        assert made.state.breaks[0].hits == 1
        made.do(Resume())

    played(program)


async def test_an_event_of_another_thread_stops_the_bus_soon() -> None:
    """It is judged by the bus's own thread, for conditions belong to that one."""
    from backend.tap import Tap
    from tests.tap.kept import Kept

    kept = Kept()
    async with Tap("app", sinks=(kept,)) as tap:
        made = Program(tap, kept)
        made.listen("a")
        made.do(Take("ann"))
        made.do(Break("t", when("message:FROM_ELSEWHERE")))
        thread = threading.Thread(target=lambda: tap.system("FROM_ELSEWHERE"))
        thread.start()
        async with asyncio.timeout(5):
            while made.mode != "paused":  # noqa: ASYNC110 - it comes from another thread
                await asyncio.sleep(0.001)
        thread.join()
        made.do(LetGo())
        await made.bus.close()


@pytest.mark.parametrize("name", ["none"])
def test_nothing_is_watched_without_a_break(name: str) -> None:
    """The tap's own path is as it was, before the first and after the last."""

    async def program(made: Program) -> None:
        drain = made.bus.tap._drain
        plain = drain.notice
        made.do(Break(name, when("turn = 99")))
        assert drain.notice != plain
        made.do(Unbreak(name))
        assert drain.notice == plain
        made.do(Break(name, when("turn = 99")))
        made.do(LetGo())
        assert drain.notice == plain

    played(program)
