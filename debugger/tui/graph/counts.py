"""How often each component sent, received and failed up to the cursor."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from backend.events import Family
from backend.events.vocabulary import ERROR, PUBLISHED, RECEIVED, SEVERITIES
from debugger.log import FAMILIES, EventLog

_ERROR: Final = FAMILIES.index(Family.ERROR)
_SEVERE: Final = SEVERITIES.index("error")
_SENT, _RECEIVED, _FAILED, _KINDS = 0, 1, 2, 3
_STEP: Final = 1 << 20  # rows counted in one go: 8 MB of scratch


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
    """Counters at a row, moved forwards and backwards by what lies between."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._row = -1
        self._counts: NDArray[np.int64] = np.zeros((_KINDS, 16), np.int64)
        self._last_error: dict[int, int] = {}

    def move(self, row: int) -> None:
        """Count up to and with `row`."""
        if row < self._row // 2:  # nearer to the beginning than to where it was
            self._row = -1
            self._counts[:] = 0
        if row > self._row:
            self._add(self._row + 1, row + 1, 1)
        elif row < self._row:
            self._add(row + 1, self._row + 1, -1)
        self._row = row

    def _add(self, start: int, stop: int, sign: int) -> None:
        log = self._log
        kinds, components = log.column("event_type"), log.column("component")
        published, received = (log.id_of("event_type", kind) for kind in (PUBLISHED, RECEIVED))
        for first in range(start, stop, _STEP):
            part = slice(first, min(first + _STEP, stop))
            if published is not None:
                self._count(_SENT, components[part][kinds[part] == published], sign)
            if received is not None:
                self._count(_RECEIVED, components[part][kinds[part] == received], sign)
            self._count(_FAILED, components[part][failures(log, part)], sign)

    def _count(self, kind: int, components: NDArray[Any], sign: int) -> None:
        if not len(components):
            return
        found = np.bincount(components)
        width = self._counts.shape[1]
        if len(found) > width:
            grown = np.zeros((_KINDS, 2 * len(found)), np.int64)
            grown[:, :width] = self._counts
            self._counts = grown
        self._counts[kind, : len(found)] += sign * found

    def of(self, component: str) -> tuple[int, int, int]:
        """Sent, received, failed."""
        number = self._log.id_of("component", component)
        if number is None or number >= self._counts.shape[1]:
            return 0, 0, 0
        sent, received, failed = self._counts[:, number].tolist()
        return sent, received, failed

    @property
    def sent(self) -> int:
        """All messages published."""
        return int(self._counts[_SENT].sum())
