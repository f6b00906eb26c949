"""What a feed's helper has not sent yet: in order, bounded, and given back when it is sent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from backend.events import Event, encode_lines
from backend.tap.batch import Batch
from backend.tap.feed import FeedServer
from backend.tap.hub import Hub
from debugger.sources import helped_feed, output
from debugger.sources.arrival import Arrival
from debugger.sources.feed import FeedSource
from debugger.sources.helped_feed import HelpedFeed
from debugger.sources.output import Output
from debugger.sources.pipes import LENGTH_BYTES

pytestmark = pytest.mark.timeout(60)

PIECE = 40_000  # less than a pipe takes at once
BURST_BYTES = 40 << 20  # half as much is sent
STAYS_BYTES = 8 << 20  # what the first work of all takes, too


@contextlib.asynccontextmanager
async def piped() -> AsyncIterator[tuple[Output, asyncio.StreamReader, asyncio.ReadTransport]]:
    """An output, and the other end of its pipe, which nobody has begun to read."""
    loop = asyncio.get_running_loop()
    out, into = os.pipe()
    pipe, made = await loop.connect_write_pipe(Output, os.fdopen(into, "wb", buffering=0))
    pipe.set_write_buffer_limits(0)
    made.pipe = pipe
    reader = asyncio.StreamReader(1 << 16)
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(out, "rb", buffering=0)
    )
    try:
        yield made, reader, transport
    finally:
        transport.close()
        if not made.gone.done():
            pipe.abort()
        await made.gone


async def test_what_waits_comes_in_order_and_none_of_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its bound there is no room until three quarters of it are taken."""
    monkeypatch.setattr(output, "AHEAD_BYTES", 10 * PIECE)
    monkeypatch.setattr(output, "_AGAIN_BYTES", 2 * PIECE)
    async with piped() as (out, reader, transport):
        transport.pause_reading()
        sent = [bytes([number]) * PIECE for number in range(1, 25)]
        for piece in sent:
            out.send(piece)
        held = out.waiting_bytes
        room = asyncio.ensure_future(out.room())
        await asyncio.sleep(0)
        assert held > 10 * PIECE
        assert not room.done()
        transport.resume_reading()
        for piece in sent:
            length = int.from_bytes(await reader.readexactly(LENGTH_BYTES), "little")
            assert await reader.readexactly(length) == piece
        await room
        assert out.waiting_bytes == 0
        assert out.pipe.get_write_buffer_size() == 0


async def test_when_nobody_reads_any_more_nothing_is_held() -> None:
    """What is sent afterwards is dropped, and there is room for it."""
    async with piped() as (out, _, transport):
        transport.pause_reading()
        for _ in range(40):
            out.send(b"x" * PIECE)
        transport.close()
        await out.gone
        await out.room()
        out.send(b"y")
        await out.room()
        assert out.waiting_bytes <= LENGTH_BYTES + 1


def resident(pid: int) -> int:
    """Bytes of memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def holds(condition: Callable[[], bool]) -> bool:
    """Whether a condition is met within a while."""
    for _ in range(1_000):
        if condition():
            return True
        await asyncio.sleep(0.02)
    return False


def burst(first: int, count: int, size: int) -> Batch:
    """Events that cannot be compressed much."""
    rest = random.Random(first)
    events = [
        Event(
            float(seq), "system", "c", "X", data={"t": rest.randbytes(size // 2).hex()}, source="s", seq=seq
        )
        for seq in range(first, first + count)
    ]
    return Batch(tuple(events), encode_lines(events), first)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_of_a_burst_that_had_to_wait_a_helper_keeps_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that comes back sends its whole history at once: what that takes is given back."""
    monkeypatch.setattr(helped_feed, "worth_a_process", lambda: True)
    size, count = 20_000, BURST_BYTES // 20_000
    hub = Hub(history_events=2 * count)
    taken, news, may = 0, asyncio.Event(), asyncio.Event()
    may.set()

    async def take(source: HelpedFeed) -> None:
        nonlocal taken
        async for update in source:
            taken += update.events if isinstance(update, Arrival) else 0
            news.set()
            await may.wait()

    async def until(events: int) -> None:
        while taken < events:
            news.clear()
            await news.wait()

    async with FeedServer(hub) as server:
        source = HelpedFeed(FeedSource(server.url))
        taking = asyncio.create_task(take(source))
        try:
            hub.write(burst(1, 100, size))
            await until(100)
            assert source._helper is not None
            pid = source._helper.pid
            before = resident(pid)
            may.clear()
            for first in range(101, count, 100):
                hub.write(burst(first, 100, size))
                await asyncio.sleep(0)
            assert await holds(lambda: resident(pid) > before + STAYS_BYTES + (2 << 20))
            may.set()
            await until(100 + (count - 101) // 100 * 100)
            assert await holds(lambda: resident(pid) < before + 2 * STAYS_BYTES)  # it was 50 MB more
        finally:
            taking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await taking
