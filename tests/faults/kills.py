"""Parts of the service, killed at random moments and begun again, and books of what became of each event.

The same seed kills after the same times, by the clock, of
each new life; a machine that is busier is killed elsewhere in its program, which is the point.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from backend.store.sink import StoreSink
from backend.tap.batch import Batch
from tests.faults import consumer_kills, stream_kills
from tests.faults.books import in_store
from tests.faults.feeding import counted
from tests.faults.ledger import Verdict
from tests.faults.moments import Moments
from tests.faults.viewing import Viewer, free_port, until
from tests.gateway.feeds import batch

LIFE: Final = 0.25
"""Seconds that a life lasts at most, from when it serves."""

_SOURCE: Final = "producer-1"
_RATE: Final = 5_000.0


class Killed(NamedTuple):
    """What came of it, for each who looked."""

    what: str
    kills: int
    verdicts: tuple[Verdict, ...]
    besides: str

    @property
    def sound(self) -> bool:
        """Whether every event is accounted for."""
        return all(verdict.emitted and verdict.sound for verdict in self.verdicts)

    def __str__(self) -> str:
        books = "; ".join(map(str, self.verdicts))
        return f"{self.what}: killed {self.kills} times: {books}{self.besides}"


def store(moments: Moments, folder: Path) -> Killed:
    """The store's process, while a tap's sink fills it; now and then while it is only beginning."""
    killed = _children()  # what others began is left alone
    sink = StoreSink(folder / "store", close_seconds=60)
    emitted = 0

    def emit(size: int) -> None:
        nonlocal emitted
        some = batch(emitted + 1, size, _SOURCE)
        emitted += size
        sink.write(Batch.encoded(some.jsonl, some.first_seq, size))

    for _ in moments.lives():
        early = moments.random() < 0.2
        size = moments.randint(1, 400)
        while not (pids := (_children() if early else {sink.stats.pid or 0} - {0}) - killed):
            time.sleep(0.001)
        ends = time.monotonic() + moments.random() * LIFE * (0.5 if early else 1)
        while time.monotonic() < ends:
            emit(size)
            time.sleep(LIFE / 10)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        killed |= pids
    emit(1)
    sink.close()
    stats = sink.stats
    verdict = in_store(folder / "store").verdict({_SOURCE: emitted})
    return Killed(
        "store", moments.killed, (verdict,), f"; begun again {stats.restarts} times, {stats.dropped} dropped"
    )


def _children() -> set[int]:
    """The processes that this one began."""
    own = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {int(pid) for path in own for pid in path.read_text(encoding="ascii").split()}


def feed(moments: Moments, folder: Path) -> Killed:
    """A program with the tap's own feed, while somebody watches."""
    return asyncio.run(_served("feed", moments, folder))


def gateway(moments: Moments, folder: Path) -> Killed:
    """A program with a gateway, while somebody watches."""
    return asyncio.run(_served("gateway", moments, folder))


async def _served(server: str, moments: Moments, folder: Path) -> Killed:
    port = free_port()
    counters = folder / "counters"
    counters.mkdir(parents=True)
    viewer = Viewer(f"127.0.0.1:{port}")
    following = asyncio.create_task(viewer.follow())
    words = [sys.executable, "-m", "tests.faults.feeding", server, str(port), str(counters), str(_RATE)]
    try:
        for _ in moments.lives():
            process, _ = await _watched(words, viewer)
            await asyncio.sleep(moments.random() * LIFE)
            process.kill()
            process.communicate()
        process, source = await _watched(words, viewer)
        process.communicate()  # its input ends, and so does it, in order
        last = counted(counters)[source]
        await until(lambda: viewer.known == last and viewer.source.client.ended)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    verdict = viewer.books.verdict(counted(counters))
    return Killed(server, moments.killed, (verdict,), f"; a viewer connected {viewer.connected} times")


async def _watched(words: list[str], viewer: Viewer) -> tuple[subprocess.Popen[str], str]:
    """A program and its source, when it is seen: nobody can know of one that never was."""
    process = await asyncio.to_thread(_begun, words)
    source = process.stdout.readline().strip()  # type: ignore[union-attr] # a pipe was asked for
    await until(lambda: viewer.source.client.source == source)
    return process, source


def _begun(words: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def stream(moments: Moments, folder: Path) -> Killed:
    """A Valkey that keeps what it acknowledged, between two producers and a reader."""
    verdict, besides = asyncio.run(stream_kills.stream(moments, folder))
    return Killed("stream", moments.killed, (verdict,), besides)


def forgetful(moments: Moments, folder: Path) -> Killed:
    """A Valkey that keeps nothing, before a store and a gateway."""
    verdicts, besides = asyncio.run(stream_kills.forgetful(moments, folder))
    return Killed("forgetful", moments.killed, verdicts, besides)


def nats(moments: Moments, folder: Path) -> Killed:
    """NATS JetStream there."""
    del folder
    verdict, besides = asyncio.run(stream_kills.nats(moments))
    return Killed("nats", moments.killed, (verdict,), besides)


def consumer(moments: Moments, folder: Path) -> Killed:
    """Who stores what is on a stream server."""
    verdict, besides = asyncio.run(consumer_kills.consumer(moments, folder))
    return Killed("consumer", moments.killed, (verdict,), besides)


def gateways(moments: Moments, folder: Path) -> Killed:
    """Two gateways before a stream server, each with a viewer."""
    del folder
    verdicts, besides = asyncio.run(consumer_kills.gateways(moments))
    return Killed("gateways", moments.killed, verdicts, besides)


Kill = Callable[[Moments, Path], Killed]
PARTS: Final[dict[str, Kill]] = {
    "store": store,
    "gateway": gateway,
    "feed": feed,
    "stream": stream,
    "forgetful": forgetful,
    "nats": nats,
    "consumer": consumer,
    "gateways": gateways,
}


def kill(what: str, kills: int, seed: Any, folder: Path, seconds: float = float("inf")) -> Killed:
    """Kill a part so many times, at the moments of a seed; no more when so much time has passed."""
    return PARTS[what](Moments(f"{what}/{seed}", kills, seconds), folder)
