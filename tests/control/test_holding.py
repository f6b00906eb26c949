"""A bus that is held: nothing begins, nothing is lost, and all goes again, in the order the hand wants."""

from __future__ import annotations

import asyncio

import pytest

from backend.bus import Overflow
from backend.events.messages import AudioOutputComplete, ChunkAvailable
from backend.tap import Scope, turn_scope
from backend.wire.control import Delay, Drop, Hold, LetGo, Pause, Release, Resume, Step
from tests.control.hands import Program, played, settled


def test_paused_nothing_begins_and_what_runs_is_finished() -> None:
    """Publishing goes on; resumed, each mailbox gives what waited in its order."""

    async def program(made: Program) -> None:
        async def slow(_number: int) -> None:
            await asyncio.sleep(0.1)

        made.listen("a", takes=slow)
        made.listen("b")
        made.publish(0)
        await settled()
        made.do(Pause())
        made.publish(1, 2)
        await asyncio.sleep(1)
        assert made.got == ["b:0", "a:0"]
        assert [one.receiver for one in made.held] == ["a", "b", "a", "b"]
        assert made.mode == "paused"
        made.do(Resume())
        assert made.state.held == ()
        await asyncio.sleep(1)
        assert [one for one in made.got if one[0] == "a"] == ["a:0", "a:1", "a:2"]
        assert [one for one in made.got if one[0] == "b"] == ["b:0", "b:1", "b:2"]
        assert [event.payload()["by"] for event in made.told("pause") + made.told("resume")] == ["ann"] * 2

    played(program)


def test_a_step_lets_one_delivery_go() -> None:
    """The oldest, or the one that is named; the handler's own messages are held again."""

    async def program(made: Program) -> None:
        made.listen("a")
        made.listen("b")
        assert made.refused(Step()) == "the bus is not paused: pause it before stepping"
        made.do(Pause())
        made.publish(0, 1)
        await settled()
        made.do(Step())
        assert made.mode == "stepping"
        await settled()
        assert (made.got, made.mode) == (["a:0"], "paused")
        (wanted,) = made.named("b:0")
        assert made.do(Step(delivery=wanted)).deliveries == (wanted,)
        await settled()
        assert made.got == ["a:0", "b:0"]
        for _ in range(2):
            made.do(Step())
            await settled()
        assert made.refused(Step()) == "nothing waits to be delivered"
        assert made.got == ["a:0", "b:0", "a:1", "b:1"]

    played(program)


def test_two_deliveries_go_in_the_other_order() -> None:
    """Between mailboxes that is an order the program may have as well: nothing is out of order."""

    async def program(made: Program) -> None:
        made.listen("a")
        made.listen("b")
        made.do(Pause())
        made.publish(0)
        await settled()
        first, second = made.named("a:0", "b:0")
        made.do(Hold((first, second)))
        made.do(Resume())
        made.publish(1)
        await settled()
        assert made.got == ["a:1", "b:1"]
        assert [(one.receiver, one.alone) for one in made.held] == [("a", True), ("b", True)]
        made.do(Release((second, first)))
        await settled()
        assert made.got == ["a:1", "b:1", "b:0", "a:0"]
        assert made.mode == "running"

    played(program)


def test_what_an_ordered_mailbox_would_never_do_is_told_as_such() -> None:
    """One that passes a held one, and the held one that comes late: out of order, both times."""

    async def program(made: Program) -> None:
        made.listen("a")
        made.do(Pause())
        made.publish(0, 1, 2)
        await settled()
        first, second, third = made.named("a:0", "a:1", "a:2")
        assert [one.ordered_after for one in made.held] == [(), (first,), (first, second)]
        made.do(Release((third,)))
        await settled()
        assert made.got == ["a:2"]
        assert made.told("release")[0].payload()["out_of_order"]
        (moved,) = made.told("overtake")
        assert moved.payload()["passes"] == [first, second]
        assert (moved.payload()["delivery"], moved.payload()["component"]) == (third, "a")
        assert f"{moved.cause}>a" == third
        made.do(Resume())
        await settled()
        assert made.got == ["a:2", "a:0", "a:1"]
        assert len(made.told("overtake")) == 1

    played(program)


def test_in_order_is_not_out_of_order() -> None:
    """Stepping through a mailbox from its front is what it does anyway."""

    async def program(made: Program) -> None:
        made.listen("a")
        made.do(Pause())
        made.publish(0, 1, 2)
        await settled()
        made.do(Release(made.named("a:0", "a:1")))
        await settled()
        made.do(Step())
        await settled()
        assert made.got == ["a:0", "a:1", "a:2"]
        assert not made.told("overtake")
        assert "out_of_order" not in made.told("release")[0].payload()

    played(program)


def test_a_concurrent_mailbox_promises_no_order() -> None:
    """Its messages may pass each other, and nobody has to be told."""

    async def program(made: Program) -> None:
        made.listen("c", concurrency=3)
        made.do(Pause())
        made.publish(0, 1)
        await settled()
        assert [one.ordered_after for one in made.held] == [(), ()]
        made.do(Release(made.named("c:1", "c:0")))
        await settled()
        assert made.got == ["c:1", "c:0"]
        assert not made.told("overtake")

    played(program)


@pytest.mark.parametrize(("overflow", "left"), [(Overflow.REFUSE, [0, 1]), (Overflow.DROP_OLDEST, [3, 4])])
def test_a_mailbox_that_overflows_while_it_is_held_does_what_it_always_does(
    overflow: Overflow, left: list[int]
) -> None:
    """Bounded, and each loss told."""

    async def program(made: Program) -> None:
        made.listen("a", capacity=2, overflow=overflow)
        made.do(Pause())
        made.publish(*range(5))
        await settled()
        assert len(made.held) == 2
        made.bus.tap.drain()
        assert len(made.kept.of("error", error_type="MailboxFull")) == 3
        made.do(Resume())
        await settled()
        assert made.got == [f"a:{number}" for number in left]

    played(program)


def test_what_a_full_mailbox_gives_up_is_held_no_more() -> None:
    """A held delivery is no exception to the mailbox's bounds; naming it says so."""

    async def program(made: Program) -> None:
        made.listen("a", capacity=1, overflow=Overflow.DROP_OLDEST)
        made.do(Pause())
        made.publish(0)
        await settled()
        (lost,) = made.named("a:0")
        made.do(Hold((lost,)))
        made.do(Resume())
        made.publish(1)
        await settled()
        assert made.held == ()
        assert "does not wait" in made.refused(Release((lost,)))
        assert made.got == ["a:1"]

    played(program)


def test_dropped_is_never_delivered() -> None:
    """Who waits for the mailbox to catch up is not kept waiting for it."""

    async def program(made: Program) -> None:
        port = made.listen("a")
        made.do(Pause())
        made.publish(0, 1)
        await settled()
        made.do(Drop(made.named("a:0")))
        made.do(Resume())
        await port.caught_up()
        await made.bus.idle()
        assert made.got == ["a:1"]
        (told,) = made.told("drop")
        assert (told.session_id, told.turn) == ("s1", 1)

    played(program)


def test_unknown_deliveries_change_nothing() -> None:
    """All or none; the answer names the one that is not there."""

    async def program(made: Program) -> None:
        made.listen("a")
        made.do(Pause())
        made.publish(0)
        await settled()
        (there,) = made.named("a:0")
        for wrong in ("nonsense", "app-1>a", ">", f"{there}x"):
            for request in (Hold((there, wrong)), Release((there, wrong)), Drop((there, wrong))):
                assert "does not wait" in made.refused(request)
            assert "does not wait" in made.refused(Step(delivery=wrong))
        assert [one.alone for one in made.held] == [False]
        made.do(Resume())
        assert "is not held" in made.refused(Release((there,)))

    played(program)


def test_a_delay_is_one_for_a_component_alone_and_keeps_its_order() -> None:
    """What waits counts from when it was asked for; taken away, all goes at once."""

    async def program(made: Program) -> None:
        made.listen("a")
        made.listen("b")
        made.do(Delay("a", 2.0))
        assert made.state.delays == {"a": 2.0}
        made.publish(0)
        await asyncio.sleep(1.5)
        made.publish(1)
        assert made.got == ["b:0"]
        await asyncio.sleep(1.0)
        assert made.got == ["b:0", "b:1", "a:0"]
        made.do(Delay("a", 0.0))
        await settled()
        assert made.got == ["b:0", "b:1", "a:0", "a:1"]
        assert made.refused(Delay("nobody", 1.0)).startswith("no component 'nobody' is at the bus")

    played(program)


def test_a_turn_is_stepped_over_until_the_next_begins() -> None:
    """All of it runs, other sessions too; it stops before the first delivery of the next turn."""

    async def program(made: Program) -> None:
        made.listen("a")
        made.do(Pause())
        made.publish(0, 1)
        made.publish(2, turn=2)
        await settled()
        made.do(Step("turn"))
        assert made.mode == "stepping"
        await settled()
        assert made.got == ["a:0", "a:1"]
        assert (made.mode, made.state.why) == ("paused", "turn 1 is over: turn 2 begins")
        assert made.told("stepped")

    played(program)


def test_a_turn_is_stepped_over_until_its_last_sound_was_played() -> None:
    """What handlers still publish of it runs, too; other sessions run meanwhile."""

    async def program(made: Program) -> None:
        made.listen("a")
        made.listen("z", session_id="s2")

        async def wind_up(_message: AudioOutputComplete, scope: Scope) -> None:
            made.writer.publish(ChunkAvailable(1, 0), scope)

        made.bus.attach("end", session_id="s1").on(AudioOutputComplete, wind_up)
        made.do(Pause())
        made.publish(0)
        await settled()
        made.do(Step("turn"))
        await settled()
        assert made.mode == "stepping"
        scope = turn_scope("s1", "u", 1, "STT_USER_STARTED_SPEAKING")
        made.writer.publish(AudioOutputComplete("w", 1, 1.0, interrupted=False), scope)
        await settled()
        assert made.got == ["a:0", "a:1"]
        assert (made.mode, made.state.why) == ("paused", "turn 1 is over")

    played(program)


def test_time_of_the_program_stands_still() -> None:
    """A timeout of its own goes on counting where it stopped."""

    async def program(made: Program) -> None:
        loop = asyncio.get_running_loop()

        async def wait() -> float:
            begun = loop.time()
            with pytest.raises(TimeoutError):
                async with made.bus.patience(1.0):
                    await asyncio.Event().wait()
            return loop.time() - begun

        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0.4)
        made.do(Pause())
        late = asyncio.create_task(wait())
        await asyncio.sleep(10)
        made.do(Resume())
        assert await waiting == pytest.approx(11.0)
        assert await late == pytest.approx(11.0)
        assert not made.bus.waits

    played(program)


@pytest.mark.parametrize("how", ["bus closes", "session ends", "port closes", "let go", "vanished", "silent"])
def test_whatever_ends_it_releases_what_was_held(how: str) -> None:
    """Nothing hangs, nothing is lost, and the recording says why."""

    async def program(made: Program) -> None:
        port = made.listen("a")
        made.do(Pause())
        made.publish(0, 1)
        await settled()
        made.do(Hold(made.named("a:1")))
        async with asyncio.timeout(1.0 if how != "silent" else 20.0):
            match how:
                case "bus closes":
                    await made.bus.close()
                case "session ends":
                    made.bus.free("s1", "the session s1 ends")
                case "port closes":
                    await port.close()
                case "let go":
                    made.do(LetGo())
                case "vanished":
                    made.hand.leave()
                case "silent":
                    await asyncio.sleep(15.1)
            await made.bus.idle()
        assert made.got == ["a:0", "a:1"]
        if how in {"session ends", "port closes"}:
            (released,) = made.told("release")
            assert released.payload()["by_itself"]
            assert len(released.payload()["deliveries"]) == 2
            assert made.mode == "paused"
        else:
            assert made.mode == "off"
            ended = made.told("let_go" if how in {"let go", "bus closes"} else "lost")
            assert [(event.payload()["released"], event.payload()["was_paused"]) for event in ended] == [
                (2, True)
            ]

    played(program)
