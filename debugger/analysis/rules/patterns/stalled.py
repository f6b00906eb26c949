"""A handler that is not over after a while, though others of its process go on."""

from __future__ import annotations

from typing import Final, cast

import numpy as np

from backend.events.vocabulary import HANDLED, RECEIVED
from debugger.analysis.rules.ledger import INTEGRITY, VIOLATION, Charge
from debugger.analysis.rules.patterns.base import Binding, Context
from debugger.analysis.rules.patterns.columns import ColumnJudge, milliseconds
from debugger.analysis.rules.schema import Rule, Stalled
from debugger.log import ABSENT, EventLog
from debugger.log.distinct import distinct

_OPEN: Final = 4_096
"""Handlers that run at once; of more the oldest is given up."""

Lane = tuple[int, int, int]


class StalledJudge(ColumnJudge):
    """Judged when a handler ends too late, or by the time that has passed, as far as others show it.

    Components that never say that a handler has ended are not judged, nor is what is still within its time.
    """

    waits = True

    timed = True

    def __init__(self, case: Stalled, rule: Rule, binding: Binding, context: Context, log: EventLog) -> None:
        super().__init__(case, rule, binding, context, log)
        self._open: dict[int, None] = {}
        self._ending: set[int] = set()  # components that say when a handler has ended
        self._silent: set[int] = set()  # components with handlers that were open when a recording ended
        self._shown: dict[int, int] = {}  # of those that are open the row that shows that others go on
        self._looked: dict[int, int] = {}  # up to where that was looked for
        self._stop = 0

    def look(self, start: int, stop: int) -> None:
        """Take in rows."""
        log, kinds = self.log, self.log.column("event_type")[start:stop]
        self._stop = stop
        received = np.flatnonzero(kinds == self.id_of("event_type", RECEIVED)) + start
        handled = np.flatnonzero(kinds == self.id_of("event_type", HANDLED)) + start
        self._ending.update(distinct(log.column("component")[handled]).tolist())
        causes = log.column("cause_row")[handled].astype(np.int64)
        named = (causes >= 0) & (causes < handled)
        for row in received[~np.isin(received, causes[named])].tolist():
            self._open_one(row)
        times = log.column("steady_ns")
        known = causes[named]
        late = times[handled[named]] - times[known] > self.within_ns
        for begin, end in zip(known[late].tolist(), handled[named][late].tolist(), strict=True):
            self._over(begin, end)  # before it is closed: where it was looked for others is known
        if self._open:
            for begin in known[known < start].tolist():
                self._close(begin)
            for end in handled[~named].tolist():
                self._over_unnamed(end)

    def _open_one(self, row: int) -> None:
        self._open[row] = None
        if len(self._open) > _OPEN:
            self._close(next(iter(self._open)))
            self.given_up += 1

    def _close(self, row: int) -> None:
        for known in (self._open, self._shown, self._looked):
            known.pop(row, None)

    def _over_unnamed(self, end: int) -> None:
        """One that says not of which receive: of its task, or the oldest of its kind."""
        tasks = self.log.column("task")
        lane = self._lane(end)
        same = [row for row in self._open if row < end and self._lane(row) == lane]
        if tasks[end] != ABSENT:
            same = [row for row in same if tasks[row] in (ABSENT, tasks[end])]
        if same:
            self._over(same[0], end)
            self._close(same[0])

    def _lane(self, row: int) -> Lane:
        log = self.log
        where = (int(log.column(name)[row]) for name in ("component", "message_type", "session"))
        return cast("Lane", tuple(where))

    def _over(self, begin: int, end: int) -> None:
        if begin >= self.log.first_row and self.took(begin, end) > self.within_ns:
            found = self._found(begin, end)
            if found is not None:
                self.context.enter(*found)

    # --- what is not over ----------------------------------------------------------------------

    def overdue(self, now_ns: int) -> list[tuple[str, Charge]]:
        """What is decided by the time that has passed, though nothing came."""
        del now_ns
        found = (self._found(row, self._stop) for row in self._judged())
        return [one for one in found if one is not None]

    def pending(self, now_ns: int) -> int:
        """How much would be decided by what comes."""
        return len(self._judged()) - len(self.overdue(now_ns))

    def ended(self) -> None:
        """Nothing more comes: what was late stays so, the rest ended with its process."""
        for verdict, charge in self.overdue(0):
            self.context.enter(verdict, charge)
        self._silent |= self._open_components()
        for row in list(self._open):
            self._close(row)

    def lacks(self) -> list[str]:
        """What was not judged for want of it."""
        silent = (self._silent | self._open_components()) - self._ending
        names = sorted(self.log.name("component", one) for one in silent)
        told = ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")  # noqa: PLR2004
        return [f"the log has no message_handled of {told}"] if names else []

    def _open_components(self) -> set[int]:
        components, first = self.log.column("component"), self.log.first_row
        return {int(components[row]) for row in self._open if row >= first}

    def _judged(self) -> list[int]:
        components, first = self.log.column("component"), self.log.first_row
        return [row for row in self._open if row >= first and int(components[row]) in self._ending]

    def _found(self, begin: int, end: int) -> tuple[str, Charge] | None:
        if begin not in self._shown:
            known = self.others_from(begin, self.within_ns, self._looked.get(begin, 0), end)
            if begin in self._open:
                self._looked[begin] = end
            if known is None:
                return None
            self._shown[begin] = known
        shown = self._shown[begin]
        if begin not in self._open:
            del self._shown[begin]
        lost = self.context.lost(begin, shown)
        waited = milliseconds(self.took(begin, shown))  # for sure: it stays so when more is known
        return INTEGRITY if lost else VIOLATION, self.charge(self.at(begin), (self.at(shown),), waited=waited)
