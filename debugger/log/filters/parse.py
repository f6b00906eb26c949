"""The words of a filter, and what is wrong with them."""

from __future__ import annotations

import difflib
import enum
import re
from typing import Final, NamedTuple

from backend.events import Family
from backend.events.vocabulary import SEVERITIES


class Kind(enum.Enum):
    """How the values of a field compare."""

    NAME = "name"
    NUMBER = "number"
    SEVERITY = "severity"
    FAMILY = "family"


class Field(NamedTuple):
    """A field that a filter can name: its column in the log, and how it compares."""

    column: str
    kind: Kind


FIELDS: Final = {
    "component": Field("component", Kind.NAME),
    "type": Field("event_type", Kind.NAME),
    "message": Field("message_type", Kind.NAME),
    "session": Field("session", Kind.NAME),
    "turn": Field("turn", Kind.NUMBER),
    "correlation": Field("correlation", Kind.NAME),
    "task": Field("task", Kind.NAME),
    "worker": Field("worker", Kind.NAME),
    "source": Field("source", Kind.NAME),
    "seq": Field("seq", Kind.NUMBER),
    "direction": Field("direction", Kind.NAME),
    "family": Field("family", Kind.FAMILY),
    "severity": Field("severity", Kind.SEVERITY),
}
"""What can stand before the colon."""

_FULL_NAMES: Final = {
    "event_type": "type",
    "message_type": "message",
    "session_id": "session",
    "correlation_id": "correlation",
    "worker_id": "worker",
}
_FAMILIES: Final = tuple(family.name.lower() for family in Family)
_ORDERED: Final = frozenset({Kind.NUMBER, Kind.SEVERITY})
_COMPARED: Final = re.compile(r"([A-Za-z_]\w*)(>=|<=|!=|:|=|>|<)")
_WORD: Final = re.compile(r'[^\s"]+')


class FilterError(ValueError):
    """A filter that means nothing: what is wrong, at which character from 0, and what was perhaps meant."""

    def __init__(self, message: str, position: int, suggestion: str | None = None) -> None:
        hint = f"; did you mean {suggestion!r}?" if suggestion else ""
        super().__init__(message + hint)
        self.message = message
        self.position = position
        self.suggestion = suggestion


class Term(NamedTuple):
    """One condition. ``field`` is empty for free text; ``value`` is a number where the field has numbers.

    A ``literal`` value was quoted: its stars are stars.
    """

    field: str
    operator: str
    value: str | int
    literal: bool = False
    excludes: bool = False


def parse(text: str) -> list[Term]:
    """The terms of a filter, all of which must hold.

    Raises:
        FilterError: with the place.
    """
    terms: list[Term] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        term, at = _term(text, at)
        terms.append(term)
    return terms


def _term(text: str, at: int) -> tuple[Term, int]:
    excludes = text[at] == "-"
    begin = at + 1 if excludes else at
    if begin >= len(text) or text[begin].isspace():
        raise FilterError("'-' excludes the term after it, and there is none", at, '"-"')
    compared = _COMPARED.match(text, begin)
    if compared is None:
        value, quoted, end = _value(text, begin)
        if not value:
            raise FilterError("an empty phrase is in every line", begin)
        return Term("", ":", value, quoted, excludes), end
    name, operator = compared.groups()
    field = _field(name, begin)
    place = compared.end()
    value, quoted, end = _value(text, place)
    if not value and not quoted:
        raise FilterError(f"{name}{operator} needs a value", place, _example(field))
    if operator == "!=":
        operator, excludes = ":", not excludes
    elif operator == "=":
        operator = ":"
    if operator != ":" and FIELDS[field].kind not in _ORDERED:
        raise FilterError(f"{field} has no order, so {operator!r} means nothing", begin, f"{field}:{value}")
    return Term(field, operator, _typed(field, value, place), quoted, excludes), end


def _value(text: str, at: int) -> tuple[str, bool, int]:
    """The value that begins at `at`, whether it was quoted, and where it ends."""
    if text[at : at + 1] != '"':
        word = _WORD.match(text, at)
        return (word[0], False, word.end()) if word else ("", False, at)
    value: list[str] = []
    here = at + 1
    while here < len(text):
        if text[here] == "\\" and text[here + 1 : here + 2] in {'"', "\\"}:
            value.append(text[here + 1])
            here += 2
        elif text[here] == '"':
            return "".join(value), True, here + 1
        else:
            value.append(text[here])
            here += 1
    raise FilterError("the quote is never closed", at, text[at:].strip() + '"')


def _field(name: str, position: int) -> str:
    known = name.lower()
    known = _FULL_NAMES.get(known, known)
    if known in FIELDS:
        return known
    near = difflib.get_close_matches(known, [*FIELDS, *_FULL_NAMES], 1)
    hint = "" if near else f"; fields are {', '.join(FIELDS)}, and text with a colon needs quotes"
    raise FilterError(f"unknown field {name!r}{hint}", position, near[0] if near else None)


def _typed(field: str, value: str, position: int) -> str | int:
    kind = FIELDS[field].kind
    if kind is Kind.NUMBER:
        if re.fullmatch(r"-?[0-9]{1,18}", value):
            return int(value)
        raise FilterError(f"{field} is a number, not {value!r}", position, _example(field))
    if kind is Kind.SEVERITY:
        return _word(field, value, SEVERITIES, position)
    if kind is Kind.FAMILY:
        letters = {family.value.lower(): family.name.lower() for family in Family}
        return _word(field, letters.get(value.lower(), value), _FAMILIES, position)
    return value


def _word(field: str, value: str, words: tuple[str, ...], position: int) -> int:
    if value.lower() in words:
        return words.index(value.lower())
    near = [word for word in words if word.startswith(value.lower())] if value else []
    near = near or difflib.get_close_matches(value.lower(), words, 1)
    message = f"{field} is one of {', '.join(words)}, not {value!r}"
    raise FilterError(message, position, near[0] if near else None)


def _example(field: str) -> str:
    kind = FIELDS[field].kind
    if kind is Kind.NUMBER:
        return f"{field}:3"
    if kind is Kind.SEVERITY:
        return f"{field}>=warning"
    return f"{field}:tts" if kind is Kind.FAMILY else f"{field}:*"
