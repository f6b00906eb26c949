"""What is measured at an event is within its budget."""

from __future__ import annotations

from debugger.analysis.rules.patterns.base import Binding, Context, Judge, Seen
from debugger.analysis.rules.schema import Budget, Rule
from debugger.log import EventLog
from debugger.log.query.times import span


class BudgetJudge(Judge[None]):
    """Hears only of events that are late by the clock on the wall: that one may have jumped."""

    new_state = type(None)
    creates = frozenset({"event"})

    def __init__(
        self, case: Budget, rule: Rule, bindings: list[Binding], context: Context, log: EventLog
    ) -> None:
        super().__init__(case, rule, bindings, context)
        self._log = log
        self._within_ns = span(case.within) or 0

    def take(self, seen: Seen, state: None) -> None:
        """Judge an event of a key."""
        del state
        log, row = self._log, seen.row
        cause = log.cause_row(row)
        if cause is None:
            return
        monos, sources = log.column("mono_ns"), log.column("source")
        took = seen.fact.time_ns - int(log.column("timestamp_ns")[cause])
        if sources[cause] == sources[row] and (began := int(monos[cause])) >= 0 and int(monos[row]) >= 0:
            took = int(monos[row]) - began
        if took > self._within_ns:
            self.violated(seen, waited=f"{took / 1e6:,.0f} ms")
