"""The value after an operator: what the field makes of a word, and what is wrong with it."""

from __future__ import annotations

import difflib
import math
import re
from typing import Final

from backend.events import Family
from backend.events.vocabulary import SEVERITIES
from backend.wire.query.matching import unit_of
from backend.wire.query.nodes import (
    Constant,
    Duration,
    Field,
    Kind,
    Moment,
    Number,
    Range,
    Scalar,
    Value,
    Word,
)
from debugger.log.encode import FAMILIES
from debugger.log.query.errors import QueryError
from debugger.log.query.fields import NAMES
from debugger.log.query.times import moment, span

_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
_JSON_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,300})(?:\.[0-9]{1,300})?(?:[eE][+-]?[0-9]{1,4})?")
_CONSTANTS: Final = {"true": True, "false": False, "null": None}
_FAMILIES: Final = tuple(family.name.lower() for family in FAMILIES)
_LETTERS: Final = {family.value.lower(): family.name.lower() for family in Family}
_TO: Final = ".."


def read_value(field: Field, operator: str, word: str, position: int, *, literal: bool) -> Value:
    """The value that a word means after `field` and `operator`; ``literal`` if it was quoted.

    Raises:
        QueryError: it means none there.
    """
    if field.kind not in NAMES and _TO in word and not literal:
        found = _range(field, word, position)
        if found is not None:
            if operator != "=":
                raise QueryError(
                    f"a range goes with '=', not with {operator!r}", position, f"{field.name} = {word}"
                )
            return found
    return _scalar(field, operator, word, position, literal=literal)


def example(field: Field) -> str:
    """A condition on the field that means something."""
    if field.kind is Kind.NUMBER:
        return f"{field.name}:3"
    if field.kind in {Kind.SPAN, Kind.DURATION}:
        return f"{field.name} > 200ms"
    fixed = {Kind.SEVERITY: "severity>=warning", Kind.FAMILY: "family:tts", Kind.TIME: "time >= 14:03"}
    return fixed.get(field.kind, f"{field.name}:*")


def _range(field: Field, word: str, position: int) -> Range | None:
    """The two ends; None where a payload's text has two dots in it."""
    first, _, second = word.partition(_TO)
    if field.kind is Kind.PAYLOAD:
        low, high = (_payload(field, "=", end, position, literal=False) for end in (first, second))
        if type(low) is not type(high) or not isinstance(low, Number | Duration):
            return None
    else:
        if not first or not second:
            raise QueryError(f"a range has two ends, as in {field.name} = {_ends(field)}", position)
        low = _scalar(field, "=", first, position, literal=False)
        high = _scalar(field, "=", second, position + len(first) + len(_TO), literal=False)
    if isinstance(low, Moment) and isinstance(high, Moment) and low.daily != high.daily:
        raise QueryError("one end has a date and the other has none", position)
    if not _ascends(low, high):
        raise QueryError("the range ends before it begins", position, f"{second}{_TO}{first}")
    return Range(low, high)


def _ends(field: Field) -> str:
    if field.kind in {Kind.SPAN, Kind.DURATION}:
        return "20ms..50ms"
    return {Kind.SEVERITY: "info..warning", Kind.TIME: "14:03..14:05"}.get(field.kind, "2..4")


def _ascends(low: Scalar, high: Scalar) -> bool:
    if isinstance(low, Moment) and isinstance(high, Moment):
        return low.daily or low.ns <= high.ns  # 23:55..00:05 goes over midnight
    if isinstance(low, Duration) and isinstance(high, Duration):
        return low.ns <= high.ns
    return isinstance(low, Number) and isinstance(high, Number) and low.value <= high.value


def _scalar(field: Field, operator: str, word: str, position: int, *, literal: bool) -> Scalar:
    if field.kind in NAMES:
        return Word(word, literal)
    if field.kind is Kind.PAYLOAD:
        return _payload(field, operator, word, position, literal=literal)
    if field.kind is Kind.NUMBER:
        if _WHOLE.fullmatch(word):
            return Number(int(word))
        raise QueryError(f"{field.name} is a number, not {word!r}", position, example(field))
    if field.kind in {Kind.SEVERITY, Kind.FAMILY}:
        return _one_of(field, word, position)
    return _moment(word, position) if field.kind is Kind.TIME else _span(field, word, position)


def _moment(word: str, position: int) -> Moment:
    when = moment(word)
    if when is None:
        raise QueryError(f"{word!r} is no time; write 14:03:22.5, or 2025-10-09T14:03:22", position)
    return when


def _span(field: Field, word: str, position: int) -> Duration:
    length = span(word) if word != "0" else 0
    if length is None:
        hint = f"{word}ms" if _WHOLE.fullmatch(word) else None
        raise QueryError(f"{field.name} is a span of time, such as 200ms, not {word!r}", position, hint)
    return Duration(length)


def _payload(field: Field, operator: str, word: str, position: int, *, literal: bool) -> Scalar:
    if not literal:
        number = _number(word)
        if number is not None:
            return Number(number)
        length = span(word)
        if length is not None and unit_of(field) is not None:
            return Duration(length)
        if length is not None and operator != "=":
            message = f"the name of {field.name} has no unit (_ns, _us, _ms, _s): compare it with a number"
            raise QueryError(message, position)
    if operator != "=":
        raise QueryError(f"{operator!r} needs a number or a span of time, not {word!r}", position)
    if not literal and word.lower() in _CONSTANTS:
        return Constant(_CONSTANTS[word.lower()])
    return Word(word, literal)


def _number(word: str) -> int | float | None:
    if _JSON_NUMBER.fullmatch(word) is None:
        return None
    if not set(word) & set(".eE"):
        return int(word)
    number = float(word)
    return number if math.isfinite(number) else None


def _one_of(field: Field, word: str, position: int) -> Number:
    """The place of a severity or a family, which its letter stands for too."""
    words: tuple[str, ...] = SEVERITIES
    if field.kind is Kind.FAMILY:
        word, words = _LETTERS.get(word.lower(), word), _FAMILIES
    if word.lower() in words:
        return Number(words.index(word.lower()))
    close = [one for one in words if one.startswith(word.lower())] if word else []
    close = close or difflib.get_close_matches(word.lower(), words, 1)
    message = f"{field.name} is one of {', '.join(words)}, not {word!r}"
    raise QueryError(message, position, close[0] if close else None)
