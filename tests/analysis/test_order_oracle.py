"""The order is the transitive closure of the rules, on random programs, however it is found."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from debugger.analysis.order import Limits, Order, Rule
from debugger.log import EventLog
from tests.analysis.order_oracle import Oracle
from tests.analysis.order_programs import Program, append, log_of
from tests.support.examples import tried

SMALL = Limits(chains=3, clock_bytes=1, sparse=3, searches=10**6)
"""Nothing is kept that need not be: chains are retired, clocks are made again, edges are searched."""


BLOCKS = Limits(chains=600, clock_bytes=1, sparse=3, idle_rows=4, searches=10**6)
"""Places in two blocks, given up as soon as may be."""


def assert_same(order: Order, oracle: Oracle, events: list[dict[str, Any]]) -> None:
    # A mailbox that was seen to handle in another order than that of publication is no longer ordered: the
    # oracle does not say that of one whose handlers never overlapped.
    assume(order.disproved <= oracle.overlapped)
    for after in range(len(events)):
        for before in range(len(events)):
            wanted = oracle.ordered(before, after)
            if order.ordered(before, after) != wanted:
                raise AssertionError(
                    f"{before} -> {after} should be {wanted}\n"
                    + "\n".join(f"{at} {made}" for at, made in enumerate(events))
                )


@tried(60)
@given(seed=st.integers(0, 10**9), size=st.integers(5, 90), sources=st.integers(1, 2))
def test_the_order_is_the_closure_of_the_rules(seed: int, size: int, sources: int) -> None:
    """Every pair of events is ordered if and only if a chain of rules orders it."""
    events = Program(seed, size, sources=sources).events
    order = Order(log_of(events))
    order.take(len(events))
    assert_same(order, Oracle(events), events)


@tried(30)
@given(
    seed=st.integers(0, 10**9),
    size=st.integers(5, 70),
    sources=st.integers(1, 3),
    piece=st.integers(1, 9),
    limits=st.sampled_from((SMALL, BLOCKS)),
)
def test_bounds_and_pieces_do_not_change_it(
    seed: int, size: int, sources: int, piece: int, limits: Limits
) -> None:
    """With few chains, no kept clocks, and a log that comes piece by piece, each answer is the same."""
    events = Program(seed, size, sources=sources).events
    log = EventLog()
    order = Order(log, limits=limits)
    for start in range(0, len(events), piece):
        append(log, events[start : start + piece])
        order.advance(lambda: 0, 1)
    assert order.complete
    assert_same(order, Oracle(events), events)
    whole = Order(log)
    whole.take(len(log))
    assert (order.counts.segments, order.holes) == (whole.counts.segments, whole.holes)


@tried(80)
@example(seed=65, size=23, sources=1)  # one of an unknown publish, before the last one and not before it
@example(seed=1409, size=47, sources=2)  # a call ends within a timer, where a segment begins
@given(seed=st.integers(0, 10**9), size=st.integers(5, 60), sources=st.integers(1, 2))
def test_wrong_causes_never_make_a_cycle(seed: int, size: int, sources: int) -> None:
    """Causes that are unknown, in the future or their own order nothing; others order what they say."""
    events = Program(seed, size, sources=sources).events
    chance = random.Random(seed)
    for made in events:
        if chance.random() < 0.2:
            others = [other["id"] for other in events]
            bound = made["event_type"] in ("message_received", "item_got")
            made["cause"] = chance.choice(["nowhere", made["id"]] if bound else [*others, "nowhere", None])
    order = Order(log_of(events))
    order.take(len(events))
    assert_same(order, Oracle(events), events)


@tried(20)
@given(seed=st.integers(0, 10**9), size=st.integers(10, 60), sources=st.integers(1, 2))
def test_a_way_is_told_edge_by_edge(seed: int, size: int, sources: int) -> None:
    """`why` gives edges that join, are order themselves, and lead from one event to the other."""
    events = Program(seed, size, sources=sources).events
    for limits in (None, SMALL):
        order = Order(log_of(events), limits=limits)
        order.take(len(events))
        oracle = Oracle(events)
        assume(order.disproved <= oracle.overlapped)
        for after in range(0, len(events), 3):
            for before in range(0, len(events), 2):
                path = order.why(before, after)
                assert bool(path) == oracle.ordered(before, after)
                if not path:
                    continue
                assert (path[0].before, path[-1].after) == (before, after)
                assert all(one.after == other.before for one, other in pairwise(path))
                for edge in path:
                    assert oracle.ordered(edge.before, edge.after)
                    if edge.rule is Rule.PROGRAM:
                        assert oracle.tasks[edge.before] == oracle.tasks[edge.after]


@tried(60)
@given(seed=st.integers(0, 10**9), size=st.integers(10, 60), sources=st.integers(1, 2))
def test_histories_part_at_the_last_event_of_both(seed: int, size: int, sources: int) -> None:
    """Nothing later than the common event is in both histories; either side leads from there."""
    events = Program(seed, size, sources=sources).events
    order = Order(log_of(events))
    order.take(len(events))
    oracle = Oracle(events)
    assume(order.disproved <= oracle.overlapped)
    chance = random.Random(seed)
    for _ in range(40):
        one, other = chance.randrange(len(events)), chance.randrange(len(events))
        both = [
            place
            for place in range(len(events))
            if all(place == row or oracle.ordered(place, row) for row in (one, other))
        ]
        parting = order.parting(one, other)
        assert parting.common == (both[-1] if both else None) == order.last_common(one, other)
        for side, row in ((parting.left, one), (parting.right, other)):
            if side:
                assert side[-1].after == row
                assert parting.common in (None, side[0].before)
        assert order.concurrent(one, other) == (
            one != other and not oracle.ordered(min(one, other), max(one, other))
        )


@tried(40)
@given(seed=st.integers(0, 10**9), size=st.integers(10, 60))
@example(seed=1, size=60)
def test_a_history_goes_back_along_causes(seed: int, size: int) -> None:
    """`history` is a line of edges up to the event, each of which is order, as is what `frontier` names."""
    events = Program(seed, size, sources=2).events
    order = Order(log_of(events))
    order.take(len(events))
    oracle = Oracle(events)
    assume(order.disproved <= oracle.overlapped)
    for row in range(len(events)):
        line = order.history(row)
        assert not line or line[-1].after == row
        assert all(one.after == other.before for one, other in pairwise(line))
        assert all(oracle.ordered(edge.before, edge.after) for edge in line)
        assert all(oracle.ordered(one, row) for one in order.frontier(row))


@tried(40)
@given(seed=st.integers(0, 10**9), size=st.integers(10, 60), sources=st.integers(1, 2))
def test_a_history_that_goes_back_to_a_row_is_the_end_of_the_whole_one(
    seed: int, size: int, sources: int
) -> None:
    """With `since` all is told that comes after that row, and of what comes before at most a part."""
    events = Program(seed, size, sources=sources).events
    order = Order(log_of(events))
    order.take(len(events))
    for row in range(len(events)):
        whole = order.history(row)
        for since in range(-1, row + 1):
            short = order.history(row, since=since)
            late = [edge for edge in whole if edge.before > since]
            assert [edge for edge in short if edge.before > since] == late
            early = whole[: len(whole) - len(late)]
            assert bool(early) == (len(short) > len(late))
            if early:  # what a task does on the way may have begun before
                assert replace(early[-1], before=0) == replace(short[-len(late) - 1], before=0)
