"""The parts that queries are made of: regular expressions without going back, globs, completion."""

from __future__ import annotations

import random
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import Event, decode_line, encode_event
from backend.wire.query import automaton
from backend.wire.query.globs import glob
from backend.wire.query.regex import RegexError, compile_regex
from debugger.log import EventLog, QueryError, compile_query
from debugger.log.query import complete
from debugger.log.query.complete import MOST
from tests.support.examples import tried
from tests.support.voicelog import voice_log

ATOMS = [
    "a",
    "b",
    ".",
    r"\d",
    r"\w",
    "[ab]",
    "[^a]",
    r"\b",
    r"\B",
    "^",
    "$",
    r"\n",
    r"\s",
    "é",
    "ß",
    r"\A",
    r"\Z",
    "-",
    "[]x]",
]
TIMES = ["*", "+", "?", "{2}", "{1,2}", "{,2}", "{1,}", "*?", "??", "{2,3}?"]
patterns = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map("".join)
        | st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})")
        | st.tuples(inner, st.sampled_from(TIMES)).map(lambda two: f"({two[0]}){two[1]}")
    ),
    max_leaves=8,
)
texts = st.text("aabB_1 -\nÉßx", min_size=1, max_size=9)
FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}


@tried(160)
@given(
    patterns,
    st.sets(st.sampled_from("ims")),
    st.lists(st.text("aabB_1 -\nÉßx", min_size=1, max_size=9), min_size=4),
)
def test_a_pattern_finds_what_re_finds(pattern: str, flags: set[str], texts: list[str]) -> None:
    """Only never by going back."""
    wanted = re.RegexFlag(0)
    for flag in flags:
        wanted |= FLAGS[flag]
    found = compile_regex(pattern, "".join(flags))
    for text in texts:
        assert found(text) == (re.search(pattern, text, wanted) is not None), text


def test_a_pattern_forgets_and_finds_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it remembers of texts is bounded."""
    monkeypatch.setattr(automaton, "_MOST", 5)
    found, noise = compile_regex("(a|b)*a(a|b){6}c"), random.Random(1)
    for _ in range(200):
        text = "".join(noise.choices("abc", k=30))
        assert found(text) == (re.search("(a|b)*a(a|b){6}c", text) is not None)


@given(st.text("ab*?", max_size=8), st.text("ab\n", max_size=10))
def test_a_glob_matches_what_it_says(pattern: str, text: str) -> None:
    """As a regular expression of the same meaning, but in time that grows with the text."""
    same = "".join({"*": ".*", "?": "."}.get(char, char) for char in pattern)
    assert glob(pattern)(text) == (re.fullmatch(same, text, re.DOTALL) is not None)


@given(st.text("ab*+?(){}[]|^$\\.-,:=!<>P1", max_size=12))
def test_any_text_is_a_pattern_or_is_told_why_not(text: str) -> None:
    """And never fails in another way."""
    with suppress(RegexError):
        compile_regex(text)("ab")


# --- completion --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def log() -> EventLog:
    made = EventLog()
    events = voice_log()
    made.append_many([encode_event(event) for event in events], events)
    return made


@pytest.mark.parametrize(
    ("text", "first", "start"),
    [
        ("", "component", 0),
        ("a (sev", "severity", 3),
        ("not has cor", "correlation", 8),
        ("component ", "=", 10),
        ("turn ", "=", 5),
        ("component = over", "overseer", 12),
        ("component:over", "overseer", 10),
        ("message in (TEXT_CHUNK, TTS_A", "TTS_AUDIO_CHUNK", 24),
        ('message not in ("x", STT_U', "STT_USER_STARTED_SPEAKING", 21),
        ("severity >= w", "warning", 12),
        ("family=tt", "tts", 7),
        ("turn = ", "1", 7),
        ("data.dur", "data.duration_us", 0),
        ("a or state.pl", "state.playing", 5),
        ("data.outcome = ", "ok", 15),
        ("delta > ", "20ms", 8),
    ],
)
def test_what_could_follow_is_offered(log: EventLog, text: str, first: str, start: int) -> None:
    """Fields, operators, and values that the log has, the likeliest first."""
    offered = complete(text, len(text), log)
    assert offered, text
    if first.startswith("state."):
        assert any(one.text.startswith(first) for one in offered)
    else:
        assert offered[0].text == first
    assert {one.start for one in offered} == {start}


def test_a_value_that_is_no_word_is_offered_in_quotes() -> None:
    """So that what was taken is a query."""
    log = EventLog()
    names = ["two words", 'q"uote', "a..b", "star*", "(x)", "bad\x1b[0m", "plain"]
    lines = [encode_event(Event(1.0, "x", name)) for name in names]
    log.append_many(lines, [decode_line(line) for line in lines])
    offered = [one.text for one in complete("component:", 10, log)]
    assert not any("\x1b" in one for one in offered)
    for row, name in enumerate(names):
        if name.isprintable():
            taken = next(one for one in offered if name.split('"')[0] in one)
            assert compile_query(f"component:{taken}").rows(log).tolist() == [row]


def test_the_debugger_is_offered_as_a_component_only_where_it_has_something_to_say() -> None:
    """Its remarks on lost events are the only ones it has."""
    log = EventLog()
    line = encode_event(Event(1.0, "x", "overseer"))
    log.append_many([line], [decode_line(line)])
    assert [one.text for one in complete("component:", 10, log)] == ["overseer"]
    log.append_gap("a", 2, 5, "the history is over")
    assert [one.text for one in complete("component:", 10, log)] == ["debugger", "overseer"]


@tried(150)
@given(
    st.lists(
        st.sampled_from([*'ab()".,=>!- ', "turn", "data.", "in (", "component:", "has ", " and "]),
        max_size=10,
    ),
    st.integers(-3, 60),
)
def test_completion_never_fails_and_is_bounded(log: EventLog, pieces: list[str], position: int) -> None:
    """Wherever one is in whatever text, with a log or without."""
    text = "".join(pieces)
    for known in (log, None, EventLog()):
        offered = complete(text, position, known)
        assert len(offered) <= MOST
        assert all(0 <= one.start <= max(min(position, len(text)), 0) for one in offered)


def test_completion_looks_at_some_of_a_million_names_only() -> None:
    """It is asked at each key."""
    log = EventLog()
    events = [Event(1.0, "x", "c", session_id=f"s{number}") for number in range(5_000)]
    log.append_many([encode_event(event) for event in events], events)
    asked: list[int] = []
    interner = log.interner("session")
    whole = interner.name
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(interner), "name", lambda self, number: asked.append(number) or whole(number))
        assert len(complete("session:s", 9, log)) == MOST
    assert len(asked) < 3_000


def test_a_path_that_is_offered_is_one_that_can_be_asked(log: EventLog) -> None:
    """With its odd keys in quotes."""
    line = encode_event(Event(1.0, "x", "c", data={"odd key": [{'q"k': 1}], "plain": 2}))
    own = EventLog()
    own.append_many([line], [decode_line(line)])
    for path in [one.text for one in complete("data.", 5, own)]:
        assert compile_query(f"has {path}").rows(own).tolist() == [0], path
    with pytest.raises(QueryError):
        compile_query("data. > 1")
