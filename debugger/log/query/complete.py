"""What could follow while a query is typed."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final, NamedTuple

from backend.events.vocabulary import SEVERITIES
from backend.wire.query.matching import walk
from backend.wire.query.nodes import Field, Kind
from debugger.log.encode import FAMILIES
from debugger.log.eventlog import SYNTHETIC, EventLog
from debugger.log.query.fields import ABOUT, ORDERED, ROOTS
from debugger.log.query.place import place_in

MOST: Final = 50
_NAMES_LOOKED_AT: Final = 2_048
_EVENTS_LOOKED_AT: Final = 24
_DEEPEST: Final = 6

_PLAIN: Final = re.compile(r"[\w.:/@#$%+=-]*")
_KEY: Final = re.compile(r"[^\s.\"()<>=!~:&|,]+")
_SIGNS: Final = (("=", "is; with * and ? for any text"), ("!=", "is not"), ("in (", "is one of"))
_ORDER: Final = ((">", "more than"), (">=", "at least"), ("<", "less than"), ("<=", "at most"))
_JOINTS: Final = (
    ("and", "both; also just a space"),
    ("or", "one of them"),
    ("not", "all others; also -"),
    ("has", "the field is there"),
)
_SPANS: Final = (("20ms", "ns us ms s m h"), ("1s", "a second"))


class Completion(NamedTuple):
    """What could stand from `start` up to where one types, and a few words about it."""

    text: str
    about: str
    start: int


def complete(
    text: str, position: int, log: EventLog | None, without: Collection[str] = ()
) -> list[Completion]:
    """What could follow at a position of a query: fields, operators, and values that the log has.

    No field of `without` is offered. Bounded: at most `MOST`, of names and events that were looked at, not of
    all there are.
    """
    position = min(max(position, 0), len(text))
    place = place_in(text[:position])
    if place.field is not None:
        found = _values(place.field, place.word.strip('"'), log)
        return [Completion(word, about, place.start) for word, about in found][:MOST]
    if place.named is not None:
        return [Completion(sign, about, position) for sign, about in _operators(place.named)]
    root, dot, _ = place.word.partition(".")
    if dot and root.lower() in ROOTS:
        return [Completion(path, "in the payload", place.start) for path in _paths(place.word, log)][:MOST]
    return [Completion(word, about, place.start) for word, about in _starts(place.word, without)][:MOST]


def _starts(word: str, without: Collection[str]) -> list[tuple[str, str]]:
    """Fields and words that a condition begins with: first those that begin so, then those with it inside."""
    fields = [(name, about) for name, about in ABOUT.items() if name not in without]
    offered = [*fields, ("data.", "in the payload"), ("state.", "the component's state"), *_JOINTS]
    return _fitting(word, offered)


def _operators(field: Field) -> list[tuple[str, str]]:
    more = _ORDER if field.kind in ORDERED else ()
    text = (("~", "a regular expression finds something: ~ /…/i"),) if field.kind not in _NO_TEXT else ()
    return [*_SIGNS, *more, *text]


_NO_TEXT: Final = ORDERED - {Kind.PAYLOAD} | {Kind.FAMILY}


def _values(field: Field, word: str, log: EventLog | None) -> list[tuple[str, str]]:
    if field.kind is Kind.SEVERITY:
        return _fitting(word, [(one, "") for one in SEVERITIES])
    if field.kind is Kind.FAMILY:
        return _fitting(word, [(one.name.lower(), f"or {one.value.lower()}") for one in FAMILIES])
    if field.kind in {Kind.SPAN, Kind.DURATION}:
        return _fitting(word, list(_SPANS))
    if log is None:
        return []
    if field.kind is Kind.NAME:
        names = _names(field, log)
    elif field.kind is Kind.NUMBER and field.source == "turn":
        names = sorted({str(turn) for turn in log.column("turn")[-_NAMES_LOOKED_AT:].tolist() if turn >= 0})
    elif field.kind is Kind.PAYLOAD:
        names = _payload_values(field, log)
    else:
        return []
    return [(_written(name), about) for name, about in _fitting(word, [(name, "") for name in names])]


def _fitting(word: str, offered: list[tuple[str, str]]) -> list[tuple[str, str]]:
    word = word.lower()
    places = [(one[0].lower().find(word), one) for one in offered]
    return [one for at, one in places if not at] + [one for at, one in places if at > 0]


def _names(field: Field, log: EventLog) -> list[str]:
    """Names of a column: of many the first and the last."""
    interner = log.interner(field.source)
    count = len(interner)
    numbers = dict.fromkeys((*range(1, min(count, _NAMES_LOOKED_AT)), *range(max(count - MOST, 1), count)))
    if field.source == "component" and not log.stats.gaps and SYNTHETIC not in log.topology.components:
        numbers.pop(log.id_of("component", SYNTHETIC) or 0, None)  # it has no event
    return [name for name in map(interner.name, numbers) if name and name.isprintable()]


def _written(name: str) -> str:
    """A value as it can stand in a query."""
    if _PLAIN.fullmatch(name) and ".." not in name:
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _samples(root: str, log: EventLog | None) -> list[dict[str, Any]]:
    """Payloads of some rows, from all over the log."""
    count = len(log) if log is not None else 0
    if log is None or not count:
        return []
    rows = {count * step // _EVENTS_LOOKED_AT for step in range(_EVENTS_LOOKED_AT)} | {count - 1}
    payloads = [log.event(row).get(ROOTS[root]) for row in sorted(rows)]
    return [payload for payload in payloads if isinstance(payload, dict)]


def _paths(word: str, log: EventLog | None) -> list[str]:
    """Paths of values in the payloads of some events that go on from what is typed."""
    root = word.partition(".")[0]
    paths: dict[str, None] = {}
    for payload in _samples(root.lower(), log):
        _collect(payload, root, paths, _DEEPEST)
    return [path for path, _ in _fitting(word, [(path, "") for path in paths])]


def _collect(value: Any, path: str, paths: dict[str, None], depth: int) -> None:
    if len(paths) > _NAMES_LOOKED_AT or not depth:
        return
    if isinstance(value, dict):
        for key, inner in list(value.items())[:MOST]:
            if key.isprintable() and key:
                _collect(inner, f"{path}.{key if _KEY.fullmatch(key) else _quoted(key)}", paths, depth - 1)
    elif isinstance(value, list) and value:
        _collect(value[0], f"{path}.0", paths, depth - 1)
    else:
        paths[path] = None


def _quoted(key: str) -> str:
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _payload_values(field: Field, log: EventLog) -> list[str]:
    """Short texts, numbers and constants that some events have there."""
    found: dict[str, None] = {}
    for payload in _samples("data" if field.source == "data" else "state", log):
        value = walk(payload, field.path)
        if isinstance(value, bool):
            found[str(value).lower()] = None
        elif isinstance(value, int) or (
            isinstance(value, str) and len(value) <= MOST and value.isprintable()
        ):
            found[str(value)] = None
    return list(found)
