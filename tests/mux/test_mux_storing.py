"""A stream into an event store: each event once, or a gap that names it, whoever is killed."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from backend.mux import transport_of
from backend.mux.sink import BusSink
from backend.mux.storing import StoreFollower
from backend.mux.streams import EVENTS
from backend.store.errors import StoreError
from tests.mux.streaming import batch, settled, until
from tests.mux.valkey import Valkey
from tests.store.stored import stored


def seqs(folder: Path, source: str = "app-1") -> list[int | None]:
    return [event.seq for event in stored(folder) if event.source == source]


def gaps(folder: Path, source: str = "app-1") -> list[tuple[int, int]]:
    told = [event.payload() for event in stored(folder) if event.message_type == "GAP"]
    return [(one["from_seq"], one["to_seq"]) for one in told if one["source"] == source]


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("events/*"))


@asynccontextmanager
async def following(url: str, folder: Path, hole_seconds: float = 5.0) -> AsyncIterator[StoreFollower]:
    """A store that follows the stream of a server, until the end of the block."""
    follower = StoreFollower(transport_of(url), folder, delays=(0.01, 0.05), hole_seconds=hole_seconds)
    stop = asyncio.Event()
    running = asyncio.create_task(follower.run(stop))
    try:
        yield follower
    finally:
        stop.set()
        await running


async def acknowledged(url: str) -> bool:
    """Whether the group has stored all there is."""
    bus = transport_of(url)
    try:
        info = await bus.info(EVENTS)
    finally:
        await bus.close()
    return all((one.lag, one.pending) == (0, 0) for one in info.groups) and bool(info.groups)


async def test_what_is_on_the_stream_is_stored_once(url: str, tmp_path: Path) -> None:
    """Also what was published twice; acknowledged when it is stored, and not stored again by the next."""
    for _ in range(2):
        sink = BusSink(url)
        sink.write(batch(1, 500))
        sink.close()
        async with following(url, tmp_path / "s"):
            await settled(lambda: acknowledged(url))
        assert seqs(tmp_path / "s") == list(range(1, 501))
    bus = transport_of(url)
    assert [one.consumers for one in (await bus.info(EVENTS)).groups] == [1]
    await bus.close()
    assert gaps(tmp_path / "s") == []


async def test_a_poisoned_entry_is_set_aside_and_the_rest_is_stored(url: str, tmp_path: Path) -> None:
    """Foreign bytes, and lines that are no events between those that are."""
    bus = transport_of(url)
    await bus.publish(EVENTS, [b"\xff\xff", b'{"event_type":"system"}', b""])
    sink = BusSink(url)
    sink.write(batch(1, 10))
    sink.close()
    async with following(url, tmp_path / "s") as follower:
        await settled(lambda: acknowledged(url))
    assert (follower.stored.poisoned, follower.stored.broken) == (2, 1)
    assert (await bus.info(EVENTS)).poisoned == 2
    assert seqs(tmp_path / "s") == list(range(1, 11))
    await bus.close()


async def test_what_the_stream_let_go_is_named_by_a_gap(url: str, valkey: Valkey, tmp_path: Path) -> None:
    """The store was down for too long. It is named once, by whoever comes later too."""
    for first in (1, 257):
        sink = BusSink(url)
        sink.write(batch(first, 256))
        sink.close()
        if first == 1:
            with valkey.client() as other:
                other.xtrim(EVENTS, maxlen=0, approximate=False)
    for _ in range(2):
        async with following(url, tmp_path / "s", hole_seconds=0):
            await settled(lambda: acknowledged(url))
    assert seqs(tmp_path / "s") == list(range(257, 513))
    assert gaps(tmp_path / "s") == [(1, 256)]


async def test_a_server_that_is_killed_and_comes_back_empty_is_followed_on(tmp_path: Path) -> None:
    """What was in it and not stored is named; what comes is stored."""
    with Valkey() as server:
        sink = BusSink(server.url, first_delay=0.01, last_delay=0.05)
        async with following(server.url, tmp_path / "s", hole_seconds=0.1) as follower:
            sink.write(batch(1, 100))
            await settled(lambda: follower.stored.stored >= 101)
        sink.write(batch(101, 100))
        await settled(lambda: sink.stats.published >= 201)
        server.kill()
        async with following(server.url, tmp_path / "s", hole_seconds=0.1) as follower:
            await settled(lambda: follower.problem)
            sink.write(batch(201, 100))
            server.start()
            await settled(lambda: follower.stored.stored >= 100)
        sink.close()
    assert seqs(tmp_path / "s") == [*range(1, 101), *range(201, 301)]
    assert gaps(tmp_path / "s") == [(101, 200)]


def test_a_consumer_that_is_killed_at_any_moment_loses_nothing(url: str, tmp_path: Path) -> None:
    """Real processes, killed and begun again while events come: each is stored once at the end."""
    moments = random.Random(5)
    words = [sys.executable, "-m", "debugger.cli", "bus", "store", url, str(tmp_path / "s")]
    sink = BusSink(url)
    first = 1
    for _ in range(3):
        before = size_of(tmp_path / "s")
        process = subprocess.Popen(words, stderr=subprocess.DEVNULL, env=os.environ)
        while size_of(tmp_path / "s") == before:
            sink.write(batch(first, 50))
            first += 50
            time.sleep(0.05)
        for _ in range(20):
            sink.write(batch(first, 50))
            first += 50
        time.sleep(moments.random() / 50)  # a moment of any kind: before, within and after storing
        process.send_signal(signal.SIGKILL)
        process.wait()
    sink.close()
    process = subprocess.Popen(words, stderr=subprocess.PIPE, env=os.environ)
    until(lambda: asyncio.run(acknowledged(url)))
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 0, told
    assert sorted(seq for seq in seqs(tmp_path / "s") if seq) == list(range(1, first))
    assert gaps(tmp_path / "s") == []


async def test_a_store_that_cannot_be_written_is_refused_at_once(url: str, tmp_path: Path) -> None:
    """In one line; the server is not asked."""
    (tmp_path / "file").write_text("here")
    follower = StoreFollower(transport_of(url), tmp_path / "file")
    with pytest.raises(StoreError):
        await follower.run(asyncio.Event())
    with suppress(StoreError):
        await follower.run(asyncio.Event())
