"""The other process of the feed's benchmark: connects, says so, counts bytes, says when it has all.

``python -m tests.bench.feed_client raw HOST:PORT BYTES`` or ``feed URL BYTES``.
"""

from __future__ import annotations

import asyncio
import sys

from websockets.asyncio.client import connect

# An events frame is its lines with commas between, where JSONL has a newline after each.
CHUNK = 64 * 1024
FRAME_OVERHEAD = len('{"type":"events","events":[]}') - 1


async def _raw(address: str, total: int) -> None:
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    print("connected", flush=True)
    while total > 0:
        total -= len(await reader.read(CHUNK))
    writer.close()


async def _feed(url: str, total: int) -> None:
    async with connect(url, compression=None, max_size=None) as connection:
        await connection.send('{"type":"subscribe","batch":true}')
        await connection.recv()  # hello
        print("connected", flush=True)
        while total > 0:
            total -= len(await connection.recv(decode=False)) - FRAME_OVERHEAD


async def main() -> None:
    kind, where, total = sys.argv[1:]
    await (_raw if kind == "raw" else _feed)(where, int(total))
    print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
