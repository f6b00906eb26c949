"""What is measured at an event is within its budget."""

from __future__ import annotations

from typing import Final

from backend.events.vocabulary import HANDLED, PUBLISHED, RECEIVED
from debugger.analysis.rules.patterns.base import Binding, Context, Judge, Seen
from debugger.analysis.rules.schema import Budget, Rule
from debugger.log import EventLog
from debugger.log.query.times import span

_BEGINS: Final = {HANDLED: RECEIVED, RECEIVED: PUBLISHED}


class BudgetJudge(Judge[None]):
    """Hears only of events that are late by the clock on the wall: that one may have jumped."""

    waits = True

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
        if cause is None or not self._began(cause, row):
            return
        took = seen.fact.time_ns - int(log.column("steady_ns")[cause])
        if took > self._within_ns and not self.context.held(cause, row):
            self.violated(seen, waited=f"{took / 1e6:,.0f} ms")

    def _began(self, cause: int, row: int) -> bool:
        """Whether the time since a cause says something: one that has another message is a mistake."""
        log = self._log
        kinds, names = log.column("event_type"), log.interner("event_type")
        kind = names.name(int(kinds[row]))
        if kind not in _BEGINS:
            return True
        columns = ("component", "message_type") if kind == HANDLED else ("message_type",)
        alike = all(log.column(name)[cause] == log.column(name)[row] for name in columns)
        return alike and names.name(int(kinds[cause])) == _BEGINS[kind]
