"""Which row caused which: ids of causes resolved to rows, also when the cause comes late."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from debugger.log.columns import NONE, NOT_IN_LOG, Columns
from debugger.log.encode import Fields
from debugger.log.ids import IdIndex


class Causes:
    """Fills the ``cause_row`` column.

    Ids are unique within a recording. So a cause is looked for in the effect's own file
    first, then in the others; only what is found nowhere waits for a later line of any.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._index = IdIndex()
        self._salts = [0]
        self._waiting: dict[int, list[int]] = {}

    def add_store(self) -> None:
        """One more file."""
        self._salts.append(hash(("store", len(self._salts))))

    def link(self, fields: Fields, stores: Sequence[int], start: int) -> list[int]:
        """Enter the ids of new rows and resolve causes; returns the older rows whose cause came now."""
        salts, waiting, cause_rows = self._salts, self._waiting, self._columns["cause_row"]
        # 0 stands for 'none': an id of that very hash would merely not be found.
        ids = [0 if one is None else hash(one) for one in fields["id"]]
        causes = [0 if one is None else hash(one) for one in fields["cause"]]
        stop = start + len(ids)
        rows = range(start, stop)
        self._index.add(
            [one ^ salts[store] for one, store in zip(ids, stores, strict=True) if one],
            [row for one, row in zip(ids, rows, strict=True) if one],
        )
        asking = [at for at, cause in enumerate(causes) if cause]
        found = self._index.find_all([causes[at] ^ salts[stores[at]] for at in asking])
        values = np.full(len(ids), NONE, np.int64)
        values[asking] = found
        cause_rows[start:stop] = values
        for at, cause in zip(asking, found, strict=True):
            if cause < 0:
                cause_rows[start + at] = self._elsewhere(causes[at], stores[at], start + at)
        late: list[int] = []
        if waiting:
            for one, row in zip(ids, rows, strict=True):
                if one in waiting:
                    effects = waiting.pop(one)
                    cause_rows[effects] = row
                    late += effects
        return [row for row in late if row < start]

    def _elsewhere(self, cause: int, store: int, row: int) -> int:
        """The row of a cause that the effect's own file does not have (yet)."""
        for other, salt in enumerate(self._salts):
            if other != store:
                found = self._index.find(cause ^ salt)
                if found is not None:
                    return found
        self._waiting.setdefault(cause, []).append(row)
        return NOT_IN_LOG

    def find(self, event_id: str) -> list[int]:
        """Rows that probably have this id, one a file at most."""
        found = self._index.find_all([hash(event_id) ^ salt for salt in self._salts])
        return [row for row in found if row >= 0]

    def deliveries(self, rows: NDArray[np.intp], published: int) -> NDArray[np.bool_]:
        """Which of `rows` are caused by a publish."""
        causes = self._columns["cause_row"][rows]
        known = causes >= 0
        known[known] = self._columns["event_type"][causes[known]] == published
        return known
