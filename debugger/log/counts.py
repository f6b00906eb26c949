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
    the log may grow meanwhile.
    """

    def __init__(self, log: EventLog, *, step: int = STEP, limit_bytes: int = LIMIT_BYTES) -> None:
        self._log = log
        self._step = step
        self._limit = limit_bytes
        self._checkpoints: list[NDArray[np.uint32]] = []  # number n: of the rows below (n + 1) * step
        self._bytes = 0
        self._front: NDArray[np.int64] = np.zeros((_KINDS, 16), np.int64)
        self._scanned = 0
        self._here = self._front.copy()
        self._row = -1

    # --- checkpoints ---------------------------------------------------------------------

    def extend(self, clock: Callable[[], int], budget_ns: int) -> bool:
        """Look at rows that came, for about so long; whether all were looked at, but for a last piece."""
        log, until = self._log, clock() + budget_ns
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
        boundary = self._step * (len(self._checkpoints) + 1)
        return min(self._scanned + _PIECE, boundary)

    def _keep(self) -> None:
        used = np.flatnonzero(self._front.any(axis=0))
        width = int(used[-1]) + 1 if len(used) else 0
        self._checkpoints.append(self._front[:, :width].astype(np.uint32))
        self._bytes += self._checkpoints[-1].nbytes
        while self._bytes > self._limit and self._checkpoints:
            # The second, the fourth, ... are at whole steps of the doubled step.
            self._checkpoints = self._checkpoints[1::2]
            self._step *= 2
            self._bytes = sum(one.nbytes for one in self._checkpoints)

    # --- counters at a row ---------------------------------------------------------------

    def move(self, row: int) -> None:
        """Count up to and with `row`; -1: nothing."""
        known = [(abs(self._row - row), -1), (row + 1, -2)]
        below = min((row + 1) // self._step, len(self._checkpoints)) - 1
        known += [
            (abs((number + 1) * self._step - 1 - row), number)
            for number in (below, below + 1)
            if 0 <= number < len(self._checkpoints)
        ]
        known.append((abs(self._scanned - 1 - row), -3))
        _, nearest = min(known)
        if nearest == -2:  # noqa: PLR2004 - the beginning
            self._here, self._row = np.zeros_like(self._here), -1
        elif nearest == -3:  # noqa: PLR2004 - as far as was looked
            self._here, self._row = self._front.copy(), self._scanned - 1
        elif nearest >= 0:
            self._here = self._checkpoints[nearest].astype(np.int64)
            self._row = (nearest + 1) * self._step - 1
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
