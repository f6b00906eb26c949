"""A live feed, read in a process of its own: ``python -m debugger.sources.feed_process``.

On standard input comes, in a line of JSON, which feed it is and whether events are to be woven with those
of others; after that, a line each, frames that are to be said to the server. On standard output goes a
`Message` after the other, each behind its length. When standard input ends, whoever wanted this is gone,
however that came about: then this ends too.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from typing import Final

import msgspec
from msgspec import Struct

from backend.events import Event
from backend.wire.client import EventsReceived, Position
from debugger.sources.arrival import Arrival, arrival_of
from debugger.sources.control import FrameLines
from debugger.sources.feed import Asked, Update
from debugger.sources.feed_messages import Message, Told, message_to_wire
from debugger.sources.opening import Source, source_of
from debugger.sources.output import Output, open_output

TOGETHER_SECONDS: Final = 0.02
"""Events wait that long for those behind them, to be packed together."""

TOGETHER: Final = 1_000
"""Events from which on more at once save nothing."""

_INPUT: Final = 0
_AT_ONCE: Final = 1 << 16


class Order(Struct, frozen=True):
    """What is to be done."""

    asked: Asked
    weaving: bool


class Outbox:
    """Puts together what happened until it is sent, events of several frames as one arrival."""

    def __init__(self, *, weaving: bool) -> None:
        self._weaving = weaving
        self._told: list[Told | Arrival] = []
        self._lines: list[bytes] = []
        self._events: list[Event] = []
        self._position = Position()

    def __bool__(self) -> bool:
        """Whether there is anything to send."""
        return bool(self._told or self._events)

    @property
    def full(self) -> bool:
        """Whether to wait for more saves nothing."""
        return len(self._events) >= TOGETHER

    def add(self, updates: list[Update], position: Position) -> None:
        """The updates of one frame, and the position behind them."""
        for update in updates:
            if isinstance(update, EventsReceived):
                self._lines += update.lines
                self._events += update.events
            else:
                self._pack()
                self._told.append(update)
        self._position = position

    def take(self) -> Message:
        """All of it."""
        self._pack()
        told, self._told = self._told, []
        return Message(told, self._position)

    def _pack(self) -> None:
        if self._events:
            self._told.append(arrival_of(self._lines, self._events, weaving=self._weaving))
            self._lines, self._events = [], []


async def follow(source: Source, outbox: Outbox, output: Output) -> None:
    """Send what the feed says, until that is over."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Handle | None = None

    def send() -> None:  # between two frames: what is behind the position is in the outbox, or was sent
        nonlocal waiting
        waiting = None
        if outbox:
            output.send(message_to_wire(outbox.take()))

    async for updates in source.frames():
        quiet = not any(isinstance(one, EventsReceived) for one in updates)
        outbox.add(updates, source.client.position)
        if outbox.full or quiet:
            if waiting is not None:
                waiting.cancel()
            send()
            await output.room()
        elif waiting is None:
            waiting = loop.call_later(TOGETHER_SECONDS, send)
    send()


async def run(order: Order, said: bytes = b"") -> None:
    """Until the feed, or whoever wants it, has ended. ``said`` came behind the order already."""
    loop = asyncio.get_running_loop()
    output = await open_output()
    gone = output.gone
    source, lines = source_of(order.asked), FrameLines(said)

    def listen() -> None:
        read = os.read(_INPUT, _AT_ONCE)
        for frame in lines.take(read):
            source.say(frame)
        if not read and not gone.done():
            gone.set_result(None)

    loop.add_reader(_INPUT, listen)
    following = asyncio.create_task(follow(source, Outbox(weaving=order.weaving), output))
    await asyncio.wait((following, gone), return_when=asyncio.FIRST_COMPLETED)
    if following.done():
        following.result()
        await gone  # what was sent is read first: whoever reads it ends this then
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following


def main() -> int:
    """Read the order, and do it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this is interrupted, and ends it
    order = bytearray()
    while b"\n" not in order:
        read = os.read(_INPUT, _AT_ONCE)
        if not read:
            return 0
        order += read
    asked, _, said = order.partition(b"\n")
    with contextlib.suppress(BrokenPipeError):
        asyncio.run(run(msgspec.json.decode(asked, type=Order), bytes(said)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
