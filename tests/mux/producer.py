"""``producer.py URL NAME``: a program on one of many machines, which answers another one, and publishes both.

On standard input come ids of messages of the other program, a line each; on standard output go the ids of
the answers. ``go COUNT`` begins with one message and ends after COUNT of its own, as does the end of input.
"""

from __future__ import annotations

import asyncio
import sys

from backend.mux.sink import BusSink
from backend.tap import Tap


async def main(url: str, name: str) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with Tap(name, sinks=(BusSink(url, environment="test"),)) as tap:
        left = 1 << 30

        def publish(cause: str | None) -> None:
            sent = tap.emit("message_published", name, "PING", direction="publish", cause=cause)
            sys.stdout.write(sent + "\n")
            sys.stdout.flush()

        while left > 0 and (line := (await reader.readline()).decode().strip()):
            if line.startswith("go "):
                left = int(line.split()[1])
                publish(None)
            else:
                received = tap.emit("message_received", name, "PING", direction="subscribe", cause=line)
                publish(received)
            left -= 1


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
