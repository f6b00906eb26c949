"""A line of a field's history says what is different, not what is the same."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.log import MISSING, Change
from debugger.tui.state.paint import event_text, last_text, paint_change, told_change
from tests.support.examples import tried
from tests.tui.interface import Script, session_with

PLAYING = {"worker_id": "s1-w2", "turn": 2, "audio_index": 13}


def change(old: Any, new: Any, kind: Literal["changed", "first"] = "changed") -> Change:
    return Change(kind, 0, -1, old, new)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (PLAYING, PLAYING | {"audio_index": 14}, ("audio_index ", "13", "14")),
        (PLAYING, None, ("", '{"worker_id":"s1-w2","turn":2,"audio_index":13}', "null")),
        ({"a": 1, "b": 2}, {"a": 2, "b": 2, "c": 3}, ("", "", "a 1 → 2 · c gone → 3")),
        ({"a": {"b": 1, "c": 1}, "d": 0}, {"a": {"b": 2, "c": 1}, "d": 0}, ("a.b ", "1", "2")),
        ({"a": 1, "b": 2}, {"a": 1}, ("b ", "2", "gone")),
        ({"a": 1}, {"a": 2}, ("", '{"a":1}', '{"a":2}')),
        (3, "x", ("", "3", '"x"')),
        (MISSING, 3, ("", "", "3")),
    ],
)
def test_of_an_object_the_part_that_changed_is_told(old: Any, new: Any, told: tuple[str, str, str]) -> None:
    """Where all of it changed, all of it."""
    assert told_change(change(old, new)) == told


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)


@tried(40)
@given(JSON, JSON, st.integers(1, 120))
def test_any_change_is_one_harmless_line(old: Any, new: Any, width: int) -> None:
    """Whatever the log says, and however narrow the pane is."""
    script = Script()
    script.event("state_change", "overseer")
    log = session_with(script.lines).log
    text = "".join(one.text for one in paint_change(log, change(old, new), width, here=False, digits=4))
    assert not [char for char in text if ord(char) < 32 or 127 <= ord(char) < 160]


def test_times_of_a_history_stand_under_each_other() -> None:
    """However many digits the numbers have."""
    script = Script()
    for _ in range(12):
        script.event("state_change", "overseer")
    log = session_with(script.lines).log
    assert {event_text(log, row, 2).index(":") for row in (0, 11)} == {6}


def test_who_told_a_state_is_no_message_where_none_was_handled() -> None:
    """Subscribing to a message is something else than handling it."""
    script = Script()
    script.event("subscribed", "overseer", "TTS_AUDIO_CHUNK", component_state={"playing": None})
    log = session_with(script.lines).log
    assert last_text(log, change(MISSING, None, "first")).endswith("by subscribed TTS_AUDIO_CHUNK")
