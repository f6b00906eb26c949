"""Conditions on an event that is happening, made into functions.

They mean what the debugger's queries mean, and are judged by the same tests of values
(`backend.wire.query.matching`). What only a log can answer is refused: rows and their distances in time.
Regular expressions take time that grows with the text alone; what is too large is refused before.
"""

from __future__ import annotations

import json
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any, Final

import msgspec

from backend.control.subject import Subject
from backend.events import severity_rank
from backend.events.vocabulary import Family, family_of
from backend.wire.query.matching import Conditional, list_test, name_test, payload_test, walk
from backend.wire.query.nodes import (
    MISSING,
    And,
    Compare,
    Constant,
    Field,
    Has,
    Kind,
    Matches,
    Moment,
    Node,
    Not,
    OneOf,
    Or,
    Range,
    Text,
    Value,
    Word,
)

MOST_NODES: Final = 200
DEEPEST: Final = 32
_LONGEST_PATH: Final = 32

Head = tuple[str, str, str | None]
"""Event type, component and message type: by these a condition is looked up before it is asked."""

_HEAD: Final = {"type": 0, "component": 1, "message": 2}
_NAMES: Final = {
    "session": attrgetter("scope.session_id"),
    "correlation": attrgetter("scope.correlation_id"),
    "task": attrgetter("stamped.task"),
    "worker": attrgetter("scope.worker_id"),
    "source": attrgetter("rest.source"),
    "direction": attrgetter("stamped.direction"),
    "id": attrgetter("stamped.id"),
    "cause": attrgetter("stamped.cause"),
    "user": attrgetter("scope.user_id"),
}
_LISTS: Final = {"reads": attrgetter("rest.reads"), "writes": attrgetter("rest.writes")}
_NUMBERS: Final = {
    "turn": attrgetter("scope.turn"),
    "timestamp_ns": attrgetter("stamped.timestamp_ns"),
    "mono_ns": attrgetter("stamped.mono_ns"),
}
_DURATION: Final = Field("duration", Kind.DURATION, "data", ("duration_us",))
_FAMILIES: Final = list(Family)
_ORDER: Final[dict[str, Callable[[Any, Any], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_REFUSED: Final = {
    "row": "rows are counted by a log",
    "seq": "an event is numbered only when it is written",
    "delta": "it is the time since another event, which is not kept",
    "lag": "it is the time since another event, which is not kept",
}


class ConditionError(ValueError):
    """A condition that cannot be judged here: why, in one line."""


class Test(ABC):
    """A condition, or a part of one. ``cost`` orders the parts of an ``and``: cheap ones first."""

    cost = 0

    @abstractmethod
    def holds(self, subject: Subject) -> bool:
        """Whether it holds."""

    def by_head(self, head: Head) -> bool | None:
        """Whether it holds for every event of that head, or for none; None: it depends."""
        del head
        return None


def compile_condition(node: Node) -> Test:
    """Make a condition ready to be asked.

    Raises:
        ConditionError: it is too large, or not about what can be known here, or makes no sense.
    """
    _check_size(node)
    try:
        return _test(node)
    except (TypeError, ValueError) as error:
        raise ConditionError(str(error)) from None


def _check_size(node: Node) -> None:
    count = 0
    level = [node]
    for depth in range(DEEPEST + 1):
        count += sum(len(one.values) if isinstance(one, OneOf) else 1 for one in level)
        if count > MOST_NODES:
            raise ConditionError(f"the condition has more than {MOST_NODES} parts")
        if depth == DEEPEST and level:
            raise ConditionError(f"the condition is nested deeper than {DEEPEST}")
        level = [part for one in level for part in _parts(one)]


def _parts(node: Node) -> Iterable[Node]:
    if isinstance(node, And | Or):
        return node.parts
    return (node.part,) if isinstance(node, Not) else ()


def _test(node: Node) -> Test:
    match node:
        case And(parts):
            return _All(map(_test, parts))
        case Or(parts):
            return _Any(map(_test, parts))
        case Not(part):
            return _Not(_test(part))
        case Text(text):
            return _InLine(text)
    return _condition(node)


# --- how conditions are put together ------------------------------------------------------


class _All(Test):
    def __init__(self, parts: Iterator[Test]) -> None:
        self._parts = sorted(parts, key=lambda part: part.cost)
        self.cost = sum(part.cost for part in self._parts)

    def holds(self, subject: Subject) -> bool:
        return all(part.holds(subject) for part in self._parts)

    def by_head(self, head: Head) -> bool | None:
        known = {part.by_head(head) for part in self._parts}
        return False if False in known else None if None in known else True


class _Any(Test):
    def __init__(self, parts: Iterator[Test]) -> None:
        self._parts = sorted(parts, key=lambda part: part.cost)
        self.cost = sum(part.cost for part in self._parts)

    def holds(self, subject: Subject) -> bool:
        return any(part.holds(subject) for part in self._parts)

    def by_head(self, head: Head) -> bool | None:
        known = {part.by_head(head) for part in self._parts}
        return True if True in known else None if None in known else False


class _Not(Test):
    def __init__(self, part: Test) -> None:
        self._part = part
        self.cost = part.cost

    def holds(self, subject: Subject) -> bool:
        return not self._part.holds(subject)

    def by_head(self, head: Head) -> bool | None:
        known = self._part.by_head(head)
        return None if known is None else not known


class _OfHead(Test):
    """On one of the three fields of the head."""

    def __init__(self, place: int, test: Callable[[Any], bool]) -> None:
        self._place = place
        self._test = test

    def holds(self, subject: Subject) -> bool:
        return self._test(subject.head[self._place])

    def by_head(self, head: Head) -> bool | None:
        return self._test(head[self._place])


class _OfFamily(_OfHead):
    """On the family, which follows from the head."""

    def holds(self, subject: Subject) -> bool:
        return self.by_head(subject.head) is True

    def by_head(self, head: Head) -> bool | None:
        return self._test(_FAMILIES.index(family_of(head[2], head[0])))


class _OfRest(Test):
    """On anything else."""

    def __init__(self, get: Callable[[Subject], Any], test: Callable[[Any], bool], cost: int) -> None:
        self._get = get
        self._test = test
        self.cost = cost

    def holds(self, subject: Subject) -> bool:
        return self._test(self._get(subject))


class _InLine(Test):
    """Free text in the event's line, as it is going to be written."""

    cost = 100

    def __init__(self, text: str) -> None:
        self._wanted = json.dumps(text, ensure_ascii=False)[1:-1].lower()

    def holds(self, subject: Subject) -> bool:
        return self._wanted in subject.line.lower()


# --- conditions on fields --------------------------------------------------------------------


def _condition(node: Conditional) -> Test:
    field, name = node.field, node.field.name
    if name in _REFUSED:
        raise ConditionError(f"{name} cannot be judged here: {_REFUSED[name]}")
    if field.kind is Kind.PAYLOAD:
        return _of_payload(node)
    if name in _HEAD:
        _check_words(node)
        return _OfHead(_HEAD[name], name_test(node))
    if name in _NAMES:
        _check_words(node)
        return _OfRest(_NAMES[name], name_test(node), 1)
    if name in _LISTS:
        _check_words(node)
        names = _LISTS[name]
        return _OfRest(lambda subject: list(names(subject)), list_test(node), 5)
    return _of_numbers(node)


def _of_numbers(node: Conditional) -> Test:
    name = node.field.name
    if name == "time":
        return _OfRest(lambda subject: subject.stamped.timestamp_ns, _time_test(node), 1)
    _check_order(node)
    if name == "family":
        return _OfFamily(0, payload_test(node))
    if name == "severity":
        return _OfRest(lambda subject: severity_rank(subject.rest.severity), payload_test(node), 1)
    if name == "duration":
        timed = msgspec.structs.replace(
            node, field=Field("duration", Kind.DURATION, "data", ("duration_us",))
        )
        return _OfRest(lambda subject: subject.data.get("duration_us", MISSING), payload_test(timed), 10)
    if name in _NUMBERS:
        number = _NUMBERS[name]
        return _OfRest(lambda subject: _or_missing(number(subject)), payload_test(node), 1)
    raise ConditionError(f"there is no field {name[:60]!r}")


def _or_missing(value: Any) -> Any:
    return MISSING if value is None else value


def _of_payload(node: Conditional) -> Test:
    field = node.field
    if field.source not in {"data", "component_state"} or not 0 < len(field.path) <= _LONGEST_PATH:
        raise ConditionError(f"{field.name[:60]!r} leads nowhere: a path begins with data or component_state")
    _check_order(node)
    path = field.path
    if field.source == "data":
        return _OfRest(lambda subject: subject.datum(path), payload_test(node), 10)
    return _OfRest(lambda subject: walk(subject.state, path), payload_test(node), 20)


def _values(node: Conditional) -> tuple[Value, ...]:
    if isinstance(node, OneOf):
        return node.values
    return (node.value,) if isinstance(node, Compare) else ()


def _check_words(node: Conditional) -> None:
    """Names are equal or not, to words."""
    if isinstance(node, Compare) and node.operator != "=":
        raise ConditionError(f"{node.field.name} is a name: it has no order")
    if not all(isinstance(value, Word) for value in _values(node)):
        raise ConditionError(f"{node.field.name} is a name: compare it with one")


def _check_order(node: Conditional) -> None:
    """Only single numbers are more or less than others."""
    if not isinstance(node, Compare) or node.operator == "=":
        return
    if node.operator not in _ORDER:
        raise ConditionError(f"there is no operator {node.operator[:20]!r}")
    if isinstance(node.value, Word | Constant | Range):
        raise ConditionError(f"{node.field.name[:60]} {node.operator} needs a number")


def _time_test(node: Conditional) -> Callable[[Any], bool]:
    match node:
        case Has():
            return lambda _: True
        case Compare(operator=sign, value=Moment(ns, _, False)) if sign in _ORDER:
            compare = _ORDER[sign]
            return lambda at: compare(at, ns)
        case Matches():
            raise ConditionError("a time matches no regular expression")
    spans = [_span(value) for value in _values(node)]
    return lambda at: any(first <= at < end for first, end in spans)


def _span(value: Value) -> tuple[int, int]:
    """The first ns that a value stands for, and the first after it."""
    low, high = (value.low, value.high) if isinstance(value, Range) else (value, value)
    match low, high:
        case Moment(first, _, False), Moment(last, width, False):
            return first, last + width
    raise ConditionError("a time is compared with a moment, with its date")
