"""A query that goes to a backend, which judges what has not happened yet.

It goes as its tree: the nodes are the wire's own (`backend.wire.query.nodes`), so nothing is lost on the way.
What only a log can answer is refused: a backend has no rows, and keeps no events to measure from.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from backend.wire.query.nodes import (
    And,
    Compare,
    Field,
    Moment,
    Node,
    Not,
    Number,
    OneOf,
    Or,
    Range,
    Scalar,
    Text,
    Value,
    Word,
)

_OF_THE_LOG: Final = {
    "row": "rows are counted by the debugger",
    "delta": "it is the time since another event, which the backend does not keep",
    "lag": "it is the time since another event, which the backend does not keep",
}
_LARGEST: Final = 2**63  # what every JSON reader can hold


class NotJudgedError(ValueError):
    """A backend cannot judge a query: why, and the ``field`` that it is about."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


def check_judged(node: Node) -> None:
    """See to it that a backend can judge a query.

    Raises:
        NotJudgedError: only a log could answer it.
    """
    match node:
        case And(parts) | Or(parts):
            for part in parts:
                check_judged(part)
        case Not(part):
            check_judged(part)
        case Text():
            pass
        case Compare(field, _, value):
            _check_field(field)
            _check_values(field, (value,))
        case OneOf(field, values):
            _check_field(field)
            _check_values(field, values)
        case _:
            _check_field(node.field)


def _check_field(field: Field) -> None:
    reason = _OF_THE_LOG.get(field.name)
    if reason is not None:
        raise NotJudgedError(f"the backend cannot judge {field.name}: {reason}", field.name)


def _check_values(field: Field, values: tuple[Value, ...]) -> None:
    for value in values:
        for scalar in (value.low, value.high) if isinstance(value, Range) else (value,):
            _check_value(field, scalar)


def _check_value(field: Field, value: Scalar) -> None:
    if isinstance(value, Moment) and value.daily:
        raise NotJudgedError(
            "the backend cannot judge a time of day: its clock may be in another place; "
            "write the date too, as 2025-10-09T14:03",
            field.name,
        )
    if isinstance(value, Number) and isinstance(value.value, int) and not -_LARGEST <= value.value < _LARGEST:
        raise NotJudgedError("the backend cannot judge numbers of more than 64 bits", field.name)


def messages_of(node: Node) -> tuple[str, ...] | None:
    """The message types outside of which a query cannot hold, so that others are not looked at; None: any.

    In upper case, as message types are written: names compare whatever their case.
    """
    found = next(_messages(node), None)
    return None if found is None else tuple(sorted(found))


def _messages(node: Node) -> Iterator[frozenset[str]]:
    """For each part that must hold and says which messages: these."""
    match node:
        case Compare(Field("message"), "=", Word(text) as word) if _plain(word):
            yield frozenset((text.upper(),))
        case OneOf(Field("message"), values):
            words = [one for one in values if isinstance(one, Word) and _plain(one)]
            if len(words) == len(values):
                yield frozenset(word.text.upper() for word in words)
        case And(parts):
            for part in parts:
                yield from _messages(part)
        case Or(parts):
            ways = [next(_messages(part), None) for part in parts]
            if all(way is not None for way in ways):
                yield frozenset().union(*(way for way in ways if way is not None))


def _plain(word: Word) -> bool:
    return word.text.isascii() and bool(word.text) and (word.literal or not set(word.text) & set("*?"))
