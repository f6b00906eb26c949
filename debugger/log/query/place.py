"""What is being typed at the end of a text that need not be a query yet."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from backend.wire.query.nodes import Field
from debugger.log.query.errors import QueryError
from debugger.log.query.fields import ROOTS, in_payload, named
from debugger.log.query.scan import Name, Scanner

_IN: Final = re.compile(r"(?:not\s+)?in\s*\(", re.IGNORECASE)


class Place(NamedTuple):
    """A word that is being typed, and where it begins; the field whose value it is, if it is one.

    ``named`` is a field that a space follows: an operator could stand here.
    """

    word: str
    start: int
    field: Field | None = None
    named: Field | None = None


def place_in(text: str) -> Place:
    """What is being typed at the end of `text`."""
    scan, place = Scanner(text), Place("", len(text))
    while scan.skip() < len(text):
        place = _after_word(scan)
    return place


def _after_word(scan: Scanner) -> Place:
    """Go over one word or condition; what is being typed if the text ends there."""
    text, at = scan.text, scan.at
    nothing = Place("", len(text))
    if text[at] in "()!&|-,":
        scan.at = at + 1
        return nothing
    name = _name(scan)
    field = _known(name) if name is not None else None
    if name is None or field is None:
        return _word(scan, at)
    after = scan.after_space(name.end)
    listed = _IN.match(text, after)
    if listed is not None:
        return _list(scan, field, listed.end())
    operator = scan.operator(after)
    if operator:
        return _word(scan, scan.after_space(after + len(operator)), field)
    scan.at = name.end
    if name.end == len(text):
        return Place(name.text, at)
    return Place("", after, named=field) if after == len(text) else nothing


def _name(scan: Scanner) -> Name | None:
    if scan.joint()[0]:
        return None
    try:
        return scan.name()
    except QueryError:  # a key whose quote is still open
        return None


def _known(name: Name) -> Field | None:
    if name.path:
        return in_payload(name.root, name.path) if name.root in ROOTS else None
    return named(name.text)


def _word(scan: Scanner, at: int, field: Field | None = None) -> Place:
    """A word, or a quoted one, as the value of a field or for itself."""
    text = scan.text
    try:
        end = scan.quoted(at)[1] if text[at : at + 1] == '"' else scan.word(at)[1]
    except QueryError:
        end = len(text)
    scan.at = max(end, at + 1)
    return Place(text[at:], at, field) if end >= len(text) else Place("", len(text))


def _list(scan: Scanner, field: Field, at: int) -> Place:
    """The values of a list from a place on."""
    text = scan.text
    while True:
        at = scan.after_space(at)
        if text[at : at + 1] == ")":
            scan.at = at + 1
            return Place("", len(text))
        if at >= len(text):
            scan.at = at
            return Place("", at, field)
        if text[at] == ",":
            at += 1
        elif text[at] == '"':
            place = _word(scan, at, field)
            if scan.at >= len(text):
                return place
            at = scan.at
        else:
            end = scan.word(at, stop=",")[1]
            if end >= len(text):
                scan.at = end
                return Place(text[at:], at, field)
            at = max(end, at + 1)
