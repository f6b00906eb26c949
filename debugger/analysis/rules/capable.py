"""What of the rules a log cannot show at all: an event type that it never records is no proof of anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from backend.events.vocabulary import HANDLED, PUBLISHED, RECEIVED
from backend.wire.query.nodes import And, Compare, Node, OneOf, Word
from debugger.analysis.rules.schema import Blocked, Budget, Cases, Event, Part, Rule, Stalled, roles_of
from debugger.log import NONE, EventLog
from debugger.log.query import compile_query

Unjudged = tuple[str, str]
"""A rule, or a part of it, and why it was not judged."""

_MAKES_KNOWN: Final = frozenset({"subject", "via"})
"""Parts without which a case says no less."""

_STEPS: Final = frozenset({PUBLISHED, RECEIVED, HANDLED})
"""Of a message. A log with one of them, but never another, does not record that one."""

_ENOUGH: Final = 16
"""Rows of one step of messages without any of another from which on that is not by chance."""

_CHUNK: Final = 1 << 18


class Capabilities:
    """Of a log as far as it goes: which event types there are, and whether causes and tasks are recorded."""

    def __init__(
        self, log: EventLog, events: Mapping[str, Event], types: Mapping[str, frozenset[str]]
    ) -> None:
        self._log = log
        self._types = types
        self._events = events
        self._counts: dict[str, int] = {}
        self._looked = 0
        self._known: dict[str, int] = {}  # columns: the first row that was not looked at

    def missing(self, case: Cases) -> str:
        """Why a case cannot be judged; empty if it can."""
        if isinstance(case, Stalled | Blocked):
            return self._without(RECEIVED, HANDLED) or ("" if self.has("cause_row") else "it names no causes")
        if isinstance(case, Budget) and not self.has("cause_row"):
            return "it names no causes"
        for role, several in roles_of(case).items():
            if role in _MAKES_KNOWN:
                continue
            lacking = [self._lacking(part) for part in several]
            if lacking and all(lacking):
                return lacking[0]
        return ""

    @property
    def blind(self) -> bool:
        """Whether it is sure that the log does not record some step of messages."""
        counts = [self._count().get(one, 0) for one in _STEPS]
        return min(counts) == 0 and max(counts) >= _ENOUGH

    def missing_prediction(self, case: Cases) -> str:
        """Why nothing can be predicted by a case that does; empty if it can."""
        if getattr(case, "predict", False) and not (self.has("cause_row") and self.has("task")):
            return "nothing is predicted: it records no causes and tasks, so what is ordered is not known"
        return ""

    def has(self, column: str) -> bool:
        """Whether any row has a value in ``cause_row`` or ``task``."""
        start = max(self._known.get(column, 0), self._log.first_row)
        values, nothing = self._log.column(column), NONE if column == "cause_row" else 0
        while 0 <= start < len(values):
            stop = min(start + _CHUNK, len(values))
            start = -1 if bool(np.any(values[start:stop] != nothing)) else stop
        self._known[column] = start if start < 0 else len(values)
        return start < 0

    def _lacking(self, part: Part) -> str:
        event = self._events[part.event]
        if event.when == "handled":
            return self._without(RECEIVED) or self._without(HANDLED)
        types = self._types[part.event]
        if event.when == "delivered" and not types:
            types = frozenset({RECEIVED, PUBLISHED})
        known = self._count()
        return self._without(*types) if types and not any(known.get(one, 0) for one in types) else ""

    def _count(self) -> dict[str, int]:
        """How many rows there are of each event type; their case matters as little as in queries."""
        start, column = max(self._looked, self._log.first_row), self._log.column("event_type")
        if start < len(column):
            self._looked = len(column)
            for number, count in enumerate(np.bincount(column[start:]).tolist()):
                if count:
                    name = self._log.name("event_type", number).lower()
                    self._counts[name] = self._counts.get(name, 0) + count
        return self._counts

    def _without(self, *types: str) -> str:
        """Which steps of messages a log does not record, though it has others of them."""
        counts = self._count()
        steps = max((counts.get(one, 0) for one in _STEPS), default=0)
        missing = sorted(one for one in types if not counts.get(one, 0))
        if not steps or not missing or not set(types) <= _STEPS:
            return ""
        return f"it has no {' and no '.join(missing)}"


def unjudged(log: EventLog, rules: Iterable[Rule], capable: Capabilities) -> list[Unjudged]:
    """Rules that a log cannot show, or not all of; an empty log has nothing to be judged."""
    if not len(log):
        return []
    found = []
    for rule in rules:
        lacks = [capable.missing(case) for case in rule.cases]
        reasons = []
        if all(lacks):
            reasons.append(f"the log cannot show it: {_said(lacks)}")
        else:
            if any(lacks):
                some = f"{sum(map(bool, lacks))} of its {len(lacks)} cases"
                reasons.append(f"{some} the log cannot show: {_said(lacks)}")
            reasons += dict.fromkeys(filter(None, map(capable.missing_prediction, rule.cases)))
        if reasons:
            found.append((rule.id, "; ".join(reasons)))
    if not capable.has("task"):
        found.append(("lost-update", "the log does not say which activation did what: no event has a task"))
    return found


def _said(reasons: list[str]) -> str:
    return "; ".join(dict.fromkeys(filter(None, reasons)))


def types_of(event: Event) -> frozenset[str]:
    """The event types that an event may have; none if that is not said by a name."""
    node = compile_query(event.where).node
    return frozenset(_demanded(node)) if node is not None else frozenset()


def _demanded(node: Node) -> set[str]:
    match node:
        case And(parts):
            return next((told for part in parts if (told := _demanded(part))), set())
        case Compare(field, "=", Word(text)) if field.source == "event_type" and not set(text) & set("*?"):
            return {text.lower()}
        case OneOf(field, values) if field.source == "event_type":
            names = {
                one.text.lower() for one in values if isinstance(one, Word) and not set(one.text) & set("*?")
            }
            return names if len(names) == len(values) else set()
    return set()
