"""How a bus and its ports end: drained, or cut short with a word about it."""

from __future__ import annotations

import asyncio

import pytest

from backend.bus import Bus, Port
from backend.events.messages import ChunkAvailable, SystemMessage
from backend.tap import Scope, Tap, silent
from tests.bus.rig import running
from tests.tap.kept import Kept


async def test_closing_delivers_what_waits() -> None:
    """All that was published before is handled, and what handlers then publish as well."""
    got: list[str] = []

    async with running() as (bus, kept):
        reader, writer = bus.attach("reader"), bus.attach("writer")

        async def handle(what: ChunkAvailable, _scope: Scope) -> None:
            await asyncio.sleep(0)
            got.append(f"chunk {what.chunk_index}")
            reader.publish(SystemMessage(f"got {what.chunk_index}"))

        async def hear(what: SystemMessage, _scope: Scope) -> None:
            got.append(what.text)

        reader.on(ChunkAvailable, handle)
        writer.on(SystemMessage, hear)
        for number in range(3):
            writer.publish(ChunkAvailable(number, 0))
    assert sorted(got) == ["chunk 0", "chunk 1", "chunk 2", "got 0", "got 1", "got 2"]
    assert len(kept.of("unsubscribed")) == 2
    assert not kept.of("error")


@pytest.mark.parametrize("concurrency", [1, 2])
async def test_a_close_that_takes_too_long_is_cut_short_and_says_so(concurrency: int) -> None:
    """The stuck handler is cancelled and handled as such, the undelivered are counted, the idle not named."""

    async def stuck(_what: ChunkAvailable, _scope: Scope) -> None:
        await asyncio.Event().wait()

    async def fine(_what: SystemMessage, _scope: Scope) -> None: ...

    async with running(close_within=0.02) as (bus, kept):
        bus.attach("stuck", concurrency=concurrency).on(ChunkAvailable, stuck)
        bus.attach("fine").on(SystemMessage, fine)
        writer = bus.attach("writer")
        for number in range(5):
            writer.publish(ChunkAvailable(number, 0))
    told = kept.one("error")
    assert told.component == "stuck"
    assert told.payload()["error_type"] == "ShutdownTimeout"
    assert told.payload()["error_message"] == f"{5 - concurrency} messages undelivered after 0.02 s"
    assert [event.payload()["outcome"] for event in kept.of("message_handled")] == ["cancelled"] * concurrency
    assert len(kept.of("unsubscribed")) == 2


async def test_a_handler_that_refuses_to_be_cancelled_does_not_hold_the_close() -> None:
    """After a moment's patience the bus closes without it, and says that it still runs."""
    release = asyncio.Event()
    kept = Kept()

    async def deaf(_what: ChunkAvailable, _scope: Scope) -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    async with Tap("app", sinks=(kept,)) as tap:
        bus = Bus(tap)
        port = bus.attach("deaf")
        port.on(ChunkAvailable, deaf)
        bus.attach("writer").publish(ChunkAvailable(0, 0))
        await asyncio.sleep(0)
        assert await port.abort(patience=0.01) == 1
        release.set()
        await bus.close()


async def test_a_handler_may_await_what_was_cancelled_without_losing_its_mailbox() -> None:
    """A `CancelledError` out of a task that the handler awaits ends that handler, and the next one runs."""
    got: list[int] = []

    async def handle(what: ChunkAvailable, _scope: Scope) -> None:
        if what.chunk_index == 0:
            inner = silent(asyncio.Event().wait(), "inner")
            inner.cancel()
            await inner
        got.append(what.chunk_index)

    async with running() as (bus, kept):
        bus.attach("reader").on(ChunkAvailable, handle)
        writer = bus.attach("writer")
        for number in range(2):
            writer.publish(ChunkAvailable(number, 0))
    assert got == [1]
    assert [e.payload()["outcome"] for e in kept.of("message_handled")] == ["cancelled", "ok"]


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_a_component_can_close_its_port_from_its_own_handler(concurrency: int) -> None:
    """It does not wait for itself; what is in the mailbox is still handled."""
    got: list[int] = []

    async with running() as (bus, kept):
        port: Port = bus.attach("reader", concurrency=concurrency)

        async def handle(what: ChunkAvailable, _scope: Scope) -> None:
            got.append(what.chunk_index)
            if what.chunk_index == 0:
                await port.close()

        port.on(ChunkAvailable, handle)
        writer = bus.attach("writer")
        for number in range(3):
            writer.publish(ChunkAvailable(number, 0))
        await bus.idle()
        writer.publish(ChunkAvailable(3, 0))  # to nobody
    assert got == [0, 1, 2]
    assert not kept.of("error")


async def test_an_aborted_port_lets_no_waiter_hang() -> None:
    """Who waits for quiet goes on when the only busy port is gone."""

    async def stuck(_what: ChunkAvailable, _scope: Scope) -> None:
        await asyncio.Event().wait()

    async with running() as (bus, kept):
        port = bus.attach("reader")
        port.on(ChunkAvailable, stuck)
        writer = bus.attach("writer")
        writer.publish(ChunkAvailable(0, 0))
        writer.publish(ChunkAvailable(1, 0))
        await asyncio.sleep(0)
        quiet = silent(bus.idle(), "waiter")
        assert await port.abort() == 0
        async with asyncio.timeout(5):
            await quiet
    assert kept.one("message_handled").payload()["outcome"] == "cancelled"


async def test_the_end_of_the_program_ends_the_mailboxes() -> None:
    """When the loop cancels all tasks, as `asyncio.run` does at its end, no mailbox survives it."""

    async def handle(_what: ChunkAvailable, _scope: Scope) -> None:
        await asyncio.Event().wait()

    async with running() as (bus, kept):
        port = bus.attach("reader")
        port.on(ChunkAvailable, handle)
        bus.attach("writer").publish(ChunkAvailable(0, 0))
        await asyncio.sleep(0)
        port._loop_task.cancel()
        async with asyncio.timeout(5):
            await asyncio.wait({port._loop_task})
        assert port.idle
    assert kept.one("message_handled").payload()["outcome"] == "cancelled"
