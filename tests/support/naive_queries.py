"""Queries evaluated the slow way: of decoded events, word for word from the description of the language."""

from __future__ import annotations

import datetime as dt
import json
import operator
import re
from fractions import Fraction
from typing import Any

from backend.wire.query.nodes import (
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
    Number,
    OneOf,
    Or,
    Range,
    Text,
    Word,
)

Event = dict[str, Any]
SEVERITIES = ["debug", "info", "warning", "error"]
FAMILIES = ["stt", "llm", "tts", "queue", "error", "system"]
SECOND = 10**9
NOTHING = object()
COLUMN_FIELDS = {
    "component": "component",
    "type": "event_type",
    "message": "message_type",
    "session": "session_id",
    "correlation": "correlation_id",
    "task": "task",
    "worker": "worker_id",
    "source": "source",
    "direction": "direction",
    "id": "id",
    "cause": "cause",
    "user": "user_id",
    "turn": "turn",
    "seq": "seq",
    "mono_ns": "mono_ns",
}
OPERATORS: dict[str, Any] = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def holds(node: Node, log: list[Event], row: int) -> bool:  # noqa: PLR0911 - one a case
    """Whether a query holds for the event in a row: word for word from the description of the language."""
    event = log[row]
    match node:
        case And(parts):
            return all(holds(part, log, row) for part in parts)
        case Or(parts):
            return any(holds(part, log, row) for part in parts)
        case Not(part):
            return not holds(part, log, row)
        case Text(text):
            return text.lower() in json.dumps(event, ensure_ascii=False).lower()
        case Has(field):
            return _has(field, _get(field, log, row))
        case Matches(field, pattern, flags):
            found = re.compile(pattern, re.IGNORECASE if "i" in flags else 0)
            return any(isinstance(one, str) and found.search(one) for one in _each(field, log, row))
        case OneOf(field, values):
            return any(_compare(field, "=", value, _get(field, log, row)) for value in values)
        case Compare(field, operator, value):
            return _compare(field, operator, value, _get(field, log, row))


def time_of(event: Event) -> int:
    """When, in ns."""
    return int(event.get("timestamp_ns") or round(event["timestamp"] * 1e6) * 1000)


def _get(field: Field, log: list[Event], row: int) -> Any:
    event, name = log[row], field.name
    if field.path:
        value: Any = event[field.source]
        for key in field.path:
            if isinstance(value, list):
                value = value[key] if isinstance(key, int) and key < len(value) else NOTHING
            else:
                value = value.get(str(key), NOTHING) if isinstance(value, dict) else NOTHING
        return value
    if name in COLUMN_FIELDS:
        return event.get(COLUMN_FIELDS[name])
    if name in {"reads", "writes"}:
        return event.get(name) or None
    return _computed(name, log, row)


def _computed(name: str, log: list[Event], row: int) -> Any:
    event, at = log[row], time_of(log[row])
    if name == "row":
        return row + 1
    if name == "delta":
        return at - time_of(log[row - 1]) if row else None
    if name == "lag":
        causes = [one for one in log if "id" in one and one["id"] == event.get("cause")]
        return at - time_of(causes[0]) if causes else None
    if name == "severity":
        severity = event.get("severity", "info")
        return SEVERITIES.index(severity if severity in SEVERITIES else "info")
    if name == "family":
        message = event["message_type"]
        family = {"TTS": "tts", "LLM": "llm", "STT": "stt", "CHU": "queue"}.get((message or "")[:3], "system")
        return FAMILIES.index("error" if event["event_type"] == "error" else family)
    return at


def _each(field: Field, log: list[Event], row: int) -> list[Any]:
    """The names of a list, or the one value of any other field."""
    value = _get(field, log, row)
    return value if field.kind is Kind.LIST and value else [value]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _has(field: Field, value: Any) -> bool:
    if field.kind is Kind.DURATION:
        return _is_number(value)
    return value is not (NOTHING if field.kind is Kind.PAYLOAD else None)


def _compare(field: Field, sign: str, wanted: Any, found: Any) -> bool:  # noqa: PLR0911 - one a case
    if isinstance(wanted, Word):
        if field.kind is Kind.LIST and found:
            return any(_is_word(one, wanted, None) for one in found)
        return _is_word(found, wanted, "" if field.kind is Kind.PAYLOAD else None)
    if isinstance(wanted, Constant):
        return found is wanted.value
    if not _is_number(found):
        return False
    if isinstance(wanted, Moment) or (isinstance(wanted, Range) and isinstance(wanted.low, Moment)):
        return _is_time(sign, wanted, found)
    if isinstance(wanted, Range):
        return _number(field, wanted.low) <= found <= _number(field, wanted.high)
    return bool(OPERATORS[sign](found, _number(field, wanted)))


def _is_word(found: Any, word: Word, empty: str | None) -> bool:
    if word.literal and not word.text:
        return found is empty if empty is None else found == empty
    if not isinstance(found, str):
        return False
    if word.literal:
        return found.lower() == word.text.lower()
    pattern = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in word.text.lower())
    return re.fullmatch(pattern, found.lower(), re.DOTALL) is not None


def _is_time(sign: str, wanted: Moment | Range, at: int) -> bool:
    first = wanted.low if isinstance(wanted, Range) else wanted
    last = wanted.high if isinstance(wanted, Range) else wanted
    assert isinstance(first, Moment)
    assert isinstance(last, Moment)
    if first.daily:
        clock = dt.datetime.fromtimestamp(at // SECOND)  # noqa: DTZ006 - local, as a clock on the wall
        at = (clock.hour * 3600 + clock.minute * 60 + clock.second) * SECOND + at % SECOND
    if sign != "=":
        return bool(OPERATORS[sign](at, first.ns))
    after, before = first.ns <= at, at < last.ns + last.width
    return after or before if last.ns + last.width <= first.ns else after and before


def _number(field: Field, value: Any) -> Any:
    if isinstance(value, Number):
        return value.value
    key = str(field.path[-1]) if field.path else "_ns"
    exact = Fraction(value.ns, {"duration_us": 1000, "wait_ms": 10**6, "took_s": SECOND}.get(key, 1))
    return exact.numerator if exact.denominator == 1 else float(exact)
