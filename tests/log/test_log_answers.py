"""The event log's answers are those of a naive scan over the events, whatever the events are."""

from __future__ import annotations

import fnmatch
import json
import operator
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import Event, decode_line, severity_rank
from backend.events.vocabulary import SEVERITIES
from debugger.log import EventLog, QueryError, compile_query
from tests.support.examples import tried

COMPONENTS = ("overseer", "tts_orchestrator", "Ünï", "bus[1]", "a*b")
TYPES = ("message_published", "message_received", "message_handled", "state_change", "error", "weird")
MESSAGES = (None, "TTS_AUDIO_CHUNK", "LLM_EVENT", "ODD")
SESSIONS = (None, "s1", "S1", "s2")


@st.composite
def logs(draw: st.DrawFn) -> list[bytes]:
    """Lines of a foreign kind: causes that come later or never, ids that are missing, odd values."""
    count = draw(st.integers(1, 24))
    one_of = lambda *values: draw(st.sampled_from(values))  # noqa: E731 - read as a word
    lines = []
    for number in range(count):
        event: dict[str, Any] = {
            "timestamp": 1e9 + draw(st.integers(0, 99)) / 10,
            "event_type": one_of(*TYPES),
            "component": one_of(*COMPONENTS),
            "message_type": one_of(*MESSAGES),
            "session_id": one_of(*SESSIONS),
            "turn": one_of(None, 0, 1, 2, -5, 2**40),
            "severity": one_of(*SEVERITIES, "FATAL"),
            "correlation_id": one_of(None, "c1", "c2"),
            "data": one_of(
                {}, {"text": 'Straße "q" /x\\'}, {"text": "HELLO\nworld"}, {"n": [1, {"k": None}]}
            ),
            "component_state": one_of({}, {"state": draw(st.integers(0, 4))}),
            "seq": one_of(None, number),
            "cause": one_of(None, "nowhere", f"e{draw(st.integers(0, count))}"),
        }
        if draw(st.booleans()):
            event["id"] = f"e{number}"
        if draw(st.booleans()):
            event["extra"] = {"x": 1}
        lines.append(json.dumps(event, ensure_ascii=draw(st.booleans())).encode())
    return lines


def loaded(lines: list[bytes], step: int) -> tuple[EventLog, list[Event]]:
    log = EventLog()
    events = [decode_line(line) for line in lines]
    for start in range(0, len(lines), step):
        log.append_many(lines[start : start + step], events[start : start + step])
    return log, events


@tried(20)
@given(logs(), st.integers(1, 7))
def test_causes_effects_and_whole_events_are_found(lines: list[bytes], step: int) -> None:
    """By id, also where the cause comes later; the whole line with its unknown fields comes back."""
    log, events = loaded(lines, step)
    ids: dict[str, int] = {}
    for row, event in enumerate(events):
        if event.id:
            ids.setdefault(event.id, row)
    for row, event in enumerate(events):
        assert log.cause_row(row) == (ids.get(event.cause) if event.cause else None)
        effects = [other for other, e in enumerate(events) if e.cause and ids.get(e.cause) == row]
        assert log.effect_rows(row) == effects
        assert log.event(row) == json.loads(lines[row])
        assert log.header(row).component == event.component


@tried(40)
@given(logs(), st.integers(1, 7))
def test_neighbours_share_the_value_they_are_asked_by(lines: list[bytes], step: int) -> None:
    """Next and previous of one correlation, component, or turn of one session."""
    log, events = loaded(lines, step)
    keys: dict[str, Callable[[Event], Any]] = {
        "correlation": lambda event: event.correlation_id,
        "component": lambda event: event.component,
        "turn": lambda event: None if event.turn is None else (event.session_id, event.turn),
    }
    for column, key in keys.items():
        for row, event in enumerate(events):
            same = [other for other, e in enumerate(events) if key(e) == key(event)]
            for move in (1, -1, 2):
                place = same.index(row) + move
                wanted = same[place] if key(event) is not None and 0 <= place < len(same) else None
                assert log.neighbour(row, column, move) == wanted


@tried(16)
@given(logs(), st.integers(1, 7))
def test_a_state_is_the_last_snapshot_at_or_before_the_cursor(lines: list[bytes], step: int) -> None:
    """Per component and session; and the one before it."""
    log, events = loaded(lines, step)
    for component in COMPONENTS:
        for session in SESSIONS:
            shots = [
                row
                for row, event in enumerate(events)
                if event.component == component and event.session_id == session and event.state()
            ]
            for row in range(len(events)):
                before = [shot for shot in shots if shot <= row]
                now = log.state_at(component, session, row)
                assert (now.row if now else None) == (before[-1] if before else None)
                if now is not None:
                    assert now.state == events[now.row].state()
                previous = log.previous_state(component, session, row)
                assert (previous.row if previous else None) == (before[-2] if len(before) > 1 else None)


Judge = Callable[[Event, str], bool]


def _globs(field: str, attribute: str, pattern: str) -> tuple[str, Judge]:
    matches = re.compile(fnmatch.translate(pattern.lower())).match

    def judge(event: Event, _line: str) -> bool:
        value = getattr(event, attribute)
        return value is not None and bool(matches(value.lower()))

    return f"{field}:{pattern}", judge


TERMS: list[tuple[str, Judge]] = [
    *(
        (word, lambda _event, line, word=word: word.lower() in line)
        for word in ("hello", "straße", "s1", "x")
    ),
    *(
        _globs(field, attribute, pattern)
        for field, attribute in (
            ("component", "component"),
            ("message", "message_type"),
            ("session", "session_id"),
            ("type", "event_type"),
        )
        for pattern in ("overseer", "*o*", "s1", "TTS_*", "error")
    ),
    *(
        (f"turn{sign}{value}", lambda event, _line, sign=sign, value=value: _turn(event, sign, value))
        for sign in (":", ">=", "<")
        for value in (0, 1, -5)
    ),
    *((f"severity>={word}", lambda event, _line, word=word: _severe(event, word)) for word in SEVERITIES),
]


def _turn(event: Event, sign: str, value: int) -> bool:
    compare = {":": operator.eq, ">=": operator.ge, "<": operator.lt}[sign]
    return event.turn is not None and bool(compare(event.turn, value))


def _severe(event: Event, word: str) -> bool:
    return severity_rank(event.severity) >= SEVERITIES.index(word)


@tried(30)
@given(logs(), st.lists(st.tuples(st.sampled_from(TERMS), st.booleans()), min_size=1, max_size=3))
def test_a_filter_keeps_what_a_naive_reading_of_it_keeps(
    lines: list[bytes], terms: list[tuple[tuple[str, Judge], bool]]
) -> None:
    """Terms are ANDed; a minus turns one around."""
    log, events = loaded(lines, 5)
    text = " ".join(("-" if negated else "") + term for (term, _), negated in terms)
    plain = [json.dumps(json.loads(line), ensure_ascii=False).lower() for line in lines]
    wanted = [
        row
        for row, event in enumerate(events)
        if all(judge(event, plain[row]) != negated for (_, judge), negated in terms)
    ]
    assert compile_query(text).rows(log).tolist() == wanted


@pytest.mark.parametrize(
    ("text", "position", "suggestion"),
    [("componnt:x", 0, "component"), ("a severty>=info", 2, "severity"), ("turn:abc", 5, None)],
)
def test_a_filter_that_means_nothing_is_told_at_its_place(
    text: str, position: int, suggestion: str | None
) -> None:
    """With the field that was perhaps meant."""
    with pytest.raises(QueryError) as told:
        compile_query(text)
    assert told.value.position == position
    assert suggestion is None or suggestion in str(told.value)


def test_a_gap_is_a_row_and_a_number() -> None:
    """What the feed lost stands in the log where it is missing."""
    log = EventLog()
    row = log.append_gap("app-1", 5, 9, "evicted")
    assert len(log) == 1
    assert log.stats.gaps == 1
    assert log.header(row).message_type == "GAP"


@pytest.mark.parametrize(
    "data",
    [b'{"x":1e999}', b'{"n":' + b"9" * 5000 + b"}", b'{"a":' * 200 + b"1" + b"}" * 200],
    ids=["infinite", "long integer", "deep"],
)
def test_a_payload_that_cannot_be_decoded_harms_nothing(data: bytes) -> None:
    """It is loaded, summarised and shown as far as it goes; what stands around it is untouched."""
    line = (
        b'{"timestamp":1,"event_type":"system","component":"c","message_type":"RECORDING_STARTED","data":'
        + data
        + b',"component_state":'
        + data
        + b"}"
    )
    log = EventLog()
    good = b'{"timestamp":1,"event_type":"x","component":"c"}'
    log.append_many([good, line, good], [decode_line(each) for each in (good, line, good)])
    assert len(log) == 3
    for row in range(3):
        assert isinstance(log.summary(row), str)
        assert isinstance(log.event(row), dict)
    snapshot = log.state_at("c", None, 2)
    assert snapshot is not None
    assert snapshot.row == 1
