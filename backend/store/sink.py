"""A tap's way into a store: a bounded queue here, the store's own process behind it."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from msgspec import Struct

from backend.events import Event, encode_lines
from backend.events.vocabulary import GAP, SYSTEM
from backend.store.child import Child, ChildGoneError, words_of
from backend.store.errors import StoreError
from backend.store.retention import Limits

QUEUE_BYTES: Final = 64 << 20
"""Text that waits or is not acknowledged, at most: a second and a half at 100,000 events a second."""

_AT_ONCE: Final = 1 << 20
_HURRY_FROM: Final = 8  # from this part of the queue on, the index is left for later
_CLOSE_SECONDS: Final = 30.0
_BACKOFF: Final = (0.0, 0.1, 0.5, 1.0, 2.0)


class _Batch(Protocol):
    """What a tap hands to its sinks (`backend.tap.Batch`)."""

    @property
    def jsonl(self) -> bytes: ...
    @property
    def first_seq(self) -> int: ...
    @property
    def last_seq(self) -> int: ...
    @property
    def events(self) -> object: ...
    def __len__(self) -> int: ...


class Stats(Struct, frozen=True):
    """How a sink is doing: events, and its process."""

    stored: int
    waiting: int
    dropped: int
    restarts: int
    pid: int | None
    problem: str
    """Why nothing is stored now; empty while all is well."""
    lag: float = 0.0
    """Seconds that the oldest of those waiting has waited."""


class _Held(NamedTuple):
    number: int
    text: bytes
    events: int
    since: float


class _Lost(Struct):
    """Events that found the queue full, one after the other."""

    source: str
    first: int
    last: int


class StoreSink:
    """Stores every event of a tap, in a process of its own. `write` only puts the batch in a queue.

    While the process is down (killed, disk full) it is begun again and again, and gets what it had not
    acknowledged once more; the store keeps one of each. When the queue is full, events are dropped: a
    ``GAP`` event in the store says which.

    Raises:
        StoreError: from the constructor, if the store cannot be written; from `close`, if events could
            not be stored.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        fsync: str = "second",
        limits: Limits = Limits(),  # noqa: B008 - frozen
        queue_bytes: int = QUEUE_BYTES,
        close_seconds: float = _CLOSE_SECONDS,
    ) -> None:
        self._words = words_of(folder, fsync, limits.seconds, limits.size)
        self._queue_bytes = queue_bytes
        self._close_seconds = close_seconds
        self._changed = threading.Condition()
        self._waiting: deque[_Held] = deque()
        self._sent: deque[_Held] = deque()
        self._held_bytes = 0
        self._numbers = self._stored = self._dropped = self._restarts = 0
        self._lost: _Lost | None = None
        self._source = ""
        self._problem = self._told = ""
        self._closing = self._abandoned = False
        self._child: Child | None = Child(self._words, self._on_stored)
        self._thread = threading.Thread(target=self._run, name="store-sink", daemon=True)
        self._thread.start()

    @property
    def stats(self) -> Stats:
        """As of now."""
        with self._changed:
            waiting = sum(one.events for one in (*self._waiting, *self._sent))
            pid = None if self._child is None else self._child.pid
            oldest = (self._sent or self._waiting or (None,))[0]
            lag = 0.0 if oldest is None else time.monotonic() - oldest.since
            return Stats(self._stored, waiting, self._dropped, self._restarts, pid, self._problem, lag)

    # --- the tap's side ---------------------------------------------------------------

    def write(self, batch: _Batch) -> None:
        """Take a batch. Never waits: without room, its events are dropped, counted and named."""
        with self._changed:
            if self._closing:
                return
            if self._held_bytes + len(batch.jsonl) > self._queue_bytes:
                self._drop(batch)
                return
            self._name_lost()
            self._hold(batch.jsonl, len(batch))
            self._changed.notify_all()

    def _hold(self, text: bytes, events: int) -> None:
        self._numbers += 1
        self._waiting.append(_Held(self._numbers, text, events, time.monotonic()))
        self._held_bytes += len(text)

    def _drop(self, batch: _Batch) -> None:
        source = _source_of(batch)
        self._dropped += len(batch)
        if self._lost is not None and self._lost.source != source:
            self._name_lost()
        if self._lost is None:
            self._lost = _Lost(source, batch.first_seq, batch.last_seq)
        self._lost.last = batch.last_seq

    def _name_lost(self) -> None:
        """Say in the store which events are missing."""
        lost, self._lost = self._lost, None
        if lost is None:
            return
        gap = gap_event(lost.source, lost.first, lost.last, "the store could not keep up")
        self._hold(encode_lines([gap]), 1)

    def settle(self, seconds: float) -> bool:
        """Wait, at most so long, until all that was written is stored; whether it is. Not on a loop."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._sent, seconds)

    def close(self) -> None:
        """Have everything stored, and end the process; idempotent.

        Raises:
            StoreError: within `close_seconds` that was not possible; how many events are not stored.
        """
        with self._changed:
            if self._closing:
                return
            self._name_lost()
            self._closing = True
            self._changed.notify_all()
        self._thread.join(self._close_seconds)
        with self._changed:
            self._abandoned = True
            child, left = self._child, sum(one.events for one in (*self._waiting, *self._sent))
            self._changed.notify_all()
        if self._thread.is_alive() and child is not None:
            child.kill()  # and whoever waits for it wakes up
        self._thread.join(self._close_seconds)
        if left:
            raise StoreError(f"{left:,} events are not in the store: {self._problem or 'no time was left'}")

    # --- the thread's side ------------------------------------------------------------

    def _run(self) -> None:
        failures = stored = 0
        while True:
            try:
                if self._child is None:
                    if self._over(_BACKOFF[min(failures, len(_BACKOFF) - 1)]):
                        return
                    self._begin_again()
                self._send_all()
            except (ChildGoneError, StoreError, OSError) as error:
                failures = failures + 1 if self._stored == stored else 1  # one that worked counts anew
                stored = self._stored
                self._gone(str(error))
            else:
                return

    def _over(self, seconds: float) -> bool:
        """Whether there is nothing to begin again for; if there is, some time is given."""
        with self._changed:
            if not self._closing or self._waiting or self._sent:
                self._changed.wait_for(lambda: self._abandoned, seconds)
                return self._abandoned
            return True

    def _gone(self, problem: str) -> None:
        """The process ended: what it did not acknowledge waits again."""
        child, self._child = self._child, None
        if child is not None:
            problem = child.end() or problem
        with self._changed:
            if problem != self._told:
                self._told = problem
                sys.stderr.write(f"doubletalk: {' '.join(problem.split())}; what is to be stored waits\n")
            self._problem = problem
            self._waiting.extendleft(reversed(self._sent))
            self._sent.clear()

    def _begin_again(self) -> None:
        child = Child(self._words, self._on_stored)
        with self._changed:
            self._child = child
            self._restarts += 1

    def _send_all(self) -> None:
        """Send what comes until the end is near and all is acknowledged."""
        child = self._child
        if child is None:
            raise ChildGoneError("the store's process is not there")
        while True:
            with self._changed:
                while not self._waiting and not (self._closing and not self._sent):
                    if child.gone:
                        raise ChildGoneError("the store's process ended")
                    self._changed.wait()
                if not self._waiting:
                    break
                hurry = self._held_bytes > self._queue_bytes // _HURRY_FROM
                some = self._next()
            child.send(some[-1].number, b"".join(one.text for one in some), hurry=hurry)
        self._child = None
        child.finish(self._close_seconds)

    def _next(self) -> list[_Held]:
        """The next batches: together, for whoever is behind must not be slowed by small ones."""
        some: list[_Held] = []
        size = 0
        while self._waiting and size < _AT_ONCE:
            one = self._waiting.popleft()
            size += len(one.text)
            some.append(one)
            self._sent.append(one)
        return some

    def _on_stored(self, number: int | None) -> None:
        """From the child's own thread: a batch and all before it are stored; None: the process is gone."""
        with self._changed:
            while number is not None and self._sent and self._sent[0].number <= number:
                one = self._sent.popleft()
                self._held_bytes -= len(one.text)
                self._stored += one.events
                self._problem = ""
            self._changed.notify_all()


def gap_event(source: str, first: int, last: int, reason: str) -> Event:
    """Says that events are missing, as recordings of feeds do."""
    now = time.time_ns()
    return Event(
        timestamp=now / 1e9,
        timestamp_ns=now,
        event_type=SYSTEM,
        component="event_store",
        message_type=GAP,
        severity="warning",
        id=f"gap-{source}-{first}-{last}",
        data={"source": source, "from_seq": first, "to_seq": last, "reason": reason},
    )


def _source_of(batch: _Batch) -> str:
    first = next(iter(batch.events), None)  # type: ignore[call-overload] # a sequence of events
    return getattr(first, "source", None) or ""
