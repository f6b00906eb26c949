"""The turns of a log, kept up to date as it grows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, overload

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.turns import resolve as became
from debugger.analysis.turns.fold import Fold
from debugger.analysis.turns.latency import summarise
from debugger.analysis.turns.portrait import portrait
from debugger.analysis.turns.records import MILESTONES, STATUSES, LatencySummary, Status, Turn
from debugger.analysis.turns.resolve import Known, Resolved, resolve
from debugger.log import EventLog
from debugger.log.pace import Pace

_FIRST_PIECE: Final = 512  # so that one of which each row is read takes 3 ms
_LARGEST_PIECE: Final = 1 << 18
_FAST_NS: Final = 3_000_000
_KEPT: Final = 512  # turns that were asked for lately

MOST_FORGOTTEN: Final = 4_096
"""Of a log that forgets, turns that are kept although their rows are forgotten: some 1 kB each."""

MOST_TURNS: Final = 20_000
"""Of a log that forgets, turns in all. Of both, a quarter more at most: some go at a time."""


class TurnIndex:
    """Turns in the order of their first events; `advance` takes in what the log has meanwhile.

    Everything that it says is as of `looked_at` rows, and the same however `advance` was called.
    ``version`` grows with each change, ``settled`` with each that the summary may show.

    A turn whose rows are forgotten stays as it was. Of more such than `MOST_FORGOTTEN`, and of more than
    `MOST_TURNS` in all, the oldest are ``dropped``, so many up to now: then the indexes of all others
    are lower.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._fold = Fold(log)
        self._known = Known(frozenset())
        self._resolved = _blank(0)
        self._count = 0
        self._pace = Pace(_FIRST_PIECE, _LARGEST_PIECE, _FAST_NS)
        self._turns: OrderedDict[int, Turn] = OrderedDict()
        self._summary: tuple[tuple[int, bool], LatencySummary] | None = None
        self.looked_at = 0
        self.version = 0
        self.settled = 0
        self.dropped = 0

    @property
    def complete(self) -> bool:
        """Whether every row of the log was looked at."""
        return self.looked_at >= len(self._log)

    def advance(self, clock: Callable[[], int], budget_ns: int) -> bool:
        """Take in new rows for about ``budget_ns`` of `clock`, one piece at least; whether a turn changed."""
        version, stop = self.version, len(self._log)
        if self._log.forgets:
            self._forget()
        for rows in self._pace.pieces(clock, budget_ns):
            if self.looked_at >= stop:
                break
            self._take(min(self.looked_at + rows, stop))
        return self.version != version

    def _forget(self) -> None:
        first = self._log.first_row
        self.looked_at = max(self.looked_at, first)
        forgotten = int(np.count_nonzero(self._fold.table["last_row"][: self._count] < first))
        bounds = (MOST_FORGOTTEN, forgotten), (MOST_TURNS, self._count)
        if due := max((count - most for most, count in bounds if count >= most + most // 4), default=0):
            self._drop(due)

    def _drop(self, count: int) -> None:
        """The first turns go."""
        self._fold.drop(count)
        for column in _columns(self._resolved):
            column[: self._count - count] = column[count : self._count].copy()
        self._count -= count
        self._turns.clear()
        self.dropped += count
        self.version += 1
        self.settled += 1

    def _take(self, stop: int) -> None:
        changed = self._fold.take(self.looked_at, stop)
        self.looked_at = stop
        known = Known.of(self._log)
        if known != self._known:  # all turns may be told by other signs now
            self._known = known
            last = self._fold.table["last_row"][: len(self._fold.table)]
            changed = np.flatnonzero(last >= self._log.first_row)
            self._turns.clear()
        if not len(changed):
            return
        self._count = len(self._fold.table)
        if self._count > len(self._resolved.status):
            self._resolved = _grown(self._resolved, max(2 * self._count, 64))
        self._update(changed)
        self.version += 1

    def _update(self, changed: NDArray[np.int64]) -> None:
        kept = self._resolved
        fresh = resolve(self._log, self._fold.table, changed, self._known, kept)
        differs = (kept.status[changed] != fresh.status) | (kept.total[changed] != fresh.total)
        differs |= (kept.stages[changed] != fresh.stages).any(axis=1)
        if differs.any():
            self.settled += 1
        for column, values in zip(_columns(kept), _columns(fresh), strict=True):
            column[changed] = values
        if self._turns:
            for turn in changed[:_KEPT].tolist() if len(changed) <= _KEPT else list(self._turns):
                self._turns.pop(turn, None)

    # --- answers ---------------------------------------------------------------------------

    @property
    def turns(self) -> Sequence[Turn]:
        """All turns, made when they are asked for."""
        return _Turns(self)

    def __len__(self) -> int:
        """How many turns there are."""
        return self._count

    def turn(self, index: int) -> Turn:
        """One turn; raises IndexError beyond the last."""
        if not 0 <= index < self._count:
            raise IndexError(f"turn {index} of {self._count}")
        turn = self._turns.get(index)
        if turn is None:
            turn = self._turns[index] = portrait(self._log, self._fold.table, self._resolved, index)
            if len(self._turns) > _KEPT:
                self._turns.popitem(last=False)
        else:
            self._turns.move_to_end(index)
        return turn

    def turn_at(self, row: int) -> int | None:
        """The index of the turn that a row belongs to; None if it belongs to none, or was not looked at."""
        return self._fold.turn_of(row) if self._log.first_row <= row < self.looked_at else None

    def first_row(self, index: int) -> int:
        """Where a turn begins, as far as its rows are known."""
        table = self._fold.table
        first, last = int(table["first_row"][index]), int(table["last_row"][index])
        return min(max(first, self._log.first_row), last)

    def status(self, index: int) -> Status:
        """What became of a turn."""
        return STATUSES[int(self._resolved.status[index])]

    def totals_ns(self) -> NDArray[np.int64]:
        """What the user waited in each turn, -1 where that is not known."""
        return self._resolved.total[: self._count].copy()

    def summary(self, *, stage_values: bool = True) -> LatencySummary:
        """Latency over all turns; the same object as long as it is the same.

        Without `stage_values` the spreads of stages keep no single durations, which is three times as fast.
        """
        as_of = (self.settled, stage_values)
        if self._summary is None or self._summary[0] != as_of:
            count, all_of = self._count, self._resolved
            found = summarise(
                all_of.status[:count],
                all_of.total[:count],
                all_of.stages[:count],
                all_of.suspect[:count],
                all_of.base[:count] == became.TRANSCRIPT,
                stage_values=stage_values,
            )
            self._summary = (as_of, found)
        return self._summary[1]


class _Turns(Sequence[Turn]):
    """The turns of an index as a sequence."""

    def __init__(self, index: TurnIndex) -> None:
        self._index = index

    def __len__(self) -> int:
        return len(self._index)

    @overload
    def __getitem__(self, at: int) -> Turn: ...
    @overload
    def __getitem__(self, at: slice) -> list[Turn]: ...
    def __getitem__(self, at: int | slice) -> Turn | list[Turn]:
        if isinstance(at, slice):
            return [self._index.turn(number) for number in range(*at.indices(len(self._index)))]
        return self._index.turn(at + len(self._index) if at < 0 else at)

    def __iter__(self) -> Iterator[Turn]:
        return (self._index.turn(number) for number in range(len(self._index)))


def _blank(count: int) -> Resolved:
    milestones = len(MILESTONES)

    def wide(dtype: Any) -> NDArray[Any]:
        return np.full((count, milestones), became.NEVER, dtype)

    def narrow(dtype: Any) -> NDArray[Any]:
        return np.full(count, became.NEVER, dtype)

    return Resolved(
        status=np.full(count, became.OPEN, np.uint8),
        status_row=narrow(np.int64),
        rows=wide(np.int64),
        times=wide(np.int64),
        stages=wide(np.int64),
        since=wide(np.int8),
        total=narrow(np.int64),
        base=narrow(np.int8),
        suspect=np.zeros(count, np.bool_),
    )


def _grown(old: Resolved, count: int) -> Resolved:
    new = _blank(count)
    for source, target in zip(_columns(old), _columns(new), strict=True):
        target[: len(source)] = source
    return new


def _columns(resolved: Resolved) -> tuple[NDArray[Any], ...]:
    return tuple(resolved)
