"""Each rule of order by itself: an edge that there must be, and one that there must not be."""

from __future__ import annotations

import pytest

from debugger.analysis.order import Confidence, Rule
from tests.analysis.order_events import Told


@pytest.fixture
def told() -> Told:
    return Told()


def test_a_task_does_one_thing_after_the_other(told: Told) -> None:
    """Events of one task are ordered, also over an await; those of two tasks are not."""
    first, other, second = told.work("a"), told.work("b"), told.work("a")
    order = told.order
    assert order.ordered(first, second)
    assert not order.ordered(second, first)
    assert order.concurrent(first, other)
    assert order.concurrent(other, second)
    assert [edge.rule for edge in order.why(first, second)] == [Rule.PROGRAM]


def test_neither_time_nor_component_nor_session_orders(told: Told) -> None:
    """One component of one session, long after, in another task: nothing orders that."""
    one = told.work("a", component="c", session_id="s", correlation_id="s_1_A")
    other = told.work("b", component="c", session_id="s", correlation_id="s_1_A", timestamp=1e9)
    assert told.order.concurrent(one, other)


def test_events_without_a_task_are_in_no_order(told: Told) -> None:
    """Where no task is named, and no cause, nothing is known."""
    one, other = told.work(None), told.work(None)
    assert told.order.concurrent(one, other)


def test_a_publish_comes_before_its_receives_and_no_others(told: Told) -> None:
    """Who receives a message comes after what its publisher did until it waited, and not after more."""
    before, publish, same_step = told.work("a"), told.publish("a"), told.work("a")
    receive = told.receive("h1", publish)
    later = told.work("a")
    other = told.receive("h2", "e99", box="elsewhere")
    order = told.order
    assert all(order.ordered(row, receive) for row in (before, publish, same_step))
    assert order.concurrent(receive, later)
    assert order.concurrent(publish, other)
    (edge,) = order.why(publish, receive)
    assert (edge.rule, edge.confidence) == (Rule.PUBLISH, Confidence.RECORDED)
    assert order.publish_of(receive) == publish
    assert order.why(same_step, receive)[-1].via == publish


def test_a_thread_goes_on_while_others_run(told: Told) -> None:
    """What a thread does after it published is not before the receive, though it did not wait."""
    spawn = told.spawn("a", "t", "thread")
    publish, more = told.publish("t", cause=spawn), told.work("t", cause=spawn)
    receive = told.receive("h", publish)
    order = told.order
    assert order.ordered(publish, receive)
    assert not order.ordered(more, receive)


@pytest.mark.parametrize("declared", [True, False])
def test_an_ordered_mailbox_handles_in_the_order_of_publication(told: Told, declared: bool) -> None:
    """The end of a handler comes before the start of a later one, if their publishes are ordered."""
    if declared:
        told.subscribe()
    first, second = told.publish("a"), told.publish("a")
    _, end = told.handle("h1", first)
    start, _ = told.handle("h2", second)
    order = told.order
    assert order.ordered(end, start)
    (edge,) = order.why(end, start)
    assert edge.rule is Rule.MAILBOX
    assert edge.confidence is (Confidence.DECLARED if declared else Confidence.ASSUMED)


def test_two_unordered_publishes_into_one_mailbox_are_not_ordered_by_it(told: Told) -> None:
    """Rule 3 needs the order of the publishes: in another run the second came first."""
    told.subscribe()
    first, second = told.publish("a"), told.publish("b")
    _, end = told.handle("h1", first)
    start, _ = told.handle("h2", second)
    assert told.order.concurrent(end, start)


def test_a_concurrent_mailbox_orders_nothing(told: Told) -> None:
    """Declared concurrent: handlers may overlap, whatever the order of the publishes."""
    told.subscribe(mode="concurrent")
    first, second = told.publish("a"), told.publish("a")
    _, end = told.handle("h1", first)
    start, _ = told.handle("h2", second)
    assert told.order.concurrent(end, start)


def test_mailboxes_of_two_sessions_are_two(told: Told) -> None:
    """A component that listens by session handles those of one while those of another wait."""
    told.subscribe(session_id="s1")
    told.subscribe(session_id="s2")
    first, second = told.publish("a", session_id="s1"), told.publish("a", session_id="s2")
    told.receive("h1", first, session_id="s1")
    end = told.handled("h1", session_id="s1")
    start = told.receive("h2", second, session_id="s2")
    assert told.order.concurrent(end, start)


def test_handlers_that_overlap_disprove_an_order_that_nobody_declared(told: Told) -> None:
    """An assumed order is withdrawn, for what was before too; the mailbox is named."""
    publishes = [told.publish("a") for _ in range(4)]
    _, end = told.handle("h1", publishes[0])
    start, _ = told.handle("h2", publishes[1])
    told.receive("h3", publishes[2])
    told.receive("h4", publishes[3])
    told.handled("h3")
    told.handled("h4")
    order = told.order
    assert order.concurrent(end, start)
    assert order.counts.mailboxes_concurrent == 1


def test_what_a_handler_caused_is_handled_after_it(told: Told) -> None:
    """Rule 4: the message was published because of the handler, though nothing orders the publishes."""
    told.subscribe(message="A")
    told.subscribe(message="B")
    receive = told.receive("h1", "e77")  # its own publish is not in the log
    follow_up = told.publish("h1", "B", component="box")
    end = told.handled("h1")
    start, _ = told.handle("h2", follow_up, message="B")
    order = told.order
    assert order.ordered(receive, start)
    assert order.ordered(end, start)
    assert order.why(end, start)[-1].rule is Rule.MAILBOX_CAUSED


def test_a_spawn_comes_before_its_task_and_an_end_before_the_joiner_goes_on(told: Told) -> None:
    """Between spawn and join the two are concurrent; what is not joined has no end that anybody knows."""
    spawn = told.spawn("a", "t")
    child, meanwhile = told.work("t", cause=spawn), told.work("a")
    last = told.about("task_finished", "t", "t")
    join = told.about("task_joined", "a", "t")
    order = told.order
    assert order.ordered(spawn, child)
    assert order.concurrent(child, meanwhile)
    assert order.ordered(last, join)
    assert [edge.rule for edge in order.why(last, join)] == [Rule.JOIN]
    assert order.why(spawn, child)[0].rule is Rule.SPAWN


def test_a_task_that_names_no_cause_is_found_by_its_name(told: Told) -> None:
    """`data.child` of the spawn is enough."""
    spawn, child = told.spawn("a", "t"), told.work("t")
    assert told.order.ordered(spawn, child)


def test_the_same_task_name_in_two_processes_is_two_tasks() -> None:
    """No program order over processes, no spawn, and no join."""
    told = Told()
    spawn = told.spawn("a", "t")
    there = told.work("t", source="q")
    here = told.work("t", source="p")
    join = told.tell("task_joined", "a", data={"child": "t"}, source="q")
    order = told.order
    assert order.concurrent(spawn, there)
    assert order.concurrent(there, here)
    assert order.ordered(there, join)
    assert not order.ordered(here, join)


def test_a_task_of_a_process_is_not_that_of_events_that_name_none() -> None:
    """Neither at once nor piece by piece, when it is not known yet how many processes there are."""
    told = Told()
    one, other = told.work("a", source=None), told.work("a", source="p")
    assert told.order.concurrent(one, other)


def test_an_item_is_got_after_it_was_put(told: Told) -> None:
    """And another item of the same queue is not ordered by that."""
    put, other = told.item("item_put", "a", "1"), told.item("item_put", "b", "2")
    got = told.item("item_got", "c", "1", cause=put)
    order = told.order
    assert order.ordered(put, got)
    assert order.concurrent(other, got)
    assert order.why(put, got)[0].rule is Rule.ITEM


def test_a_named_cause_is_an_order(told: Told) -> None:
    """An event that is set comes before who waited for it."""
    setter, waiter = told.work("a"), told.work("b")
    resumed = told.work("b", cause=setter)
    order = told.order
    assert order.ordered(setter, resumed)
    assert order.concurrent(setter, waiter)
    assert order.why(setter, resumed)[0].rule is Rule.SIGNAL


def test_a_cancel_request_comes_before_the_segment_that_sees_it_and_no_more(told: Told) -> None:
    """'Cancel requested' is not 'stopped': who asked does not know that anything has ended."""
    spawn = told.spawn("a", "t")
    running = told.work("t", cause=spawn)
    request, after = told.about("task_cancel_requested", "a", "t"), told.work("a")
    seen = told.about("task_finished", "t", "t")
    later = told.work("a")
    order = told.order
    assert order.ordered(request, seen)
    assert order.concurrent(running, request)
    assert order.ordered(after, seen)  # in the same step, before anything else could run
    assert order.concurrent(seen, later)
    assert order.why(request, seen)[0].rule is Rule.CANCEL


@pytest.mark.parametrize(
    ("delays", "same_task", "ordered"),
    [((1, 2), True, True), ((2, 2), True, True), ((3, 2), True, False), ((1, 2), False, False)],
)
def test_timers_fire_in_order_only_if_set_in_order_with_delays_in_order(
    told: Told, delays: tuple[int, int], same_task: bool, ordered: bool
) -> None:
    """One task sets both and the first is no longer: ordered. Two tasks, or a longer first one: not."""
    first = told.spawn("a", "t1", "timer", delay_ms=delays[0])
    second = told.spawn("a" if same_task else "b", "t2", "timer", delay_ms=delays[1])
    told.work("t1", cause=first)
    end = told.about("task_finished", "t1", "t1")
    fired = told.work("t2", cause=second)
    assert told.order.ordered(end, fired) is ordered


def test_a_lock_excludes_and_does_not_order(told: Told) -> None:
    """Who got the lock second could have got it first."""
    told.tell("lock_acquired", "a", data={"lock": "l"})
    release = told.tell("lock_released", "a", data={"lock": "l"})
    acquire = told.tell("lock_acquired", "b", data={"lock": "l"})
    assert told.order.concurrent(release, acquire)


def test_a_call_that_reports_itself_is_part_of_its_caller(told: Told) -> None:
    """Its events are in program order with those around it."""
    spawn = told.spawn("a", "c", "call")
    inside = told.work("c", cause=spawn)
    told.about("task_finished", "c", "c")
    after = told.about("task_joined", "a", "c")
    order = told.order
    assert order.ordered(spawn, inside)
    assert order.ordered(inside, after)
    assert order.task(inside) == order.task(after)


@pytest.mark.parametrize("publishers", [9, 40, 300])
def test_each_of_many_publishers_has_its_own_order_in_one_mailbox(told: Told, publishers: int) -> None:
    """Of those publishing to one mailbox each comes after its own messages, and after no other's."""
    told.subscribe()
    tasks = [f"a{number}" for number in range(publishers)]
    sent = [(task, told.publish(task)) for _ in range(2) for task in tasks]
    spans = [told.handle(f"h{at}", publish) for at, (_, publish) in enumerate(sent)]
    order = told.order
    for at in range(0, publishers, 7):
        assert order.ordered(spans[at][1], spans[publishers + at][0])
        assert order.concurrent(spans[at][1], spans[publishers + (at + 1) % publishers][0])
    assert order.counts.edges[Rule.MAILBOX] == publishers
