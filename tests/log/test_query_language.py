"""The query language against an evaluator that decodes every line and walks every tree."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import decode_line
from backend.wire.query.nodes import Node
from debugger.log import EventLog, compile_query
from debugger.log.query import lines as query_lines
from debugger.log.query import plan
from debugger.log.query.parse import parse
from tests.support.examples import tried
from tests.support.naive_queries import holds
from tests.support.query_trees import conditions, events, line_of, render, trees

styles_of_lines = st.lists(st.integers(0, 4), min_size=1)
noises = st.integers(0, 2**32).map(random.Random)


def log_of(made: list[dict[str, Any]], styles: list[int]) -> EventLog:
    """A log that grew in two steps."""
    written = [line_of(event, styles[at % len(styles)]) for at, event in enumerate(made)]
    log = EventLog()
    for part in (written[: len(written) // 2], written[len(written) // 2 :]):
        if part:
            log.append_many(part, [decode_line(line) for line in part])
    return log


@tried(80)
@given(trees, noises)
def test_what_a_tree_is_written_as_reads_as_that_tree(tree: Node, noise: random.Random) -> None:
    """However it is spaced, quoted, put in parentheses, and whichever sign stands for a word."""
    text = render(tree, noise)
    assert parse(text) == tree, text


@tried(50)
@given(
    events(),
    st.lists(trees | conditions, min_size=2, max_size=6),
    st.lists(st.integers(0, 4), min_size=1),
    noises,
)
def test_a_query_finds_what_a_naive_reading_of_it_finds(
    made: list[dict[str, Any]], queries: list[Node], styles: list[int], noise: random.Random
) -> None:
    """On any events, of any producer; of a part of the rows the same as of all."""
    log = log_of(made, styles)
    for tree in queries:
        text = render(tree, noise)
        query = compile_query(text)
        expected = [holds(tree, made, row) for row in range(len(made))]
        assert query.mask(log).tolist() == expected, text
        start = noise.randrange(len(made))
        stop = noise.randrange(start, len(made) + 1)
        assert query.mask(log, start, stop).tolist() == expected[start:stop], text
        assert [query.test(log, row) for row in range(-1, len(made) + 1)] == [False, *expected, False]


@tried(10)
@given(st.lists(events(), min_size=3, max_size=6), trees, noises)
def test_it_does_not_matter_how_many_rows_are_looked_at_at_once(
    made: list[list[dict[str, Any]]], tree: Node, noise: random.Random
) -> None:
    """Stretches of columns and batches of lines leave no seam."""
    log = log_of([event for some in made for event in some], [0, 1])
    query = compile_query(render(tree, noise))
    whole = query.mask(log).tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "_STRETCH", 3)
        patch.setattr(plan, "BATCH", 2)
        assert query.mask(log).tolist() == whole


def test_no_line_is_read_of_a_row_that_columns_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor, in an 'or', of a row that passes already; text is asked before payloads."""
    log = log_of(
        [
            {
                "timestamp": at,
                "event_type": "x",
                "component": "abc"[at % 3],
                "turn": at,
                "data": {"index": at},
            }
            for at in range(30)
        ],
        [0],
    )
    read: list[int] = []

    def spied(log: EventLog, rows: list[int]) -> list[bytes]:
        read.extend(rows)
        return [log.raw(row) for row in rows]

    monkeypatch.setattr(query_lines, "read_lines", spied)
    for text, rows, looked_at in (
        ("component:nobody data.index > 3", [], set()),
        ("data.index > 3 and turn < 2 or turn = 9", [9], {0, 1}),
        ("not (component in (a, b) or data.index < 20)", [20, 23, 26, 29], set(range(2, 30, 3))),
        ("(data.index = 1 or turn > 2) (turn < 5 or data.index = 9 and turn = 30)", [1, 3, 4], {0, 1, 2}),
        ("has data.index and nowhere", [], set()),
    ):
        read.clear()
        assert compile_query(text).rows(log).tolist() == rows, text
        assert set(read) == looked_at, text
        assert len(read) == len(set(read)), text


def test_a_query_can_be_asked_of_one_log_after_the_other() -> None:
    """Whose names have other numbers; and of a log in which names turn up."""
    one, other = (
        log_of([{"timestamp": 1, "event_type": "x", "component": name} for name in names], [0])
        for names in (["a", "b", "c"], ["b", "c", "a"])
    )
    query = compile_query("component:a")
    assert [query.rows(log).tolist() for log in (one, other, one)] == [[0], [2], [0]]
    lines = [b'{"timestamp":1,"event_type":"x","component":"%s"}' % name for name in (b"d", b"A", b"a")]
    one.append_many(lines, [decode_line(line) for line in lines])
    assert query.rows(one).tolist() == [0, 4, 5]


def test_of_many_thousand_names_those_of_the_rows_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a look at some rows costs what these rows cost."""
    log = log_of(
        [
            {"timestamp": 1, "event_type": "x", "component": "c", "session_id": f"s{at // 2}"}
            for at in range(10_000)
        ],
        [0],
    )
    asked: list[int] = []
    interner = log.interner("session")
    value = interner.value
    monkeypatch.setattr(type(interner), "value", lambda _, number: asked.append(number) or value(number))
    query = compile_query("session:*7")
    assert query.rows(log, 14, 18).tolist() == [14, 15]
    assert len(asked) == 2
    assert len(query.rows(log)) == 1_000
    assert len(asked) == 5_000


@pytest.mark.parametrize(
    ("text", "cheap"),
    [
        ("", True),
        ("component:a -turn:3 or delta > 2ms", True),
        ("a", False),
        ("turn:3 data.x = 1", False),
        ("id = x", False),
        ("writes:a.*", False),
    ],
)
def test_a_query_says_whether_lines_must_be_read_for_it(text: str, cheap: bool) -> None:
    """So that one knows what can be asked of millions of rows at once."""
    assert compile_query(text).cheap is cheap
    assert compile_query(text).passes_all is not bool(text)
