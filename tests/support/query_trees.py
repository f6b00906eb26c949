"""Queries at random, events that they may find, and the texts that somebody may write for them."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import strategies as st

from backend.wire.query.nodes import (
    And,
    Compare,
    Constant,
    Duration,
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
from debugger.log.query.fields import FIELDS, in_payload
from tests.support.naive_queries import FAMILIES, SECOND, SEVERITIES, Event

START = 1_760_000_000 * SECOND

# --- events ------------------------------------------------------------------------------

NAMES = ["overseer", "audio_output", "Straße", "a.b", "x y", "*", "s1"]
MESSAGES = ["TTS_AUDIO_CHUNK", "LLM_EVENT", "CHUNK_RESPONSE", "STT_FINAL", "ODD"]
STRINGS = [
    "",
    "ok",
    "OK",
    "3",
    "true",
    "hello world",
    "straße",
    "20ms",
    "a*b",
    "s1-w2",
    "\u212aelvin",
    'q"\\/q',
]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.sampled_from([20_000, 20_001, 0.5, 2.5, 0.02, 1e300, 2**70]),
    st.sampled_from(STRINGS),
)
payloads = st.dictionaries(
    st.sampled_from(["index", "name", "odd key", 'q"k', "duration_us", "wait_ms", "took_s", "0", "größe"]),
    scalars
    | st.lists(scalars | st.dictionaries(st.sampled_from(["index", "0"]), scalars, max_size=2), max_size=3)
    | st.dictionaries(st.sampled_from(["index", "size", "0"]), scalars, max_size=2),
    max_size=4,
)


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    """A few events, some of them in the base format, with causes before, after and outside of them."""
    count = draw(st.integers(1, 8))
    ids = [f"app-{number}" for number in range(count)]
    made: list[Event] = []
    for own in ids:
        at = (
            START + draw(st.sampled_from([0, 1, 5, 20, 59_999, 86_400_000])) * 10**6 + draw(st.integers(0, 2))
        )
        event: Event = {
            "timestamp": at / 1e9,
            "event_type": draw(st.sampled_from(["message_published", "state_change", "error"])),
            "component": draw(st.sampled_from(NAMES)),
            "message_type": draw(st.none() | st.sampled_from(MESSAGES)),
            "session_id": draw(st.none() | st.sampled_from(NAMES)),
            "user_id": draw(st.none() | st.sampled_from(NAMES)),
            "direction": draw(st.sampled_from(["publish", "internal"])),
            "data": draw(payloads),
            "correlation_id": draw(st.none() | st.sampled_from(NAMES)),
            "component_state": draw(payloads),
        }
        if draw(st.booleans()):
            event |= {
                "id": own,
                "source": "app",
                "seq": draw(st.integers(1, 5)),
                "timestamp_ns": at,
                "mono_ns": at - START,
                "cause": draw(st.none() | st.sampled_from([*ids, "elsewhere"])),
                "task": draw(st.none() | st.sampled_from(NAMES)),
                "turn": draw(st.none() | st.integers(0, 4)),
                "worker_id": draw(st.none() | st.sampled_from(NAMES)),
                "severity": draw(st.sampled_from([*SEVERITIES, "fatal"])),
                "reads": draw(st.lists(st.sampled_from(["a.x", "overseer.state"]), max_size=2)),
                "writes": draw(st.lists(st.sampled_from(["a.x", "overseer.state"]), max_size=2)),
            }
        made.append(event)
    return made


ODDLY = 4


def line_of(event: Event, style: int) -> bytes:
    """An event as one of several producers writes it: with escapes or spaces, or without."""
    text = json.dumps(event, ensure_ascii=bool(style & 1), separators=None if style & 2 else (",", ":"))
    if style == ODDLY:
        for plain, odd in (
            ('"index"', r'"\u0069ndex"'),
            ('"cause"', r'"c\u0061use"'),
            ("s1-w2", r"s1\u002dw2"),
        ):
            text = text.replace(plain, odd)
    return text.encode()


# --- trees -------------------------------------------------------------------------------

ORDER = [">", ">=", "<", "<="]
PATHS = [
    ("data", ("index",)),
    ("data", ("name",)),
    ("data", ("odd key",)),
    ("data", ('q"k', 0)),
    ("data", ("wait_ms",)),
    ("data", ("took_s",)),
    ("data", (0, "index")),
    ("data", ("index", 0)),
    ("data", ("index", 1, "index")),
    ("state", ("index", "size")),
    ("state", ("name", "0")),
    ("state", ("größe",)),
]
MOMENTS = {
    "14:03": Moment((14 * 60 + 3) * 60 * SECOND, 60 * SECOND, daily=True),
    "8:53:20": Moment((8 * 3600 + 53 * 60 + 20) * SECOND, SECOND, daily=True),
    "08:53:20.02": Moment((8 * 3600 + 53 * 60 + 20) * SECOND + 20_000_000, 10_000_000, daily=True),
    "2025-10-09T08:53:20Z": Moment(START, SECOND),
    "2025-10-09T10:53:20.000000001+02:00": Moment(START + 1, 1),
    '"2025-10-09 08:53Z"': Moment(START - 20 * SECOND, 60 * SECOND),
    "1760000000.02": Moment(START + 20_000_000, 10_000_000),
    "1760000059": Moment(START + 59 * SECOND, SECOND),
}
PATTERNS = ["o", "^TTS", "s1$", r"a.b", "[A-Z]{3}_", "straße|hello", r"\bworld", "é*", '"']

words = st.builds(
    Word, st.sampled_from(["overseer", "OVERSEER", "*o*", "TTS_*", "?1", "a.b", "s1-W2"])
) | st.builds(Word, st.sampled_from([*NAMES, *STRINGS, "*o*", "(a", "and", "-x"]), st.just(True))
numbers = st.builds(Number, st.integers(-3, 5))
payload_numbers = numbers | st.builds(Number, st.sampled_from([2.5, 1e300, 2**70]))
durations = st.builds(Duration, st.sampled_from([0, 1, 20_000_000, 20_000_001, -20_000_000, 86_400 * SECOND]))
moments = st.sampled_from(list(MOMENTS.values()))
constants = st.builds(Constant, st.sampled_from([True, False, None]))


def ranges(values: st.SearchStrategy[Any], key: Any) -> st.SearchStrategy[Range]:
    """From the smaller to the greater of two."""
    return st.tuples(values, values).map(lambda two: Range(*sorted(two, key=key)))


number_ranges = ranges(numbers, lambda one: one.value)
duration_ranges = ranges(durations, lambda one: one.ns)
moment_ranges = (
    st.tuples(moments, moments)
    .filter(lambda two: two[0].daily == two[1].daily and (two[0].daily or two[0].ns <= two[1].ns))
    .map(lambda two: Range(*two))
)


def _ordered(field: Field, values: st.SearchStrategy[Any], spans: st.SearchStrategy[Any]) -> list[Any]:
    return [
        st.builds(Compare, st.just(field), st.sampled_from(["=", *ORDER]), values),
        st.builds(Compare, st.just(field), st.just("="), spans),
        _listed(field, values | spans),
    ]


def _listed(field: Field, values: st.SearchStrategy[Any]) -> st.SearchStrategy[OneOf]:
    return st.builds(OneOf, st.just(field), st.lists(values, min_size=1, max_size=3).map(tuple))


def conditions_on(field: Field) -> st.SearchStrategy[Node]:  # noqa: PLR0911 - one a case
    """Every condition that a field allows."""
    has = st.just(Has(field))
    matches = st.builds(Matches, st.just(field), st.sampled_from(PATTERNS), st.sampled_from(["", "i", "im"]))
    named = [st.builds(Compare, st.just(field), st.just("="), words), _listed(field, words), matches, has]
    match field.kind:
        case Kind.NAME | Kind.TEXT | Kind.LIST:
            return st.one_of(named)
        case Kind.NUMBER:
            return st.one_of(has, *_ordered(field, numbers, number_ranges))
        case Kind.SEVERITY:
            levels = st.builds(Number, st.integers(0, 3))
            return st.one_of(has, *_ordered(field, levels, ranges(levels, lambda one: one.value)))
        case Kind.FAMILY:
            of = st.builds(Number, st.integers(0, 5))
            return st.one_of(has, _listed(field, of), st.builds(Compare, st.just(field), st.just("="), of))
        case Kind.TIME:
            return st.one_of(has, *_ordered(field, moments, moment_ranges))
        case Kind.SPAN | Kind.DURATION:
            return st.one_of(has, *_ordered(field, durations, duration_ranges))
    conditions = [*named, *_ordered(field, payload_numbers, number_ranges)]
    conditions.append(st.builds(Compare, st.just(field), st.just("="), constants))
    if str(field.path[-1]).endswith(("_ms", "_s")):
        conditions += _ordered(field, durations, duration_ranges)
    return st.one_of(conditions)


fields = st.sampled_from([*FIELDS.values(), *(in_payload(root, path) for root, path in PATHS)])
texts = st.builds(Text, st.sampled_from(["hello", "straße", "S1", "and", "hello world", "<tag>", "turn"]))
conditions = texts | fields.flatmap(conditions_on) | fields.flatmap(conditions_on)
trees: st.SearchStrategy[Node] = st.recursive(
    conditions,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple))
        | st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=6,
)

# --- to text -----------------------------------------------------------------------------

LONG_NAMES = {"type": "event_type", "message": "message_type", "session": "session_id", "user": "user_id"}


def render(node: Node, noise: random.Random) -> str:
    """A tree as somebody may write it."""
    match node:
        case And(parts):
            texts = [
                _in_group(part, noise) if isinstance(part, And | Or) else render(part, noise)
                for part in parts
            ]
            return _joined(texts, [" and ", " AND\t", " && ", "&&", "  "], noise)
        case Or(parts):
            texts = [
                _in_group(part, noise) if isinstance(part, Or) else render(part, noise) for part in parts
            ]
            return _joined(texts, [" or ", " Or ", " || ", "||"], noise)
        case Not(part):
            return _negated(part, noise)
        case Text(text):
            return text if text in {"hello", "straße", "S1", "<tag>"} else _quoted(text)
    return _condition(node, noise)


def _joined(texts: list[str], joints: list[str], noise: random.Random) -> str:
    whole = texts[0]
    for text in texts[1:]:
        whole += noise.choice(joints) + text
    return whole


def _in_group(node: Node, noise: random.Random) -> str:
    return f"({noise.choice(['', ' '])}{render(node, noise)}{noise.choice(['', ' '])})"


def _negated(part: Node, noise: random.Random) -> str:
    sign = noise.choice(["not ", "NOT  ", "!", "-", "not"])
    if isinstance(part, Compare) and part.operator == "=" and noise.random() < 0.5:
        return _condition(part, noise, sign="!=")
    if isinstance(part, OneOf) and noise.random() < 0.5:
        return _condition(part, noise, sign="not in")
    if isinstance(part, Matches) and noise.random() < 0.5:
        return _condition(part, noise, sign="!~")
    if sign == "not" or isinstance(part, And | Or) or (sign == "-" and isinstance(part, Not)):
        return sign + _in_group(part, noise)
    return sign + render(part, noise)


def _condition(node: Node, noise: random.Random, sign: str = "") -> str:
    assert isinstance(node, Compare | OneOf | Matches | Has)
    name = _name(node.field, noise)
    left, right = noise.choice(["", " ", "\t "]), noise.choice(["", " "])
    match node:
        case Has():
            return f"has {name}"
        case Matches(_, pattern, flags):
            slashed = f"/{pattern}/{flags}"
            written = slashed if flags or noise.random() < 0.5 else _quoted(pattern)
            return f"{name}{left}{sign or '~'}{right}{written}"
        case OneOf(field, values):
            listed = f"{right},{left}".join(_value(field, value) for value in values)
            return f"{name} {sign or 'in'}{left}({listed}{right})"
        case Compare(field, operator, value):
            if operator == "=":
                operator = sign or noise.choice(["=", "==", ":"])
            return f"{name}{left}{operator}{right}{_value(field, value)}"


def _name(field: Field, noise: random.Random) -> str:
    if field.kind is Kind.PAYLOAD:
        roots = ["data", "DATA"] if field.source == "data" else ["state", "component_state"]
        return ".".join((noise.choice(roots), *map(_key, field.path)))
    name = noise.choice([field.name, LONG_NAMES.get(field.name, field.name)])
    return noise.choice([name, name.upper()])


def _key(key: str | int) -> str:
    return str(key) if isinstance(key, int) or key.isidentifier() else _quoted(key)


def _value(field: Field, value: Any) -> str:  # noqa: PLR0911 - one a case
    match value:
        case Range(low, high):
            return f"{_value(field, low)}..{_value(field, high)}".replace(
                '"2025-10-09 08:53Z"', "2025-10-09T08:53z"
            )
        case Word(text, literal):
            return _quoted(text) if literal else text
        case Constant(constant):
            return json.dumps(constant)
        case Duration(ns):
            return f"{ns // 10**6}ms" if ns % 10**6 == 0 else f"{ns / 1000}us" if ns % 1000 else f"{ns}ns"
        case Moment():
            return next(text for text, moment in MOMENTS.items() if moment == value)
    if field.kind is Kind.SEVERITY:
        return SEVERITIES[value.value]
    return FAMILIES[value.value] if field.kind is Kind.FAMILY else repr(value.value)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
