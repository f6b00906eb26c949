"""A whole log, judged: the one way that `check` and the pytest plugin share."""

from __future__ import annotations

import datetime as dt
import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from backend.events.vocabulary import RECEIVED
from debugger.analysis.aside import Aside, Found, found_by, possible
from debugger.analysis.clashing import conflicts_by
from debugger.analysis.conflicts import Conflicts
from debugger.analysis.explain import explain
from debugger.analysis.findings import Finding, Findings
from debugger.analysis.order import Mailbox, Order
from debugger.analysis.ranking import rank
from debugger.analysis.rules import RuleSet, judged, rule_ids, suppressed
from debugger.log import NONE, NOT_IN_LOG, EventLog

INTEGRITY: Final = "integrity"
VIOLATION: Final = "violation"
_CHUNK: Final = 1 << 14
_EXPLAINED: Final = 100
"""Findings that are explained: it takes some ms each."""

SELDOM: Final = 50_000
"""New objects after which garbage is looked for, by whoever does nothing but judge; 700 is usual."""

_NUMBERS: Final = re.compile(r"[0-9a-f]{8,}|\d+", re.IGNORECASE)


class Verdict(Struct, frozen=True):
    """What a log shows, and how far it could be judged. The worst findings come first."""

    findings: tuple[Finding, ...]
    causality: str
    """``full``: every receive names its publish. ``rebuilt``: none does. ``partial``: some do not."""
    judged: tuple[str, ...]
    """The rules that were applied."""
    unjudged: tuple[tuple[str, str], ...] = ()
    """Of those the ones that the log cannot show, or not all of, and why: that none is found says nothing."""


def judge(log: EventLog, rules: RuleSet, today: dt.date, *, processors: int = 1) -> Verdict:
    """Look at all of a log that will not grow any more; suppressions hold up to and on their day.

    With more than one of the ``processors`` a large log is judged by two processes, if that is possible.
    """
    with _collecting_seldom():
        return _judge(log, rules, today, processors)


def _judge(log: EventLog, rules: RuleSet, today: dt.date, processors: int) -> Verdict:
    order, conflicts, found = _taken(log, rules, processors)
    clashes = [marked(one) for one in conflicts.findings(found.findings)]
    told = suppressed((*found.findings, *clashes), rules.suppress, today)
    findings = sorted((*told, *_integrity(log)), key=rank)
    worst = [_explained(log, order, one) for one in findings[:_EXPLAINED]]
    findings[: len(worst)] = worst
    return Verdict(tuple(findings), causality_of(log), tuple(_applied(rules)), found.unjudged)


def _taken(log: EventLog, rules: RuleSet, processors: int) -> tuple[Order, Conflicts, Found]:
    """All of it. Where mailboxes turn out not to be ordered, it is looked at once more by one who knows."""
    concurrent: frozenset[Mailbox] = frozenset()
    while True:
        order = Order(log, concurrent=concurrent)
        conflicts = conflicts_by(rules, log, order)
        aside = Aside(log, rules, order) if processors > 1 and possible(log) else None
        try:
            while not (order.complete and conflicts.complete):
                # Moves the order along with it, while the clocks it asks for are there.
                conflicts.take(min(conflicts.looked_at + _CHUNK, len(log)))
                if aside is not None:
                    aside.serve()
            if order.disproved <= concurrent:
                found = None if aside is None else aside.result()
                return order, conflicts, found or found_by(judged(log, rules, order=order))
        finally:
            if aside is not None:
                aside.stop()
        concurrent |= order.disproved


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """Fewer looks for garbage: next to none is in cycles here, and the looks are a fifth of the time."""
    often, *older = gc.get_threshold()
    gc.set_threshold(max(often, SELDOM) if often else often, *older)
    try:
        yield
    finally:
        gc.set_threshold(often, *older)


def _applied(rules: RuleSet) -> list[str]:
    off = {rule.id for rule in rules.disabled}
    return [one for one in rule_ids(rules) if one not in off]


def _explained(log: EventLog, order: Order, finding: Finding) -> Finding:
    """With what led to it, where it is about two events that nothing orders."""
    if finding.severity == "info" or finding.verdict == INTEGRITY:
        return finding
    explanation = explain(log, order, finding)
    return finding if explanation is None else replace(finding, explanation=explanation.lines())


def marked(finding: Finding) -> Finding:
    """With a fingerprint of what it says, but for numbers: those are of this run."""
    if finding.fingerprint or finding.verdict == INTEGRITY:
        return finding
    told = (finding.rule, *sorted(finding.components), _NUMBERS.sub("#", finding.message))
    mark = sha256("\0".join(told).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return replace(finding, fingerprint=mark)


def _integrity(log: EventLog) -> list[Finding]:
    """What is missing; that the program itself reported an error is its business."""
    findings = Findings(log)
    while not findings.complete:
        findings.advance(_no_clock, 0)
    return [one for one in findings.all() if one.verdict == INTEGRITY]


def causality_of(log: EventLog) -> str:
    """Whether receives name the publishes that caused them."""
    kind = log.id_of("event_type", RECEIVED)
    if kind is None:
        return "full"
    causes = log.column("cause_row")[log.column("event_type") == kind]
    unnamed = int(np.count_nonzero(causes == NONE))
    unknown = int(np.count_nonzero(causes == NOT_IN_LOG))
    if not unnamed and not unknown:
        return "full"
    return "rebuilt" if unnamed == len(causes) else "partial"


def _no_clock() -> int:
    return 0
