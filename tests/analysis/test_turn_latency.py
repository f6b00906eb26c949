"""Percentiles, histograms, sparklines and handler times."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import decode_line
from debugger.analysis.turns import (
    HandlerTimes,
    handler_times,
    histogram,
    latency_summary,
    percentile,
    sparkline,
)
from debugger.analysis.turns.latency import spread
from debugger.log import EventLog
from tests.support.examples import tried

DURATIONS = st.lists(st.integers(0, 10**13), min_size=1, max_size=60)


@given(values=DURATIONS, percent=st.integers(1, 100))
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(values: list[int], percent: int) -> None:
    """Nearest rank: against the definition itself."""
    found = percentile(sorted(values), percent)
    needed = percent * len(values) / 100
    enough = [value for value in values if sum(one <= value for one in values) >= needed]
    assert found == min(enough)


@given(values=DURATIONS)
def test_a_spread_keeps_the_values_in_their_order(values: list[int]) -> None:
    """What is drawn is what was summed up."""
    found = spread(np.array(values, np.int64))
    assert found.values_ns == tuple(values)
    assert (found.min_ns, found.max_ns, found.counted) == (min(values), max(values), len(values))


def test_no_turns_have_no_percentiles() -> None:
    """None, not zero."""
    found = latency_summary([])
    assert (found.turns, found.counted, found.total.p50_ns, found.total.values_ns) == (0, 0, None, ())


@given(values=DURATIONS, bins=st.integers(1, 20))
def test_each_value_is_in_one_bin_of_the_histogram(values: list[int], bins: int) -> None:
    """The one that its edges say."""
    found = histogram(values, bins)
    assert 1 <= len(found.counts) <= bins
    assert sum(found.counts) == len(values)
    assert (found.edges_ns[0], found.edges_ns[-1]) == (min(values), max(values))
    for number, count in enumerate(found.counts):
        low, high = found.edges_ns[number : number + 2]
        last = number == len(found.counts) - 1
        assert count == sum(low <= value < high or (last and value == high) for value in values)


def test_a_histogram_of_nothing_is_empty() -> None:
    """As is one without bins."""
    assert histogram([], 5).counts == histogram([1], 0).counts == ()


@given(values=st.lists(st.none() | st.integers(0, 1000), max_size=50), width=st.integers(0, 20))
def test_a_sparkline_never_hides_the_worst(values: list[int | None], width: int) -> None:
    """However few columns there are."""
    found = sparkline(values, width)
    assert len(found) == min(len(values), width)
    if width:
        worst = [value for value in values if value is not None]
        assert max((one for one in found if one is not None), default=None) == max(worst, default=None)


# --- handlers --------------------------------------------------------------------------------------


def handled(durations_us: list[int], *, named: bool = True, component: str = "overseer") -> EventLog:
    """Receives and their ends, one after the other."""
    log, at_us = EventLog(), 1_000_000
    for number, duration in enumerate(durations_us):
        for kind, extra in (("message_received", 0), ("message_handled", duration)):
            at_us += extra
            event: dict[str, Any] = {
                "timestamp": at_us / 1e6,
                "timestamp_ns": at_us * 1000,
                "event_type": kind,
                "component": component,
                "message_type": "LLM_EVENT",
                "session_id": "s1",
                "data": {},
            }
            if named:
                event |= {"id": f"{kind}-{number}", "source": "a", "seq": 2 * number + bool(extra) + 1}
                event["cause"] = None if kind == "message_received" else f"message_received-{number}"
            line = json.dumps(event).encode()
            log.append(line, decode_line(line))
        at_us += 5
    return log


@pytest.mark.parametrize("named", [True, False])
def test_a_handler_takes_from_its_receive_to_its_end(named: bool) -> None:
    """By the cause that the end names; without one, by the receive before it."""
    durations = list(range(100, 2100, 10))
    (found,) = handler_times(handled(durations, named=named))
    assert (found.component, found.message, found.count) == ("overseer", "LLM_EVENT", len(durations))
    assert found.max_ns == max(durations) * 1000
    for told, percent in ((found.p50_ns, 50), (found.p95_ns, 95)):
        assert math.isclose(told, percentile(durations, percent) * 1000, rel_tol=0.03)


@tried(40)
@given(cuts=st.lists(st.integers(1, 7), max_size=30), named=st.booleans())
def test_handler_times_are_the_same_however_the_log_came(cuts: list[int], named: bool) -> None:
    """A receive may be taken in long before its end."""
    log = handled([10, 2000, 30, 44, 500, 61, 7, 8], named=named)
    times = HandlerTimes(log)
    for cut in cuts:
        upto = min(times.looked_at + cut, len(log))
        times._take(times.looked_at, upto)
        times.looked_at = upto
    times.advance(lambda: 0, 10)
    assert times.times() == handler_times(log)


def test_a_handler_that_ends_before_it_begins_is_counted_apart() -> None:
    """A clock that went back makes no negative times."""
    log = handled([100, -50, 100])
    times = HandlerTimes(log)
    times.advance(lambda: 0, 10**9)
    assert times.backwards == 1
    assert [one.count for one in times.times()] == [2]


def test_thousands_of_handlers_take_bounded_memory() -> None:
    """Those beyond a thousand kinds are counted."""
    log = EventLog()
    lines = []
    for number in range(1200):
        for kind in ("message_received", "message_handled"):
            event = {"timestamp": 1.0, "event_type": kind, "component": f"c{number}", "message_type": "X"}
            lines.append(json.dumps(event).encode())
    log.append_many(lines, [decode_line(line) for line in lines])
    times = HandlerTimes(log)
    times.advance(lambda: 0, 10**9)
    assert (len(times.times()), times.left_out) == (1000, 200)
