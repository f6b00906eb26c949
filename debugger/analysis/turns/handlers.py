"""How long handlers run: from ``message_received`` to the ``message_handled`` of the same activation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.events.vocabulary import HANDLED, RECEIVED
from debugger.analysis.turns.records import HandlerTime
from debugger.log import NONE, EventLog

_CHUNK: Final = 8_192
_KINDS: Final = 1_000
_BEGUN: Final = 4_096  # receives that wait for their end: of twice as many, the later half is kept
_FINE: Final = 16  # buckets an octave: the middle of one is within 3 % of what is in it
_BUCKETS: Final = 44 * _FINE  # up to some hours


class HandlerTimes:
    """Times by component and message, in bounded memory; `advance` takes in what the log has meanwhile.

    The receive is the cause that a ``message_handled`` names. Where none is named (the base format), it is
    the last receive of the same component, session and message, which is right where handlers of these run
    one after the other. Times are by the wall clock; negative ones are left out and counted in
    ``backwards``. Of more than a thousand kinds of handlers the rest is only counted, in ``left_out``.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._kinds: dict[int, int] = {}  # component and message, to the row of the tables below
        self._buckets: NDArray[np.int64] = np.zeros((16, _BUCKETS), np.int64)
        self._counts: NDArray[np.int64] = np.zeros(16, np.int64)
        self._worst: NDArray[np.int64] = np.zeros(16, np.int64)
        self._begun: dict[tuple[int, int], int] = {}  # receives that no cause will point at
        self.looked_at = 0
        self.version = 0
        self.backwards = 0
        self.left_out = 0

    def advance(self, clock: Callable[[], int], budget_ns: int) -> bool:
        """Look at new rows for about ``budget_ns`` of `clock`; whether there are new times."""
        version, stop, began = self.version, len(self._log), clock()
        self.looked_at = max(self.looked_at, self._log.first_row)
        while self.looked_at < stop:
            upto = min(self.looked_at + _CHUNK, stop)
            self._take(self.looked_at, upto)
            self.looked_at = upto
            if clock() - began >= budget_ns:
                break
        return self.version != version

    def histograms(self) -> Iterator[tuple[str, str, int, dict[int, int]]]:
        """Of each component and message the longest time, and how many fell into which bucket of times."""
        for key, at in self._kinds.items():
            (filled,) = np.nonzero(self._buckets[at])
            counts = dict(zip(filled.tolist(), self._buckets[at][filled].tolist(), strict=True))
            names = self._log.name("component", key >> 32), self._log.name("message_type", key & 0xFFFFFFFF)
            yield *names, int(self._worst[at]), counts

    def times(self) -> list[HandlerTime]:
        """The slowest at the 95th percentile first."""
        found = []
        for key, at in self._kinds.items():
            upto = np.cumsum(self._buckets[at])
            worst = int(self._worst[at])
            found.append(
                HandlerTime(
                    self._log.name("component", key >> 32),
                    self._log.name("message_type", key & 0xFFFFFFFF),
                    int(self._counts[at]),
                    min(_percentile(upto, 50), worst),
                    min(_percentile(upto, 95), worst),
                    worst,
                )
            )
        return sorted(found, key=lambda one: (-one.p95_ns, one.component, one.message))

    # --- taking in -----------------------------------------------------------------------

    def _take(self, start: int, stop: int) -> None:
        log = self._log
        handled, received = (_number(log.id_of("event_type", name)) for name in (HANDLED, RECEIVED))
        kinds, causes = log.column("event_type"), log.column("cause_row")
        ends = np.flatnonzero(kinds[start:stop] == handled) + start
        begins = causes[ends]
        named = (begins >= 0) & (begins < stop)
        named[named] = kinds[begins[named]] == received
        self._add(begins[named], ends[named])
        begins, ends = self._unnamed(start, stop, handled, received)
        self._add(begins, ends)

    def _unnamed(
        self, start: int, stop: int, handled: int, received: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs of which the end names no cause: each with the receive before it in its own lane."""
        column = self._log.column
        kinds = column("event_type")[start:stop]
        loose = (column("cause_row")[start:stop] == NONE) & ((kinds == handled) | (kinds == received))
        rows = np.flatnonzero(loose) + start
        where = (column("component")[rows].astype(np.int64) << 32) | column("message_type")[rows]
        lanes = list(zip(where.tolist(), column("session")[rows].tolist(), strict=True))
        begins, ends = [], []
        for row, lane, kind in zip(rows.tolist(), lanes, kinds[rows - start].tolist(), strict=True):
            if kind == received:
                self._begun.pop(lane, None)  # the latest are last
                self._begun[lane] = row
            elif (begun := self._begun.pop(lane, -1)) >= self._log.first_row:
                begins.append(begun)
                ends.append(row)
        if len(self._begun) > 2 * _BEGUN:
            self._begun = dict(list(self._begun.items())[-_BEGUN:])
        return np.array(begins, np.int64), np.array(ends, np.int64)

    def _add(self, begins: NDArray[np.int64], ends: NDArray[np.int64]) -> None:
        if not len(ends):
            return
        column = self._log.column
        wall = column("timestamp_ns")
        took = wall[ends] - wall[begins]
        sound = took >= 0
        self.backwards += int((~sound).sum())
        keys = (column("component")[ends].astype(np.int64) << 32) | column("message_type")[ends]
        self._count(keys[sound], took[sound])
        self.version += 1

    def _count(self, keys: NDArray[np.int64], took: NDArray[np.int64]) -> None:
        distinct, inverse = np.unique(keys, return_inverse=True)
        places = np.array([self._place(key) for key in distinct.tolist()], np.int64)[inverse]
        inside = places >= 0
        self.left_out += int((~inside).sum())
        places, took = places[inside], took[inside]
        np.add.at(self._counts, places, 1)
        np.maximum.at(self._worst, places, took)
        np.add.at(self._buckets, (places, buckets_of(took)), 1)

    def _place(self, key: int) -> int:
        at = self._kinds.get(key)
        if at is None:
            if len(self._kinds) >= _KINDS:
                return -1
            at = self._kinds[key] = len(self._kinds)
            if at == len(self._counts):
                self._buckets = np.concatenate((self._buckets, np.zeros_like(self._buckets)))
                self._counts = np.concatenate((self._counts, np.zeros_like(self._counts)))
                self._worst = np.concatenate((self._worst, np.zeros_like(self._worst)))
        return at


def all_handler_times(log: EventLog) -> HandlerTimes:
    """The times of all handlers in a log."""
    times = HandlerTimes(log)
    while times.looked_at < len(log):
        times.advance(lambda: 0, 1)
    return times


def handler_times(log: EventLog) -> list[HandlerTime]:
    """The same, slowest first."""
    return all_handler_times(log).times()


def _number(number: int | None) -> int:
    return -1 if number is None else number


def buckets_of(took: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where durations are on a geometric scale."""
    found = np.floor(np.log2(np.maximum(took, 1)) * _FINE).astype(np.int64)
    capped: NDArray[np.int64] = np.minimum(found, _BUCKETS - 1)
    return capped


def _percentile(upto: NDArray[np.int64], percent: int) -> int:
    """The middle of the bucket that holds the nearest rank."""
    rank = -(-percent * int(upto[-1]) // 100)
    return middle_of(int(np.searchsorted(upto, max(rank, 1))))


def middle_of(bucket: int) -> int:
    """The duration that stands for all of a bucket: within 3 % of each."""
    return round(2 ** ((bucket + 0.5) / _FINE))
