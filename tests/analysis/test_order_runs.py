"""Segments that know the same are looked at once: the answers are those of looking at each."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.analysis.order import Order
from debugger.analysis.order.runs import Runs
from debugger.log import EventLog
from debugger.sources.file import open_recordings
from tests.analysis.order_programs import Program, log_of
from tests.support.examples import tried

RECORDED = Path(__file__).resolve().parents[2] / "sample_logs"


def orders_of(log: EventLog) -> tuple[Order, Order]:
    """As it is, and with each segment looked at by itself."""
    order = Order(log)
    order.take(len(log))
    add = Runs.add
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Runs, "add", lambda runs, rows, starts, ends, _: add(runs, rows, starts, ends, None))
        plain = Order(log)
        plain.take(len(log))
    return order, plain


@tried(60)
@given(seed=st.integers(0, 10**9), size=st.integers(5, 90))
def test_runs_do_not_change_the_order(seed: int, size: int) -> None:
    """Of any two events of a program."""
    log = log_of(Program(seed, size).events)
    order, plain = orders_of(log)
    assert order.disproved == plain.disproved
    for after in range(len(log)):
        for before in range(after):
            assert order.ordered(before, after) == plain.ordered(before, after)


@pytest.mark.parametrize("name", ["barge_in", "tool_call"])
def test_runs_do_not_change_the_order_of_a_recording(name: str) -> None:
    """Of events near to each other, nor what is missing."""
    log = EventLog()
    open_recordings((str(RECORDED / f"{name}.jsonl"),)).load_all(log)
    order, plain = orders_of(log)
    assert order.holes == plain.holes
    for after in range(0, len(log), 3):
        rows = range(max(after - 150, 0), after, 2)
        assert (order.before(rows, after) == plain.before(rows, after)).all()
    assert order.counts.segments == plain.counts.segments
