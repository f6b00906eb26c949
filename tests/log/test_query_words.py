"""What the words of a query mean, and what is said of those that mean nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import Event, decode_line, encode_event
from backend.wire.query.nodes import And, Compare, Has, Node, Not, Or, Text, Word
from debugger.log import EventLog, QueryError, compile_query
from debugger.log.query.parse import DEEPEST, LONGEST, parse
from debugger.log.query.times import moment
from debugger.log.stores import BLOCK
from tests.support.examples import tried

SAME: list[tuple[str, str]] = [
    ("component:overseer message:TTS_* turn:2", "component = overseer and message = TTS_* and turn = 2"),
    ("severity>=warning -partial", 'severity >= warning and not "partial"'),
    ('"mild today"', '("mild today")'),
    ("-type:state_change", "type != state_change"),
    ("turn!=3", "not (turn = 3)"),
    ("a or b and not c", "(a or (b and (not c)))"),
    ("a b or c d", "(a and b) or (c and d)"),
    ("a && b || !c", "a AND b OR NOT c"),
    ("-(a or b)", "not (a or b)"),
    ("turn not in (1, 2)", "not turn in(1,2)"),
    ("message !~ /x/I", "not message ~ /x/i"),
    ("event_type:x message_type:y session_id:s", "type:x message:y session:s"),
    ("state.queue.size > 1", "component_state.queue.size>1"),
    ("family:t", "family = TTS"),
    ("session:a(b)c", 'session="a(b)c"'),
    ("duration > 20ms", "duration > 20000us"),
    ("delta > 1.5ms", "delta > 1500µs"),
]


def without_quotes(node: Node | None) -> Node | None:
    """A tree in which it does not matter whether a word without stars was quoted."""
    match node:
        case And(parts) | Or(parts):
            return type(node)(tuple(without_quotes(part) or part for part in parts))
        case Not(part):
            return Not(without_quotes(part) or part)
        case Compare(field, sign, Word(text, True)) if not set(text) & set("*?"):
            return Compare(field, sign, Word(text))
    return node


@pytest.mark.parametrize(("text", "same"), SAME)
def test_two_ways_to_write_a_query_mean_the_same(text: str, same: str) -> None:
    """What was valid before there were words for and, or, not is valid still."""
    assert without_quotes(parse(text)) == without_quotes(parse(same))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("->x", [Not(Text(">x"))]),
        ("--x", [Not(Text("-x"))]),
        ("http//x 10:02:03 a-b", [Text("http//x"), Text("10:02:03"), Text("a-b")]),
        ("debugger.log:12", [Text("debugger.log:12")]),
        ("hello <tag> f(x) don't", [Text("hello"), Text("<tag>"), Text("f(x)"), Text("don't")]),
        ('a"b c"', [Text("a"), Text("b c")]),
        ("has been in there", [Text("has"), Text("been"), Text("in"), Text("there")]),
        ("android order nothing", [Text("android"), Text("order"), Text("nothing")]),
        ("not-x data.index turn", [Text("not-x"), Text("data.index"), Text("turn")]),
    ],
)
def test_a_word_that_cannot_be_a_field_is_text(text: str, words: list[Node]) -> None:
    """As it always was."""
    assert parse(text) == (words[0] if len(words) == 1 else And(tuple(words)))


@pytest.mark.parametrize(
    ("text", "position", "suggestion", "word"),
    [
        ("componnt:x", 0, "component", "unknown field"),
        ("a severty >= info", 2, "severity", "unknown field"),
        ("has trun", 4, "turn", "unknown field"),
        ("trun in (1)", 0, "turn", "unknown field"),
        ("a and dta.index > 3", 6, "data.index", "unknown field"),
        ("data > 3", 0, "data.index", "whole payload"),
        ("index > 3", 0, None, "data.…"),
        ("severity >= wraning", 12, "warning", "one of debug"),
        ("family:tss", 7, "tts", "one of stt"),
        ("turn:abc", 5, "turn:3", "is a number"),
        ("turn in (1, x)", 12, "turn:3", "is a number"),
        ("turn = 4..2", 7, "2..4", "before it begins"),
        ("turn = 4..", 7, None, "two ends"),
        ("turn > 2..4", 7, "turn = 2..4", "goes with '='"),
        ("component > x", 0, "component:x", "no order"),
        ("(a or b", 0, "(a or b)", "never closed"),
        ("a or b)", 6, '")"', "closes nothing"),
        ("a ()", 2, '"()"', "nothing between"),
        ("a and", 2, '"and"', "after it"),
        ("a and )", 2, '"and"', "after it"),
        ("or b", 0, '"or"', "before it"),
        ("a || && b", 5, None, "no condition"),
        ("a !", 2, '"!"', "after it"),
        ("a -", 2, '"-"', "there is none"),
        ("a > ", 0, None, "unknown field"),
        ("> 3", 0, '">"', "no field is before it"),
        ("turn >", 6, "turn:3", "needs a value"),
        ("component:", 10, "component:*", "needs a value"),
        ("turn in ()", 8, "turn in (…)", "list is empty"),
        ("turn in (1", 8, "(1)", "never closed"),
        ("turn in (1 2)", 11, None, "commas"),
        ("turn in (1,,2)", 11, None, "missing"),
        ("turn in 1", 5, "turn in (…)", "needs a list"),
        ("turn = (1, 2)", 7, "turn in (…)", "needs 'in'"),
        ('"open', 0, '"open"', "never closed"),
        ('a ""', 2, None, "every line"),
        ("delta > 200", 8, "200ms", "span of time"),
        ("data.size > 5ms", 12, None, "no unit"),
        ("data.name > abc", 12, None, "needs a number"),
        ("time >= 25:00", 8, None, "no time"),
        ("time = 2025-02-31", 7, None, "no time"),
        ("message ~ /a(b/", 12, None, "unterminated subpattern"),
        ("message ~ /ab", 10, "/ab/", "never closed"),
        ("message ~ /ab/x", 14, None, "no flag"),
        ("message ~", 9, "message ~ /…/i", "needs a regular"),
        (r"message ~ /(a)\1/", 14, None, "back reference"),
        ("message ~ /a(?=b)/", 12, None, "looking around"),
        (f"message ~ /{'(' * 5}a{'{99})' * 5}/", 11, None, "too large"),
        (f"message ~ /{'a' * 501}/", 511, None, "at most"),
        ("turn ~ 3", 7, "turn:3", "no text"),
    ],
)
def test_a_query_that_means_nothing_is_told_at_its_place(
    text: str, position: int, suggestion: str | None, word: str
) -> None:
    """With what was perhaps meant."""
    with pytest.raises(QueryError) as told:
        compile_query(text)
    assert (told.value.position, told.value.suggestion) == (position, suggestion), told.value
    assert word in told.value.message
    assert suggestion is None or suggestion in str(told.value)


PIECES = [
    *(
        "component",
        "turn",
        "data.index",
        'data."x',
        "severity",
        "time",
        "delta",
        "and",
        "or",
        "not",
        "in",
        "has",
    ),
    *'()-!:=<>~"*?/\\,.& |\t\n1é\ud800\x00',
    *(" ", " ", ">=", "!=", "!~", "&&", "||", "14:03", "2..4", "20ms", "/a+/i", "[", "{2}", "warning"),
]


@tried(160)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=30))
def test_any_text_is_a_query_or_is_told_why_not(text: str) -> None:
    """At a place in it; and what is a query can be asked."""
    log = EventLog()
    log.append_many([LINE], [decode_line(LINE)])
    try:
        query = compile_query(text)
    except QueryError as error:
        told = (error.position, error.message)
    else:
        assert len(query.mask(log)) == 1
        assert query.text == text
        told = (0, "none")
    assert 0 <= told[0] <= len(text)
    assert told[1]


LINE = encode_event(
    Event(
        1.0,
        "error",
        "overseer",
        data={"index": 3, "text": "a" * 300},
        component_state={"x": [1, {"y": None}]},
    )
)


def test_a_query_that_is_too_long_or_too_deep_is_told_so() -> None:
    """What was pasted by mistake does not end the program."""
    for text in ("(" * 5_000, "not " * 2_000 + "a", "-(" * 2_000, "a" * (LONGEST + 1), "data" + ".x" * 4_000):
        with pytest.raises(QueryError):
            compile_query(text + " =")
    assert compile_query("(" * DEEPEST + "a" + ")" * DEEPEST).rows(EventLog()).tolist() == []


def test_a_regular_expression_that_would_go_back_for_ever_ends() -> None:
    """`re` would take longer than the sun lasts; the texts are long, too."""
    long = encode_event(Event(1.0, "x", "c", data={"text": "a" * 20_000}))
    log = EventLog()
    log.append_many([long], [decode_line(long)])
    for pattern in ("(a+)+b", "(a|a)*b", "(a*)*(a*)*b", "a*a*a*a*a*b", "(a|aa)+$b"):
        assert not compile_query(f"data.text ~ /{pattern}/").test(log, 0)
    assert compile_query("data.text ~ /^(a+)+$/").test(log, 0)
    assert not compile_query("data.text:" + "*a" * 40 + "b").test(log, 0)


def test_what_is_no_plain_number_for_others_is_one_in_a_payload() -> None:
    """Numbers of any size, payloads that are null, and lines that only the standard library reads."""
    head = b'{"timestamp":1,"event_type":"x","component":"c","id":"1","data":'
    bodies = (
        b'{"n":1e999,"m":"s"}',
        b'{"n":123456789012345678901234567890}',
        b"null",
        b'{"n":true}',
        b'{"n":"7"}',
    )
    lines = [head + body + b"}" for body in bodies]
    log = EventLog()
    log.append_many(lines, [decode_line(line) for line in lines])
    assert compile_query("data.n > 5").rows(log).tolist() == [0, 1]
    assert compile_query("data.n = 123456789012345678901234567890").rows(log).tolist() == [1]
    assert compile_query('data.m = s or id = 2 or data."a\\"b" = 1').rows(log).tolist() == [0]
    assert compile_query("not has data.n").rows(log).tolist() == [2]
    assert compile_query("data.n = true or data.n = 7").rows(log).tolist() == [3]
    assert compile_query('data.n = "7"').rows(log).tolist() == [4]


def test_an_evicted_event_has_neither_text_nor_payload() -> None:
    """So that conditions on them are false of it; its columns remain."""
    lines = [
        encode_event(Event(1.0, "x", "c", data={"n": number, "text": "z" * 200})) for number in range(4_000)
    ]
    log = EventLog(arena_bytes=1)
    log.append_many(lines, [decode_line(line) for line in lines])
    assert 0 < log.evicted < len(log)
    assert len(log) * 200 > BLOCK
    for text in ("data.n >= 0", "has data.n", '"zzz"', "cause != 1 and has data.n"):
        assert compile_query(text).rows(log).tolist() == list(range(log.evicted, len(log)))
    assert compile_query("component:c").mask(log).all()


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A place whose clocks are set forth and back."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
def test_a_clock_time_is_local_on_each_day() -> None:
    """Whatever the clocks were set to on that day, and over midnight."""
    winter, summer = 1_767_225_600, 1_782_864_000  # midnight UTC
    times = [winter + 3600 * hour for hour in (0, 11, 12)] + [summer + 3600 * hour for hour in (0, 11, 22)]
    lines = [b'{"timestamp":%d,"event_type":"x","component":"c"}' % at for at in [*times, 10**17]]
    log = EventLog()
    log.append_many(lines, [decode_line(line) for line in lines])
    assert compile_query("time >= 13:00").rows(log).tolist() == [2, 4]
    assert compile_query("time = 13:00").rows(log).tolist() == [2, 4]
    # The last is beyond what a log knows: it is taken for 2116, at 00:53 in Berlin.
    assert compile_query("time = 23:30..01:00:00").rows(log).tolist() == [0, 5, 6]
    assert compile_query("time = 2026-01-01").rows(log).tolist() == [0, 1, 2]
    assert compile_query("time >= 2026-07-01T13:00").rows(log).tolist() == [4, 5, 6]
    assert compile_query("time >= 2026-07-01T13:00Z").rows(log).tolist() == [5, 6]
    midnight = moment("2026-03-29")
    assert midnight is not None
    assert midnight.width == 23 * 3600 * 10**9


def test_a_span_between_clocks_gone_wild_does_not_wrap_around() -> None:
    """Foreign clocks may say anything."""
    lines = [
        b'{"timestamp":%s,"event_type":"x","component":"c"}' % at for at in (b"-9e99", b"9e99", b"0", b"-1")
    ]
    log = EventLog()
    log.append_many(lines, [decode_line(line) for line in lines])
    assert compile_query("delta > 1h").rows(log).tolist() == [1]
    assert compile_query("delta < 0").rows(log).tolist() == [2, 3]
    assert compile_query("not has delta").rows(log).tolist() == [0]


def test_existence_needs_no_value() -> None:
    """Of a field, or of a path with a key in quotes."""
    assert parse('has data."odd key".0') == Has(parse('data."odd key".0 = 1').field)  # type: ignore[union-attr]
