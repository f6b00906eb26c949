"""Which row caused which: ids of causes resolved to rows, also when the cause comes late."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from debugger.log.columns import FORGOTTEN, NONE, NOT_IN_LOG, Columns
from debugger.log.distinct import distinct
from debugger.log.pack import Pack, Texts
from debugger.log.series import NOWHERE
from debugger.log.textindex import TextIndex, listed
from debugger.log.waiting import Waiting

MOST_WAITING: Final = 1 << 17
"""In a log that forgets: rows that wait for a cause, at some 250 bytes each. The oldest give it up."""


class Causes:
    """Fills the ``cause_row`` column.

    Ids are unique within a recording. So a cause is looked for in the effect's own file
    first, then in the others; only what is found nowhere waits for a later line of any.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._files = [TextIndex()]
        self._waiting = Waiting()

    def add_store(self) -> None:
        """One more file."""
        self._files.append(TextIndex())

    def link(self, pack: Pack, store: int | Sequence[int], start: int) -> list[int]:
        """Enter the ids of new rows and resolve causes; returns the older rows whose cause came now."""
        rows = np.full(len(pack.times), NONE, np.int64)
        for file, ids in _by_file(pack.ids, store):
            self._files[file].add(ids, ids.places + start)
        for file, causes in _by_file(pack.causes, store):
            found = self._files[file].find_all(causes)
            for at in np.flatnonzero(found == NOWHERE).tolist():
                found[at] = self._elsewhere(file, causes.at(at), start + int(causes.places[at]))
            rows[causes.places] = found
        self._columns.write(start, {"cause_row": rows})
        return self._late(pack.ids, start) if self._waiting else []

    def _elsewhere(self, file: int, cause: str, row: int) -> int:
        """The row of a cause that the effect's own file does not have (yet)."""
        for other, index in enumerate(self._files):
            if other != file:
                found = index.find(cause)
                if found is not None:
                    return found
        self._waiting.add(cause, row)
        return NOT_IN_LOG

    def _late(self, ids: Texts, start: int) -> list[int]:
        """Give rows that wait what came now; those of older rows."""
        cause_rows = self._columns["cause_row"]
        late: list[int] = []
        for at, effects in self._waiting.take(ids):
            cause_rows[effects] = start + int(ids.places[at])
            late += effects
        return [row for row in late if row < start]

    def forget(self, first: int, rows: int) -> None:
        """Rows below `first` can be found no longer; in the other rows of so many, they are no causes."""
        for index in self._files:
            index.forget(first)
        self._waiting.forget(first, MOST_WAITING)
        known = self._columns["cause_row"][first:rows]
        known[(known >= 0) & (known < first)] = FORGOTTEN

    def knows(self, event_ids: Sequence[str]) -> NDArray[np.bool_]:
        """Which of these ids there are."""
        wanted, known = listed(event_ids), np.zeros(len(event_ids), np.bool_)
        for index in self._files:
            known |= index.find_all(wanted) != NOWHERE
        return known

    def find(self, event_id: str) -> list[int]:
        """Rows that probably have this id, one a file at most."""
        found = [index.find(event_id) for index in self._files]
        return [row for row in found if row is not None]


def _by_file(texts: Texts, store: int | Sequence[int]) -> Iterator[tuple[int, Texts]]:
    """The texts of each file."""
    if isinstance(store, int):
        if len(texts.places):
            yield store, texts
        return
    stores: NDArray[np.int64] = np.asarray(store, np.int64)
    for file in distinct(stores).tolist():
        mine = texts.of(stores == file)
        if len(mine.places):
            yield file, mine
