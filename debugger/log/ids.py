"""Event ids to rows, at 12 bytes an id: 64-bit hashes, recent ones in a dict, older ones sorted.

Two ids of equal hash would be taken for one; with a million ids that has a chance of
1 in 30 million (SipHash, keyed anew in each process, so nobody can prepare one).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

RECENT: Final = 1 << 14
"""Ids that a generation holds. A dict entry costs 150 bytes, a sorted one 12."""

_NARROW: Final = (1 << 32) - 1


class _Run(NamedTuple):
    """Sorted hashes and their rows."""

    hashes: NDArray[np.int64]
    rows: NDArray[Any]

    def find(self, wanted: NDArray[np.int64], first: int) -> NDArray[np.int64]:
        """A row from `first` on for each wanted hash, or -1."""
        at = np.searchsorted(self.hashes, wanted)
        at[at == len(self.hashes)] = 0
        rows = self.rows[at].astype(np.int64)
        rows[self.hashes[at] != wanted] = -1
        for one in np.flatnonzero((rows < first) & (rows >= 0)).tolist():  # it may have come again
            twins = self.rows[at[one] : np.searchsorted(self.hashes, wanted[one], side="right")]
            newest = int(twins.max())
            rows[one] = newest if newest >= first else -1
        return rows

    def known(self, first: int) -> _Run:
        """What is left of it from row `first` on."""
        kept = self.rows >= first
        return self if kept.all() else _Run(self.hashes[kept], self.rows[kept])


class IdIndex:
    """Hash to row. Of an id that comes twice, any of its rows may be found."""

    def __init__(self, recent: int = RECENT) -> None:
        self._recent_size = recent
        self._young: dict[int, int] = {}
        self._old: dict[int, int] = {}
        self._runs: tuple[_Run, ...] = ()
        self._first = 0

    def __len__(self) -> int:
        """Ids that were entered, about."""
        return len(self._young) + len(self._old) + sum(len(run.hashes) for run in self._runs)

    def add(self, hashes: Iterable[int], rows: Iterable[int]) -> None:
        """Enter ids."""
        self._young.update(zip(hashes, rows, strict=True))
        if len(self._young) >= self._recent_size:
            self._age()

    def _age(self) -> None:
        if self._old:
            hashes = np.fromiter(self._old.keys(), np.int64, len(self._old))
            rows = np.fromiter(self._old.values(), np.int64, len(self._old))
            run = _sorted(hashes, rows if int(rows.max()) > _NARROW else rows.astype(np.uint32))
            run = run.known(self._first)
            runs = list(self._runs)
            # As in a log-structured merge tree: each run at least twice the next one.
            while runs and len(runs[-1].hashes) < 2 * len(run.hashes):
                before = runs.pop().known(self._first)
                run = _sorted(
                    np.concatenate((before.hashes, run.hashes)), np.concatenate((before.rows, run.rows))
                )
            # Visible in one step to readers in other threads.
            self._runs = (*runs, run) if len(run.rows) else tuple(runs)
        self._old, self._young = self._young, {}

    def forget(self, first: int) -> None:
        """Rows below `first` are no longer there. Not while others look up."""
        self._first = first
        # What is taken away is copied but once or twice: a run goes to half before it is cut.
        self._runs = tuple(
            run.known(first) if 2 * np.count_nonzero(run.rows < first) >= len(run.rows) else run
            for run in self._runs
        )
        self._runs = tuple(run for run in self._runs if len(run.rows))

    def find(self, wanted: int) -> int | None:
        """The row of one hash."""
        row = self.find_all([wanted])[0]
        return None if row < 0 else row

    def find_all(self, wanted: Sequence[int]) -> list[int]:
        """A row for each hash, -1 where there is none."""
        young, old, runs, first = self._young.get, self._old.get, self._runs, self._first
        found = [young(one, -1) for one in wanted]
        for at, row in enumerate(found):
            if row < first or row < 0:
                before = old(wanted[at], -1)
                found[at] = before if before >= first else -1
        missing = [at for at, row in enumerate(found) if row < 0]
        for run in reversed(runs):
            if not missing:
                break
            rows = run.find(np.array([wanted[at] for at in missing], np.int64), first).tolist()
            for at, row in zip(missing, rows, strict=True):
                found[at] = row
            missing = [at for at in missing if found[at] < 0]
        return found


def _sorted(hashes: NDArray[np.int64], rows: NDArray[Any]) -> _Run:
    order = np.argsort(hashes, kind="stable")
    return _Run(hashes[order], rows[order])
