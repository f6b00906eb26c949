"""Names that a producer has for what rules speak of: put into queries, and into places in payloads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from backend.wire.query.nodes import And, Compare, Field, Has, Kind, Matches, Node, Not, OneOf, Or, Text, Word
from debugger.analysis.rules.schema import Names, listed
from debugger.log.query import Query, QueryError, compile_query
from debugger.log.query.fields import in_payload

_COLUMNS: Final = {"message_type": "message", "component": "component"}
_SHORT: Final = {"data": "data", "component_state": "state"}


class Aliases:
    """The contract's name first, then the others, for each kind of name."""

    def __init__(self, names: Names | None = None) -> None:
        names = names or Names()
        self._names: Mapping[str, dict[str, list[str]]] = {
            "message": {key.lower(): listed(value) for key, value in names.message.items()},
            "component": {key.lower(): listed(value) for key, value in names.component.items()},
        }
        self._paths = {
            root: {key: listed(value) for key, value in told.items()}
            for root, told in (("data", names.data), ("state", names.state))
        }

    def query(self, text: str) -> Query:
        """A query that passes the other names, too.

        Raises:
            QueryError: as `compile_query` does.
        """
        query = compile_query(text)
        return query if query.node is None else Query(text, self._node(query.node))

    def places(self, place: str) -> list[str]:
        """A place in the payload, such as ``data.worker_id``, and where else it may be."""
        root, _, path = place.partition(".")
        return [place, *(f"{root}.{other}" for other in self._others(root, path))]

    def _others(self, root: str, path: str) -> list[str]:
        known = self._paths.get(root, {})
        if path in known:
            return known[path]
        head, dot, rest = path.partition(".")
        return [f"{other}.{rest}" for other in known.get(head, [])] if dot else []

    def _node(self, node: Node) -> Node:  # noqa: PLR0911 - a kind of node a line
        match node:
            case And(parts):
                return And(tuple(map(self._node, parts)))
            case Or(parts):
                return Or(tuple(map(self._node, parts)))
            case Not(part):
                return Not(self._node(part))
            case Text():
                return node
            case Compare(field, "=", Word(text)) if names := self._named(field, text):
                return OneOf(field, tuple(map(Word, names)))
            case OneOf(field, values) if field.source in _COLUMNS:
                more = [
                    Word(name)
                    for value in values
                    if isinstance(value, Word)
                    for name in self._named(field, value.text)[1:]
                ]
                return OneOf(field, (*values, *more))
        if node.field.kind is Kind.PAYLOAD:
            fields = self._fields(node.field)
            if len(fields) > 1:
                return Or(tuple(_about(node, field) for field in fields))
        return node

    def _named(self, field: Field, name: str) -> list[str]:
        kind = _COLUMNS.get(field.source)
        others = self._names[kind].get(name.lower()) if kind else None
        return [name, *others] if others else []

    def _fields(self, field: Field) -> list[Field]:
        root = _SHORT[field.source]
        others = self._others(root, ".".join(map(str, field.path)))
        return [field, *(payload_field(f"{root}.{other}") for other in others)]


def _about(node: Compare | OneOf | Matches | Has, field: Field) -> Node:
    match node:
        case Compare(_, operator, value):
            return Compare(field, operator, value)
        case OneOf(_, values):
            return OneOf(field, values)
        case Matches(_, pattern, flags):
            return Matches(field, pattern, flags)
    return Has(field)


def payload_field(place: str) -> Field:
    """The field of a place in the payload; keys are taken as they are.

    Raises:
        QueryError: it is no place in ``data`` or ``state``.
    """
    root, *path = place.split(".")
    if root not in ("data", "state") or not path or not all(path):
        raise QueryError(f"{place!r} is no place in data or state", 0)
    return in_payload(root, tuple(int(key) if key.isdigit() else key for key in path))
