"""From stamped events to sinks: numbered, encoded once, in batches, off the publisher's path."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from backend.events import Payload, encode_lines, error_text
from backend.tap.batch import Batch, Sink
from backend.tap.clock import Clock
from backend.tap.stamped import Stamped

if TYPE_CHECKING:
    from backend.tap.redaction import Redactor

# From the beginning of one drain to that of the next. Viewers wait for it: at 50,000 events a second, with
# ten, the 99th percentile of emit to received is 6 ms, and 10 ms with as much of rest after each drain.
DRAIN_SECONDS = 0.002
# A drain that took longer than that leaves the loop to others before the next one: a loop that has nothing to
# do sleeps for 1 ms then, the resolution of its timers.
REST_SECONDS = 0.000_1
# Two thousand take about a millisecond to encode and write, which a loop may well be held up;
# 512 at a time cost 4% more an event, most of it in the file system.
DRAIN_EVENTS = 2048
# Batches may be larger, or each early drain would end in a small one of what came meanwhile.
BATCH_LIMIT = 2 * DRAIN_EVENTS
# A publisher that never yields drains in place rather than hold events without bound.
PENDING_LIMIT = 4096
Head = tuple[str, str, str | None]
"""Event type, component and message type."""
# The wall clock's offset is read anew at each drain; less than this is the reading's own jitter.
_OFFSET_JITTER_NS = 10_000


class Drain:
    """Holds what was emitted until the next drain, then hands it to every sink.

    An emitter appends, calls `notice` if the drain is ``alert`` (so that one comes within
    2 ms), and `check` now and then (so that it comes sooner when many wait). Before
    `open` and after `close` events are thrown away. What a ``redactor`` takes out of them, no sink gets.
    """

    def __init__(self, clock: Clock, sinks: tuple[Sink, ...], redactor: Redactor | None = None) -> None:
        # One flag for both reasons to be called at an event: nothing is to be tested twice on that path.
        self.alert = True
        self._awake = False
        self.wall_offset = clock.wall_ns() - clock.mono_ns()
        self.errors: list[str] = []
        self.on_sink_failed: Callable[[Sink, Exception], None] = lambda _sink, _error: None
        self.next_seq = 1
        self._clock = clock
        self._sinks = list(sinks)
        self._redactor = redactor
        self._pending: list[Stamped] = []
        self.append = self._pending.append
        self._lock = threading.RLock()
        self._draining = False
        self._drained = 0.0
        self._open = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._flusher: _Flusher | None = None
        # The timer must not inherit the activation of whoever happened to emit first.
        self._no_activation = contextvars.Context()

    def __len__(self) -> int:
        """Events that wait."""
        return len(self._pending)

    def open(self, loop: asyncio.AbstractEventLoop | None, begin: Callable[[], str]) -> str:
        """Take events, from the one that `begin` emits on, and drain them on `loop`, or in a thread.

        Returns the id of that first event.
        """
        with self._lock:
            self._loop = loop
            self._open = True
            self._follow_wall_clock()
            self.alert = True
            first_id = begin()
            early = next(number for number, event in enumerate(self._pending) if event.id == first_id)
            self._cut(early)
        return first_id

    # --- when -------------------------------------------------------------------

    def notice(self, event: Stamped) -> None:
        """An event was appended: see to it that a drain comes. Who watches is asked here as well."""
        del event
        self.alert = False
        self._wake()

    def watch(self, known: Callable[[Head], object], show: Callable[[Stamped], None]) -> None:
        """Have events shown to `show` as they are emitted, in the thread that emits, until `unwatch`.

        ``known`` tells by an event's type, component and message whether anything of that name is of
        interest; None: it is not known yet. Neither may raise. There is one who watches, as he holds the
        program: what only wants to know is a sink.
        """

        def notice(event: Stamped) -> None:
            interest = known((event.event_type, event.component, event.message_type))
            if interest or interest is None:
                show(event)
            if not self._awake:
                self._awake = True
                self._wake()

        self._awake = False
        self.notice = notice  # type: ignore[method-assign]  # one call an event, not two
        self.alert = True

    def unwatch(self) -> None:
        """Show nobody anything any more."""
        self.__dict__.pop("notice", None)
        self.alert = True

    def _wake(self) -> None:
        if self._open and not self._on_loop("call_later", self._rest(), self._timer):
            if self._flusher is None:
                with self._lock:
                    self._flusher = self._flusher or _Flusher(self._timer)
            self._flusher.due.set()

    def _rest(self) -> float:
        return max(self._drained + DRAIN_SECONDS - self._now(), REST_SECONDS)

    def _now(self) -> float:
        # The loop's time, in which the timer is set: readings of the clock are moments of events.
        loop = self._loop  # once: another thread may close the tap meanwhile
        return 0.0 if loop is None else loop.time()

    def check(self) -> None:
        """Drain before the timer does if many events wait."""
        waiting = len(self._pending)
        if not self._open:
            self._pending.clear()
        elif waiting >= PENDING_LIMIT or (
            waiting >= DRAIN_EVENTS and not self._on_loop("call_soon", self.drain)
        ):
            self.drain()

    def _on_loop(self, how: str, *args: object) -> bool:
        """Call the loop's method `how`, from whatever thread this is; False without a loop."""
        loop = self._loop
        if loop is None or loop.is_closed():
            return False
        call = getattr(loop, how)
        if loop is running_loop():
            call(*args, context=self._no_activation)
            return True
        with suppress(RuntimeError):  # closed since we looked
            loop.call_soon_threadsafe(call, *args, context=self._no_activation)
            return True
        return False

    def _timer(self) -> None:
        # First this: who appends after the drain has looked will find it asleep.
        self._awake = False
        self.alert = True
        self.drain()

    # --- what -------------------------------------------------------------------

    def drain(self) -> None:
        """Number, encode and hand on what waits. Called by itself; harmless to call."""
        with self._lock:
            # A sink that emits must neither be handed a batch within a batch nor keep us here.
            if not self._open or self._draining:
                return
            self._drained = self._now()
            self._hand_on(self._cut(len(self._pending)))
            self._follow_wall_clock()

    def _cut(self, count: int) -> list[Stamped]:
        # Slice and delete are atomic each; what a thread appends between them stays.
        events = self._pending[:count]
        del self._pending[:count]
        return events

    def _hand_on(self, events: list[Stamped]) -> None:
        self._draining = True
        try:
            for start in range(0, len(events), BATCH_LIMIT):
                some = events if len(events) <= BATCH_LIMIT else events[start : start + BATCH_LIMIT]
                first = self.next_seq
                for seq, event in enumerate(some, first):
                    event.seq = seq
                self.next_seq += len(some)
                if self._redactor is not None:
                    self._redactor.events(some)
                batch = Batch.encoded(encode_lines(some), first, len(some), some)
                for sink in tuple(self._sinks):
                    self._write(sink, batch)
        finally:
            self._draining = False

    def _write(self, sink: Sink, batch: Batch) -> None:
        try:
            sink.write(batch)
        except Exception as error:  # noqa: BLE001 - a sink must never reach the publisher
            self._sinks.remove(sink)
            self._close_sink(sink, error)

    def _follow_wall_clock(self) -> None:
        """Wall clocks step; following them at each drain keeps both stamps honest to 2 ms."""
        offset = self._clock.wall_ns() - self._clock.mono_ns()
        if abs(offset - self.wall_offset) > _OFFSET_JITTER_NS:
            self.wall_offset = offset

    # --- sinks ------------------------------------------------------------------

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
                self._close_sink(sink)

    def _close_sink(self, sink: Sink, failed: Exception | None = None) -> None:
        """Close a sink that left; tell once if it failed, in writing or only now."""
        try:
            sink.close()
        except Exception as error:  # noqa: BLE001 - the other sinks go on
            failed = failed or error
        if failed is None:
            return
        told = f"{type(sink).__name__} stopped: {type(failed).__name__}: {error_text(failed)}"
        self.errors.append(told)
        sys.stderr.write(f"doubletalk: {told}; events go on without it\n")
        if self._open:
            self.on_sink_failed(sink, failed)

    # --- the end ----------------------------------------------------------------

    def close(self, end: Callable[[], str], describe: Callable[[int], Payload]) -> None:
        """Drain, with the event that `end` emits as the last one, then close every sink.

        ``describe`` makes that event's data of its ``seq``. What other threads emit from
        then on comes too late for the record.
        """
        with self._lock:
            self.drain()
            last_id = end()
            events = self._cut(len(self._pending))
            count = next(number for number, event in enumerate(events, 1) if event.id == last_id)
            events[count - 1].data = describe(self.next_seq + count - 1)
            self._open = False
            self._hand_on(events[:count])
            sinks, self._sinks = self._sinks, []
            self._loop = None
        # Without the lock: a sink may take its time in a thread, and the loop's timers must not wait for it.
        for sink in sinks:
            self._close_sink(sink)
        if self._flusher is not None:
            self._flusher.stop()


class _Flusher(threading.Thread):
    """The timer of a tap that has no event loop: drains 2 ms after `due` was set."""

    def __init__(self, drain: Callable[[], None]) -> None:
        super().__init__(name="tap-drain", daemon=True)
        self.due = threading.Event()
        self._stopped = threading.Event()
        self._drain = drain
        self.start()

    def run(self) -> None:
        while not self._stopped.is_set():
            self.due.wait()
            self.due.clear()
            self._stopped.wait(DRAIN_SECONDS)
            self._drain()

    def stop(self) -> None:
        self._stopped.set()
        self.due.set()
        if threading.current_thread() is not self:
            self.join()


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The loop that runs in this thread, if one does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
