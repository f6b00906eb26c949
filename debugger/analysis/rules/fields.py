"""Fields by name: what a row, or its payload, has there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final, TypeAlias

from backend.wire.query.nodes import MISSING, Field
from debugger.analysis.rules.aliases import Aliases, payload_field
from debugger.analysis.rules.facts import Fact
from debugger.analysis.rules.schema import listed
from debugger.log.query.lines import Reader

Get: TypeAlias = Callable[[Fact], Any]
"""What a fact has in a field; None for nothing."""

GetKey: TypeAlias = Callable[[Fact], tuple[Any, ...] | None]
"""The key of a fact; None if something of it is missing."""

OF_ROWS: Final[dict[str, Get]] = {
    "session": attrgetter("scope"),
    "turn": attrgetter("turn"),
    "component": attrgetter("component"),
    "message": attrgetter("message"),
    "type": attrgetter("kind"),
    "task": attrgetter("task"),
    "worker": attrgetter("worker"),
    "correlation": attrgetter("correlation"),
    "was": lambda fact: scalar(fact.was),
    "attempt": lambda fact: fact.attempt(),
}
"""Fields that every event has, with or without a value."""

_LONGEST: Final = 200
_LARGEST: Final = 1 << 62


def scalar(value: Any) -> Any:
    """A payload's value as one that tells keys apart: bounded, and None unless it is text or a number."""
    if isinstance(value, str):
        if len(value) <= _LONGEST:
            return value
        digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return f"{value[: _LONGEST - 20]}…{digest}"
    if isinstance(value, bool) or value is None:
        return None
    return value if isinstance(value, int | float) and abs(value) <= _LARGEST else None


class Fields:
    """Compiles names of fields, and collects what of the payload is to be read."""

    def __init__(self, named: Mapping[str, str | list[str]], aliases: Aliases) -> None:
        self._named = {name: listed(places) for name, places in named.items()}
        self._aliases = aliases
        self._wanted: dict[str, Field] = {}
        self._getters: dict[str, Callable[[Any], Any]] = {}
        self._gets: dict[tuple[str, ...], Get] = {}
        self._keys: dict[tuple[tuple[Get, ...], tuple[bool, ...]], GetKey] = {}
        self._count = 0

    @property
    def names(self) -> list[str]:
        """What there is, besides places in the payload."""
        return [*OF_ROWS, *self._named]

    def get(self, name: str, own: Mapping[str, str | list[str]]) -> Get:
        """What gets a field: by its own meaning in an event, by that of the file, or of every event.

        Raises:
            KeyError: there is no such name.
            QueryError: it is no place in the payload.
        """
        told = listed(own[name]) if name in own else self._named.get(name, [name])
        if len(told) == 1 and told[0] in OF_ROWS:
            return OF_ROWS[told[0]]
        places = tuple(
            place for one in told for place in ([one] if one in OF_ROWS else self._aliases.places(one))
        )
        found = self._gets.get(places)
        if found is None:
            if not all("." in place or place in OF_ROWS for place in places):
                raise KeyError(name)
            found = self._gets[places] = self._cached(self._first(places))
        return found

    def key(self, gets: Sequence[Get], optional: Sequence[bool]) -> GetKey:
        """What gets several fields, as a key."""
        known = (tuple(gets), tuple(optional))
        found = self._keys.get(known)
        if found is None:
            found = self._keys[known] = self._cached(_key(gets, optional))
        return found

    def _cached(self, get: Get) -> Get:
        """Asked once of a fact: several cases have the same keys."""
        self._count += 1
        number = self._count

        def cached(fact: Fact) -> Any:
            cache = fact.cache
            if number in cache:
                return cache[number]
            value = cache[number] = get(fact)
            return value

        return cached

    def _first(self, places: Sequence[str]) -> Get:
        gets = [self._one(place) for place in places]
        if len(gets) == 1:
            return gets[0]

        def first(fact: Fact) -> Any:
            for get in gets:
                value = get(fact)
                if value is not None:
                    return value
            return None

        return first

    def _one(self, place: str) -> Get:
        if place in OF_ROWS:
            return OF_ROWS[place]
        raw = self.raw(place)
        return lambda fact: scalar(raw(fact))

    def raw(self, place: str) -> Get:
        """What gets a value of the payload as it is, `MISSING` for none."""
        self._wanted.setdefault(place, payload_field(place))
        getters = self._getters

        def get(fact: Fact) -> Any:
            return MISSING if fact.record is None else getters[place](fact.record)

        return get

    @property
    def wanted(self) -> list[Field]:
        """What of the payload is read."""
        return list(self._wanted.values())

    def ready(self, reader: Reader) -> None:
        """All fields are known, and a reader reads them."""
        self._getters |= {place: reader.getter(field) for place, field in self._wanted.items()}

    def of_record(self, place: str) -> Callable[[Any], Any]:
        """What gets a value that is `wanted` out of what the reader has read."""
        return self._getters[place]


def _key(gets: Sequence[Get], optional: Sequence[bool]) -> GetKey:
    if len(gets) == 1 and not any(optional):
        (only,) = gets

        def single(fact: Fact) -> tuple[Any, ...] | None:
            value = only(fact)
            return None if value is None else (value,)

        return single
    if len(gets) == 2 and not any(optional):  # noqa: PLR2004 - most keys are of a session and one thing more
        first, second = gets

        def double(fact: Fact) -> tuple[Any, ...] | None:
            one = first(fact)
            if one is None:
                return None
            other = second(fact)
            return None if other is None else (one, other)

        return double
    several = list(zip(gets, optional, strict=True))

    def key(fact: Fact) -> tuple[Any, ...] | None:
        values = []
        for get, may_lack in several:
            value = get(fact)
            if value is None:
                if not may_lack:
                    return None
                value = ""
            values.append(value)
        return tuple(values)

    return key
