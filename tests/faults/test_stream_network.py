"""Between a program, a stream server and a reader: a network that stalls, and peers that vanish."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from backend.mux import reader as stream_reader
from backend.mux import redis_streams, transport_of
from backend.mux.sink import BusSink
from tests.faults.stream_kills import Reader
from tests.faults.viewing import until
from tests.gateway.feeds import batch
from tests.mux.valkey import Valkey
from tests.support.flaky_proxy import FlakyProxy

SOURCE = "s"


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


class Path:
    """A sink and a reader, each behind a network of its own."""

    def __init__(self, before_sink: FlakyProxy, before_reader: FlakyProxy) -> None:
        self.before_sink, self.before_reader = before_sink, before_reader
        self.sink = BusSink(f"redis://127.0.0.1:{before_sink.port}", last_delay=0.2, close_seconds=30)
        self.reader = Reader(transport_of(f"redis://127.0.0.1:{before_reader.port}"))
        self.emitted = 0
        self.slowest = 0.0

    def emit(self, count: int = 20) -> None:
        some = batch(self.emitted + 1, count, SOURCE, "x" * 200)
        began = time.perf_counter()
        self.sink.write(some)
        self.slowest = max(self.slowest, time.perf_counter() - began)
        self.emitted += count

    async def emit_for(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            self.emit()
            await asyncio.sleep(0.01)

    async def arrives(self) -> None:
        """All of it, each once; nothing is named as lost, and the program never waited."""
        await until(lambda: self.reader.known.get(SOURCE) == self.emitted)
        verdict = self.reader.books.verdict({SOURCE: self.emitted})
        assert verdict.sound, verdict
        assert verdict.named == 0
        assert self.slowest < 1.0  # half of a stall: on a busy machine a thread has to wait for its turn


@pytest.fixture
async def path(valkey: Valkey) -> AsyncIterator[Path]:
    with valkey.client() as client:
        client.flushall()
    async with FlakyProxy(valkey.port) as before_sink, FlakyProxy(valkey.port) as before_reader:
        made = Path(before_sink, before_reader)
        following = asyncio.create_task(made.reader.follow())
        made.emit()
        await made.arrives()
        yield made
        await asyncio.to_thread(made.sink.close)
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following


async def test_a_stall_of_two_seconds_of_either_is_waited_out(path: Path) -> None:
    """Nothing is lost, nothing comes twice, and the program goes on meanwhile."""
    path.before_sink.stall()
    path.before_reader.stall()
    await path.emit_for(2.0)
    assert path.sink.stats.waiting > 0
    path.before_sink.flow()
    path.before_reader.flow()
    await path.arrives()
    assert path.before_sink.accepted == 1


async def test_connections_that_are_cut_are_made_again(path: Path) -> None:
    """Of either, again and again; what was published twice is read once."""
    for _ in range(5):
        path.before_sink.cut()
        await path.emit_for(0.03)
        path.before_reader.cut()
        await path.emit_for(0.03)
    await path.arrives()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is after ten seconds, and five that a reader waits for news."""
    monkeypatch.setattr(redis_streams, "_ANSWER_SECONDS", 0.4)
    monkeypatch.setattr(stream_reader, "WAIT_SECONDS", 0.1)


async def test_a_server_that_vanishes_is_missed_and_asked_anew(impatient: None, path: Path) -> None:
    """By whoever publishes and whoever reads; the queue waits meanwhile."""
    path.before_sink.vanish()
    path.before_reader.vanish()
    await path.emit_for(0.1)
    await until(lambda: "does not answer" in path.sink.stats.problem)
    await path.arrives()
    assert path.before_sink.accepted > 1
    assert path.before_reader.accepted > 1
