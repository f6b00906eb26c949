"""Where knowledge is missing: rows at which order may be missing too."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.order.records import Hole, Missing
from debugger.analysis.order.tape import Tape
from debugger.log import NONE, EventLog
from debugger.log.columns import FORGOTTEN
from debugger.log.distinct import distinct

_FEW: Final = 64
_FAR: Final = 1_000  # causes that are followed to tell a cycle
_MOST_FOLLOWED: Final = 1_000

LOSSES: Final = (Missing.GAP, Missing.REPEATED)
"""What is missing may be anything, from any task."""


class _Rows:
    """Ascending rows, the first `most` of them; in those that come after, each is one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows = Tape()
        self.count = 0
        self._full_from: int | None = None

    def add(self, rows: NDArray[np.int64]) -> None:
        left = self._most - (len(self._rows) - self._rows.first)
        self.count += len(rows)
        self._rows.append(rows[:left])
        if len(rows) > left and self._full_from is None:
            self._full_from = int(rows[left])

    def between(self, low: int, high: int) -> NDArray[np.int64]:
        """Those above `low`, up to `high`."""
        if self._full_from is not None and self._full_from <= high:
            return np.array([high], np.int64)
        rows = self.all()
        return rows[np.searchsorted(rows, low, "right") : np.searchsorted(rows, high, "right")]

    def all(self) -> NDArray[np.int64]:
        found: NDArray[np.int64] = self._rows.part(self._rows.first, len(self._rows))
        return found

    def forget(self, row: int) -> None:
        gone = int(np.searchsorted(self.all(), row))
        if 2 * gone > len(self._rows) - self._rows.first:
            self._rows.drop(self._rows.first + gone)


class Holes:
    """What is missing from a log, as far as it was looked at.

    ``unknown`` are rows whose cause is not before them in the log: which of `Missing` it is may change when
    the cause comes.
    """

    def __init__(self, log: EventLog, most: int) -> None:
        self._log = log
        self._unknown = _Rows(most)
        self._of: dict[Missing, _Rows] = {
            kind: _Rows(most)
            for kind in Missing
            if kind not in (Missing.UNKNOWN_CAUSE, Missing.FUTURE_CAUSE, Missing.CAUSE_CYCLE)
        }
        self._counted: dict[int, int] = {}  # by source, the highest seq
        self._numbers: dict[int, int] = {}

    def look(self, start: int, stop: int, gaps: NDArray[np.bool_], unknown: NDArray[np.bool_]) -> None:
        """Take in rows: which of them tell of a gap, and which name a cause that is not before them."""
        self._unknown.add(np.flatnonzero(unknown) + start)
        seqs = self._log.column("seq")[start:stop].astype(np.int64)
        lost, repeated = self._counts(seqs, self._log.column("source")[start:stop])
        self._of[Missing.GAP].add(np.flatnonzero(gaps | lost) + start)
        self._of[Missing.REPEATED].add(np.flatnonzero(repeated) + start)

    def _counts(self, seqs: NDArray[np.int64], sources: NDArray[Any]) -> tuple[NDArray[np.bool_], ...]:
        """Which rows come after a jump of their source's count, and which after it was higher."""
        lost, repeated = np.zeros(len(seqs), np.bool_), np.zeros(len(seqs), np.bool_)
        counted = np.flatnonzero(seqs != NONE)
        for source in distinct(sources[counted]).tolist():
            at = counted[sources[counted] == source]
            own = seqs[at]
            highest = np.maximum.accumulate(own)
            before = np.empty_like(own)
            before[1:] = highest[:-1]
            before[0] = self._counted.get(source, int(own[0]) - 1)
            before[1:] = np.maximum(before[1:], before[0])
            lost[at] = own > before + 1
            repeated[at] = own <= before
            self._counted[source] = max(int(highest[-1]), int(before[0]))
        return lost, repeated

    def add(self, kind: Missing, row: int) -> None:
        """Note a row; those of a kind come in order."""
        self._of[kind].add(np.array([row], np.int64))

    def add_all(self, kind: Missing, rows: list[int]) -> None:
        """Note some rows."""
        if rows:
            self._of[kind].add(np.array(rows, np.int64))

    # --- answers -----------------------------------------------------------------------------

    def kind_of_unknown(self, row: int) -> Missing:
        """What is the matter with the cause of a row that has none before it."""
        cause = int(self._log.column("cause_row")[row])
        if cause < row:
            return Missing.UNKNOWN_CAUSE
        causes, rows = self._log.column("cause_row"), len(self._log)
        at = cause
        for _ in range(_FAR):
            if at == row:
                return Missing.CAUSE_CYCLE
            if not 0 <= at < rows:
                break
            at = int(causes[at])
        return Missing.FUTURE_CAUSE

    def losses(self, low: int, high: int) -> list[Hole]:
        """Where anything may be missing, above a row, up to another."""
        return [
            Hole(kind, row) for kind in LOSSES for row in self._of[kind].between(low, high)[:_FEW].tolist()
        ]

    def edges(self, low: int, high: int) -> list[Hole]:
        """Where an event may come after more than is known, in order of rows, `_FEW` of a kind at most."""
        found = [
            Hole(self.kind_of_unknown(row), row) for row in self._unknown.between(low, high)[:_FEW].tolist()
        ]
        for kind, rows in self._of.items():
            if kind not in LOSSES:
                found += [Hole(kind, row) for row in rows.between(low, high)[:_FEW].tolist()]
        return sorted(found, key=lambda hole: hole.row)

    def all(self, most: int) -> list[Hole]:
        """The first holes of each kind, in order of rows."""
        found = [Hole(self.kind_of_unknown(row), row) for row in self._unknown.all()[:most].tolist()]
        for kind, rows in self._of.items():
            found += [Hole(kind, row) for row in rows.all()[:most].tolist()]
        return sorted(found, key=lambda hole: hole.row)

    def counts(self) -> dict[Missing, int]:
        """How many there are of each kind; of causes to come, the first thousand are looked at for cycles."""
        rows = self._unknown.all()
        late = rows[self._log.column("cause_row")[rows] >= rows] if len(rows) else rows
        cycles = sum(
            self.kind_of_unknown(row) is Missing.CAUSE_CYCLE for row in late[:_MOST_FOLLOWED].tolist()
        )
        return {
            Missing.UNKNOWN_CAUSE: self._unknown.count - len(late),
            Missing.FUTURE_CAUSE: len(late) - cycles,
            Missing.CAUSE_CYCLE: cycles,
            **{kind: known.count for kind, known in self._of.items()},
        }

    def forget(self, row: int) -> None:
        """Rows below are not asked for any more."""
        for rows in (self._unknown, *self._of.values()):
            rows.forget(row)


def unknown_causes(
    causes: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Causes as far as they are before their rows, else -1; and which rows name one that is not."""
    named = causes != NONE
    known = (causes >= 0) & (causes < rows)
    return np.where(known, causes, NONE), named & ~known & (causes != FORGOTTEN)
