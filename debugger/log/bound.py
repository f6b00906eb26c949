"""Which rows of a log that goes on for ever are still known, and which of the names that they had."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np

from debugger.log.columns import Columns
from debugger.log.compact import CompactInterner
from debugger.log.interner import Interner

_MOST_AT_ONCE: Final = 1 << 16
_SHARE: Final = 64
_PAUSE: Final = 2  # parts forgotten between two looks at names


class Bound:
    """The newest ``max_rows`` are known, and a sixty-fourth more at most: a part is forgotten at a time.

    None: all of them are, for ever.
    """

    def __init__(self, max_rows: int | None, columns: Columns, names: dict[str, Interner]) -> None:
        self.first = 0
        self.max_rows = max_rows
        self._part = min(max((max_rows or 0) // _SHARE, 1), _MOST_AT_ONCE)
        self._parts = 0
        self._columns = columns
        self._names = {column: known for column, known in names.items() if isinstance(known, CompactInterner)}
        self._noted: deque[tuple[int, dict[str, int]]] = deque()  # a row, and the names known before it

    def note(self, rows: int) -> None:
        """Before rows come: once a part, note which names there are so far."""
        if self.max_rows is None or (self._noted and rows < self._noted[-1][0] + self._part):
            return
        self._noted.append((rows, {column: len(known) for column, known in self._names.items()}))

    def overdue(self, rows: int) -> int | None:
        """Where known rows are to begin, if it is time to forget some."""
        if self.max_rows is None or rows - self.first < self.max_rows + self._part:
            return None
        return rows - self.max_rows

    def forget_names(self, rows: int) -> None:
        """Rows below `first` are gone: names go that came before and are in no row since.

        A look through millions of rows is some ms, so each call looks at one column, or at none.
        """
        self._parts += 1
        if not self._noted:
            return  # no row has come yet
        while len(self._noted) > 1 and self._noted[1][0] <= self.first:
            self._noted.popleft()
        row, known = self._noted[0]
        turn, rest = divmod(self._parts, _PAUSE)
        if rest or row > self.first:
            return
        column = tuple(self._names)[turn % len(self._names)]
        names, before = self._names[column], known[column]
        if before > names.first:
            numbers = self._columns[column][self.first : rows]
            names.forget(before, np.unique(numbers[numbers < before]).tolist())
