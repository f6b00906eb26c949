"""What is missing from a log is told, and what it leaves open."""

from __future__ import annotations

from itertools import pairwise

from debugger.analysis.order import Missing, Order, order_of
from debugger.log import EventLog
from tests.analysis.order_events import Told
from tests.analysis.order_programs import append


def holes(order: Order) -> list[tuple[Missing, int]]:
    return [(hole.kind, hole.row) for hole in order.holes]


def test_a_whole_log_has_no_holes() -> None:
    """Every receive names a publish that is there, every count is there."""
    told = Told()
    told.handle("h", told.publish("a"))
    order = told.order
    assert order.holes == ()
    assert order.counts.causality == "full"
    assert order.overlaps_hole(0, 1) is None


def test_an_unknown_cause_leaves_open_what_its_future_comes_after() -> None:
    """Two concurrent events may be ordered by what is missing, if the later one's history goes through it."""
    told = Told()
    early = told.work("a")
    receive = told.receive("h", "nowhere")
    late = told.work("h")
    apart = told.work("b")
    order = told.order
    assert holes(order) == [(Missing.UNKNOWN_CAUSE, receive)]
    hole = order.overlaps_hole(early, late)
    assert hole is not None
    assert hole.row == receive
    assert order.overlaps_hole(early, apart) is None
    assert order.counts.causality == "partial"


def test_a_cause_that_comes_later_in_the_log_orders_nothing() -> None:
    """It is told apart from one that never comes, also when it is appended after the order was asked."""
    told = Told()
    first = told.work("a", cause=2)
    told.work("b", cause="never")
    cause = told.work("c")
    log = EventLog()
    order = Order(log)
    append(log, told.events[:2])
    order.take(2)
    assert holes(order) == [(Missing.UNKNOWN_CAUSE, 0), (Missing.UNKNOWN_CAUSE, 1)]
    append(log, told.events[2:])
    order.take(3)
    assert holes(order) == [(Missing.FUTURE_CAUSE, first), (Missing.UNKNOWN_CAUSE, 1)]
    assert order.concurrent(first, cause)


def test_causes_in_a_circle_are_a_hole_and_no_order() -> None:
    """Also an event that is its own cause."""
    told = Told()
    one, other = told.work("a", cause=1), told.work("b", cause=0)
    itself = told.work("c", cause=2)
    order = told.order
    kinds = {row: kind for kind, row in holes(order)}
    assert kinds[one] is Missing.CAUSE_CYCLE
    assert kinds[itself] is Missing.CAUSE_CYCLE
    assert order.ordered(one, other)  # the one of the two that names what came before
    assert not order.ordered(other, one)


def test_a_jump_of_the_count_is_a_gap_for_all_that_it_lies_between() -> None:
    """Anything may have been lost there, from any task; a count that comes again is told too."""
    told = Told()
    rows = [told.work(task, seq=seq) for task, seq in (("a", 1), ("b", 2), ("c", 5), ("a", 5), ("b", 6))]
    order = told.order
    assert holes(order) == [(Missing.GAP, rows[2]), (Missing.REPEATED, rows[3])]
    assert order.overlaps_hole(rows[0], rows[1]) is None
    hole = order.overlaps_hole(rows[1], rows[2])
    assert hole is not None
    assert hole.kind is Missing.GAP


def test_a_gap_that_the_feed_tells_is_one() -> None:
    """As `EventLog.append_gap` enters it."""
    told = Told()
    one = told.work("a")
    log = told.log
    gap = log.append_gap("p", 5, 9, "slow")
    append(log, [{**told.events[0], "id": "x", "task": "b"}])
    order = order_of(log)
    assert holes(order) == [(Missing.GAP, gap)]
    assert order.overlaps_hole(one, gap + 1) is not None


def test_a_join_of_a_task_that_nobody_saw_is_a_hole() -> None:
    """But not one of a task that was spawned and told nothing."""
    told = Told()
    unknown = told.about("task_joined", "a", "stranger")
    told.spawn("a", "quiet")
    told.about("task_joined", "a", "quiet")
    assert holes(told.order) == [(Missing.UNKNOWN_CHILD, unknown)]


def test_a_declared_mailbox_that_overlaps_is_a_hole() -> None:
    """The log contradicts what was declared: perhaps the end of a handler is missing."""
    told = Told()
    told.subscribe()
    told.receive("h1", told.publish("a"))
    second = told.receive("h2", told.publish("a"))
    assert holes(told.order) == [(Missing.OVERLAP, second)]


def test_a_log_that_is_cut_off_anywhere_says_the_same_of_what_is_there() -> None:
    """No end of a handler, no finish of a task: nothing breaks, and no order is made up."""
    told = Told()
    told.subscribe()
    spawn = told.spawn("a", "t")
    publishes = [told.publish("a"), told.publish("t", cause=spawn)]
    told.handle("h1", publishes[0])
    told.handle("h2", publishes[1])
    whole = told.order
    for size in range(len(told.events)):
        cut = Told()
        cut.events = told.events[:size]
        order = cut.order
        for after in range(size):
            assert [order.ordered(row, after) for row in range(size)] == [
                whole.ordered(row, after) for row in range(size)
            ]


def test_of_an_id_that_comes_twice_one_is_the_cause() -> None:
    """No order against the log, no error."""
    told = Told()
    told.publish("a", id="twice")
    told.publish("b", id="twice")
    receive = told.receive("h", "twice")
    order = told.order
    assert order.ordered(0, receive) != order.ordered(1, receive)


def test_clocks_that_jump_change_nothing() -> None:
    """Order is not made of time."""
    told = Told()
    publishes = [told.publish("a") for _ in range(3)]
    spans = [told.handle(f"h{at}", publish) for at, publish in enumerate(publishes)]
    steady = told.order
    for made, timestamp in zip(told.events, (9e8, 1, 5e9, 3, 0, -1, 1e18, 2, 2), strict=True):
        made["timestamp"] = timestamp
    jumping = told.order
    rows = range(len(told.events))
    assert all(steady.ordered(a, b) == jumping.ordered(a, b) for a in rows for b in rows)
    assert all(jumping.ordered(one[1], other[0]) for one, other in pairwise(spans))
