"""What types alone cannot tell of rules files: that all names mean something, that queries are queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from debugger.analysis.rules.aliases import Aliases, payload_field
from debugger.analysis.rules.errors import RulesError, near
from debugger.analysis.rules.fields import OF_ROWS
from debugger.analysis.rules.ledger import PLACEHOLDER
from debugger.analysis.rules.locate import Path, Places
from debugger.analysis.rules.schema import (
    Cases,
    Event,
    File,
    Override,
    Part,
    Rule,
    Transitions,
    listed,
    roles_of,
)
from debugger.log.query import QueryError
from debugger.log.query.times import span

WORDS: Final = ("missing", "value", "expected", "field", "other", "count", "old", "new", "waited")
"""What a message may say besides the fields of the event."""

VALUES: Final = ("item", "owner", "value", "request_value", "needs_value", "to", "came_from")
"""Parts of cases that name a field."""

_LONGEST_NS: Final = 24 * 3_600 * 1_000_000_000
_SPANS: Final = ("within", "excuse_within")


class _Source:
    def __init__(self, path: str, places: Places, told: File) -> None:
        self.path = path
        self.places = places
        self.told = told

    def key(self, path: Path, message: str, suggestion: str | None = None) -> RulesError:
        return RulesError(self.path, self.places.key(path), message, suggestion)

    def value(self, path: Path, message: str, suggestion: str | None = None, offset: int = 0) -> RulesError:
        return RulesError(self.path, self.places.value(path, offset), message, suggestion)


class Checker:
    """Of several files; `events` and `fields` are those of all of them."""

    def __init__(self) -> None:
        self._sources: list[_Source] = []
        self.events: dict[str, Event] = {}
        self.fields: dict[str, str | list[str]] = {}
        self._rules: dict[str, Rule] = {}

    def add(self, path: str, places: Places, told: File) -> None:
        """One file more.

        Raises:
            RulesError: it defines what is defined already.
        """
        source = _Source(path, places, told)
        self._sources.append(source)
        for name, event in told.events.items():
            if name in self.events:
                raise source.key(("events", name), f"the event {name!r} is defined already")
            self.events[name] = event
        for name, places_of in told.fields.items():
            if name in OF_ROWS and name not in ("worker", "turn"):
                raise source.key(("fields", name), f"{name!r} is what every event has")
            self.fields[name] = places_of
        for number, rule in enumerate(told.rules):
            if rule.id in self._rules:
                message = f"the rule {rule.id!r} is defined already; [override.{rule.id}] changes it"
                raise source.value(("rules", number, "id"), message)
            self._rules[rule.id] = rule

    def check(self) -> None:
        """All that was added.

        Raises:
            RulesError: the first mistake.
        """
        for source in self._sources:
            self._check_names(source)
            for name, event in source.told.events.items():
                self._check_event(source, ("events", name), event)
            for number, rule in enumerate(source.told.rules):
                self._check_rule(source, ("rules", number), rule)
            for name, override in source.told.override.items():
                self._check_override(source, name, override)
            for number, one in enumerate(source.told.suppress):
                path: Path = ("suppress", number)
                if one.rule not in self._rules:
                    suggestion = near(one.rule, self._rules)
                    raise source.value((*path, "rule"), f"there is no rule {one.rule!r}", suggestion)
                if not one.reason.strip():
                    raise source.value((*path, "reason"), "a reason is needed: why is it not reported?")

    def _check_override(self, source: _Source, name: str, override: Override) -> None:
        path: Path = ("override", name)
        rule = self._rules.get(name)
        if rule is None:
            raise source.key(path, f"there is no rule {name!r}", near(name, self._rules))
        within = override.within
        if within is None:
            return
        self._check_span(source, (*path, "within"), within)
        if not any(getattr(case, "within", None) for case in rule.cases):
            raise source.key((*path, "within"), f"the rule {name!r} has no span of time")

    @staticmethod
    def _check_span(source: _Source, path: Path, text: str) -> None:
        if not 0 < (span(text) or -1) <= _LONGEST_NS:
            raise source.value(path, f"{text[:40]!r} is no span of time, such as 200ms, up to 24h")

    # --- names and events ----------------------------------------------------------------------

    def _check_names(self, source: _Source) -> None:
        for root in ("data", "state"):
            for name, others in getattr(source.told.names, root).items():
                for other in (name, *listed(others)):
                    self._check_place(source, ("names", root, name), f"{root}.{other}")
        for name, told in source.told.fields.items():
            for place in listed(told):
                if place not in OF_ROWS:
                    self._check_place(source, ("fields", name), place)
        for number, name in enumerate(source.told.session.ends):
            self._event(source, ("session", "ends", number), name)

    def _check_event(self, source: _Source, path: Path, event: Event) -> None:
        try:
            query = Aliases(source.told.names).query(event.where)
        except QueryError as error:
            where = (*path, "where")
            raise source.value(where, error.message, error.suggestion, error.position) from None
        if query.passes_all:
            raise source.value((*path, "where"), "an event is not every row; say which ones")
        if event.changes is not None:
            self._check_place(source, (*path, "changes"), event.changes)
        for name, told in event.fields.items():
            for place in listed(told):
                if place not in OF_ROWS:
                    self._check_place(source, (*path, "fields", name), place)

    def _check_place(self, source: _Source, path: Path, place: str) -> None:
        try:
            payload_field(place)
        except QueryError:
            names = [*OF_ROWS, *self.fields]
            message = f"{place!r} is no field; places in the payload are data.… and state.…"
            raise source.value(path, message, near(place, names)) from None

    def _event(self, source: _Source, path: Path, name: str) -> Event:
        event = self.events.get(name)
        if event is None:
            raise source.value(path, f"there is no event {name!r}", near(name, self.events))
        return event

    # --- rules ---------------------------------------------------------------------------------

    def _check_rule(self, source: _Source, path: Path, rule: Rule) -> None:
        if not rule.cases:
            raise source.key(path, f"the rule {rule.id!r} has no cases")
        for number, case in enumerate(rule.cases):
            self._check_case(source, (*path, "cases", number), case, rule)

    def _check_case(self, source: _Source, path: Path, case: Cases, rule: Rule) -> None:
        owns = [
            self._check_part(source, (*path, role, number), case, part)
            for role, several in roles_of(case).items()
            for number, part in enumerate(several)
        ]
        self._check_parts(source, path, case, owns)
        for place, name in enumerate(rule.per):
            self._field(source, (*path[:2], "per", place), name, owns, "")
        for found in PLACEHOLDER.finditer(case.message):
            name = found[1]
            if name not in WORDS and not self._is_field(name, owns):
                known = [*WORDS, *self._known(owns)]
                where = (*path, "message")
                raise source.value(
                    where, f"there is no {name!r} to be told", near(name, known), found.start()
                )
        for number, name in enumerate(case.between or ()):
            self._event(source, (*path, "between", number), name)
        if case.between is not None and len(case.between) != 2:  # noqa: PLR2004 - from one to another
            raise source.value(
                (*path, "between"), "between is two events: where it begins, and where it ends"
            )

    def _check_part(self, source: _Source, path: Path, case: Cases, part: Part) -> Mapping[str, Any]:
        """One event in a part of a case; says what names mean in it."""
        role, number = str(path[-2]), int(path[-1])
        named = isinstance(getattr(case, role)[number], str)
        event = self._event(source, path if named else (*path, "event"), part.event)
        key = case.key if part.key is None else part.key
        if key != case.key[: len(key)]:
            message = f"{part.key} is not how the case's key {case.key} begins"
            raise source.value((*path, "key"), message)
        at = (*path[:-2], "key") if part.key is None else (*path, "key")
        for place, name in enumerate(key):
            self._field(source, (*at, place), name.rstrip("?"), [event.fields], f" in {part.event}")
        return event.fields

    def _check_parts(
        self, source: _Source, path: Path, case: Cases, owns: Sequence[Mapping[str, Any]]
    ) -> None:
        for part in VALUES:
            name = getattr(case, part, None)
            if isinstance(name, str):
                self._field(source, (*path, part), name, owns, "")
        for part in _SPANS:
            text = getattr(case, part, None)
            if text is not None:
                self._check_span(source, (*path, part), text)
        for number, name in enumerate(getattr(case, "fields", ())):
            self._field(source, (*path, "fields", number), name, owns, "")
        if isinstance(case, Transitions) and case.rest is not None:
            states = {*case.edges, *(to for several in case.edges.values() for to in several)}
            if case.rest not in states:
                raise source.value(
                    (*path, "rest"), f"{case.rest!r} is no state of the table", near(case.rest, states)
                )

    def _field(
        self, source: _Source, path: Path, name: str, owns: Iterable[Mapping[str, Any]], where: str
    ) -> None:
        owns = list(owns)
        if not self._is_field(name, owns):
            message = f"there is no field {name!r}{where}"
            raise source.value(path, message, near(name, self._known(owns)))

    def _is_field(self, name: str, owns: Iterable[Mapping[str, Any]]) -> bool:
        if name in OF_ROWS or name in self.fields or any(name in own for own in owns):
            return True
        root, dot, path = name.partition(".")
        return bool(dot and path) and root in ("data", "state") and all(path.split("."))

    def _known(self, owns: Iterable[Mapping[str, Any]]) -> list[str]:
        return [*OF_ROWS, *self.fields, *(name for own in owns for name in own)]
