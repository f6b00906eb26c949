"""A set of rules made ready to be run over a log: events as queries, parts as what is got from a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from msgspec import structs

from backend.events.vocabulary import PUBLISHED, RECEIVED
from backend.wire.query.nodes import And, Node
from debugger.analysis.rules.aliases import Aliases
from debugger.analysis.rules.capable import types_of
from debugger.analysis.rules.check import VALUES
from debugger.analysis.rules.facts import Fact
from debugger.analysis.rules.fields import Fields, Get
from debugger.analysis.rules.ledger import PLACEHOLDER
from debugger.analysis.rules.load import RuleSet
from debugger.analysis.rules.patterns import Binding, ColumnJudge, Context, Judge, judge_of
from debugger.analysis.rules.schema import Blocked, Budget, Cases, Event, Part, Rule, Stalled, roles_of
from debugger.log import EventLog
from debugger.log.query.joint import Joint
from debugger.log.query.parse import parse

Feeds = tuple[tuple[int, Judge[Any], Binding], ...]


class Selector(NamedTuple):
    """An event of the rules, compiled; ``query`` and ``sent`` are its numbers in the program's `Joint`.

    ``sent`` is for logs that record no receives; -1 for none. ``wakes`` are the judges to which the event
    says nothing before they know something of its session; None if it may be the first that they hear.
    ``better`` are events that it is only a fallback for, wherever it is told.
    """

    name: str
    event: Event
    query: int
    sent: int
    changes: Get | None
    changes_of: Callable[[Any], Any] | None
    feeds: Feeds
    ends_session: bool
    wakes: tuple[Judge[Any], ...] | None
    better: frozenset[str]
    snapshots: bool
    """Only rows with a state can be such an event."""


class Ready:
    """Rules made ready to be put to a log: all of it that is no log's own.

    That takes longer than to judge a short log. Who judges one after the other hands the same to each
    `Program`; one of them uses it at a time.
    """

    def __init__(self, rules: RuleSet) -> None:
        self.rules: Final = rules
        self.defined: Final = dict(rules.events)
        self.aliases: Final = Aliases(rules.names)
        self.fields: Final = Fields(rules.fields, self.aliases)
        self.types: Final = {name: types_of(event) for name, event in rules.events.items()}
        self.bindings: Final = [self._bindings(rule, case) for rule in rules.rules for case in rule.cases]
        self.dropped: Final = self.fields.raw("data.dropped")
        self.sessions: Final = self.fields.raw("data.topology.sessions")
        self._names: list[str] = []
        self._joint: tuple[Joint, list[int]] | None = None

    def joint(self, names: list[str]) -> tuple[Joint, list[int]]:
        """What is asked of rows, and where in it each event's two queries are; -1 for none.

        The names are of the rules too: the same each time.
        """
        if self._joint is None or names != self._names:
            for name in names:
                if (changes := self.defined[name].changes) is not None:
                    self.fields.raw(changes)
            queries = self._queries(names)
            joint = Joint([one for one in queries if one is not None], self.fields.wanted)
            self.fields.ready(joint.reader)
            numbers = iter(range(len(queries)))
            places = [-1 if one is None else next(numbers) for one in queries]
            self._names, self._joint = names, (joint, places)
        return self._joint

    def _queries(self, names: list[str]) -> list[Node | None]:
        """Of each event two: how it is known, and how in a log without receives."""
        queries: list[Node | None] = []
        for name in names:
            event = self.defined[name]
            query = self.aliases.query(event.where).node
            if event.when == "happened":
                queries += (query, None)
            else:
                sent = _and(PUBLISHED, query) if event.when == "delivered" else None
                queries += (_and(RECEIVED, query), sent)
        return queries

    def _bindings(self, rule: Rule, case: Cases) -> tuple[list[Binding], list[Binding]]:
        """Those of the parts of a case, and of its scope."""
        if isinstance(case, Stalled | Blocked):
            bindings = [self._binding("event", 0, None, case, rule)]
        else:
            bindings = [
                self._binding(role, index, part, case, rule)
                for role, several in roles_of(case).items()
                for index, part in enumerate(several)
            ]
        between = [
            self._binding("between", index, Part(name, []), case, rule)
            for index, name in enumerate(case.between or ())
        ]
        return bindings, between

    def _binding(self, role: str, index: int, told: Part | None, case: Cases, rule: Rule) -> Binding:
        part = Part("") if told is None else told
        if isinstance(case, Budget):
            part = self._over_budget(part, case)
        own = self.defined[part.event].fields if told is not None else {}
        key = case.key if part.key is None else part.key
        wanted = [name for name in (getattr(case, value, None) for value in VALUES) if isinstance(name, str)]
        wanted += getattr(case, "fields", [])
        wanted += [found[1] for found in PLACEHOLDER.finditer(case.message)]

        def get(name: str) -> Get:
            try:
                return self.fields.get(name.rstrip("?"), own)
            except KeyError:
                return _none

        return Binding(
            role,
            index,
            part,
            self.fields.key([get(name) for name in key], [name.endswith("?") for name in key]),
            self.fields.key([get(name) for name in case.key], [name.endswith("?") for name in case.key]),
            tuple((name, get(name)) for name in key if not name.endswith("?")),
            tuple(map(get, rule.per)),
            {name: get(name) for name in wanted},
        )

    def _over_budget(self, part: Part, case: Budget) -> Part:
        """The event, where its cause is longer ago: columns tell that, so others need not be looked at."""
        event = self.defined[part.event]
        name = f"{part.event} after {case.within}"
        self.defined[name] = structs.replace(event, where=f"({event.where}) lag > {case.within}")
        return structs.replace(part, event=name)


class Program:
    """Made for one log. ``dropped`` tells of a record whether a handler threw its message away."""

    def __init__(self, ready: Ready, context: Context, log: EventLog) -> None:
        rules = ready.rules
        self._log = log
        self._defined = ready.defined
        self._fields = ready.fields
        self.waiters: Final[dict[str | None, dict[Judge[Any], None]]] = {}
        self._feeds: dict[str, list[tuple[int, Judge[Any], Binding]]] = {}
        self.judges: Final[list[tuple[Rule, Judge[Any]]]] = []
        self.cases: Final = [case for rule in rules.rules for case in rule.cases]
        made = iter(ready.bindings)
        for rule in rules.rules:
            for case in rule.cases:
                self._add(rule, case, *next(made), context)
        self.columns: Final = [judge for _, judge in self.judges if isinstance(judge, ColumnJudge)]
        self.dropped: Final = ready.dropped
        self.sessions: Final = ready.sessions
        self.names: Final = self._names(set(rules.session_ends))
        self.joint, places = ready.joint(self.names)
        self.dropped_of: Final = self._fields.of_record("data.dropped")
        self._told = frozenset(name for _, judge in self.judges for name in judge.asks_whether_seen())
        ends = set(rules.session_ends)
        self.selectors: Final = [
            self._selector(name, places[2 * at], places[2 * at + 1], ends=name in ends)
            for at, name in enumerate(self.names)
        ]
        self._codes = {name: code for code, name in enumerate(self.names)}
        self.received: Final = self._which(lambda one: one.event.when != "happened")
        self.ending: Final = self._which(lambda one: one.ends_session)
        self._plain = set(self._which(lambda one: one.event.when == "happened" and one.changes is None))
        self._wakers: dict[str, list[int]] = {}

    def _add(
        self, rule: Rule, case: Cases, bindings: list[Binding], between: list[Binding], context: Context
    ) -> None:
        judge = judge_of(case, rule, bindings, context, self._log)
        judge.waiters = self.waiters
        judge.number = len(self.judges)
        if isinstance(judge, ColumnJudge):
            self.judges.append((rule, judge))
            return
        judge.prepare(*between)
        # A key begins with the event that opens, and ends with the one that closes.
        ordered = [*between[:1], *bindings, *between[1:]]
        number = len(self.judges)
        for rank, binding in enumerate(ordered):
            if judge.folded(binding):
                continue
            order = number * 1_000 + rank
            self._feeds.setdefault(binding.part.event, []).append((order, judge, binding))
        self.judges.append((rule, judge))

    def _which(self, holds: Callable[[Selector], bool]) -> list[int]:
        return [code for code, selector in enumerate(self.selectors) if holds(selector)]

    def certain(self, events: Iterable[str]) -> list[int]:
        """Those of some events that are there wherever their row is."""
        return [code for name in events if (code := self._codes.get(name)) in self._plain]

    def wakers(self, selector: Selector) -> list[int]:
        """Events that may be the first that the judges of a selector hear of a session."""
        known = self._wakers.get(selector.name)
        if known is None:
            wakes = set(selector.wakes or ())
            known = self._wakers[selector.name] = self._which(
                lambda one: any(judge in wakes and binding.makes_known for _, judge, binding in one.feeds)
            )
        return known

    def _names(self, ends: set[str]) -> list[str]:
        return sorted({*self._feeds, *ends})

    def _selector(self, name: str, query: int, sent: int, *, ends: bool) -> Selector:
        event = self._defined[name]
        feeds = tuple(self._feeds.get(name, ()))
        heard = ends or name in self._told or any(binding.makes_known for _, _, binding in feeds)
        fallback = bool(feeds) and not ends and name not in self._told
        better = [judge.better_than(binding) for _, judge, binding in feeds]
        changes = event.changes
        return Selector(
            name,
            event,
            query,
            sent,
            self._fields.raw(changes) if changes is not None else None,
            self._fields.of_record(changes) if changes is not None else None,
            feeds,
            ends,
            None if heard else tuple(dict.fromkeys(judge for _, judge, _ in feeds)),
            frozenset.intersection(*better) if fallback else frozenset(),
            changes is not None and changes.startswith("state."),
        )


def _and(event_type: str, node: Node | None) -> Node:
    kind = parse(f"type:{event_type}")
    return And(tuple(one for one in (kind, node) if one is not None))


def _none(fact: Fact) -> None:
    del fact
