"""What a condition says of one value: a name, a list of them, or anything that JSON holds."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Final

from backend.wire.query.globs import glob
from backend.wire.query.nodes import (
    MISSING,
    Compare,
    Constant,
    Duration,
    Field,
    Has,
    Kind,
    Matches,
    Number,
    OneOf,
    Range,
    Scalar,
    Value,
    Word,
)
from backend.wire.query.regex import compile_regex

Test = Callable[[Any], bool]
Conditional = Compare | OneOf | Matches | Has

_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_UNITS: Final = (
    ("_seconds", 1_000_000_000),
    ("_ns", 1),
    ("_us", 1_000),
    ("_ms", 1_000_000),
    ("_s", 1_000_000_000),
)
_NUMBERS: Final = frozenset({int, float})  # which `bool`, by its very type, is not


def name_test(condition: Conditional) -> Test:
    """For a field that holds a name, or None for none."""
    match condition:
        case Compare(value=Word() as word):
            return _word(word)
        case OneOf(values=values):
            tests = [_word(value) for value in values if isinstance(value, Word)]
            return lambda name: any(test(name) for test in tests)
        case Matches(pattern=pattern, flags=flags):
            search = compile_regex(pattern, flags)
            return lambda name: isinstance(name, str) and search(name)
        case Has():
            return lambda name: isinstance(name, str)
    raise TypeError(f"{condition!r} is not about a name")


def list_test(condition: Conditional) -> Test:
    """For a field that holds a list of names: one of them is enough, and none is as an empty name."""
    test = name_test(condition)
    return lambda names: any(map(test, names)) if isinstance(names, list) and names else test(None)


def payload_test(condition: Conditional) -> Test:
    """For a field that holds anything, or `MISSING` for nothing."""
    match condition:
        case Compare(field, sign, value):
            return _payload(field, sign, value)
        case OneOf(field, values):
            tests = [_payload(field, "=", value) for value in values]
            return lambda found: any(test(found) for test in tests)
        case Has(field):
            # A handler without a duration that is a number ran for no known time.
            if field.kind is Kind.DURATION:
                return lambda found: type(found) in _NUMBERS
            return lambda found: found is not MISSING
    return name_test(condition)


def _word(word: Word) -> Test:
    """A name or glob, whatever its case; the empty literal means 'has none'."""
    if word.literal and not word.text:
        return lambda name: name is None
    wanted = word.text.lower()
    if word.literal or not set(wanted) & set("*?"):
        return lambda name: isinstance(name, str) and name.lower() == wanted
    matches = glob(wanted)
    return lambda name: isinstance(name, str) and matches(name.lower())


def _payload(field: Field, sign: str, value: Value) -> Test:
    if isinstance(value, Range):
        low, high = _number(field, value.low), _number(field, value.high)
        return lambda found: type(found) in _NUMBERS and low <= found <= high
    if isinstance(value, Word):
        if value.literal and not value.text:
            return lambda found: found == "" and isinstance(found, str)
        return _word(value)
    if isinstance(value, Constant):
        constant = value.value
        return lambda found: found is constant
    wanted, compare = _number(field, value), _COMPARE[sign]
    return lambda found: type(found) in _NUMBERS and compare(found, wanted)


def _number(field: Field, value: Scalar) -> int | float:
    """The number that a payload's is compared with: a span of time in the unit of the field."""
    if isinstance(value, Duration):
        exact = Fraction(value.ns, unit_of(field) or 1)
        return exact.numerator if exact.denominator == 1 else float(exact)
    if isinstance(value, Number):
        return value.value
    raise TypeError(f"{value!r} is no number")


def walk(value: Any, path: Sequence[str | int]) -> Any:
    """As `value_at`, but a number is also the key of an object."""
    for key in path:
        if isinstance(value, dict):
            value = value.get(str(key), MISSING)
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            return MISSING
    return value


def unit_of(field: Field) -> int | None:
    """The ns of one of a payload field's unit, as the end of its key says; None for no unit."""
    key = str(field.path[-1]) if field.path else ""
    return next((ns for end, ns in _UNITS if key.endswith(end)), None)
