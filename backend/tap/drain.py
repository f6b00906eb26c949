"""From stamped events to sinks: numbered, encoded once, in batches, off the publisher's path."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from collections.abc import Callable

from backend.events import Event, encode_lines
from backend.tap.batch import Batch, Sink
from backend.tap.clock import Clock

DRAIN_SECONDS = 0.005
DRAIN_EVENTS = 512
# A publisher that never yields drains in place rather than hold events without bound.
PENDING_LIMIT = 4096

_NO_ACTIVATION = contextvars.Context()


class Drain:
    """Holds what was emitted until the next drain, then hands it to every sink.

    `append` an event, then call `wake` with its number if that has reached `wake_at`:
    the first event after a drain sets the timer, the 512th calls it sooner.
    """

    def __init__(self, clock: Clock, sinks: tuple[Sink, ...]) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.wake_at = 0
        self.wall_offset = clock.wall_ns() - clock.mono_ns()
        self.errors: list[str] = []
        self.on_sink_failed: Callable[[Sink, Exception], None] = lambda _sink, _error: None
        self.next_seq = 1
        self._clock = clock
        self._sinks = list(sinks)
        self._pending: list[Event] = []
        self.append = self._pending.append
        self._lock = threading.RLock()

    def __len__(self) -> int:
        """Events that wait."""
        return len(self._pending)

    def wake(self, number: int) -> None:
        """See to it that a drain comes: called with the first event after one, and when many wait."""
        loop = self.loop
        waiting = len(self._pending)
        if loop is None or loop.is_closed():
            if waiting >= DRAIN_EVENTS:
                self.drain()
            else:
                self.wake_at = number + DRAIN_EVENTS - waiting
        elif waiting < DRAIN_EVENTS:
            self.wake_at = number + DRAIN_EVENTS - waiting
            self._schedule(loop, loop.call_later, DRAIN_SECONDS, self.drain)
        elif waiting < PENDING_LIMIT:
            self.wake_at = number + PENDING_LIMIT - waiting
            self._schedule(loop, loop.call_soon, self.drain)
        else:
            self.drain()

    def _schedule(self, loop: asyncio.AbstractEventLoop, call: Callable[..., object], *args: object) -> None:
        if loop is not running_loop():
            loop.call_soon_threadsafe(call, *args)
            return
        # The timer must not inherit the activation of whoever happened to emit first.
        call(*args, context=_NO_ACTIVATION)

    def drain(self) -> None:
        """Number, encode and hand on what waits. Called by itself; harmless to call."""
        with self._lock:
            self.wake_at = 0
            pending = self._pending
            while pending:
                # Slice and delete are atomic each; what a thread appends between them stays.
                events = pending[:DRAIN_EVENTS]
                del pending[: len(events)]
                self._hand_on(events)
            # Wall clocks step; following them here keeps both stamps honest to 5 ms.
            self.wall_offset = self._clock.wall_ns() - self._clock.mono_ns()

    def _hand_on(self, events: list[Event]) -> None:
        first = number = self.next_seq
        for event in events:
            event.seq = number
            number += 1
        self.next_seq = number
        batch = Batch(tuple(events), encode_lines(events), first)
        for sink in tuple(self._sinks):
            try:
                sink.write(batch)
            except Exception as error:  # noqa: BLE001 - a sink must never reach the publisher
                self._remove_failed(sink, error)

    def _remove_failed(self, sink: Sink, error: Exception) -> None:
        self._sinks.remove(sink)
        told = f"{type(sink).__name__} stopped: {type(error).__name__}: {error}"
        self.errors.append(told)
        sys.stderr.write(f"doubletalk: {told}; events go on without it\n")
        self.on_sink_failed(sink, error)

    def add(self, sink: Sink) -> None:
        """Let `sink` have every event that is emitted from now on."""
        with self._lock:
            self.drain()
            self._sinks.append(sink)

    def remove(self, sink: Sink) -> None:
        """Give `sink` what waits, then close it."""
        with self._lock:
            self.drain()
            if sink in self._sinks:
                self._sinks.remove(sink)
                sink.close()

    def close(self) -> None:
        """Drain, then close every sink, whatever one of them says to it."""
        with self._lock:
            self.drain()
            self.loop = None
            for sink in self._sinks:
                try:
                    sink.close()
                except Exception as error:  # noqa: BLE001 - close the others too
                    self.errors.append(f"{type(sink).__name__}: {error}")
            self._sinks.clear()


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The loop that runs in this thread, if one does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
