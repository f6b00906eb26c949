"""What streams cost, in CPU time, for the clock says little here: ``python -m tests.bench.mux``."""

from __future__ import annotations

import asyncio
import time

from backend.mux import transport_of
from backend.mux.gateway import StreamFeed
from backend.mux.reader import Events, StreamReader
from backend.mux.sink import BusSink
from backend.mux.streams import EVENTS
from backend.tap.hub import Hub
from tests.mux.streaming import batch
from tests.mux.valkey import Valkey

BATCHES = 800
SIZE = 250  # what 5 ms bring at 50,000 events a second
TEXT = "x" * 250


def publish(url: str) -> None:
    batches = [batch(1 + SIZE * number, SIZE, TEXT) for number in range(BATCHES)]
    sink = BusSink(url)
    cpu, clock = time.process_time(), time.perf_counter()
    slowest = 0.0
    for one in batches:
        began = time.perf_counter()
        sink.write(one)
        slowest = max(slowest, time.perf_counter() - began)
        time.sleep(0.003)
    sink.close()
    cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    events, stats = BATCHES * SIZE, sink.stats
    print(f"{len(batches[0].jsonl) // SIZE} bytes an event, {events / stats.entries:.0f} events an entry")
    print(f"published  {events:,} at {events / clock:,.0f}/s, {stats.dropped} dropped")
    print(f"           {1e6 * cpu / events:.1f} us of CPU an event, longest write {1e3 * slowest:.1f} ms")


async def read(url: str) -> None:
    bus = transport_of(url)
    reader = StreamReader(bus, EVENTS)
    events, cpu, clock = 0, time.process_time(), time.perf_counter()
    async for told in reader:
        if isinstance(told, Events):
            events += sum(len(run.lines) for run in told.runs)
        if events >= BATCHES * SIZE:
            break
    cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    print(f"read       {events:,} at {events / clock:,.0f}/s, {1e6 * cpu / events:.1f} us of CPU an event")
    await bus.close()


async def serve(url: str) -> None:
    hub = Hub()
    cpu = time.process_time()
    feed = StreamFeed(transport_of(url), hub, history=2 * BATCHES * SIZE)
    await feed.start()
    cpu = time.process_time() - cpu
    print(f"a gateway  {hub.published:,} events, {1e6 * cpu / hub.published:.1f} us of CPU an event")
    await feed.close()


if __name__ == "__main__":
    with Valkey() as server:
        publish(server.url)
        asyncio.run(read(server.url))
        asyncio.run(serve(server.url))
