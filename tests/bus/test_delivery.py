"""What subscribers get, in which order, and what the record says of it."""

from __future__ import annotations

import asyncio

import pytest

from backend.bus import Bus, ComponentFailed, Dropped, Overflow
from backend.events.messages import ChunkAvailable, SystemMessage
from backend.tap import Scope, Tap, turn_scope, within
from tests.bus.rig import running


async def test_an_ordered_mailbox_runs_one_handler_at_a_time() -> None:
    """However slow a handler is, the next one begins after it has ended."""
    steps: list[str] = []

    async def handle(what: ChunkAvailable, _scope: Scope) -> None:
        steps.append(f"begin {what.chunk_index}")
        await asyncio.sleep(0.001 * (3 - what.chunk_index))
        steps.append(f"end {what.chunk_index}")

    async with running() as (bus, _):
        bus.attach("reader").on(ChunkAvailable, handle)
        publisher = bus.attach("writer")
        for number in range(3):
            publisher.publish(ChunkAvailable(number, 0))
    assert steps == [f"{what} {number}" for number in range(3) for what in ("begin", "end")]


async def test_concurrent_handlers_run_together_up_to_their_limit() -> None:
    """Declared concurrency 3: three run at once, never a fourth, and it is in the record."""
    now = most = 0
    release = asyncio.Event()

    async def handle(_what: ChunkAvailable, _scope: Scope) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        if now == 3:
            release.set()
        await release.wait()
        now -= 1

    async with running() as (bus, kept):
        port = bus.attach("reader", concurrency=3, capacity=10)
        port.on(ChunkAvailable, handle)
        publisher = bus.attach("writer")
        for number in range(8):
            publisher.publish(ChunkAvailable(number, 0))
        await asyncio.sleep(0)
        await release.wait()
        assert len(port.mailbox) == 5  # those that have no slot still wait, and count against the bound
    assert most == 3
    told = kept.one("subscribed").payload()
    assert (told["mode"], told["concurrency"], told["message_type"]) == ("concurrent", 3, "CHUNK_AVAILABLE")


@pytest.mark.parametrize(
    ("policy", "handled"), [(Overflow.REFUSE, [0, 1, 2]), (Overflow.DROP_OLDEST, [3, 4, 5])]
)
async def test_a_full_mailbox_loses_by_its_policy_and_says_what(policy: Overflow, handled: list[int]) -> None:
    """Three fit: of six the last or the first three are lost, each reported with its publish as the cause."""
    got: list[int] = []

    async def handle(what: ChunkAvailable, _scope: Scope) -> None:
        got.append(what.chunk_index)

    async with running() as (bus, kept):
        port = bus.attach("reader", capacity=3, overflow=policy)
        port.on(ChunkAvailable, handle)
        publisher = bus.attach("writer")
        with within(Scope("s1")):
            sent = [publisher.publish(ChunkAvailable(number, 0)) for number in range(6)]
        await bus.idle()
        assert port.mailbox.lost == 3
    assert got == handled
    lost = kept.of("error", error_type="MailboxFull")
    assert [event.cause for event in lost] == [sent[n] for n in range(6) if n not in handled]
    assert {event.session_id for event in lost} == {"s1"}
    assert [event.payload()["lost"] for event in lost] == [1, 2, 3]
    assert lost[0].payload()["recovery_action"] == policy.value


def test_a_mailbox_holds_at_least_one() -> None:
    """A bound that lets nothing through is refused where it is declared."""

    async def attach() -> None:
        async with Tap("app") as tap:
            Bus(tap).attach("reader", capacity=0)

    with pytest.raises(ValueError, match="at least 1"):
        asyncio.run(attach())


async def test_a_handlers_events_are_caused_by_its_receive_in_the_senders_turn() -> None:
    """Publish → receive → what the handler does → handled: one task, one correlation, one chain of causes."""
    scope = turn_scope("s1", "ada", 4, "COMPLETE_TRANSCRIPT")
    count = {"n": 0}

    async with running() as (bus, kept):
        reader = bus.attach("reader", state=lambda: count)

        async def handle(_what: ChunkAvailable, _scope: Scope) -> None:
            count["n"] += 1
            reader.publish(SystemMessage("more"))

        reader.on(ChunkAvailable, handle)
        sent = bus.attach("writer").publish(ChunkAvailable(0, 0), scope)
    received, handled = kept.one("message_received"), kept.one("message_handled")
    more = kept.one("message_published", text="more")
    assert received.cause == sent
    assert more.cause == handled.cause == received.id
    assert more.task == handled.task == received.task
    assert {event.correlation_id for event in (received, more, handled)} == {"s1_4_COMPLETE_TRANSCRIPT"}
    assert (received.direction, more.direction) == ("subscribe", "publish")
    assert (received.state(), handled.state()) == ({"n": 0}, {"n": 1})
    assert handled.payload()["outcome"] == "ok"
    assert handled.payload()["duration_us"] >= 0


async def test_a_failing_handler_stops_nobody_and_is_told_to_who_listens() -> None:
    """Its own next message, other subscribers and the publisher go on; `ComponentFailed` says who and why."""
    got: list[int] = []
    failures: list[ComponentFailed] = []

    async def fail_once(what: ChunkAvailable, _scope: Scope) -> None:
        if what.chunk_index == 0:
            raise LookupError("no such chunk")
        got.append(what.chunk_index)

    async def take(what: ChunkAvailable, _scope: Scope) -> None:
        got.append(100 + what.chunk_index)

    async def hear(what: ComponentFailed, scope: Scope) -> None:
        assert scope.session_id == "s1"
        failures.append(what)
        raise RuntimeError("and the listener fails too")  # which must not set off another round

    async with running() as (bus, kept):
        bus.attach("fragile").on(ChunkAvailable, fail_once)
        bus.attach("robust").on(ChunkAvailable, take)
        bus.attach("doctor", session_id="s1").on(ComponentFailed, hear)
        writer = bus.attach("writer")
        with within(Scope("s1")):
            for number in range(2):
                writer.publish(ChunkAvailable(number, 0))
    assert sorted(got) == [1, 100, 101]
    assert failures == [ComponentFailed("fragile", "CHUNK_AVAILABLE", "LookupError", "no such chunk")]
    assert bus.failures == 2
    handled = kept.one("message_handled", outcome="error", component="fragile")
    assert handled.severity == "error"
    assert handled.payload()["error_message"] == "no such chunk"
    assert "fail_once" in handled.payload()["stack_trace"]
    published = kept.one("message_published", on_message="CHUNK_AVAILABLE")
    assert published.cause == handled.cause
    assert (published.seq or 0) < (handled.seq or 0)


async def test_a_handler_that_is_no_coroutine_function_fails_like_any_other() -> None:
    """A mistake in one subscriber is reported as its error and harms no other."""
    async with running() as (bus, kept):
        bus.attach("wrong").on(ChunkAvailable, lambda _what, _scope: None)  # type: ignore[arg-type,return-value]
        bus.attach("writer").publish(ChunkAvailable(0, 0))
    assert kept.one("message_handled").payload()["error_type"] == "TypeError"


async def test_a_dropped_message_is_handled_as_dropped() -> None:
    """The verdict stands in `data`, with its reason, as the contract has it."""

    async def drop(_what: ChunkAvailable, _scope: Scope) -> Dropped:
        return Dropped("of an older turn")

    async with running() as (bus, kept):
        bus.attach("reader").on(ChunkAvailable, drop)
        bus.attach("writer").publish(ChunkAvailable(0, 0))
    told = kept.one("message_handled").payload()
    assert (told["outcome"], told["dropped"], told["reason"]) == ("ok", True, "of an older turn")


async def test_a_component_subscribes_to_a_type_once() -> None:
    """The second handler for a type is refused by name; a closed port refuses any."""

    async def handle(_what: ChunkAvailable, _scope: Scope) -> None: ...

    async with running() as (bus, kept):
        port = bus.attach("reader")
        port.on(ChunkAvailable, handle)
        with pytest.raises(ValueError, match="reader already handles CHUNK_AVAILABLE"):
            port.on(ChunkAvailable, handle)
        assert bus.topology() == {
            "bus": "message_bus",
            "components": ["reader"],
            "subscriptions": {"reader": ["CHUNK_AVAILABLE"]},
        }
        await port.close()
        with pytest.raises(RuntimeError, match="reader is closed"):
            port.on(ChunkAvailable, handle)
    assert kept.one("unsubscribed").payload() == {"message_type": "CHUNK_AVAILABLE"}


async def test_publishing_from_another_thread_is_refused_with_what_to_do() -> None:
    """Mailboxes belong to the loop's thread; the message names the way that works, and it does."""
    got: list[int] = []

    async def handle(what: ChunkAvailable, _scope: Scope) -> None:
        got.append(what.chunk_index)

    async with running() as (bus, _):
        bus.attach("reader").on(ChunkAvailable, handle)
        writer = bus.attach("writer")
        loop = asyncio.get_running_loop()
        with pytest.raises(RuntimeError, match="call_soon_threadsafe"):
            await asyncio.to_thread(writer.publish, ChunkAvailable(1, 0))
        await asyncio.to_thread(loop.call_soon_threadsafe, writer.publish, ChunkAvailable(2, 0))
        await asyncio.sleep(0)
    assert got == [2]
