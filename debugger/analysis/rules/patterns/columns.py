"""Patterns that are judged from columns alone: whole pieces of a log at once, hardly a row by itself."""

from __future__ import annotations

from typing import Final

import numpy as np

from debugger.analysis.rules.facts import Fact, fact_of
from debugger.analysis.rules.patterns.base import Binding, Context, Judge, Seen
from debugger.analysis.rules.schema import Blocked, Rule, Stalled
from debugger.log import ABSENT, EventLog
from debugger.log.query.times import span

_STEP: Final = 4_096


class ColumnJudge(Judge[None]):
    """Looks at pieces, in their order; its one binding says how fields of a row are got."""

    creates = frozenset()

    def __init__(
        self, case: Stalled | Blocked, rule: Rule, binding: Binding, context: Context, log: EventLog
    ) -> None:
        super().__init__(case, rule, [], context)
        self.log: Final = log
        self._binding = binding
        self.within_ns: Final = span(case.within) or 0

    def look(self, start: int, stop: int) -> None:
        """Take in rows."""
        raise NotImplementedError

    def ended(self) -> None:
        """The recording has ended."""

    def finished(self) -> None:
        """No more rows will come, though the recording has perhaps not ended."""

    # --- what they share -----------------------------------------------------------------------

    def at(self, row: int) -> Seen:
        """A row as what something is found at."""
        return Seen(fact_of(self.log, row), self._binding)

    def took(self, first: int, last: int) -> int:
        """The ns between two rows, by their sources' own clocks where they have some: those never jump."""
        times = self.log.column("steady_ns")
        return int(times[last]) - int(times[first])

    def id_of(self, column: str, name: str) -> int:
        """The number of a name; -1 where no row has it."""
        number = self.log.id_of(column, name)
        return -1 if number is None else number

    def others_from(self, row: int, since_ns: int, start: int, stop: int) -> int | None:
        """The first of some rows of the same source, but another task, so long after a row."""
        log = self.log
        tasks, sources, clock = log.column("task"), log.column("source"), log.column("steady_ns")
        since = int(clock[row]) + since_ns
        for first in range(max(start, row + 1), stop, _STEP):
            near = slice(first, min(first + _STEP, stop))
            other = (sources[near] == sources[row]) & (tasks[near] != tasks[row]) & (tasks[near] != ABSENT)
            late = np.flatnonzero(other & (clock[near] >= since))
            if len(late):
                return int(late[0]) + first
        return None

    def recording_ended(self, fact: Fact) -> None:
        """Nothing more comes at all."""
        del fact
        self.ended()


def milliseconds(ns: int) -> str:
    """For people."""
    return f"{ns / 1e6:,.0f} ms"
