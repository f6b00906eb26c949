"""The names that the rows of a log have, a table a column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from debugger.log.columns import INTERNED
from debugger.log.compact import CompactInterner
from debugger.log.interner import Interner

MOST_NAMES: Final = 1 << 14
"""In a log that forgets: components, message types, event types and sources, of each so many."""

_MANY: Final = ("session", "correlation", "task", "worker")
"""Columns in which names come and go: those that no known row has are forgotten."""


def tables_of(*, forgets: bool) -> dict[str, Interner]:
    """Empty tables, by column."""
    tables = {column: Interner(MOST_NAMES if forgets else None) for column in INTERNED}
    return tables | {column: CompactInterner() for column in _MANY}


def overfull(tables: Mapping[str, Interner]) -> Iterable[str]:
    """The columns that have more names than are kept."""
    return (column for column, table in tables.items() if table.overfull)


class Sessions:
    """The sessions of a log, as they were when they were asked for."""

    def __init__(self, names: Interner) -> None:
        self._names = names
        self._known: tuple[str, ...] = ()
        self._as_of = (0, 0)

    def all(self) -> tuple[str, ...]:
        """In order of appearance; of those that are forgotten none."""
        names = self._names
        as_of = (names.first, len(names))
        if as_of != self._as_of:
            known = self._known if not names.first else ()
            new = names.names_from(len(known) + 1)
            self._as_of = as_of
            self._known = (*known, *(name for name in new if name is not None))
        return self._known
