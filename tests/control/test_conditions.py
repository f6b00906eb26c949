"""Conditions at the bus mean what queries mean: there of an event that happens, here of its line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from backend.control.conditions import ConditionError, Test, compile_condition
from backend.control.subject import Subject
from backend.events import encode_payload, members_of
from backend.tap.stamped import Stamped
from backend.wire.query.nodes import (
    And,
    Compare,
    Field,
    Kind,
    Matches,
    Node,
    Not,
    Number,
    Or,
    Range,
    Text,
    Word,
)
from debugger.log.query.parse import parse
from tests.support.naive_queries import Event, holds, time_of
from tests.support.query_trees import events, trees


def stamped_of(event: Event) -> Stamped:
    """An event as the tap holds it while it is emitted."""
    scope = {
        name: event.get(name) for name in ("session_id", "user_id", "turn", "correlation_id", "worker_id")
    }
    rest = {
        "source": event.get("source"),
        "severity": event.get("severity", "info"),
        "reads": event.get("reads", ()),
        "writes": event.get("writes", ()),
    }
    return Stamped(
        event["timestamp"],
        event["event_type"],
        event["component"],
        event["message_type"],
        members_of(scope),
        event["direction"],
        encode_payload(event["data"]),
        encode_payload(event["component_state"]),
        event.get("id"),  # type: ignore[arg-type]  # other producers have none
        members_of(rest),
        0,
        time_of(event),
        event.get("mono_ns"),  # type: ignore[arg-type]
        event.get("cause"),
        event.get("task"),
    )


def condition(text: str) -> Test:
    node = parse(text)
    assert node is not None
    return compile_condition(node)


def texts_of(node: Node) -> bool:
    """Whether free text is in it: that looks at the whole line, and a base event's is shorter than ours."""
    match node:
        case And(parts) | Or(parts):
            return any(map(texts_of, parts))
        case Not(part):
            return texts_of(part)
    return isinstance(node, Text)


@settings(max_examples=50, deadline=None)
@given(trees, events())
def test_a_condition_means_what_the_query_means(tree: Node, log: list[Event]) -> None:
    """Against the slow evaluation; and what the names alone tell beforehand is never wrong."""
    try:
        test = compile_condition(tree)
    except ConditionError:
        return  # as below
    for row, event in enumerate(log):
        if texts_of(tree) and "id" not in event:
            continue
        subject = Subject(stamped_of({"severity": "info"} | event))
        wanted = holds(tree, log, row)
        assert test.holds(subject) is wanted
        assert test.by_head(subject.head) in {None, wanted}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("row > 3", "rows are counted by a log"),
        ("seq = 3", "numbered only when it is written"),
        ("delta > 2ms", "not kept"),
        ("time > 14:03", "with its date"),
    ],
)
def test_what_only_a_log_can_answer_is_refused(text: str, told: str) -> None:
    """With the reason, before it is armed."""
    with pytest.raises(ConditionError, match=told):
        condition(text)


DATA = Field("data.x", Kind.PAYLOAD, "data", ("x",))
COMPONENT = Field("component", Kind.NAME, "component")


def deep(levels: int) -> Node:
    node: Node = Text("x")
    for _ in range(levels):
        node = Not(node)
    return node


@pytest.mark.parametrize(
    ("node", "told"),
    [
        (deep(40), "deeper than 32"),
        (Or((Text("x"),) * 300), "more than 200 parts"),
        (Matches(DATA, "(a+)+" * 200), "500 characters"),
        (Matches(DATA, r"(a)\1"), "back reference"),
        (Matches(DATA, "((a{1,40}){1,40}){1,40}"), "too large"),
        (Matches(DATA, "("), "no regular expression"),
        (Matches(DATA, "a", "q"), "no flag"),
        (Compare(COMPONENT, ">", Word("a")), "has no order"),
        (Compare(COMPONENT, "=", Number(3)), "compare it with one"),
        (Compare(DATA, ">", Word("a")), "needs a number"),
        (Compare(DATA, "<>", Number(1)), "no operator"),
        (Compare(DATA, "=", Range(Word("a"), Word("b"))), "is no number"),
        (Compare(Field("__class__", Kind.NAME, "__class__"), "=", Word("a")), "no field"),
        (Compare(Field("turn", Kind.PAYLOAD, "stamped", ("x",)), "=", Word("a")), "leads nowhere"),
        (Compare(Field("data", Kind.PAYLOAD, "data", ("x",) * 100), "=", Word("a")), "leads nowhere"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(node: Node, told: str) -> None:
    """A client may send any tree that has the right shape."""
    with pytest.raises(ConditionError, match=told):
        compile_condition(node)


def test_a_regular_expression_that_would_explode_takes_the_time_of_the_text() -> None:
    """Thirty letters would keep `re` busy for minutes."""
    event = {"timestamp": 1.0, "event_type": "system", "component": "a", "message_type": None}
    event |= {"direction": "internal", "data": {"x": "a" * 5_000}, "component_state": {}}
    assert not compile_condition(Matches(DATA, "(a+)+b")).holds(Subject(stamped_of(event)))
