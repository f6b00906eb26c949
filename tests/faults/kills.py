"""Parts of the service, killed at random moments and begun again, and books of what became of each event.

Moments come from a `random.Random` of a seed: the same seed kills after the same times, by the clock, of
each new life; a machine that is busier is killed elsewhere in its program, which is the point.
"""

from __future__ import annotations

import asyncio
import os
import random
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


def store(kills: int, moments: random.Random, folder: Path) -> Killed:
    """The store's process, while a tap's sink fills it; now and then while it is only beginning."""
    sink = StoreSink(folder / "store", close_seconds=60)
    emitted, killed = 0, set[int]()

    def emit(size: int) -> None:
        nonlocal emitted
        some = batch(emitted + 1, size, _SOURCE)
        emitted += size
        sink.write(Batch.encoded(some.jsonl, some.first_seq, size))

    for _ in range(kills):
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
        "store", kills, (verdict,), f"; begun again {stats.restarts} times, {stats.dropped} dropped"
    )


def _children() -> set[int]:
    """The processes that this one began."""
    own = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {int(pid) for path in own for pid in path.read_text(encoding="ascii").split()}


def feed(kills: int, moments: random.Random, folder: Path) -> Killed:
    """A program with the tap's own feed, while somebody watches."""
    return asyncio.run(_served("feed", kills, moments, folder))


def gateway(kills: int, moments: random.Random, folder: Path) -> Killed:
    """A program with a gateway, while somebody watches."""
    return asyncio.run(_served("gateway", kills, moments, folder))


async def _served(server: str, kills: int, moments: random.Random, folder: Path) -> Killed:
    port = free_port()
    counters = folder / "counters"
    counters.mkdir(parents=True)
    viewer = Viewer(f"127.0.0.1:{port}")
    following = asyncio.create_task(viewer.follow())
    words = [sys.executable, "-m", "tests.faults.feeding", server, str(port), str(counters), str(_RATE)]
    try:
        for life in range(kills + 1):
            process = await asyncio.to_thread(_begun, words)
            source = process.stdout.readline().strip()  # type: ignore[union-attr] # a pipe was asked for
            # Nobody can know of a producer that was never seen: it is killed when it is.
            await until(lambda source=source: viewer.source.client.source == source)  # type: ignore[misc]
            await asyncio.sleep(moments.random() * LIFE)
            if life < kills:
                process.kill()
            process.communicate()
        last = counted(counters)[source]
        await until(lambda: viewer.known == last and viewer.source.client.ended)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    verdict = viewer.books.verdict(counted(counters))
    return Killed(server, kills, (verdict,), f"; a viewer connected {viewer.connected} times")


def _begun(words: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def stream(kills: int, moments: random.Random, folder: Path) -> Killed:
    """A Valkey that keeps what it acknowledged, between two producers and a reader."""
    verdict, besides = asyncio.run(stream_kills.stream(kills, moments, folder))
    return Killed("stream", kills, (verdict,), besides)


def forgetful(kills: int, moments: random.Random, folder: Path) -> Killed:
    """A Valkey that keeps nothing, before a store and a gateway."""
    verdicts, besides = asyncio.run(stream_kills.forgetful(kills, moments, folder))
    return Killed("forgetful", kills, verdicts, besides)


def nats(kills: int, moments: random.Random, folder: Path) -> Killed:
    """NATS JetStream there."""
    del folder
    verdict, besides = asyncio.run(stream_kills.nats(kills, moments))
    return Killed("nats", kills, (verdict,), besides)


def consumer(kills: int, moments: random.Random, folder: Path) -> Killed:
    """Who stores what is on a stream server."""
    verdict, besides = asyncio.run(consumer_kills.consumer(kills, moments, folder))
    return Killed("consumer", kills, (verdict,), besides)


def gateways(kills: int, moments: random.Random, folder: Path) -> Killed:
    """Two gateways before a stream server, each with a viewer."""
    del folder
    verdicts, besides = asyncio.run(consumer_kills.gateways(kills, moments))
    return Killed("gateways", kills, verdicts, besides)


Kill = Callable[[int, random.Random, Path], Killed]
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


def kill(what: str, kills: int, seed: Any, folder: Path) -> Killed:
    """Kill a part so many times, at the moments of a seed."""
    return PARTS[what](kills, random.Random(f"{what}/{seed}"), folder)
