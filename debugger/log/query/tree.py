"""A query as a tree of JSON: so a condition goes to a backend, which judges what has not happened yet.

Each node is an object that says what it ``is``; nothing of the query is lost on the way, and
`node_of` makes the same query of it again::

    {"is": "and" | "or", "parts": [node…]}       {"is": "not", "part": node}
    {"is": "text", "text": "…"}                  {"is": "has", "field": field}
    {"is": "compare", "field": field, "operator": "=", "value": value}
    {"is": "one_of", "field": field, "values": [value…]}
    {"is": "matches", "field": field, "pattern": "…", "flags": "i"}

    field  {"name": "data.index", "kind": "payload", "source": "data", "path": ["index"]}
    value  {"is": "word", "text": "TTS_*", "literal": false} · {"is": "number", "value": 3}
           {"is": "constant", "value": null} · {"is": "duration", "ns": 20000000}
           {"is": "moment", "ns": …, "width": …, "daily": false}
           {"is": "range", "low": value, "high": value}

What only a log can answer is refused: a backend has no rows, and keeps no events to measure from.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from backend.wire.query.nodes import (
    And,
    Compare,
    Constant,
    Duration,
    Field,
    Has,
    Kind,
    Matches,
    Moment,
    Node,
    Not,
    Number,
    OneOf,
    Or,
    Range,
    Text,
    Value,
    Word,
)
from debugger.log.query.fields import FIELDS, in_payload

Tree = dict[str, Any]

_OF_THE_LOG: Final = {
    "row": "rows are counted by the debugger",
    "delta": "it is the time since another event, which the backend does not keep",
    "lag": "it is the time since another event, which the backend does not keep",
}
_LARGEST: Final = 2**63


class NotJudgedError(ValueError):
    """A backend cannot judge a query: why, and the ``field`` that it is about, if it is about one."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def tree_of(node: Node) -> Tree:  # noqa: PLR0911 - one a case
    """A query as JSON.

    Raises:
        NotJudgedError: only a log could answer it.
    """
    match node:
        case And(parts):
            return {"is": "and", "parts": [tree_of(part) for part in parts]}
        case Or(parts):
            return {"is": "or", "parts": [tree_of(part) for part in parts]}
        case Not(part):
            return {"is": "not", "part": tree_of(part)}
        case Text(text):
            return {"is": "text", "text": text}
        case Has(field):
            return {"is": "has", "field": _field(field)}
        case Matches(field, pattern, flags):
            return {"is": "matches", "field": _field(field), "pattern": pattern, "flags": flags}
        case OneOf(field, values):
            return {"is": "one_of", "field": _field(field), "values": [_value(field, one) for one in values]}
        case Compare(field, operator, value):
            told = {"is": "compare", "field": _field(field), "operator": operator}
            return told | {"value": _value(field, value)}


def _field(field: Field) -> Tree:
    reason = _OF_THE_LOG.get(field.name)
    if reason is not None:
        raise NotJudgedError(f"the backend cannot judge {field.name}: {reason}", field.name)
    told: Tree = {"name": field.name, "kind": field.kind.name.lower(), "source": field.source}
    return told | ({"path": list(field.path)} if field.path else {})


def _value(field: Field, value: Value) -> Tree:
    match value:
        case Word(text, literal):
            return {"is": "word", "text": text, "literal": literal}
        case Number(number):
            if isinstance(number, int) and not -_LARGEST <= number < _LARGEST:
                raise NotJudgedError(
                    "the backend cannot judge whole numbers of more than 64 bits", field.name
                )
            return {"is": "number", "value": number}
        case Constant(constant):
            return {"is": "constant", "value": constant}
        case Duration(ns):
            return {"is": "duration", "ns": ns}
        case Moment(ns, width, daily):
            if daily:
                raise NotJudgedError(
                    "the backend cannot judge a time of day: its clock may be in another place; "
                    "write the date too, as 2025-10-09T14:03",
                    field.name,
                )
            return {"is": "moment", "ns": ns, "width": width, "daily": daily}
        case Range(low, high):
            return {"is": "range", "low": _value(field, low), "high": _value(field, high)}


def node_of(tree: Tree) -> Node:  # noqa: PLR0911 - one a case
    """The reverse, of what `tree_of` made."""
    match tree:
        case {"is": "and", "parts": parts}:
            return And(tuple(map(node_of, parts)))
        case {"is": "or", "parts": parts}:
            return Or(tuple(map(node_of, parts)))
        case {"is": "not", "part": part}:
            return Not(node_of(part))
        case {"is": "text", "text": text}:
            return Text(text)
        case {"is": "has", "field": field}:
            return Has(_field_of(field))
        case {"is": "matches", "field": field, "pattern": pattern, "flags": flags}:
            return Matches(_field_of(field), pattern, flags)
        case {"is": "one_of", "field": field, "values": values}:
            return OneOf(_field_of(field), tuple(map(_value_of, values)))
        case {"is": "compare", "field": field, "operator": operator, "value": value}:
            return Compare(_field_of(field), operator, _value_of(value))
    raise ValueError(f"no node of a query: {tree!r}")


def _field_of(tree: Tree) -> Field:
    if tree["kind"] != Kind.PAYLOAD.name.lower():
        return FIELDS[tree["name"]]
    return in_payload("data" if tree["source"] == "data" else "state", tuple(tree["path"]))


def _value_of(tree: Tree) -> Any:
    match tree:
        case {"is": "word", "text": text, "literal": literal}:
            return Word(text, literal)
        case {"is": "number", "value": number}:
            return Number(number)
        case {"is": "constant", "value": constant}:
            return Constant(constant)
        case {"is": "duration", "ns": ns}:
            return Duration(ns)
        case {"is": "moment", "ns": ns, "width": width, "daily": daily}:
            return Moment(ns, width, daily)
        case {"is": "range", "low": low, "high": high}:
            return Range(_value_of(low), _value_of(high))
    raise ValueError(f"no value of a query: {tree!r}")


def _equal_to(field: str, node: Node) -> Iterator[frozenset[str]]:
    """For each way to pass, if `node` pins the field there: the plain words it may be."""
    match node:
        case Compare(Field(name), "=", Word(text) as word) if name == field and _plain(word):
            yield frozenset((text.upper(),))
        case OneOf(Field(name), values) if name == field:
            words = [one for one in values if isinstance(one, Word) and _plain(one)]
            if len(words) == len(values):
                yield frozenset(word.text.upper() for word in words)
        case And(parts):
            for part in parts:
                yield from _equal_to(field, part)
        case Or(parts):
            ways = [next(_equal_to(field, part), None) for part in parts]
            if all(way is not None for way in ways):
                yield frozenset().union(*(way for way in ways if way is not None))


def _plain(word: Word) -> bool:
    return word.text.isascii() and bool(word.text) and (word.literal or not set(word.text) & set("*?"))


def messages_of(node: Node) -> tuple[str, ...] | None:
    """The message types outside of which a query cannot hold, so that others are not looked at; None: any.

    In upper case, as message types are written: names compare whatever their case.
    """
    found = next(_equal_to("message", node), None)
    return None if found is None else tuple(sorted(found))
