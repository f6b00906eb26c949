"""A task that keeps the event loop: nothing else of its process ran, though something was due."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.events.vocabulary import HANDLED, RECEIVED
from debugger.analysis.rules.patterns.base import Binding, Context
from debugger.analysis.rules.patterns.columns import ColumnJudge, milliseconds
from debugger.analysis.rules.schema import Blocked, Rule
from debugger.log import ABSENT, EventLog
from debugger.log.distinct import distinct

_AFTER: Final = 256
"""Rows after a silence among which a message is that was due in it."""

_HELD: Final = 1_024
"""Silences that wait for those rows; of more the first is given up."""

_COMPONENTS: Final = 1 << 16


class _Silence(NamedTuple):
    """Two rows of one task, none of its source between; ``busy`` components had a handler running."""

    first: int
    last: int
    busy: frozenset[int]


class BlockedJudge(ColumnJudge):
    """A silence between two events of one task is an await, or work that keeps the loop. Which, others show.

    A message that was published before the silence, to a component of the same process where no handler
    was running, would have been received at once. If it is received only after the silence, the loop was
    kept: then, and only then, it is wrong. Handlers that were still running are told by their ends; of a
    component that does not name the receives of its ends nothing is said.
    """

    waits = True

    def __init__(self, case: Blocked, rule: Rule, binding: Binding, context: Context, log: EventLog) -> None:
        super().__init__(case, rule, binding, context, log)
        self._last: dict[int, int] = {}  # by source, its last row
        self._running: dict[tuple[int, int], int] = {}  # by source and component, handlers
        self._vague: set[int] = set()  # components whose ends of handlers name no receive
        self._held: list[_Silence] = []
        self._stop = 0

    def look(self, start: int, stop: int) -> None:
        """Take in rows."""
        self._stop = stop
        silences = self._silences(start, stop)
        self._count(start, stop, silences)
        still = []
        for one in self._held:
            if one.last + _AFTER < stop:
                self._judge_silence(one, one.last + _AFTER)
            else:
                still.append(one)
        self._held = still[-_HELD:]

    def ended(self) -> None:
        """No more rows will come."""
        held, self._held = self._held, []
        for one in held:
            self._judge_silence(one, min(one.last + _AFTER, self._stop))

    def finished(self) -> None:
        """No more rows will come, though the recording has perhaps not ended."""
        self.ended()

    # --- silences ------------------------------------------------------------------------------

    def _silences(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Pairs of rows of one task that follow each other in their source, long apart; by the later."""
        log = self.log
        sources = log.column("source")[start:stop]
        rows = np.arange(start, stop)
        if len(sources) and (sources != sources[0]).any():
            rows = rows[np.argsort(sources, kind="stable")]
        sources = log.column("source")[rows].astype(np.int64)
        before = np.empty_like(rows)
        before[1:] = rows[:-1]
        begins = np.flatnonzero(np.append(True, sources[1:] != sources[:-1]))
        known = [self._last.get(source, -1) for source in sources[begins].tolist()]
        before[begins] = np.where(np.array(known) >= log.first_row, known, rows[begins])
        ends = np.append(begins[1:] - 1, len(rows) - 1)
        self._last.update(zip(sources[ends].tolist(), rows[ends].tolist(), strict=True))
        times, tasks = log.column("steady_ns"), log.column("task")
        apart = np.flatnonzero(times[rows] - times[before] >= self.within_ns)
        found = [(int(before[at]), int(rows[at])) for at in apart.tolist()]
        alike = [(one, other) for one, other in found if tasks[one] == tasks[other] != ABSENT]
        return sorted(
            (pair for pair in alike if self.took(*pair) >= self.within_ns), key=lambda pair: pair[1]
        )

    def _count(self, start: int, stop: int, silences: list[tuple[int, int]]) -> None:
        """Handlers that run, up to each silence and to the end of the piece."""
        at = start
        for first, last in silences:
            self._take_handlers(at, first + 1)
            at = max(at, first + 1)
            source = int(self.log.column("source")[first])
            busy = {one for (where, one), count in self._running.items() if where == source and count > 0}
            self._held.append(_Silence(first, last, frozenset(busy)))
        self._take_handlers(at, stop)

    def _take_handlers(self, start: int, stop: int) -> None:
        if start >= stop:
            return
        log, near = self.log, slice(start, stop)
        kinds, causes = log.column("event_type")[near], log.column("cause_row")[near]
        received = kinds == self.id_of("event_type", RECEIVED)
        handled = kinds == self.id_of("event_type", HANDLED)
        components = log.column("component")[near]
        self._vague.update(distinct(components[handled & (causes < 0)]).tolist())
        sources = log.column("source")[near].astype(np.int64)
        where = sources * _COMPONENTS + components
        for which, step in ((received, 1), (handled & (causes >= 0), -1)):
            self._add(where[which], step)

    def _add(self, where: NDArray[np.int64], step: int) -> None:
        keys, counts = np.unique(where, return_counts=True)
        for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
            one = divmod(key, _COMPONENTS)
            self._running[one] = self._running.get(one, 0) + step * count

    # --- judging -------------------------------------------------------------------------------

    def _judge_silence(self, one: _Silence, stop: int) -> None:
        log = self.log
        if one.first < log.first_row:
            return
        kinds, causes = log.column("event_type"), log.column("cause_row")
        components, sources = log.column("component"), log.column("source")
        received = self.id_of("event_type", RECEIVED)
        for row in (np.flatnonzero(kinds[one.last : stop] == received) + one.last).tolist():
            cause, component = int(causes[row]), int(components[row])
            if not log.first_row <= cause <= one.first or component in one.busy or component in self._vague:
                continue
            if sources[cause] == sources[row] == sources[one.first]:
                waited = milliseconds(self.took(one.first, one.last))
                message = log.name("message_type", int(log.column("message_type")[row]))
                what = f"{message} to {log.name('component', component)}"
                others = (self.at(one.first), self.at(row))
                self.violated(self.at(one.last), others, since=one.first, waited=waited, other=what)
                return
