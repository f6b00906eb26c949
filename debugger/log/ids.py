"""Event ids to rows, at 12 bytes an id: 64-bit hashes, recent ones in a dict, older ones sorted.

Two ids of equal hash would be taken for one; with a million ids that has a chance of
1 in 30 million (SipHash, keyed anew in each process, so nobody can prepare one).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

RECENT: Final = 1 << 14
"""Ids that a generation holds. A dict entry costs 150 bytes, a sorted one 12."""


class _Run(NamedTuple):
    """Sorted hashes and their rows."""

    hashes: NDArray[np.int64]
    rows: NDArray[np.uint32]

    def find(self, wanted: NDArray[np.int64]) -> NDArray[np.int64]:
        """A row for each wanted hash, or -1."""
        at = np.searchsorted(self.hashes, wanted)
        at[at == len(self.hashes)] = 0
        rows = self.rows[at].astype(np.int64)
        rows[self.hashes[at] != wanted] = -1
        return rows


class IdIndex:
    """Hash to row. Of an id that comes twice, any of its rows may be found."""

    def __init__(self, recent: int = RECENT) -> None:
        self._recent_size = recent
        self._young: dict[int, int] = {}
        self._old: dict[int, int] = {}
        self._runs: tuple[_Run, ...] = ()

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
            rows = np.fromiter(self._old.values(), np.uint32, len(self._old))
            run = _sorted(hashes, rows)
            runs = list(self._runs)
            # As in a log-structured merge tree: each run at least twice the next one.
            while runs and len(runs[-1].hashes) < 2 * len(run.hashes):
                before = runs.pop()
                run = _sorted(
                    np.concatenate((before.hashes, run.hashes)), np.concatenate((before.rows, run.rows))
                )
            self._runs = (*runs, run)  # visible in one step to readers in other threads
        self._old, self._young = self._young, {}

    def find(self, wanted: int) -> int | None:
        """The row of one hash."""
        row = self.find_all([wanted])[0]
        return None if row < 0 else row

    def find_all(self, wanted: Sequence[int]) -> list[int]:
        """A row for each hash, -1 where there is none."""
        young, old, runs = self._young.get, self._old.get, self._runs
        found = [young(one, -1) for one in wanted]
        for at, row in enumerate(found):
            if row < 0:
                found[at] = old(wanted[at], -1)
        missing = [at for at, row in enumerate(found) if row < 0]
        for run in reversed(runs):
            if not missing:
                break
            rows = run.find(np.array([wanted[at] for at in missing], np.int64)).tolist()
            for at, row in zip(missing, rows, strict=True):
                found[at] = row
            missing = [at for at in missing if found[at] < 0]
        return found


def _sorted(hashes: NDArray[np.int64], rows: NDArray[np.uint32]) -> _Run:
    order = np.argsort(hashes, kind="stable")
    return _Run(hashes[order], rows[order])
