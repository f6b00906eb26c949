"""A stream into an event store: acknowledged after it is stored, so that nothing depends on who is killed.

Laws:

1. Each event of the stream is in the store once.
2. What a source numbered and the stream did not bring within `HOLE_SECONDS` is named by a ``GAP`` event.
3. An entry without events, or one that was taken `MOST_ATTEMPTS` times for nothing, is set aside.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final
from zlib import crc32

from msgspec import Struct

from backend.events import encode_lines
from backend.mux.envelope import PoisonedError, opened
from backend.mux.protocol import Entry, MuxAwayError, Transport
from backend.mux.reader import FIRST_DELAY, LAST_DELAY
from backend.mux.streams import EVENTS
from backend.store.errors import StoreError
from backend.store.seen import Ranges
from backend.store.sink import gap_event
from backend.store.writer import Policy, Writer

AT_ONCE: Final = 128
HOLE_SECONDS: Final = 5.0
"""What is missing may still be with a consumer that died, or on its way around one."""
MOST_ATTEMPTS: Final = 100
"""More than anybody is killed by accident: such an entry is what kills its consumer."""
IDLE_SECONDS: Final = 30.0
"""A consumer of the group that has held an entry for so long is dead."""

_WAIT_SECONDS: Final = 0.2
_LOOK_SECONDS: Final = 1.0
_REASON: Final = "the stream did not bring them: its producer or the stream let them go"

Hole = tuple[str, int, int]
"""Source, first and last of events that are not there."""


class Stored(Struct):
    """What became of what was taken, in events; ``poisoned`` in entries."""

    stored: int = 0
    repeated: int = 0
    broken: int = 0
    poisoned: int = 0
    missing: int = 0


class StoreFollower:
    """Stores what `bus` has in a stream, as a consumer of `group`: a group for each store.

    ``note`` is told, a line each, what an operator wants to know.
    """

    def __init__(
        self,
        bus: Transport,
        folder: Path,
        *,
        stream: str = EVENTS,
        group: str = "store",
        policy: Policy | None = None,
        note: Callable[[str], None] = lambda _: None,
        delays: tuple[float, float] = (FIRST_DELAY, LAST_DELAY),
        hole_seconds: float = HOLE_SECONDS,
    ) -> None:
        self.stored = Stored()
        self.problem = ""
        self._bus = bus
        self._folder = folder
        self._stream, self._group = stream, group
        # One name for all runs, of which there is one at a time: those of each would stay in the group.
        self._consumer = f"{socket.gethostname()}-{crc32(str(folder.resolve()).encode()):08x}"
        self._policy = policy
        self._note = note
        self._delays = delays
        self._hole_seconds = hole_seconds
        self._holes: dict[Hole, float] = {}  # and since when they are known
        self._named: set[Hole] = set()
        self._look_at = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. A server or a disk that is away is waited for.

        Raises:
            StoreError: nothing can be written there, from the beginning.
            MuxRefusedError: the server does not let us.
        """
        delay = self._delays[0]
        writer: Writer | None = Writer(self._folder, self._policy, self._note)
        try:
            while not stop.is_set():
                try:
                    if writer is None:
                        writer = Writer(self._folder, self._policy, self._note)
                    await self._follow(writer, stop)
                except MuxAwayError as error:
                    self._trouble(str(error))
                except StoreError as error:
                    # What the writer knows is ahead of what is in the file: a new one reads it again.
                    self._trouble(str(error))
                    failed, writer = writer, None
                    if failed is not None:
                        with suppress(StoreError):
                            failed.close(index=False)
                else:
                    break
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), delay)
                delay = self._delays[0] if not self.problem else min(delay * 2, self._delays[1])
            if writer is not None:
                self._look_at = 0.0
                self._name_holes(writer, time.monotonic() + self._hole_seconds)
        finally:
            if writer is not None:
                writer.close()
            await self._bus.close()

    async def _follow(self, writer: Writer, stop: asyncio.Event) -> None:
        """First what was taken before and not acknowledged, by whomever; then what comes."""
        await self._bus.connect()
        everything, again_at = True, 0.0
        while not stop.is_set():
            if everything or time.monotonic() >= again_at:
                idle = 0.0 if everything else IDLE_SECONDS
                entries = await self._bus.recover(self._stream, self._group, self._consumer, AT_ONCE, idle)
                if entries:
                    await self._store(writer, entries)
                    continue
                everything, again_at = False, time.monotonic() + IDLE_SECONDS
            entries = await self._bus.take(self._stream, self._group, self._consumer, AT_ONCE, _WAIT_SECONDS)
            if self.problem:
                self.problem = ""
                self._note(f"storing {self._stream} of {self._bus.name} again")
            await self._store(writer, entries)

    async def _store(self, writer: Writer, entries: list[Entry]) -> None:
        """Into the file, then acknowledged."""
        lines: list[bytes] = []
        good: list[Entry] = []
        for entry in entries:
            try:
                lines += _lines_of(entry)
            except PoisonedError as error:
                self.stored.poisoned += 1
                self._note(f"entry {entry.id} of {self._stream} is set aside: {error}")
                await self._bus.set_aside(self._stream, self._group, entry, str(error))
            else:
                good.append(entry)
        if lines:
            taken = writer.write(b"\n".join((*lines, b"")))
            self.stored.stored += taken.stored
            self.stored.repeated += taken.repeated
            self.stored.broken += taken.broken
        if good:
            await self._bus.ack(self._stream, self._group, good)
        self._name_holes(writer, time.monotonic())
        writer.tick(idle=not entries)

    def _name_holes(self, writer: Writer, now: float) -> None:
        """Say in the store which events are missing, once that is certain."""
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_SECONDS
        there = [hole for source, ranges in writer.seen.sources.items() for hole in _holes_in(source, ranges)]
        self._holes = {hole: self._holes.get(hole, now) for hole in there}
        due = [
            hole
            for hole, since in self._holes.items()
            if now - since >= self._hole_seconds and hole not in self._named
        ]
        self._named |= set(due)
        for hole in due:
            if writer.write(encode_lines([gap_event(*hole, _REASON)])).stored:  # not by one before us
                self.stored.missing += hole[2] - hole[1] + 1

    def _trouble(self, reason: str) -> None:
        if reason != self.problem:
            self._note(f"{reason}; trying again")
        self.problem = reason


def _lines_of(entry: Entry) -> list[bytes]:
    if entry.attempts > MOST_ATTEMPTS:
        raise PoisonedError(f"it was taken {entry.attempts - 1} times, and never stored")
    return opened(entry.payload).lines


def _holes_in(source: str, ranges: Ranges) -> Iterator[Hole]:
    before = 0
    for first, last in ranges:
        if first > before + 1:
            yield source, before + 1, first - 1
        before = last
