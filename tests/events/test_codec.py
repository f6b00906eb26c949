"""Events to lines and back, with payloads that other people thought of."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel

from backend.events import (
    EMPTY,
    Blob,
    BrokenLineError,
    Event,
    decode_line,
    decode_lines,
    encode_event,
    encode_lines,
    encode_payload,
    unencodable,
)
from tests.support.examples import tried


def _hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)
JSON_OBJECTS = st.dictionaries(TEXT, JSON_VALUES, max_size=6)
ANY_OBJECT = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers() | st.text() | st.tuples(inner, st.none()).filter(_hashable), inner)
        | st.sets(st.integers() | st.text(), max_size=3)
        | st.tuples(inner, inner)
    ),
    max_leaves=15,
)


def event_of(data: Any, **more: Any) -> Event:
    return Event(1.5, "message_published", "overseer", data=data, **more)


def read_back(data: Any) -> dict[str, Any]:
    """What a reader of the record gets of a payload; the stdlib's JSON agrees that it is JSON."""
    line = encode_event(event_of(encode_payload(data)))
    assert b"\n" not in line
    told: dict[str, Any] = json.loads(line)["data"]
    assert decode_line(line).payload() == told
    return told


class Silent:
    """Its repr raises, and so does its str."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


@tried(40)
@given(JSON_OBJECTS)
@example({"a\nb": "c\r\n\x00\u2028"})
@example({"big": 2**64 - 1})
def test_a_json_payload_comes_back_as_it_was(payload: dict[str, Any]) -> None:
    """Encoding a payload, storing it as a line and reading that gives the same object."""
    line = encode_event(event_of(encode_payload(payload)))
    assert b"\n" not in line
    assert decode_line(line).payload() == payload


@tried(40)
@given(ANY_OBJECT)
def test_any_python_object_becomes_one_line_of_json(payload: Any) -> None:
    """Whatever a program gives as a payload, its event is a line that any JSON reader takes."""
    for line in (encode_event(event_of(encode_payload(payload))), encode_event(event_of({"value": payload}))):
        assert b"\n" not in line
        assert isinstance(json.loads(line)["data"], dict)
        decode_line(line)


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ({"x": math.nan, "y": math.inf}, {"x": None, "y": None}),
        ({"x": "a\ud800b"}, {"x": "a?b"}),
        ({"\udfff": 1}, {"?": 1}),
        ({"x": b"\x00\xff"}, {"x": "AP8="}),
        ({("a", 1): "x", 2: "y", None: "z"}, {"('a', 1)": "x", "2": "y", "None": "z"}),
        ({"x": 2**70, "y": -(2**70)}, {"x": 2**70, "y": -(2**70)}),
        ({"x": np.float32(0.5), "y": np.int64(3), "z": np.bool_(True)}, {"x": 0.5, "y": 3, "z": True}),
        ({"x": dt.date(2026, 11, 21)}, {"x": "2026-11-21"}),
        ({"x": dt.date(2026, 11, 21), "y": "\ud800"}, {"x": "2026-11-21", "y": "?"}),
        ({"x": Blob(b"12345")}, {"x": {"blob_bytes": 5}}),
        ([1, 2], {"value": [1, 2]}),
        (None, {"value": None}),
    ],
)
def test_awkward_values_have_a_set_form(payload: Any, told: dict[str, Any]) -> None:
    """What JSON has no form for is replaced where it stands; the rest of the payload stays."""
    assert read_back(payload) == told


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        (object(), "object", "<object object at"),
        (Silent(), "Silent", "<repr failed: RuntimeError>"),
        (np.zeros((100, 100)), "ndarray", "array("),
        (lambda: None, "function", "<function"),
        (1j, "complex", "1j"),
        pytest.param(10**5000, "int", "<repr failed: ValueError>", id="huge int"),
    ],
)
def test_what_cannot_be_encoded_is_described_in_its_place(value: Any, kind: str, shown: str) -> None:
    """Its type and the beginning of its repr stand there, and its neighbours are untouched."""
    told = read_back({"before": 1, "it": value, "after": [2, "\ud800"]})
    assert told["before"] == 1
    assert told["after"] == [2, "?"]
    assert told["it"]["unencodable"] == kind
    assert told["it"]["repr"].startswith(shown)
    assert len(told["it"]["repr"]) <= 200


def test_a_cycle_is_cut_where_it_closes() -> None:
    """A container met again inside itself is described; a wide cycle takes no time either."""
    loop: dict[str, Any] = {"name": "a"}
    loop["again"] = {"inner": loop}
    told = read_back(loop)
    assert told["name"] == "a"
    assert told["again"]["inner"]["unencodable"] == "dict"
    wide: list[Any] = []
    wide.extend([wide] * 50)
    assert len(read_back({"wide": wide})["wide"]) == 50


def test_a_shared_value_is_no_cycle() -> None:
    """The same list twice side by side is told twice."""
    shared = [1, 2]
    assert read_back({"a": shared, "b": shared, "c": "\ud800"}) == {"a": [1, 2], "b": [1, 2], "c": "?"}


def test_deep_nesting_is_recorded_to_a_depth() -> None:
    """A payload nested beyond what the encoder takes is recorded down to a limit, and loads."""
    deep: Any = "bottom"
    for _ in range(100_000):
        deep = [deep]
    told = read_back({"deep": deep, "beside": 1})
    assert told.get("beside") == 1 or told["unencodable"] == "dict"


class Settings(BaseModel):
    voice: str = "amber"
    rate: float = 1.0


@dataclasses.dataclass
class Chunk:
    text: str
    parts: list[int]


class Typed(msgspec.Struct):
    text: str
    of: Any = None


def test_models_dataclasses_and_structs_are_objects_of_their_fields() -> None:
    """Also where one of their fields needs replacing."""
    assert read_back(Settings()) == {"voice": "amber", "rate": 1.0}
    assert read_back(Chunk("\ud800", [1])) == {"text": "?", "parts": [1]}
    assert read_back(Typed("\ud800", Chunk("b", []))) == {"text": "?", "of": {"text": "b", "parts": []}}


def test_a_payload_encoded_now_does_not_change_later() -> None:
    """The record shows what was, not what became of it."""
    payload = {"chunks": [1, 2]}
    encoded = encode_payload(payload)
    payload["chunks"].append(3)
    assert event_of(encoded).payload() == {"chunks": [1, 2]}


def test_one_bad_payload_costs_its_batch_nothing_else() -> None:
    """The lines around an event that cannot be encoded as it is are as they would be without it."""
    good = event_of({"x": 1}, id="a-1", reads=("a.b",))
    bad = event_of({"x": {1: object(), "s": "\udc80"}}, id="a-\udc80", session_id="s\udc80")
    lines = encode_lines([good, bad, good]).splitlines()
    assert lines[0] == lines[2] == encode_event(good)
    told = decode_line(lines[1])
    assert (told.id, told.session_id) == ("a-?", "s?")
    assert set(told.payload()["x"]) == {"1", "s"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "truncated"),
        (b'{"timestamp":1.0,"event_type":"x","compo', "truncated"),
        (b"hello", "malformed"),
        (b"[1]", "Expected `object`"),
        (b"null", "Expected `object`"),
        (b'{"timestamp":1.0,"component":"x"}', "missing required field `event_type`"),
        (b'{"timestamp":"now","event_type":"x","component":"c"}', "Expected `float`"),
        (b'{"timestamp":1.0,"event_type":"x","component":"c","data":3}', r"`object` - at `\$.data`"),
        (b'{"timestamp":1.0,"event_type":"x","component":"c","component_state":[]}', "component_state"),
        (b'{"timestamp":1.0,"event_type":"x","component":"c","seq":"one"}', r"\$.seq"),
        (b'{"timestamp":1.0,"event_type":"\xff","component":"c"}', "utf-8"),
        (b'{"timestamp":1.0,"event_type":"x","component":"c"} {}', "trailing"),
        (b'{"timestamp":1.0,"event_type":"x","component":"c","data":' + b"[" * 100_000, "."),
    ],
)
def test_a_broken_line_is_refused_with_a_reason(line: bytes, reason: str) -> None:
    """One exception type, whose text says in a few words what is wrong."""
    with pytest.raises(BrokenLineError, match=f"(?i){reason}") as refused:
        decode_line(line)
    assert "\n" not in str(refused.value)


@given(st.binary(max_size=60) | TEXT.map(str.encode))
def test_no_line_raises_anything_else(line: bytes) -> None:
    """Garbage is a broken line and nothing worse."""
    with contextlib.suppress(BrokenLineError):
        decode_line(line)


def test_words_from_outside_the_vocabulary_are_kept() -> None:
    """Unknown fields are no error; unknown event types, directions and severities stay as they are."""
    line = (
        '{"timestamp":1.0,"event_type":"telepathy","component":"Über-Teil","message_type":"lower",'
        '"direction":"sideways","severity":"fatal","colour":{"of":["money"]},"data":null,"x":1e400}'
    )
    event = decode_line(line.encode())
    assert (event.event_type, event.component, event.message_type) == ("telepathy", "Über-Teil", "lower")
    assert (event.direction, event.severity) == ("sideways", "fatal")
    assert event.payload() == {}


def test_a_line_of_the_base_format_is_an_event() -> None:
    """The ten base fields suffice; everything else has its default."""
    event = decode_line(
        b'{"timestamp": 1795244448.3, "event_type": "message_received", "component": "overseer",'
        b' "message_type": "COMPLETE_TRANSCRIPT", "session_id": "s1", "user_id": null,'
        b' "direction": "subscribe", "data": {"text": "hi"},'
        b' "correlation_id": "s1_1_COMPLETE_TRANSCRIPT", "component_state": {"state": "IDLE"}}'
    )
    assert event.payload() == {"text": "hi"}
    assert event.state() == {"state": "IDLE"}
    assert (event.id, event.seq, event.cause, event.severity, event.reads) == (None, None, None, "info", ())


def test_three_fields_are_required_and_no_more() -> None:
    """`timestamp`, `event_type` and `component` make an event."""
    event = decode_line(b'{"timestamp":1,"event_type":"error","component":"c"}')
    assert (event.data, event.direction) == (EMPTY, "internal")


def test_blobs_are_equal_by_content() -> None:
    """Audio compares and hashes by its bytes, and is described by its length."""
    assert Blob(b"ab") == Blob(b"ab") != Blob(b"ac")
    assert len({Blob(b"ab"), Blob(b"ab")}) == 1
    assert unencodable(Blob(b"x"))["unencodable"] == "Blob"


@given(
    lines=st.lists(
        st.sampled_from(
            [
                b'{"timestamp":1.0,"event_type":"system","component":"a"}',
                b'{"timestamp":2.0,"event_type":"system","component":"b","data":{"n":1},"component_state":null}',
                '{"timestamp":3.0,"event_type":"system","component":"é","data":{"t":"→"}}'.encode(),
                b'{"timestamp":4.0,\n"event_type":"system","component":"c"}',
                b'{"timestamp":5.0,"event_type":"system","component":"d","data":[]}',
                b'{"timestamp":6.0,"event_type":"system","component":"e","data":{"t":"\xff"}}',
                b"",
                b"{}",
            ]
        ),
        max_size=5,
    )
)
def test_lines_decoded_at_once_are_as_each_alone(lines: list[bytes]) -> None:
    """Or not decoded at all, then at least one of them is unusual."""
    at_once = decode_lines(lines)
    each: list[Event | None] = []
    for line in lines:
        try:
            each.append(decode_line(line))
        except BrokenLineError:
            each.append(None)
    if at_once is None:
        assert None in each or any(b"\n" in line for line in lines)
    else:
        assert at_once == each
