"""A query that goes to a backend, which judges what has not happened yet.

It goes as its tree: the nodes are the wire's own (`backend.wire.query.nodes`), so nothing is lost on the way.
What only a log can answer is refused: a backend has no rows, and keeps no events to measure from.
"""

from __future__ import annotations

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
)

OF_THE_LOG: Final = {
    "row": "rows are counted by the debugger",
    "seq": "an event is numbered only when it is written",
    "delta": "it is the time since another event, which the backend does not keep",
    "lag": "it is the time since another event, which the backend does not keep",
}
"""Fields that only a log can answer, and why."""

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
    reason = OF_THE_LOG.get(field.name)
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
