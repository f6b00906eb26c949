"""The live feed to one client in another process, against raw TCP carrying the same bytes.

Both servers are asyncio in this process, both clients asyncio in another, taken in turns
within each round, so that a busy machine slows both. The floor is asyncio's streams at both ends
with ready chunks of 64 KiB, which its client reads and throws away; the feed has a publisher, a
ring, a session, WebSocket frames and flow control on top.

A client that counts in a bare `asyncio.Protocol` takes three times as much as one that reads from
a `StreamReader`: that measures the kernel, not a client that gets its bytes.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from backend.events import Event, encode_lines, encode_payload
from backend.gateway import Gateway
from backend.tap.batch import Batch
from backend.tap.feed import FeedServer
from backend.tap.hub import Hub

ROUNDS = 5
BATCH = 512  # what the tap drains at once
EVENTS = 300 * BATCH
CHUNK = 64 * 1024  # bytes the floor writes at once: as large as the feed's frames
AHEAD = 16 * BATCH  # events the publisher may be ahead of the client, so that nothing is skipped


def _batch() -> Batch:
    data = encode_payload(
        {"worker_id": "w-1", "chunk_index": 7, "text": "Some words of an answer, a sentence."}
    )
    events = [
        Event(
            1_760_000_000.0 + number / 1e4,
            "message_received",
            "text_queue_manager",
            "CHUNK_RESPONSE",
            "session-1",
            "user-1",
            data=data,
            correlation_id="session-1_4_COMPLETE_TRANSCRIPT",
            id=f"bench-{number}",
            source="bench",
            seq=number,
            timestamp_ns=1_760_000_000_000_000_000 + number,
            mono_ns=number,
            cause=f"bench-{number - 1}",
            task="bench/h7",
            turn=4,
        )
        for number in range(1, BATCH + 1)
    ]
    return Batch(tuple(events), encode_lines(events), 1)


@asynccontextmanager
async def _client(kind: str, where: str, total: int) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.feed_client",
        kind,
        where,
        str(total),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _told(process: asyncio.subprocess.Process) -> None:
    """Wait for the client's next line: it is connected, or it has everything."""
    assert process.stdout is not None
    async with asyncio.timeout(60):
        await process.stdout.readline()


async def _raw(batch: Batch) -> float:
    """Seconds that raw TCP takes for all events."""
    connected: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(lambda _, writer: connected.set_result(writer), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    content = batch.jsonl * (EVENTS // BATCH)
    view = memoryview(content)
    async with server, _client("raw", f"{host}:{port}", len(content)) as process:
        writer = await connected
        await _told(process)
        began = time.perf_counter()
        for start in range(0, len(content), CHUNK):
            writer.write(view[start : start + CHUNK])
            await writer.drain()
        await _told(process)
        took = time.perf_counter() - began
        writer.close()
        await writer.wait_closed()
    return took


async def _publish(hub: Hub, url: str, batch: Batch) -> float:
    """Seconds that the feed at `url` takes for all events."""
    total = len(batch.jsonl) * (EVENTS // BATCH)
    batches = [Batch(batch.events, batch.jsonl, 1 + number * BATCH) for number in range(EVENTS // BATCH)]
    async with _client("feed", url, total) as process:
        await _told(process)
        began = time.perf_counter()
        for one in batches:
            hub.write(one)
            while hub.stats().queue_size > AHEAD:  # noqa: ASYNC110 - the condition is the loop turning
                await asyncio.sleep(0)
        await _told(process)
        return time.perf_counter() - began


async def _feed_server(batch: Batch) -> float:
    hub = Hub(history_events=4 * AHEAD)
    async with FeedServer(hub) as feed:
        return await _publish(hub, feed.url, batch)


async def _gateway(batch: Batch) -> float:
    hub = Hub(history_events=4 * AHEAD)
    async with Gateway(hub, port=0) as gateway:
        return await _publish(hub, gateway.url.replace("http", "ws", 1) + "/ws/events", batch)


RUNS: dict[str, Callable[[Batch], Awaitable[float]]] = {
    "raw TCP": _raw,
    "tap feed": _feed_server,
    "gateway": _gateway,
}


async def _rounds() -> dict[str, list[float]]:
    batch = _batch()
    took: dict[str, list[float]] = {name: [] for name in RUNS}
    for number in range(ROUNDS):
        names = list(RUNS)
        for name in names if number % 2 else reversed(names):
            took[name].append(await RUNS[name](batch))
    return took


def measure() -> dict[str, float]:
    """Events a second of each way, and ``NAME / raw TCP``: the median ratio within a round."""
    took = asyncio.run(_rounds())
    result = {name: EVENTS / statistics.median(times) for name, times in took.items()}
    for name, times in took.items():
        if name != "raw TCP":
            ratios = [floor / mine for floor, mine in zip(took["raw TCP"], times, strict=True)]
            result[f"{name} / raw TCP"] = statistics.median(ratios)
    return result


def report() -> None:
    """Print the figures, a line each."""
    for name, figure in measure().items():
        print(f"{name:<24} {figure:>12,.2f}" if "/" in name else f"{name:<24} {figure:>12,.0f} events/s")


if __name__ == "__main__":
    report()
