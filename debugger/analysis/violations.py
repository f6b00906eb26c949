"""What went wrong in a log, and nothing else: for who judges thousands of short ones."""

from __future__ import annotations

import datetime as dt

from debugger.analysis.clashing import conflicts_by
from debugger.analysis.conflicts import Conflicts
from debugger.analysis.findings import Finding
from debugger.analysis.judge import marked
from debugger.analysis.order import Mailbox, Order
from debugger.analysis.rules import Ready, RuleSet, judged, suppressed
from debugger.log import EventLog

_VIOLATION = "violation"


def violations(log: EventLog, rules: Ready, today: dt.date = dt.date.min) -> tuple[Finding, ...]:
    """The violations that `debugger.analysis.judge.judge` tells of a log, sooner.

    Neither what is missing from it is looked for, nor is anything explained. Without a day, no suppression
    has run out. The rules are made ready once, for one log after the other.
    """
    # What a rule says happened, did so whatever orders it: only predictions need the order.
    found = judged(log, rules).all()
    conflicts = _conflicts(log, rules.rules)
    if any(update.happened for update in conflicts.updates):
        found = (*found, *map(marked, conflicts.findings()))
    told = [one for one in found if one.verdict == _VIOLATION]
    return suppressed(told, rules.rules.suppress, today)


def _conflicts(log: EventLog, rules: RuleSet) -> Conflicts:
    """Where mailboxes turn out not to be ordered, it is looked at once more by one who knows."""
    concurrent: frozenset[Mailbox] = frozenset()
    while True:
        order = Order(log, concurrent=concurrent)
        conflicts = conflicts_by(rules, log, order)
        conflicts.take(len(log))
        if order.disproved <= concurrent:
            return conflicts
        concurrent |= order.disproved
