"""Queries as JSON, on their way to a backend."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given

from backend.wire.query.nodes import Node
from debugger.log.query.parse import parse
from debugger.log.query.tree import NotJudgedError, check_judged
from tests.support.examples import tried
from tests.support.query_trees import trees


def node_of(text: str) -> Node:
    parsed = parse(text)
    assert parsed is not None
    return parsed


@tried(100)
@given(trees)
def test_a_query_that_is_not_refused_comes_back_from_json_as_it_went(tree: Node) -> None:
    """Nothing is lost on the way to a backend."""
    try:
        check_judged(tree)
    except NotJudgedError:
        return  # as below
    assert msgspec.json.decode(msgspec.json.encode(tree), type=Node) == tree


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("row > 3", "row"),
        ("seq=4", "seq"),
        ("not delta > 2ms", "delta"),
        ("turn=2 or has lag", "lag"),
        ("time>14:03", "time"),
    ],
)
def test_what_only_a_log_can_answer_is_refused_by_name(text: str, field: str) -> None:
    """So that the line can point at it."""
    with pytest.raises(NotJudgedError, match="cannot judge") as refusal:
        check_judged(node_of(text))
    assert refusal.value.field == field
