"""Logs of the base format name no tasks and no causes: what can be told of their order, and how surely."""

from __future__ import annotations

from debugger.analysis.order import Confidence, Missing, Rule, order_of
from debugger.log import EventLog
from tests.analysis.order_events import Told, base_format
from tests.analysis.order_programs import append


def conversation() -> Told:
    """A microphone publishes, the overseer handles and asks for an answer, the model is told."""
    told = Told()
    for turn in (1, 2):
        fields = {"session_id": "s", "correlation_id": f"s_{turn}_HEARD"}
        heard = told.publish("mic", "HEARD", **fields)
        told.receive(f"o{turn}", heard, "overseer", "HEARD", **fields)
        told.work(f"o{turn}", **{**fields, "component": "overseer"})
        ask = told.publish(f"o{turn}", "ASK", **{**fields, "component": "overseer"})
        told.handled(f"o{turn}", "overseer", "HEARD", **fields)
        told.receive(f"m{turn}", ask, "model", "ASK", **fields)
        told.handled(f"m{turn}", "model", "ASK", **fields)
    return told


def test_receives_are_matched_to_their_publishes() -> None:
    """By message, session, correlation and order; the edge says that it was rebuilt."""
    order = base_format(conversation()).order
    assert [order.publish_of(row) for row in (1, 5, 8, 12)] == [0, 3, 7, 10]
    (edge,) = order.why(0, 1)
    assert (edge.rule, edge.confidence) == (Rule.PUBLISH, Confidence.REBUILT)
    counts = order.counts
    assert (counts.causality, counts.receives, counts.matched) == ("rebuilt", 4, 4)
    assert (counts.ambiguous, counts.unmatched) == (0, 0)


def test_what_a_component_does_in_a_handler_is_one_activation() -> None:
    """From its receive to its end, so a later message is caused by the first one."""
    order = base_format(conversation()).order
    assert len({order.task(row) for row in (1, 2, 3, 4)}) == 1
    assert order.ordered(0, 5)
    assert order.ordered(1, 6)
    assert order.counts.rebuilt_activations == 4


def test_the_rebuilt_order_is_a_part_of_the_recorded_one() -> None:
    """It is not made up: what is ordered without causes is so with them."""
    recorded, rebuilt = conversation().order, base_format(conversation()).order
    rows = range(len(conversation().events))
    for after in rows:
        for before in rows:
            assert recorded.ordered(before, after) or not rebuilt.ordered(before, after)


def test_each_receiver_gets_each_message_once_in_order() -> None:
    """Two components listen: both get the first message first."""
    told = Told()
    told.publish("a", "A")
    told.publish("a", "A")
    rows = [told.receive("h", None, box, "A") for box in ("x", "y", "y", "x")]
    order = base_format(told).order
    assert [order.publish_of(row) for row in rows] == [0, 0, 1, 1]
    assert order.counts.ambiguous == 2


def test_a_receive_of_nothing_that_was_published_is_a_hole() -> None:
    """Another correlation, session or message is another message."""
    told = Told()
    told.publish("a", "A", session_id="s", correlation_id="s_1_A")
    for fields in (
        {"session_id": "s", "correlation_id": "s_2_A"},
        {"session_id": "t", "correlation_id": "s_1_A"},
    ):
        told.receive("h", None, "box", "A", **fields)
    told.receive("h", None, "box", "B", session_id="s", correlation_id="s_1_A")
    order = base_format(told).order
    assert [(hole.kind, hole.row) for hole in order.holes] == [
        (Missing.UNMATCHED_RECEIVE, row) for row in (1, 2, 3)
    ]
    assert order.counts.causality == "partial"


def test_a_log_of_which_a_part_names_causes_keeps_them() -> None:
    """Matching begins where it is needed, and looks back for what was published before."""
    told = Told()
    told.publish("a", "A")
    told.publish("a", "A")
    named = told.receive("h1", 0, "box", "A")
    bare = told.receive("h2", None, "box", "A")
    order = told.order
    assert order.publish_of(named) == 0
    assert order.publish_of(bare) == 1
    assert order.counts.causality == "partial"


def test_items_without_causes_are_matched_by_name_or_in_the_order_of_the_queue() -> None:
    """And one that was never put is a hole."""
    told = Told()
    puts = [told.item("item_put", "a", name) for name in ("1", "2", None, None)]
    got = [told.item("item_got", "b", name) for name in ("2", "1", None, None, "9")]
    order = told.order
    whys = [order.why(put, row) for put, row in zip((puts[1], puts[0], *puts[2:]), got, strict=False)]
    assert all(why[-1].after == row for why, row in zip(whys, got, strict=False))
    assert {whys[0][0].rule, whys[2][0].rule} == {Rule.ITEM}
    assert whys[0][0].confidence is Confidence.REBUILT
    assert [(hole.kind, hole.row) for hole in order.holes] == [(Missing.UNMATCHED_ITEM, got[-1])]


def test_pieces_of_a_base_format_log_give_the_same() -> None:
    """However it comes, event by event too."""
    events = base_format(conversation()).events
    whole = Told()
    whole.events = events
    log = EventLog()
    append(log, events[:1])
    order = order_of(log)
    for made in events[1:]:
        append(log, [made])
        order.advance(lambda: 0, 1)
    rows = range(len(events))
    wanted = whole.order
    assert all(order.ordered(a, b) == wanted.ordered(a, b) for a in rows for b in rows)
    assert order.counts == wanted.counts
