"""Where events are missing from a log."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.events.vocabulary import GAP, SYSTEM
from debugger.log import NONE, EventLog
from debugger.log.distinct import distinct

_MOST: Final = 100_000


class Losses:
    """Rows right before which something is missing, ascending; of more than so many, everything after."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._rows: list[int] = [log.first_row] if log.first_row else []
        self._counted: dict[int, int] = {}  # by source

    @property
    def first(self) -> int | None:
        """The first of them."""
        return self._rows[0] if self._rows else None

    def look(self, start: int, stop: int) -> None:
        """Take in rows, in order."""
        log = self._log
        lost = self._jumps(
            log.column("seq")[start:stop].astype(np.int64), log.column("source")[start:stop].astype(np.int64)
        )
        system, gap = log.id_of("event_type", SYSTEM), log.id_of("message_type", GAP)
        if system is not None and gap is not None:
            lost |= (log.column("event_type")[start:stop] == system) & (
                log.column("message_type")[start:stop] == gap
            )
        for row in (np.flatnonzero(lost) + start).tolist():
            self.add(row)

    def add(self, row: int) -> None:
        """Note a row, not before the last one."""
        if len(self._rows) <= _MOST and (not self._rows or self._rows[-1] != row):
            self._rows.append(row)

    def between(self, low: int, high: int) -> bool:
        """Whether there is one above a row, up to another."""
        if len(self._rows) > _MOST and high >= self._rows[-1]:
            return True
        return bisect_right(self._rows, high) > bisect_right(self._rows, low)

    def _jumps(self, seqs: NDArray[np.int64], sources: NDArray[np.int64]) -> NDArray[np.bool_]:
        lost = np.zeros(len(seqs), np.bool_)
        counted = np.flatnonzero(seqs != NONE)
        several = bool(len(counted)) and bool((sources[counted] != sources[counted[0]]).any())
        for source in distinct(sources[counted]).tolist() if several else sources[counted[:1]].tolist():
            at = counted[sources[counted] == source] if several else counted
            highest = np.maximum.accumulate(seqs[at])
            before = np.empty_like(highest)
            before[1:] = highest[:-1]
            before[0] = known = self._counted.get(source, 0)
            np.maximum(before, known, out=before)
            lost[at] = seqs[at] > before + 1
            self._counted[source] = max(int(highest[-1]), known)
        return lost
