"""Effects whose cause is not in the log yet."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from debugger.log.interner import bounded
from debugger.log.pack import Texts
from debugger.log.series import NOWHERE, taken_apart


class _Asked:
    """What is waited for under one head: rows by count, and the bounds of the counts."""

    __slots__ = ("high", "low", "rows")

    def __init__(self) -> None:
        self.rows: dict[int, list[int]] = {}
        self.low = NOWHERE
        self.high = NOWHERE


class Waiting:
    """Causes that were named and not found, with the rows that name them.

    When a recording begins in the middle, thousands wait for ever for what came before. Since ids
    count up, the bounds tell in no time that none of a new batch is meant.
    """

    def __init__(self) -> None:
        self._asked: dict[str, _Asked] = {}
        self._rows = 0

    def __len__(self) -> int:
        """Rows that wait."""
        return self._rows

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._asked)

    def add(self, cause: str, row: int) -> None:
        """`row` waits for the event with the id `cause`."""
        head, count = taken_apart(bounded(cause))
        asked = self._asked.get(head)
        if asked is None:
            asked = self._asked[head] = _Asked()
            asked.low = asked.high = count
        asked.rows.setdefault(count, []).append(row)
        self._rows += 1
        asked.low, asked.high = min(asked.low, count), max(asked.high, count)

    def take(self, ids: Texts) -> Iterator[tuple[int, list[int]]]:
        """Those of new ids that were waited for, by their index, with the rows; they wait no longer."""
        if ids.counts is None:
            for at, text in enumerate(ids.texts):
                head, count = taken_apart(bounded(text))
                yield from self._taken(head, count, at)
            return
        asked = self._asked.get(ids.head)
        if asked is None:
            return
        there = np.flatnonzero((ids.counts >= asked.low) & (ids.counts <= asked.high))
        for at, count in zip(there.tolist(), ids.counts[there].tolist(), strict=True):
            yield from self._taken(ids.head, count, at)

    def _taken(self, head: str, count: int, at: int) -> Iterator[tuple[int, list[int]]]:
        asked = self._asked.get(head)
        rows = None if asked is None else asked.rows.pop(count, None)
        if asked is not None and rows is not None:
            self._rows -= len(rows)
            if not asked.rows:
                del self._asked[head]
            yield at, rows

    def forget(self, first: int, most: int) -> None:
        """Rows below `first` wait no longer; nor do the oldest of more than `most`."""
        for head, asked in list(self._asked.items()):
            excess = self._rows - most
            while asked.rows:
                # They are in the order of the first row of each cause.
                count, rows = next(iter(asked.rows.items()))
                if rows[0] >= first and excess <= 0:
                    break
                kept = [row for row in rows if row >= first] if excess <= 0 else []
                del asked.rows[count]
                if kept:
                    asked.rows[count] = kept
                self._rows -= len(rows) - len(kept)
                excess -= len(rows) - len(kept)
            if not asked.rows:
                del self._asked[head]
