"""In which session a component has its last snapshot at a row, found without asking all sessions."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from debugger.log.states import StateIndex
from tests.support.examples import tried

STATE_READ = 9
batches = st.lists(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12), st.booleans()), min_size=1, max_size=12),
    min_size=1,
    max_size=12,
)


@tried(300)
@given(batches, st.data())
def test_the_latest_is_that_of_a_search_through_all(
    batches: list[list[tuple[int, int, bool]]], data: st.DataObject
) -> None:
    """At each row and of each component; with rows that are forgotten in between."""
    index, told, first = StateIndex(STATE_READ), list[tuple[int, int, bool]](), 0
    for batch in batches:
        components, sessions, holding = (list(column) for column in zip(*batch, strict=True))
        columns: dict[str, np.ndarray[Any, Any]] = {
            "component": np.array(components, np.uint8),
            "session": np.array(sessions, np.uint8),
            "event_type": np.zeros(len(batch), np.uint8),
        }
        index.add(np.flatnonzero(holding), columns, len(told))
        told += batch
        if data.draw(st.booleans()):
            first = data.draw(st.integers(first, len(told)))
            index.forget(first)
        for component in range(3):
            for row in range(first, len(told)):
                own = [at for at in range(first, row + 1) if told[at][0] == component and told[at][2]]
                assert index.latest(component, row) == (told[own[-1]][1] if own else None)
            rows = [told[at][1] for at in range(first, len(told)) if told[at][0] == component and told[at][2]]
            assert sorted(index.sessions(component)) == sorted(set(rows))


def test_sessions_that_are_gone_leave_no_room_behind() -> None:
    """A log that goes on for ever has a new session each day."""
    index = StateIndex(STATE_READ, wide=True)
    for number in range(5_000):
        columns: dict[str, np.ndarray[Any, Any]] = {
            "component": np.array([1]),
            "session": np.array([number]),
            "event_type": np.array([0]),
        }
        index.add(np.array([0]), columns, number)
        index.forget(max(number - 10, 0))
    assert index.latest(1, 4_999) == 4_999
    assert len(index._sessions[1]._table) < 1_000
