"""From text to a tree of conditions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from backend.wire.query.nodes import (
    And,
    Compare,
    Field,
    Has,
    Kind,
    Matches,
    Node,
    Not,
    OneOf,
    Or,
    Text,
    Value,
)
from backend.wire.query.regex import RegexError, compile_regex
from debugger.log.query.errors import QueryError
from debugger.log.query.fields import NAMES, ORDERED, ROOTS, in_payload, named, near, unknown
from debugger.log.query.scan import Name, Scanner
from debugger.log.query.values import example, read_value

DEEPEST: Final = 50
LONGEST: Final = 10_000

_IN: Final = re.compile(r"(not\s+)?in(?=\s*\()", re.IGNORECASE)
_BARE_IN: Final = re.compile(r"in(?=\s|$)", re.IGNORECASE)
_HAS: Final = re.compile(r"has\s+(?=[A-Za-z_])", re.IGNORECASE)


def parse(text: str) -> Node | None:
    """The tree of a query; None for an empty one.

    Raises:
        QueryError: with the place.
    """
    if len(text) > LONGEST:
        raise QueryError(f"a query has {LONGEST:,} characters at most", LONGEST)
    return _Parser(text).whole()


class _Parser:
    """Goes down one rule after the other: or, and, not, a condition."""

    def __init__(self, text: str) -> None:
        self._scan = Scanner(text)
        self._depth = 0

    def whole(self) -> Node | None:
        scan = self._scan
        if scan.skip() >= len(scan.text):
            return None
        node = self._any()
        if scan.skip() < len(scan.text):  # only that can stop it
            raise QueryError("this parenthesis closes nothing", scan.at, '")"')
        return node

    # --- and, or, not -------------------------------------------------------------------

    def _any(self) -> Node:
        parts = [self._all()]
        while self._joint() == "or":
            self._take_joint()
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all(self) -> Node:
        parts = [self._negated()]
        while True:
            joint = self._joint()
            if joint == "or" or self._scan.peek() in {"", ")"}:
                return parts[0] if len(parts) == 1 else And(tuple(parts))
            if joint == "and":
                self._take_joint()
            parts.append(self._negated())

    def _joint(self) -> str:
        self._scan.skip()
        return self._scan.joint()[0]

    def _take_joint(self) -> None:
        """Go over a word that needs something after it."""
        scan = self._scan
        at = scan.at
        name, scan.at = scan.joint()
        written = scan.text[at : scan.at]
        scan.skip()
        if scan.peek() in {"", ")"}:
            raise QueryError(f"{written!r} needs a condition after it", at, f'"{written}"')
        following, _ = scan.joint()
        if following in {"and", "or"}:
            raise QueryError(f"between {name!r} and {following!r} is no condition", scan.at)

    def _negated(self) -> Node:
        scan = self._scan
        scan.skip()
        at = scan.at
        joint, end = scan.joint()
        if joint == "not":
            self._take_joint()
            return Not(self._deeper(self._negated, at))
        if joint:
            raise QueryError(
                f"{scan.text[at:end]!r} needs a condition before it", at, f'"{scan.text[at:end]}"'
            )
        if scan.peek() != "-":
            return self._condition()
        if scan.lone(at + 1):
            raise QueryError("'-' excludes the term after it, and there is none", at, '"-"')
        scan.at = at + 1
        return Not(self._condition())

    def _deeper(self, rule: Callable[[], Node], at: int) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise QueryError(f"more than {DEEPEST} levels deep", at)
        node = rule()
        self._depth -= 1
        return node

    def _group(self) -> Node:
        scan = self._scan
        at = scan.at
        scan.at += 1
        scan.skip()
        if scan.peek() == ")":
            raise QueryError("there is nothing between the parentheses", at, '"()"')
        if not scan.peek():
            raise QueryError("the parenthesis is never closed", at, '"("')
        node = self._deeper(self._any, at)
        if scan.peek() != ")":
            raise QueryError("the parenthesis is never closed", at, scan.text[at:].rstrip() + ")")
        scan.at += 1
        return node

    # --- conditions ---------------------------------------------------------------------

    def _condition(self) -> Node:
        scan = self._scan
        if scan.peek() == "(":
            return self._group()
        if scan.peek() == ")":
            raise QueryError("this parenthesis closes nothing", scan.at, '")"')
        if scan.peek() == '"':
            return self._phrase()
        operator = scan.operator(scan.at)
        if operator and scan.lone(scan.at + len(operator)):
            message = f"{operator!r} compares a field with a value, and no field is before it"
            raise QueryError(message, scan.at, f'"{operator}"')
        return self._existence() or self._comparison() or self._free_text()

    def _phrase(self) -> Node:
        at = self._scan.at
        text, self._scan.at = self._scan.quoted(at)
        if not text:
            raise QueryError("an empty phrase is in every line", at)
        return Text(text)

    def _free_text(self) -> Node:
        scan = self._scan
        at = scan.at
        text, scan.at = scan.word(at)
        if not text:
            raise QueryError("there is no condition here", at)
        return Text(text)

    def _existence(self) -> Node | None:
        scan = self._scan
        begin = scan.at
        word = _HAS.match(scan.text, begin)
        if word is None:
            return None
        scan.at = word.end()
        name = scan.name()
        scan.at = begin
        if name is None or scan.operator(name.end):
            return None
        field = _field(name)
        if field is not None:
            scan.at = name.end
            return Has(field)
        if near(name.text) is not None or (name.root in ROOTS and not name.path):
            raise _unknown(name, word.end())
        return None

    def _comparison(self) -> Node | None:
        """A field and what is said of it; None where the word is text."""
        scan = self._scan
        name = scan.name()
        if name is None:
            return None
        begin, field = scan.at, _field(name)
        after = scan.after_space(name.end)
        listed = _IN.match(scan.text, after) if after > name.end else None
        if listed is not None:
            if field is None:
                raise _unknown(name, begin)
            scan.at = listed.end()
            return Not(self._listed(field)) if listed[1] else self._listed(field)
        operator = scan.operator(after)
        if not operator:
            self._refuse_unlisted(field, after)
            return None
        if field is None:
            if self._is_text(name, operator, after):
                return None
            raise _unknown(name, begin)
        scan.at = after + len(operator)
        return self._compared(field, name, operator, begin)

    def _refuse_unlisted(self, field: Field | None, after: int) -> None:
        found = _BARE_IN.match(self._scan.text, after)
        if field is not None and found is not None:
            raise QueryError("'in' needs a list", after, f"{field.name} in (…)")

    def _is_text(self, name: Name, operator: str, after: int) -> bool:
        """Whether an unknown name and an operator are words as any others: ``hello <tag>``, ``a.b:c``."""
        if near(name.text) is not None or (name.root in ROOTS and not name.path):
            return False
        if after == name.end:
            return bool(name.path) or "~" in operator
        return not self._scan.lone(after + len(operator))

    def _compared(self, field: Field, name: Name, operator: str, begin: int) -> Node:
        scan = self._scan
        place = scan.skip()
        if operator.endswith("~"):
            found = self._matched(field, place)
            return Not(found) if operator == "!~" else found
        kind = {"==": "=", ":": "=", "!=": "="}.get(operator, operator)
        value, literal, scan.at = self._word(place)
        if not value and not literal:
            raise QueryError(f"{name.text}{operator} needs a value", place, example(field))
        if kind != "=" and field.kind not in ORDERED:
            raise QueryError(
                f"{field.name} has no order, so {operator!r} means nothing", begin, f"{field.name}:{value}"
            )
        if value.startswith("(") and not literal and (value.count("(") > value.count(")") or "," in value):
            raise QueryError("a list of values needs 'in'", place, f"{field.name} in (…)")
        compared = Compare(field, kind, read_value(field, kind, value, place, literal=literal))
        return Not(compared) if operator == "!=" else compared

    def _word(self, at: int, stop: str = "") -> tuple[str, bool, int]:
        """A value, whether it was quoted, and where it ends."""
        if self._scan.text[at : at + 1] == '"':
            value, end = self._scan.quoted(at)
            return value, True, end
        value, end = self._scan.word(at, stop=stop)
        return value, False, end

    def _matched(self, field: Field, place: int) -> Node:
        scan = self._scan
        if field.kind not in NAMES and field.kind is not Kind.PAYLOAD:
            raise QueryError(f"{field.name} is no text, so nothing matches in it", place, example(field))
        flags, inside = "", place
        if scan.peek() == "/":
            pattern, flags, scan.at = scan.regex(place)
            inside = place + 1
        else:
            pattern, literal, scan.at = self._word(place)
            inside = place + literal
        if not pattern:
            raise QueryError("'~' needs a regular expression", place, f"{field.name} ~ /…/i")
        try:
            compile_regex(pattern, flags)
        except RegexError as error:
            raise QueryError(str(error), min(inside + error.position, len(scan.text))) from None
        return Matches(field, pattern, "".join(sorted(set(flags.lower()))))

    def _listed(self, field: Field) -> Node:
        scan = self._scan
        opened = scan.skip()
        scan.at += 1
        values: list[Value] = []
        while True:
            place = scan.skip()
            if scan.peek() == ")" and not values:
                raise QueryError("the list is empty", opened, f"{field.name} in (…)")
            word, literal, scan.at = self._word(place, stop=",")
            if not word and not literal:
                if scan.skip() >= len(scan.text):
                    raise QueryError("the list is never closed", opened, scan.text[opened:].rstrip() + ")")
                raise QueryError("a value is missing in the list", place)
            values.append(read_value(field, "=", word, place, literal=literal))
            end = scan.skip()
            if scan.peek() == ")":
                scan.at += 1
                return OneOf(field, tuple(values))
            if scan.peek() != ",":
                if end >= len(scan.text):
                    raise QueryError("the list is never closed", opened, scan.text[opened:].rstrip() + ")")
                raise QueryError("values of a list are parted by commas", end)
            scan.at += 1


def _field(name: Name) -> Field | None:
    if name.path:
        return in_payload(name.root, name.path) if name.root in ROOTS else None
    return named(name.root)


def _unknown(name: Name, position: int) -> QueryError:
    if name.root in ROOTS and not name.path:
        return QueryError(
            f"{name.text} is the whole payload; name a key of it", position, f"{name.text}.index"
        )
    return unknown(name.text, position)
