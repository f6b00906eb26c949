"""A set of rules made ready to be run over a log: events as queries, parts as what is got from a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from backend.events.vocabulary import PUBLISHED, RECEIVED
from debugger.analysis.rules.aliases import Aliases
from debugger.analysis.rules.check import VALUES
from debugger.analysis.rules.facts import Fact
from debugger.analysis.rules.fields import Fields, Get
from debugger.analysis.rules.ledger import PLACEHOLDER
from debugger.analysis.rules.load import RuleSet
from debugger.analysis.rules.patterns import Binding, Context, Judge, judge_of
from debugger.analysis.rules.schema import Cases, Event, Part, Rule, roles_of
from debugger.log.query import Query
from debugger.log.query.nodes import And, Node
from debugger.log.query.parse import parse


class Selector(NamedTuple):
    """An event of the rules, compiled. ``sent`` is for logs that record no receives."""

    name: str
    event: Event
    query: Query
    sent: Query | None
    changes: Get | None
    feeds: tuple[tuple[int, Judge[Any], Binding], ...]
    ends_session: bool


class Program:
    """Made for one log. ``dropped`` tells of a record whether a handler threw its message away."""

    def __init__(self, rules: RuleSet, context: Context) -> None:
        self._rules = rules
        self._aliases = Aliases(rules.names)
        self._fields = Fields(rules.fields, self._aliases)
        self.waiters: Final[dict[str | None, dict[Judge[Any], None]]] = {}
        self._feeds: dict[str, list[tuple[int, Judge[Any], Binding]]] = {}
        self.judges: Final[list[tuple[Rule, Judge[Any]]]] = []
        for rule in rules.rules:
            for case in rule.cases:
                self._add(rule, case, context)
        self.dropped: Final = self._fields.raw("data.dropped")
        self.sessions: Final = self._fields.raw("data.topology.sessions")
        ends = set(rules.session_ends)
        self.selectors: Final = [self._selector(name, name in ends) for name in sorted({*self._feeds, *ends})]
        self._fields.ready()
        reader = self._fields.reader
        self.read: Final[Callable[[bytes], Any]] = reader.record if reader is not None else _nothing

    def _add(self, rule: Rule, case: Cases, context: Context) -> None:
        bindings = [
            self._binding(role, index, part, case, rule)
            for role, several in roles_of(case).items()
            for index, part in enumerate(several)
        ]
        judge = judge_of(case, rule, bindings, context)
        judge.waiters = self.waiters
        between = [
            self._binding("between", index, Part(name, []), case, rule)
            for index, name in enumerate(case.between or ())
        ]
        # A key begins with the event that opens, and ends with the one that closes.
        ordered = [*between[:1], *bindings, *between[1:]]
        number = len(self.judges)
        for rank, binding in enumerate(ordered):
            order = number * 1_000 + rank
            self._feeds.setdefault(binding.part.event, []).append((order, judge, binding))
        self.judges.append((rule, judge))

    def _binding(self, role: str, index: int, part: Part, case: Cases, rule: Rule) -> Binding:
        own = self._rules.events[part.event].fields
        key = case.key if part.key is None else part.key
        wanted = [name for name in (getattr(case, value, None) for value in VALUES) if isinstance(name, str)]
        wanted += getattr(case, "fields", [])
        wanted += [found[1] for found in PLACEHOLDER.finditer(case.message)]

        def get(name: str) -> Get:
            try:
                return self._fields.get(name.rstrip("?"), own)
            except KeyError:
                return _none

        return Binding(
            role,
            index,
            part,
            self._fields.key([get(name) for name in key], [name.endswith("?") for name in key]),
            self._fields.key([get(name) for name in case.key], [name.endswith("?") for name in case.key]),
            tuple((name, get(name)) for name in key if not name.endswith("?")),
            tuple(map(get, rule.per)),
            {name: get(name) for name in wanted},
        )

    def _selector(self, name: str, ends: bool) -> Selector:
        event = self._rules.events[name]
        query = self._aliases.query(event.where)
        sent = None
        if event.when != "happened":
            sent = _and(PUBLISHED, query) if event.when == "delivered" else None
            query = _and(RECEIVED, query)
        changes = self._fields.raw(event.changes) if event.changes is not None else None
        return Selector(name, event, query, sent, changes, tuple(self._feeds.get(name, ())), ends)


def _and(event_type: str, query: Query) -> Query:
    kind = parse(f"type:{event_type}")
    parts: tuple[Node, ...] = tuple(node for node in (kind, query.node) if node is not None)
    return Query(query.text, And(parts))


def _nothing(line: bytes) -> None:
    del line


def _none(fact: Fact) -> None:
    del fact
