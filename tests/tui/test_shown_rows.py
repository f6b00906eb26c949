"""The rows that a table shows of a log that forgets, held to a list that is cut at its front."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from backend.events import decode_line
from debugger.log import EventLog
from debugger.tui.rows import ShownRows
from tests.support.examples import tried


class Every:
    """Every so many-th row by its own number: it does not look at the log."""

    def __init__(self, count: int) -> None:
        self.count = count

    def mask(self, log: EventLog, start: int, stop: int) -> NDArray[np.bool_]:
        assert log.first_row <= start <= stop <= len(log)
        return np.asarray(np.arange(start, stop) % self.count == 0)


def grow(log: EventLog, count: int) -> None:
    """So many events more."""
    lines = [
        json.dumps({"timestamp": 1.0, "event_type": "system", "component": "c"}).encode()
        for _ in range(count)
    ]
    log.append_many(lines, [decode_line(line) for line in lines])


@tried(60)
@given(
    keep=st.integers(1, 60),
    every=st.sampled_from((0, 1, 2, 7, 100)),
    steps=st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=1, max_size=25),
    data=st.data(),
)
def test_positions_are_those_of_a_list_without_its_forgotten_beginning(
    keep: int, every: int, steps: list[tuple[int, bool]], data: st.DataObject
) -> None:
    """However the log grows between two looks; `dropped` says by how much positions went down."""
    log = EventLog(max_rows=keep)
    shown = ShownRows(log, Every(every) if every else None)
    seen: list[int] = []  # all rows that were ever shown
    for count, looks in steps:
        before = len(log)
        grow(log, count)
        if not looks:
            continue
        changed = shown.extend(lambda: 0, 1)
        assert changed
        assert shown.complete
        wanted = [row for row in range(log.first_row, len(log)) if not every or row % every == 0]
        assert len(shown) == len(wanted)
        assert shown.rows(range(len(shown))).tolist() == wanted
        assert [shown.row(position) for position in range(len(wanted))] == wanted
        seen += [row for row in wanted if not seen or row > seen[-1]]
        if every:
            assert shown.dropped == len(seen) - len(wanted)
        else:
            assert shown.dropped == log.first_row
        row = data.draw(st.integers(max(before - 70, 0), len(log) + 2))
        assert shown.position(row) == sum(one <= row for one in wanted) - 1
        assert shown.shows(row) == (row in wanted)
        assert not shown.extend(lambda: 0, 1)


def test_room_of_what_is_forgotten_is_given_back() -> None:
    """A filter that lets everything through for a long time keeps no more than what is known."""
    log = EventLog(max_rows=4_000)
    shown = ShownRows(log, Every(1))
    for _ in range(60):
        grow(log, 2_000)
        shown.extend(lambda: 0, 1)
    assert len(shown) == len(log) - log.first_row
    assert len(shown._rows) <= 16_000
    assert shown.dropped == log.first_row
