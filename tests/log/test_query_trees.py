"""Queries as JSON, on their way to a backend."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings

from backend.wire.query.nodes import Node
from debugger.log.query.parse import parse
from debugger.log.query.tree import NotJudgedError, messages_of, node_of, tree_of
from tests.support.query_trees import trees


def node(text: str) -> Node:
    parsed = parse(text)
    assert parsed is not None
    return parsed


@settings(max_examples=150)
@given(trees)
def test_a_query_comes_back_from_json_as_it_went(tree: Node) -> None:
    """Or it is refused, because only a log could answer it; nothing is lost in silence."""
    try:
        told = tree_of(tree)
    except NotJudgedError:
        return  # as below
    assert node_of(msgspec.json.decode(msgspec.json.encode(told))) == tree


@pytest.mark.parametrize(
    ("text", "field"),
    [("row > 3", "row"), ("not delta > 2ms", "delta"), ("turn=2 or has lag", "lag"), ("time>14:03", "time")],
)
def test_what_only_a_log_can_answer_is_refused_by_name(text: str, field: str) -> None:
    """So that the line can point at it."""
    with pytest.raises(NotJudgedError, match="cannot judge") as refusal:
        tree_of(node(text))
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("message:chunk_response", ("CHUNK_RESPONSE",)),
        ("component:overseer message in (A_B, TEXT_CHUNK) data.index > 3", ("A_B", "TEXT_CHUNK")),
        ("message:A_B or (message:C_D and turn=3)", ("A_B", "C_D")),
        ("message:A_B or turn=3", None),
        ("-message:A_B", None),
        ("message:TTS_*", None),
        ('message:""', None),
        ("CHUNK_RESPONSE", None),
    ],
)
def test_messages_outside_of_which_a_query_cannot_hold(text: str, messages: tuple[str, ...] | None) -> None:
    """Only where that is certain: a glob, a text or a negation leaves everything open."""
    assert messages_of(node(text)) == messages
