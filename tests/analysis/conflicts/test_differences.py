"""The quick ways of the hot path give what the plain ones do, and what is kept has a bound."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.analysis.conflicts import Limits
from debugger.analysis.conflicts.lines import read_all
from debugger.analysis.conflicts.states import States
from debugger.analysis.conflicts.values import changes, differences, written
from debugger.log import EventLog
from debugger.sources.file import open_recordings
from tests.analysis.conflicts.conflict_logs import Story, found_in
from tests.analysis.order_programs import append
from tests.support.examples import tried

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.text("ab", max_size=70)
VALUES = st.recursive(
    SCALARS,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from("abc"), inside, max_size=3),
    max_leaves=8,
)
STATES = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


@tried(100)
@given(old=STATES, new=STATES, most=st.integers(0, 6))
def test_differences_are_told_the_same_either_way(
    old: dict[str, Any], new: dict[str, Any], most: int
) -> None:
    """`differences` is what `changes` gives, as it is kept; in that order, and cut off at the same place."""
    found = list(differences(old, new, most))
    assert found == written(changes(old, new, most))
    assert [type(one) for change in found for one in change] == [
        type(one) for change in written(changes(old, new, most)) for one in change
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\n\n"])
@pytest.mark.parametrize("odd", [None, '{"a":', '{"timestamp":1,"event_type":"x","component":"c","reads":7}'])
def test_lines_are_read_the_same_however_they_lie(tmp_path: Path, newline: str, odd: str | None) -> None:
    """In a row, with blanks or broken lines between, or with one that does not decode at once."""
    lines = [
        json.dumps(
            {"timestamp": 1.0 + at, "event_type": "system", "component": "c", "component_state": {"k": at}}
            | ({"writes": [f"c.{at}"]} if at % 3 else {})
        )
        for at in range(50)
    ]
    if odd is not None:
        lines[20:20] = [odd]
    path = tmp_path / "log.jsonl"
    path.write_bytes((newline.join(lines) + newline).encode())
    log = EventLog()
    source = open_recordings((str(path),))
    source.load_all(log)
    said = [one for some in read_all(log, 3, len(log)) for one in some]
    assert len(said) == len(log) - 3
    for row, one in enumerate(said, 3):
        event = log.event(row)
        assert one is not None
        assert json.loads(bytes(one.component_state) or b"{}") == event.get("component_state", {})
        writes = event.get("writes")
        assert list(one.writes) == (writes if isinstance(writes, list) else [])
    source.close()


def test_a_session_that_is_over_is_forgotten() -> None:
    """Who touched what goes when it is too far away to matter, and the state when nothing came for long."""
    log = EventLog()
    story = Story()
    story.begins({"x": 1})
    append(log, story.events)
    states = States(log, Limits(reach=100, idle=1_000))
    (state,) = states.all(0, 1)
    state.cell("x", 10)
    states.retire(101)
    assert (len(states), len(state.cells)) == (1, 0)
    states.retire(1_001)
    assert len(states) == 0


def test_many_races_are_counted_and_a_few_are_told() -> None:
    """Each of some thousand activations races with those before: one finding has the number."""
    story = Story()
    story.begins({"mode": ""})
    for number in range(3_000):
        story.wrote(f"t{number}", {"mode": f"v{number}"}, component="shared", turn=number)
    log = EventLog()
    append(log, story.events)
    conflicts = found_in(log)
    found = conflicts.findings()
    assert conflicts.counts.clashes > 3_000
    assert len(found) == 1
    assert found[0].times > 2_000
