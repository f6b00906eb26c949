"""A query ready to be asked."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.wire.query.nodes import Node
from debugger.log.eventlog import EventLog
from debugger.log.query.parse import parse
from debugger.log.query.plan import Plan


class Query:
    """A condition on events. Made by `compile_query`; one thread uses it at a time."""

    def __init__(self, text: str, node: Node | None) -> None:
        self.text: Final = text
        self.node: Final = node
        self._plan = Plan(node) if node is not None else None

    @property
    def passes_all(self) -> bool:
        """There is no condition."""
        return self._plan is None

    @property
    def cheap(self) -> bool:
        """Columns answer it: no line needs to be read, and millions of rows take milliseconds."""
        return self._plan is None or self._plan.cheap

    def mask(self, log: EventLog, start: int = 0, stop: int | None = None) -> NDArray[np.bool_]:
        """For each row from `start` up to `stop`, as far as the log goes, whether it passes.

        A forgotten row does not.
        """
        end = max(len(log) if stop is None else min(stop, len(log)), 0)
        start = min(max(start, 0), end)
        known = min(max(start, log.first_row), end)
        if known > start:
            return np.concatenate((np.zeros(known - start, np.bool_), self.mask(log, known, end)))
        if self._plan is None:
            return np.ones(end - start, np.bool_)
        return self._plan.mask(log, start, end)

    def rows(self, log: EventLog, start: int = 0, stop: int | None = None) -> NDArray[np.intp]:
        """The rows that pass, in order."""
        start = max(start, log.first_row)
        return np.flatnonzero(self.mask(log, start, stop)) + start

    def test(self, log: EventLog, row: int) -> bool:
        """Whether a row passes; one that is not in the log does not."""
        return row >= 0 and bool(self.mask(log, row, row + 1).any())


def compile_query(text: str) -> Query:
    """Make a query of what was typed; an empty one passes everything.

    Raises:
        QueryError: what is wrong, where, and what was perhaps meant.
    """
    return Query(text, parse(text))
