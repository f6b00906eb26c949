"""A tap's way onto the streams: a bounded queue here, a thread that publishes behind it.

A thread: a process would have to be sent every line first, which costs what publishing does (3 us of CPU an
event in entries of 128). It holds the interpreter for half a millisecond at a time at 50,000 events a second,
and for some when it has to catch up.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from msgspec import Struct

from backend.events import SCHEMA, Event, encode_event, encode_payload
from backend.events.vocabulary import GAP, RECORDING_ENDED, RECORDING_STARTED, SYSTEM
from backend.mux.packing import ENTRY_BYTES, ENTRY_EVENTS, Held, Packed, Packer
from backend.mux.protocol import (
    Limits,
    MuxAwayError,
    MuxError,
    MuxRefusedError,
    MuxTooLargeError,
    Transport,
)
from backend.mux.streams import EVENTS, stream_named
from backend.mux.transports import transport_of
from backend.tap.batch import Batch

QUEUE_BYTES: Final = 32 << 20
"""Text that waits or is not acknowledged, at most: 1.5 s at 50,000 events a second."""

_AT_ONCE: Final = 64  # entries a round trip
_LINGER_SECONDS: Final = 0.004
"""After something was published, for what comes then to be published together: at 50,000 events a second one
round trip has 250, and not the 100 of one drain: half of the work, here and at the server."""

_CLOSE_SECONDS: Final = 5.0
_FIRST_DELAY: Final = 0.1
_LAST_DELAY: Final = 5.0


class Stats(Struct, frozen=True):
    """How a sink is doing, in events; ``entries`` are of `EVENTS`."""

    published: int
    waiting: int
    dropped: int
    entries: int
    reconnects: int
    problem: str
    """Why nothing is published now; empty while all is well."""
    lag: float = 0.0
    """Seconds that the oldest of those waiting has waited."""


class _Lost(Struct):
    """Events that were dropped, one after the other."""

    source: str
    first: int
    last: int
    reason: str


class BusSink:
    """Publishes every event of a tap. `write` only puts the batch in a queue.

    While the server is away it is tried again and again, and the queue waits; what it had not acknowledged is
    published once more, and readers keep one of each. When the queue is full, events are dropped: a ``GAP``
    event in the stream says which. ``service`` is what the source is called by default.

    Raises:
        UserError: from the constructor, if the URL cannot be used; from `close`, if events could not be
            published within `close_seconds`.
    """

    def __init__(
        self,
        url: str,
        *,
        service: str = "",
        environment: str = "",
        limits: Mapping[str, Limits] | None = None,
        queue_bytes: int = QUEUE_BYTES,
        close_seconds: float = _CLOSE_SECONDS,
        first_delay: float = _FIRST_DELAY,
        last_delay: float = _LAST_DELAY,
    ) -> None:
        transport_of(url, limits)  # what is wrong with it is known now; the thread makes its own
        self._url, self._limits = url, limits
        self.run = secrets.token_hex(4)
        self._packer = Packer(self.run, environment)
        self._packer.service = service
        self._queue_bytes = queue_bytes
        self._close_seconds = close_seconds
        self._delays = first_delay, last_delay
        self._lock = threading.Lock()
        self._waiting: deque[Held] = deque()
        self._held_bytes = self._held_events = 0
        self._published = self._dropped = self._entries = self._reconnects = self._seq = 0
        self._flying = 0.0  # since when the oldest waits of what is being published
        self._lost: _Lost | None = None
        self._problem = self._told = ""
        self._closing = self._begun = self._ended = False
        self._idle = True
        self._wake: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._working: asyncio.Task[None] | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bus-sink", daemon=True)
        self._thread.start()
        self._ready.wait()

    @property
    def stats(self) -> Stats:
        """As of now."""
        with self._lock:
            return Stats(
                self._published,
                self._held_events,
                self._dropped,
                self._entries,
                self._reconnects,
                self._problem,
                self._lag(),
            )

    def _lag(self) -> float:
        since = self._flying or (self._waiting[0].since if self._waiting else 0.0)
        return time.monotonic() - since if since else 0.0

    # --- the tap's side ---------------------------------------------------------------

    def write(self, batch: Batch) -> None:
        """Take a batch. Never waits: without room, its events are dropped, counted and named."""
        size = len(batch.jsonl)
        with self._lock:
            if self._closing:
                return
            source = batch.events[0].source or ""
            self._packer.service = self._packer.service or source.rpartition("-")[0] or source
            if self._held_bytes + size > self._queue_bytes:
                self._drop(source, batch.first_seq, batch.last_seq, "the stream server could not keep up")
                return
            if not self._begun:
                self._begin(source)
            self._name_lost()
            idle = self._idle
            self._idle = False
            now, beside = time.monotonic(), _beside(batch)
            self._hold(Held(batch.jsonl, source, batch.first_seq, len(batch), now, beside))
        if idle:
            self._notify()

    def _hold(self, held: Held) -> None:
        self._waiting.append(held)
        self._held_bytes += len(held.lines)
        self._held_events += held.events

    def _drop(self, source: str, first: int, last: int, reason: str) -> None:
        self._dropped += last - first + 1
        lost = self._lost
        if lost is not None and (lost.source, lost.last + 1, lost.reason) != (source, first, reason):
            self._name_lost()
            lost = None
        if lost is None:
            lost = self._lost = _Lost(source, first, last, reason)
        lost.last = last

    def _name_lost(self) -> None:
        """Say in the stream which events are missing."""
        lost, self._lost = self._lost, None
        if lost is not None:
            told = {"source": lost.source, "from_seq": lost.first, "to_seq": lost.last}
            self._say(GAP, told | {"reason": lost.reason}, severity="warning")

    def _say(self, message_type: str, data: dict[str, Any], severity: str = "info") -> None:
        """An event of the sink's own. Under the lock."""
        self._seq += 1
        source, now = f"bus-{self.run}", time.time_ns()
        event = Event(
            now / 1e9,
            SYSTEM,
            "event_mux",
            message_type,
            data=encode_payload(data),
            id=f"{source}-{self._seq}",
            source=source,
            seq=self._seq,
            timestamp_ns=now,
            mono_ns=time.monotonic_ns(),
            severity=severity,
        )
        self._hold(Held(encode_event(event) + b"\n", source, self._seq, 1, time.monotonic()))

    def _begin(self, producer: str) -> None:
        """The first event of all says who publishes here."""
        self._begun = True
        about = {
            "schema": SCHEMA,
            "source": f"bus-{self.run}",
            "pid": os.getpid(),
            "producer": producer,
            "host": self._packer.host,
            "service": self._packer.service,
            "environment": self._packer.environment,
        }
        self._say(RECORDING_STARTED, about)

    def _end(self) -> None:
        """And the last one how many these were. Idempotent."""
        self._name_lost()
        if self._begun and not self._ended:
            self._ended = True
            self._say(RECORDING_ENDED, {"count": self._seq + 1, "source": f"bus-{self.run}"})

    def _notify(self) -> None:
        loop, wake = self._loop, self._wake
        if loop is not None and wake is not None:
            with suppress(RuntimeError):  # it has ended
                loop.call_soon_threadsafe(wake.set)

    def close(self) -> None:
        """Have everything published, and end the thread; idempotent.

        Raises:
            UserError: within `close_seconds` that was not possible; how many events nobody gets.
        """
        with self._lock:
            if self._closing:
                return
            self._closing = True
        self._notify()
        self._thread.join(self._close_seconds)
        if self._thread.is_alive() and self._loop is not None and self._working is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._working.cancel)
            self._thread.join(self._close_seconds)
        stats = self.stats
        if stats.waiting:
            raise MuxError(
                f"{stats.waiting:,} events are not on the stream: {stats.problem or 'no time was left'}"
            )

    # --- the thread's side ------------------------------------------------------------

    def _run(self) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._follow())

    async def _follow(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._working = asyncio.current_task()
        self._ready.set()
        bus = transport_of(self._url, self._limits)
        try:
            while True:
                self._wake.clear()
                with self._lock:
                    ending = self._closing
                    if ending and not self._waiting:
                        self._end()
                    some = self._next()
                    self._idle = not some
                if some:
                    await self._publish_all(bus, self._packer.packed(some))
                    self._done(some)
                    await asyncio.sleep(0 if self._closing else _LINGER_SECONDS)
                elif ending:
                    return
                else:
                    await self._wake.wait()
        finally:
            await bus.close()

    def _next(self) -> list[Held]:
        """What is to be published next: all that waits, within bounds. It stays held until it is."""
        some: list[Held] = []
        events = size = 0
        while self._waiting and events < _AT_ONCE * ENTRY_EVENTS and size < _AT_ONCE * ENTRY_BYTES // 8:
            some.append(self._waiting.popleft())
            events += some[-1].events
            size += len(some[-1].lines)
        self._flying = some[0].since if some else 0.0
        return some

    async def _publish_all(self, bus: Transport, entries: list[Packed]) -> None:
        """Until the server has acknowledged all of them, however long that takes."""
        by_stream: dict[str, list[Packed]] = {}
        for entry in entries:
            by_stream.setdefault(entry.stream, []).append(entry)
        for stream, some in by_stream.items():
            for at in range(0, len(some), _AT_ONCE):
                part = some[at : at + _AT_ONCE]
                try:
                    await self._publish(bus, stream, part)
                except MuxTooLargeError as error:
                    await self._publish_singly(bus, stream, part, str(error))

    async def _publish(self, bus: Transport, stream: str, some: list[Packed]) -> None:
        delay, last = self._delays
        while True:
            try:
                await bus.publish(stream, [entry.payload for entry in some])
            except MuxTooLargeError:
                raise
            except MuxRefusedError as error:
                self._tell(str(error))
                if stream != EVENTS:  # where they are too: nobody loses them, and the rest goes on
                    return
                await asyncio.sleep(last)
            except MuxAwayError as error:
                self._tell(str(error))
                await asyncio.sleep(delay)
                delay = min(delay * 2, last)
            else:
                break
        with self._lock:
            self._reconnects += bool(self._problem)
            self._problem = self._told = ""
            self._published += sum(entry.events for entry in some)
            self._entries += len(some) if stream == EVENTS else 0

    async def _publish_singly(self, bus: Transport, stream: str, some: list[Packed], why: str) -> None:
        """One by one; what the server does not take is dropped, and named."""
        for entry in some:
            try:
                await self._publish(bus, stream, [entry])
            except MuxTooLargeError:
                if stream == EVENTS:
                    with self._lock:
                        self._drop(*entry.seqs, why)

    def _tell(self, problem: str) -> None:
        with self._lock:
            self._problem = problem
            news, self._told = problem != self._told, problem
        if news:
            sys.stderr.write(f"doubletalk: {' '.join(problem.split())}; what is to be published waits\n")

    def _done(self, some: list[Held]) -> None:
        with self._lock:
            self._held_bytes -= sum(len(held.lines) for held in some)
            self._held_events -= sum(held.events for held in some)
            self._flying = 0.0


def _beside(batch: Batch) -> bool:
    """Whether some of it may go into another stream, too: their text takes ten times as long to look at."""
    names = {(event.event_type, event.message_type) for event in batch.at_hand}
    return not names or any(stream_named(*one) is not None for one in names)
