"""A stream read from a position on, for as long as it is wanted: events in order, and what went wrong."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from msgspec import Struct

from backend.mux.envelope import About, PoisonedError, opened
from backend.mux.merge import Merge, Run
from backend.mux.protocol import START, Entry, MuxAwayError, MuxRefusedError, Transport

AT_ONCE: Final = 64
"""Entries that are asked for: some 8,000 events."""
WAIT_SECONDS: Final = 5.0
FIRST_DELAY: Final = 0.1
LAST_DELAY: Final = 5.0
MOST_PRODUCERS: Final = 1_024


class Events(Struct, frozen=True):
    """Events in the order in which they are to be seen; ``position`` is what is behind them for certain.

    Whoever begins again there gets some of them again, and none is left out.
    """

    runs: tuple[Run, ...]
    position: str


class Missing(Struct, frozen=True):
    """The stream let go of entries before they were read here: so many, or `UNKNOWN`."""

    entries: int


class Poisoned(Struct, frozen=True):
    """An entry that holds no events; it is left out here."""

    entry: Entry
    reason: str


class Reached(Struct, frozen=True):
    """The server answers. ``again`` is true but for the first time."""

    again: bool


class Lost(Struct, frozen=True):
    """No connection, and why in one line; tried again in ``retry_in`` seconds, or never if that is None."""

    reason: str
    retry_in: float | None


Read = Events | Missing | Poisoned | Reached | Lost


class StreamReader:
    """Iterate over it. It ends after a `Lost` without ``retry_in``; who never got in is not let in later.

    ``producers`` are those who wrote what was read: their latest `About`, by run. ``passed_mark`` says
    that the entry of the id ``mark`` was read. ``begin`` is asked where to begin, instead of ``position``,
    when the server is reached first.
    """

    def __init__(
        self,
        bus: Transport,
        stream: str,
        position: str = START,
        *,
        first_delay: float = FIRST_DELAY,
        last_delay: float = LAST_DELAY,
        begin: Callable[[StreamReader], Awaitable[str]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.producers: dict[str, About] = {}
        self.merge = Merge(position)
        self.entries = self.poisoned = 0
        self.mark: str | None = None
        self.passed_mark = False
        self._bus = bus
        self._stream = stream
        self._at = position
        self._delays = first_delay, last_delay
        self._begin = begin
        self._clock = clock

    async def __aiter__(self) -> AsyncIterator[Read]:
        """What is in the stream, then what comes."""
        delay, reached, down = self._delays[0], False, True
        while True:
            try:
                if down:
                    await self._bus.connect()
                    if self._begin is not None:
                        self._at = self.merge.position = await self._begin(self)
                        self._begin = None
                    yield Reached(reached)
                    reached, down, delay = True, False, self._delays[0]
                entries = await self._bus.tail(self._stream, self._at, AT_ONCE, self._patience())
            except MuxRefusedError as error:
                yield Lost(str(error), self._delays[1] if reached else None)
                if not reached:
                    return
                down = True
                await asyncio.sleep(self._delays[1])
                continue
            except MuxAwayError as error:
                down = True
                yield Lost(str(error), delay)
                await asyncio.sleep(delay)
                delay = min(delay * 2, self._delays[1])
                continue
            for told in self._take(entries):
                yield told
            # Behind, as after a pause, what an event waits for may be in the next entries: no time is up.
            now = self._clock() if len(entries) < AT_ONCE else -math.inf
            if runs := self.merge.take(now):
                yield Events(tuple(runs), self.merge.position)

    def _patience(self) -> float:
        """How long to wait for entries: something may be due before."""
        due = self.merge.waits_until()
        return WAIT_SECONDS if due is None else min(max(due - self._clock(), 0.0), WAIT_SECONDS)

    def _take(self, entries: list[Entry]) -> list[Read]:
        told: list[Read] = []
        for entry in entries:
            self._at = entry.id
            self.entries += 1
            self.passed_mark |= entry.id == self.mark
            if entry.missed:
                told.append(Missing(entry.missed))
            try:
                about, lines = opened(entry.payload)
            except PoisonedError as error:
                self.poisoned += 1
                told.append(Poisoned(entry, str(error)))
                lines = []
            else:
                self._know(about)
            self.merge.put(entry.id, lines, self._clock())
        return told

    def _know(self, about: About | None) -> None:
        if about is None:
            return
        if about.run not in self.producers and len(self.producers) >= MOST_PRODUCERS:
            del self.producers[next(iter(self.producers))]
        self.producers[about.run] = about
