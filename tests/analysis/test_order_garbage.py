"""Logs that mean nothing, or mean harm: no error, no order against the log, the same in any pieces."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from debugger.analysis.order import Limits, Order
from debugger.log import EventLog
from tests.analysis.order_programs import append
from tests.support.examples import tried

KINDS = (
    "message_published",
    "message_received",
    "message_handled",
    "task_spawned",
    "task_finished",
    "task_joined",
    "task_cancel_requested",
    "lock_acquired",
    "item_put",
    "item_got",
    "subscribed",
    "unsubscribed",
    "state_change",
    "system",
    "no such type",
)
NAMES = st.sampled_from(("a", "b", "c", None))
ODD: st.SearchStrategy[Any] = st.sampled_from(
    (None, 1, -1.5, True, "a", "b", [], {}, "ordered", "timer", "call")
)
DATA = st.dictionaries(
    st.sampled_from(("child", "kind", "delay_ms", "mode", "concurrency", "message_type", "queue", "item")),
    ODD | st.sampled_from(("thread", "concurrent", "a", "b", "c")),
    max_size=4,
)
EVENT = st.fixed_dictionaries(
    {
        "event_type": st.sampled_from(KINDS),
        "component": st.sampled_from(("x", "y")),
        "message_type": st.sampled_from(("M", "N", "GAP", None)),
        "session_id": st.sampled_from(("s", "t", None)),
        "correlation_id": st.sampled_from(("s_1_M", None)),
        "task": NAMES,
        "source": st.sampled_from(("p", "q", None)),
        "cause": st.integers(0, 30).map(lambda number: f"e{number}") | st.none(),
        "data": DATA,
    },
    optional={"seq": st.integers(-3, 40), "id": st.integers(0, 30).map(lambda number: f"e{number}")},
)


@tried(20)
@given(events=st.lists(EVENT, min_size=1, max_size=30), pieces=st.lists(st.integers(1, 7), max_size=30))
def test_any_log_has_an_order(events: list[dict[str, Any]], pieces: list[int]) -> None:
    """Whatever is told, of whatever type: all questions have answers, in one piece or in many."""
    told = [{"timestamp": 1.0, **event} for event in events]
    log = EventLog()
    order = Order(log, limits=Limits(chains=4, clock_bytes=1, idle_rows=3, searches=10**6))
    at = 0
    for size in [*pieces, len(told)]:
        append(log, told[at : at + size])
        at += size
        order.take(len(log))
    whole = Order(log)
    whole.take(len(log))
    known = (order.counts.causality, order.holes, order.disproved)
    assert known == (whole.counts.causality, whole.holes, whole.disproved)
    for after in range(len(told)):
        assert not order.ordered(after, after)
        for before in range(len(told)):
            assert order.ordered(before, after) == whole.ordered(before, after)
            assert not (before > after and order.ordered(before, after))
        order.history(after)
        order.frontier(after)
        parting = order.parting(0, after)
        assert parting.complete
        assert bool(order.why(0, after)) == order.ordered(0, after)
        order.overlaps_hole(0, after)
