"""A log may go on at a later row: of what is not there nothing is known."""

from __future__ import annotations

import pytest

from backend.events import decode_line
from debugger.log import EventLog
from tests.tui.interface import conversation

LINES = conversation(6)
EVENTS = [decode_line(line) for line in LINES]


@pytest.mark.parametrize("before", [0, 1, 30])
@pytest.mark.parametrize("skipped", [0, 1, 5_000, 3_000_000])
def test_rows_after_those_that_are_skipped_keep_their_numbers(before: int, skipped: int) -> None:
    """Whoever has the whole log elsewhere means the same row by a number."""
    log = EventLog(max_rows=1_000)
    log.append_many(LINES[:before], EVENTS[:before])
    log.skip_to(before + skipped)
    log.append_many(LINES[before:], EVENTS[before:])
    first = before + skipped
    assert (log.first_row, len(log)) == (first, skipped + len(LINES))
    assert [log.raw(row) for row in range(first, len(log))] == LINES[before:]
    assert log.raw(first - 1) == b"" if first else True
    assert all(log.cause_row(row) is None or log.cause_row(row) >= first for row in range(first, len(log)))  # type: ignore[operator]
    assert log.row_at_time(int(log.column("timestamp_ns")[len(log) - 2])) == len(log) - 2
