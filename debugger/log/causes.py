"""Which row caused which: ids of causes resolved to rows, also when the cause comes late."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

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

    def link(self, fields: Fields, store: int | Sequence[int], start: int) -> list[int]:
        """Enter the ids of new rows and resolve causes; returns the older rows whose cause came now."""
        waiting, cause_rows = self._waiting, self._columns["cause_row"]
        ids, causes = fields["id"], fields["cause"]
        stop = start + len(ids)
        having, hashes = self._salted(ids, store)
        self._index.add(hashes, [start + at for at in having])
        asking, hashes = self._salted(causes, store)
        found = self._index.find_all(hashes)
        values = np.full(len(ids), NONE, np.int64)
        values[asking] = found
        cause_rows[start:stop] = values
        if found and min(found) < 0:
            for at, salted, cause in zip(asking, hashes, found, strict=True):
                if cause < 0:
                    cause_rows[start + at] = self._elsewhere(hash(causes[at]), salted, start + at)
        late: list[int] = []
        if waiting:
            for at in having:
                effects = waiting.pop(hash(ids[at]), None)
                if effects is not None:
                    cause_rows[effects] = start + at
                    late += effects
        return [row for row in late if row < start]

    def _salted(self, texts: Sequence[str | None], store: int | Sequence[int]) -> tuple[list[int], list[int]]:
        """The places of texts that are there, and their hashes, salted by file."""
        if isinstance(store, int):
            salt = self._salts[store]
            there = [at for at, one in enumerate(texts) if one is not None]
            return there, [hash(one) ^ salt for one in texts if one is not None]
        salts = self._salts
        salted = [(at, hash(one) ^ salts[store[at]]) for at, one in enumerate(texts) if one is not None]
        return [at for at, _ in salted], [one for _, one in salted]

    def _elsewhere(self, cause: int, salted: int, row: int) -> int:
        """The row of a cause that the effect's own file does not have (yet)."""
        for salt in self._salts:
            if cause ^ salt != salted:
                found = self._index.find(cause ^ salt)
                if found is not None:
                    return found
        self._waiting.setdefault(cause, []).append(row)
        return NOT_IN_LOG

    def find(self, event_id: str) -> list[int]:
        """Rows that probably have this id, one a file at most."""
        found = self._index.find_all([hash(event_id) ^ salt for salt in self._salts])
        return [row for row in found if row >= 0]
