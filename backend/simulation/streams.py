"""A connection whose two ends are both in the program: what sockets are to a real one.

What is written arrives in order, after a time that is chosen for each piece, and in pieces that are chosen:
a write may arrive in two. The usual is at once after ``low`` seconds, and whole.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from backend.simulation.choices import Kind
from backend.simulation.loop import SimulatedLoop
from backend.simulation.outside import how_long, simulated_loop

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_CUTS = 4
"""Where a write may be cut: nowhere, or at so many places less one, evenly."""


def duplex(low: float = 0.0, high: float | None = None, *, limit: int = 65_536) -> tuple[Stream, Stream]:
    """Two ends of a connection over which each piece takes between `low` and `high` seconds.

    They are asyncio's own streams: readers, and writers with ``drain`` and ``close``. ``limit`` is theirs.
    """
    loop = simulated_loop()
    times = (low, low if high is None else high)
    if not 0 <= low <= times[1]:
        raise ValueError(f"between {low:g} and {times[1]:g} s there is no time that something could take")
    there, back = _End(loop, times, limit), _End(loop, times, limit)
    there.peer, back.peer = back, there
    return there.stream, back.stream


class _End(asyncio.Transport):
    """What one side writes to; it delivers to the other's reader."""

    peer: _End

    def __init__(self, loop: SimulatedLoop, times: tuple[float, float], limit: int) -> None:
        super().__init__()
        self._loop = loop
        self._times = times
        self._closing = False
        self._lost = False
        self._free = 0.0  # when what was sent before has arrived
        self._under_way = 0
        self._limit = limit
        self._paused_writer = False
        self._reading = True
        self._sent: deque[bytes | None] = deque()
        self._arrived: deque[bytes | None] = deque()
        reader = asyncio.StreamReader(limit=limit, loop=loop)
        self._protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        self.stream = (reader, asyncio.StreamWriter(self, self._protocol, reader, loop))
        self._protocol.connection_made(self)

    # --- sending ------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send; may arrive in two pieces."""
        content = bytes(data)
        if self._closing or not content:
            return
        at = len(content) * self._loop.pick(Kind.OUTSIDE, _CUTS if len(content) >= _CUTS else 1) // _CUTS
        for piece in filter(None, (content[:at], content[at:])):
            self._send(piece)

    def can_write_eof(self) -> bool:
        """It can."""
        return True

    def write_eof(self) -> None:
        """Nothing more comes from this side."""
        if not self._closing:
            self._send(None)

    def _send(self, piece: bytes | None) -> None:
        """Pieces overtake each other on no connection: none arrives before the one before it."""
        now = self._loop.time()
        self._free = max(self._free, now + how_long(*self._times))
        self._under_way += len(piece or b"")
        if self._under_way > self._limit and not self._paused_writer:
            self._paused_writer = True
            self._protocol.pause_writing()
        self._sent.append(piece)
        self._loop.call_outside(self._free - now, "data", self._deliver)

    def _deliver(self) -> None:
        # The oldest, whichever of the timers this is: they may be late, and so in another order.
        piece = self._sent.popleft()
        self._under_way -= len(piece or b"")
        if self._paused_writer and self._under_way <= self._limit // 2:
            self._paused_writer = False
            self._protocol.resume_writing()
        self.peer.receive(piece)

    # --- receiving ----------------------------------------------------------------

    def receive(self, piece: bytes | None) -> None:
        """Something has come from the peer; None: its end."""
        if self._lost:
            return
        self._arrived.append(piece)
        self._hand_on()

    def _hand_on(self) -> None:
        while self._arrived and self._reading and not self._lost:
            piece = self._arrived.popleft()
            if piece is not None:
                self._protocol.data_received(piece)
            elif not self._protocol.eof_received():
                self.close()

    def pause_reading(self) -> None:
        """What arrives is kept."""
        self._reading = False

    def resume_reading(self) -> None:
        """And handed on from now."""
        self._reading = True
        self._hand_on()

    def is_reading(self) -> bool:
        """Whether what arrives is handed on."""
        return self._reading

    # --- the end ------------------------------------------------------------------

    def close(self) -> None:
        """Send what is written, then the end."""
        if not self._closing:
            self.write_eof()
            self._closing = True
            self._loop.call_soon(self._lose, None)

    def abort(self) -> None:
        """Break the connection: the peer's reads fail."""
        if not self._lost:
            self._closing = True
            self._lose(None)
            error = ConnectionResetError("the connection was broken")
            self._loop.call_outside(how_long(*self._times), "reset", self.peer.break_off, error)

    def break_off(self, error: Exception) -> None:
        """The peer has broken the connection."""
        self._closing = True
        self._lose(error)

    def _lose(self, error: Exception | None) -> None:
        if not self._lost:
            self._lost = True
            self._protocol.connection_lost(error)

    def is_closing(self) -> bool:
        """Whether nothing more is sent."""
        return self._closing

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """There is none."""
        del name
        return default

    def get_write_buffer_size(self) -> int:
        """Bytes under way."""
        return self._under_way
