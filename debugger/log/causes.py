"""Which row caused which: ids of causes resolved to rows, also when the cause comes late."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from debugger.log.columns import NONE, NOT_IN_LOG, Columns
from debugger.log.encode import Fields
from debugger.log.series import NOWHERE
from debugger.log.textindex import TextIndex


class Causes:
    """Fills the ``cause_row`` column.

    Ids are unique within a recording. So a cause is looked for in the effect's own file
    first, then in the others; only what is found nowhere waits for a later line of any.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._files = [TextIndex()]
        self._waiting: dict[str, list[int]] = {}

    def add_store(self) -> None:
        """One more file."""
        self._files.append(TextIndex())

    def link(self, fields: Fields, store: int | Sequence[int], start: int) -> list[int]:
        """Enter the ids of new rows and resolve causes; returns the older rows whose cause came now."""
        ids, causes = fields["id"], fields["cause"]
        rows = np.full(len(ids), NONE, np.int64)
        for file, places in _by_file(store):
            having, texts = _there(ids, places)
            if texts:
                self._files[file].add(texts, having + start)
        for file, places in _by_file(store):
            asking, texts = _there(causes, places)
            if texts:
                rows[asking] = self._resolved(file, texts, asking + start)
        self._columns.write(start, {"cause_row": rows})
        return self._late(ids, start) if self._waiting else []

    def _resolved(self, file: int, causes: list[str], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        found = self._files[file].find_all(causes)
        for at in np.flatnonzero(found == NOWHERE).tolist():
            found[at] = self._elsewhere(file, causes[at], int(rows[at]))
        return found

    def _elsewhere(self, file: int, cause: str, row: int) -> int:
        """The row of a cause that the effect's own file does not have (yet)."""
        for other, index in enumerate(self._files):
            if other != file:
                found = int(index.find_all([cause])[0])
                if found != NOWHERE:
                    return found
        self._waiting.setdefault(cause, []).append(row)
        return NOT_IN_LOG

    def _late(self, ids: Sequence[str | None], start: int) -> list[int]:
        """Give rows that wait what came now; those of older rows."""
        cause_rows = self._columns["cause_row"]
        late: list[int] = []
        for at in [at for at, one in enumerate(ids) if one in self._waiting]:
            effects = self._waiting.pop(ids[at] or "", None)
            if effects is not None:
                cause_rows[effects] = start + at
                late += effects
        return [row for row in late if row < start]

    def find(self, event_id: str) -> list[int]:
        """Rows that probably have this id, one a file at most."""
        found = [int(index.find_all([event_id])[0]) for index in self._files]
        return [row for row in found if row != NOWHERE]


def _by_file(store: int | Sequence[int]) -> list[tuple[int, NDArray[np.int64] | None]]:
    """The files that rows are of, and which (None: all)."""
    if isinstance(store, int):
        return [(store, None)]
    stores = np.asarray(store)
    return [(file, np.flatnonzero(stores == file)) for file in np.unique(stores).tolist()]


def _there(
    texts: Sequence[str | None], places: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], list[str]]:
    """Places of texts that are there, and the texts."""
    if places is None:
        given = [one for one in texts if one is not None]
        if len(given) == len(texts):
            return np.arange(len(texts), dtype=np.int64), given
        places = np.arange(len(texts), dtype=np.int64)
    mine = [texts[at] for at in places.tolist()]
    there = np.array([one is not None for one in mine], np.bool_)
    return places[there], [one for one in mine if one is not None]
