"""How often each component sent, received and failed, at any row: checkpoints, and the rows beside one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.events import Family
from backend.events.vocabulary import ERROR, PUBLISHED, RECEIVED, SEVERITIES
from debugger.log.encode import FAMILIES
from debugger.log.eventlog import EventLog

STEP: Final = 1 << 15
"""Rows between two checkpoints at first."""

LIMIT_BYTES: Final = 8 << 20
"""For all checkpoints. When it is reached, every second one goes, and the others are twice as far apart."""

MOST_COMPONENTS: Final = 1 << 16
"""Those numbered higher are counted together, so that a hostile log cannot fill the memory."""

_ERROR: Final = FAMILIES.index(Family.ERROR)
_SEVERE: Final = SEVERITIES.index("error")
_HERE, _BEGINNING, _FRONT = -1, -2, -3  # where one can start from, but for checkpoints
_SENT, _RECEIVED, _FAILED, _KINDS = 0, 1, 2, 3
_PIECE: Final = 1 << 15  # rows counted in one go: they fit the cache, and take some 0.3 ms


class Count(NamedTuple):
    """Of one component, up to and with a row."""

    sent: int = 0
    received: int = 0
    failed: int = 0


def failures(log: EventLog, part: slice) -> NDArray[np.bool_]:
    """Which rows say that something failed: an error, a severe event, a message about an error sent."""
    kinds = log.column("event_type")[part]
    failed: NDArray[np.bool_] = log.column("severity")[part] >= _SEVERE
    error, published = log.id_of("event_type", ERROR), log.id_of("event_type", PUBLISHED)
    if error is not None:
        failed |= kinds == error
    if published is not None:
        failed |= (kinds == published) & (log.column("family")[part] == _ERROR)
    return failed


class Counts:
    """Counters at a row. `extend` makes checkpoints of what came; `move` goes anywhere from the nearest.

    Moving within what `extend` has seen costs half a step of rows at most. Not safe to share between threads;
    the log may grow meanwhile, and forget rows: those that `extend` saw stay counted.
    """

    def __init__(self, log: EventLog, *, step: int = STEP, limit_bytes: int = LIMIT_BYTES) -> None:
        self._log = log
        self._step = step
        self._limit = limit_bytes
        # Number n of all that there were is of the rows below (n + 1) * step; the first are dropped.
        self._checkpoints: list[NDArray[np.uint32]] = []
        self._dropped = 0
        self._bytes = 0
        self._front: NDArray[np.int64] = np.zeros((_KINDS, 16), np.int64)
        self._scanned = 0
        self._here = self._front.copy()
        self._row = -1

    # --- checkpoints ---------------------------------------------------------------------

    def extend(self, clock: Callable[[], int], budget_ns: int) -> bool:
        """Look at rows that came, for about so long; whether all were looked at, but for a last piece."""
        log, until = self._log, clock() + budget_ns
        self._forget()
        while (stop := self._next_stop()) <= len(log):
            self._front = self._add(self._front, self._scanned, stop, 1)
            self._scanned = stop
            if stop % self._step == 0:
                self._keep()
            if clock() >= until:
                break
        return self._next_stop() > len(log)

    def covers(self, row: int) -> bool:
        """Whether moving to `row` is quick: it is within what was looked at, or little behind it."""
        return row < self._scanned + 2 * max(self._step, _PIECE)

    @property
    def memory(self) -> int:
        """Bytes of all checkpoints."""
        return self._bytes

    def _next_stop(self) -> int:
        boundary = self._step * (self._dropped + len(self._checkpoints) + 1)
        return min(self._scanned + _PIECE, boundary)

    def _forget(self) -> None:
        """Checkpoints from which no known row can be reached go."""
        first = self._log.first_row
        while self._scanned < first:  # forgotten before it was seen
            self._scanned = min(self._step * (self._dropped + len(self._checkpoints) + 1), first)
            if self._scanned % self._step == 0:
                self._keep()
        useless = min(first // self._step - self._dropped - 1, len(self._checkpoints))
        if useless > 0:
            self._bytes -= sum(one.nbytes for one in self._checkpoints[:useless])
            del self._checkpoints[:useless]
            self._dropped += useless

    def _keep(self) -> None:
        used = np.flatnonzero(self._front.any(axis=0))
        width = int(used[-1]) + 1 if len(used) else 0
        self._checkpoints.append(self._front[:, :width].astype(np.uint32))
        self._bytes += self._checkpoints[-1].nbytes
        while self._bytes > self._limit and self._checkpoints:
            # The second, the fourth, ... of all are at whole steps of the doubled step.
            self._checkpoints = self._checkpoints[(self._dropped + 1) % 2 :: 2]
            self._dropped //= 2
            self._step *= 2
            self._bytes = sum(one.nbytes for one in self._checkpoints)

    # --- counters at a row ---------------------------------------------------------------

    def move(self, row: int) -> None:
        """Count up to and with `row`; -1: nothing."""
        self._forget()
        before = self._log.first_row - 1
        row = max(row, before)
        starts = [(self._row, _HERE), (self._scanned - 1, _FRONT), (-1, _BEGINNING)]
        below = (row + 1) // self._step - 1 - self._dropped
        starts += [
            ((self._dropped + number + 1) * self._step - 1, number)
            for number in (below, below + 1)
            if 0 <= number < len(self._checkpoints)
        ]
        at, nearest = min(
            (start for start in starts if start[0] >= before), key=lambda one: (abs(one[0] - row), one[1])
        )
        if nearest == _BEGINNING:
            self._here = np.zeros_like(self._here)
        elif nearest == _FRONT:
            self._here = self._front.copy()
        elif nearest != _HERE:
            self._here = self._checkpoints[nearest].astype(np.int64)
        self._row = at
        if row > self._row:
            self._here = self._add(self._here, self._row + 1, row + 1, 1)
        elif row < self._row:
            self._here = self._add(self._here, row + 1, self._row + 1, -1)
        self._row = row

    def of(self, component: str) -> Count:
        """Of a component, where `move` went."""
        number = self._log.id_of("component", component)
        if number is None:
            return Count()
        number = min(number, MOST_COMPONENTS)
        if number >= self._here.shape[1]:
            return Count()
        return Count(*self._here[:, number].tolist())

    @property
    def sent(self) -> int:
        """All messages published, where `move` went."""
        return int(self._here[_SENT].sum())

    def _add(self, counts: NDArray[np.int64], start: int, stop: int, sign: int) -> NDArray[np.int64]:
        """Add the rows from `start` up to `stop` to counters, in place where they are wide enough."""
        log = self._log
        kinds, components = log.column("event_type"), log.column("component")
        published, received = (log.id_of("event_type", kind) for kind in (PUBLISHED, RECEIVED))
        for first in range(start, stop, _PIECE):
            part = slice(first, min(first + _PIECE, stop))
            who = components[part]
            highest = int(who.max())
            if highest > MOST_COMPONENTS:
                who, highest = np.minimum(who, MOST_COMPONENTS), MOST_COMPONENTS
            if highest >= counts.shape[1]:
                grown = np.zeros((_KINDS, min(2 * highest + 1, MOST_COMPONENTS + 1)), np.int64)
                grown[:, : counts.shape[1]] = counts
                counts = grown
            if published is not None:
                _count(counts[_SENT], who[kinds[part] == published], sign)
            if received is not None:
                _count(counts[_RECEIVED], who[kinds[part] == received], sign)
            _count(counts[_FAILED], who[failures(log, part)], sign)
        return counts


def _count(counters: NDArray[np.int64], components: NDArray[Any], sign: int) -> None:
    if len(components):
        found = np.bincount(components)
        counters[: len(found)] += sign * found
