"""Event ids to rows, at 12 bytes an id: 64-bit hashes, recent ones in a dict, older ones sorted.

Two ids of equal hash would be taken for one; with a million ids that has a chance of
1 in 30 million (SipHash, keyed anew in each process, so nobody can prepare one).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from debugger.log.runs import Merge, Run, run_of

RECENT: Final = 1 << 14
"""Ids that a generation holds. A dict entry costs 150 bytes, a sorted one 12."""

_AHEAD: Final = 32
"""Runs are merged so many times as fast as ids come: with millions, each id is merged some ten times."""


class IdIndex:
    """Hash to row. Of an id that comes twice, any of its rows may be found."""

    def __init__(self, recent: int = RECENT) -> None:
        self._recent_size = recent
        self._young: dict[int, int] = {}
        self._old: dict[int, int] = {}
        self._runs: tuple[Run, ...] = ()
        self._merge: Merge | None = None
        self._first = 0

    def __len__(self) -> int:
        """Ids that were entered, about."""
        return len(self._young) + len(self._old) + sum(len(run.hashes) for run in self._runs)

    def add(self, hashes: Iterable[int], rows: Iterable[int]) -> None:
        """Enter ids. What it takes is in proportion to how many they are, and never long."""
        before = len(self._young)
        self._young.update(zip(hashes, rows, strict=True))
        if self._merge is not None:
            self._go_on(_AHEAD * max(len(self._young) - before, 1))
        if len(self._young) >= self._recent_size:
            self._age()

    def _age(self) -> None:
        if self._old:
            hashes = np.fromiter(self._old.keys(), np.int64, len(self._old))
            rows = np.fromiter(self._old.values(), np.int64, len(self._old))
            known = rows >= self._first
            if known.any():
                # Visible in one step to readers in other threads.
                self._runs = (*self._runs, run_of(hashes[known], rows[known]))
                self._begin()
        self._old, self._young = self._young, {}

    def _begin(self) -> None:
        """Merge what is to be merged next, if anything is."""
        if self._merge is not None:
            return
        # As in a log-structured merge tree: each run at least twice the next one.
        for one, other in zip(self._runs[-2::-1], self._runs[::-1], strict=False):
            if len(one.hashes) < 2 * len(other.hashes):
                self._merge = Merge(one, other)
                return
        for run in self._runs:
            if run.mostly_below(self._first):
                self._merge = Merge(run)
                return

    def _go_on(self, hashes: int) -> None:
        merge = self._merge
        if merge is None or not merge.step(hashes, self._first):
            return
        made = merge.result(self._first)
        runs = [made if run is merge.parts[0] else run for run in self._runs if run is not merge.parts[1]]
        self._runs = tuple(run for run in runs if len(run.rows))
        self._merge = None
        self._begin()

    def forget(self, first: int) -> None:
        """Rows below `first` are no longer there. Not while others look up."""
        self._first = first
        if self._young and next(iter(self._young.values())) < first:
            self._age()  # however few they are: what is forgotten goes with the generation before
        merged = () if self._merge is None else self._merge.parts
        self._runs = tuple(
            run for run in self._runs if run.high >= first or any(run is one for one in merged)
        )
        self._begin()

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
