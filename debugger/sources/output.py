"""Standard output of a process that must not wait for whoever reads it, with a bounded queue in front."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from typing import Final

from debugger.sources.pipes import LENGTH_BYTES

AHEAD_BYTES: Final = 16 << 20
"""What the debugger may be behind, as it is sent: some seconds at 50,000 events a second.

Beyond it the socket is not read, and the server's bounded queue takes over."""

_AGAIN_BYTES: Final = AHEAD_BYTES // 4
_OUTPUT: Final = 1


class Output(asyncio.BaseProtocol):
    """Values for a pipe, each behind its length. `open_output` makes it.

    What waits stays in the pieces that it came in, each of which is given back when it is sent: one
    buffer for all of it would be as large as the longest wait ever was, twice, for ever.
    """

    pipe: asyncio.WriteTransport

    def __init__(self) -> None:
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting_bytes = 0
        self._waiting: deque[bytes] = deque()
        self._blocked = False
        self._room = asyncio.Event()
        self._room.set()

    def pause_writing(self) -> None:
        """The pipe is full."""
        self._blocked = True

    def resume_writing(self) -> None:
        """The pipe takes more."""
        self._blocked = False
        self._write()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio calls it so
        """Nobody reads any more."""
        self._waiting.clear()
        self.waiting_bytes = 0
        self._room.set()
        if not self.gone.done():
            self.gone.set_result(None)

    def send(self, wire: bytes) -> None:
        """Put a value into the queue; nowhere, if nobody reads any more."""
        if self.gone.done():
            return
        self._waiting.append(len(wire).to_bytes(LENGTH_BYTES, "little") + wire)
        self.waiting_bytes += LENGTH_BYTES + len(wire)
        self._write()
        if self.waiting_bytes > AHEAD_BYTES:
            self._room.clear()

    def _write(self) -> None:
        while self._waiting and not self._blocked:
            wire = self._waiting.popleft()
            self.waiting_bytes -= len(wire)
            self.pipe.write(wire)
        if self.waiting_bytes <= _AGAIN_BYTES:
            self._room.set()

    async def room(self) -> None:
        """Wait until there is room in the queue."""
        await self._room.wait()


async def open_output() -> Output:
    """Standard output."""
    raw = os.fdopen(_OUTPUT, "wb", buffering=0)
    pipe, output = await asyncio.get_running_loop().connect_write_pipe(Output, raw)
    pipe.set_write_buffer_limits(0)  # what the pipe does not take waits here, not in a buffer of its own
    output.pipe = pipe
    return output
