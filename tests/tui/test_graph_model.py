"""What the graph shows of the moment at the cursor."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.events import Family, decode_line
from debugger.log import EventLog
from debugger.tui.graph.marks import MAX_MARKS, TRAVEL_NS, Flow, Marks
from debugger.tui.graph.model import GraphModel, GraphView, Node
from debugger.tui.graph.recent import BINS, ROWS, WINDOWS_NS, recent
from debugger.tui.graph.shapes import HUB
from debugger.tui.graph.states import glance
from debugger.tui.session import Session
from tests.tui.interface import STEP_NS, Script, conversation, session_with

LINES = conversation()


def view_at(session: Session, row: int, model: GraphModel | None = None) -> GraphView:
    session.tick()
    session.seek(row)
    model = model or GraphModel(session)
    model.extend()
    return model.view()


def nodes_at(session: Session, row: int) -> dict[str, Node]:
    return {node.name: node for node in view_at(session, row).nodes}


def at(script: Script, seconds: float, event_type: str, component: str, **more: Any) -> None:
    ns = 1_795_000_000_000_000_000 + round(seconds * 1e9)
    script.event(event_type, component, timestamp_ns=ns, timestamp=ns / 1e9, **more)


# --- the cursor's message ------------------------------------------------------------------------


def test_the_graph_shows_the_way_of_the_cursors_message() -> None:
    """From the publisher to the bus, from there to each receiver; a receive shows where it came from."""
    session = session_with(LINES)
    view = view_at(session, 1)
    assert {flow.way for flow in view.flows} == {
        ("user_session", HUB),
        (HUB, "overseer"),
        (HUB, "database_memory"),
    }
    assert view.message == "COMPLETE_TRANSCRIPT"
    assert {flow.way for flow in view_at(session, 2).flows} == {(HUB, "overseer"), ("user_session", HUB)}


def test_the_other_view_shows_it_from_publisher_to_receiver() -> None:
    """The same message, without the bus between."""
    session = session_with(LINES)
    model = GraphModel(session)
    view_at(session, 1, model)
    model.by_bus = False
    view = view_at(session, 1, model)
    assert {flow.way for flow in view.flows} == {
        ("user_session", "overseer"),
        ("user_session", "database_memory"),
    }
    assert ("overseer", "llm_orchestrator") in view.ways


def test_what_is_followed_keeps_the_rest_dim_and_still() -> None:
    """Components without a part in the turn, and the messages of other turns."""
    session = session_with(LINES)
    session.tick()
    session.seek(2)
    session.follow_turn()
    model = GraphModel(session)
    view = view_at(session, 3, model)
    assert {node.name for node in view.nodes if not node.dim} == {
        "user_session",
        "overseer",
        "database_memory",
    }
    turns = session.log.column("turn")
    other = next(row for row in range(len(LINES)) if turns[row] == 2)
    assert model.passed(range(1, 3))
    assert not model.passed(range(other, other + 3))
    assert view_at(session, other, model).dim


def test_choosing_a_component_dims_those_it_does_not_talk_to() -> None:
    """The queue hears the model and wakes the voice."""
    session = session_with(LINES)
    session.component = "text_queue_manager"
    near = {node.name for node in view_at(session, 20).nodes if not node.dim}
    assert near == {"text_queue_manager", "llm_orchestrator", "tts_orchestrator"}


# --- each component ---------------------------------------------------------------------------------


def test_a_failing_component_is_marked_only_from_its_error_on() -> None:
    """Before the error nothing is known of it."""
    session = session_with(LINES)
    for row, failing in ((len(LINES) - 1, True), (len(LINES) - 2, False)):
        node = nodes_at(session, row)["llm_orchestrator"]
        assert node.failing is failing
        assert node.counts is not None
        assert node.counts.failed == failing


def test_a_handler_runs_from_its_receive_to_its_end() -> None:
    """With how long it has been running at the cursor, in recorded time."""
    script = Script()
    sent = script.event("message_published", "a", "JOB")
    got = script.event("message_received", "b", "JOB", cause=sent, task="t1")
    script.event("message_received", "c", "JOB", cause=sent, task="t2")
    script.event("message_handled", "b", "JOB", cause=got, task="t1")
    session = session_with(script.lines)
    busy = [{name: one.busy for name, one in nodes_at(session, row).items() if one.busy} for row in (1, 2, 3)]
    assert busy == [{"b": "JOB"}, {"b": "JOB", "c": "JOB"}, {"c": "JOB"}]
    assert nodes_at(session, 3)["c"].busy_ns == STEP_NS


def test_handlers_without_tasks_end_in_the_order_they_began() -> None:
    """The base format has no tasks: a handling ends the first open receive of its kind."""
    script = Script()
    for event_type in ("message_received", "message_received", "message_handled"):
        script.event(event_type, "b", "JOB")
    session = session_with(script.lines)
    assert nodes_at(session, 2)["b"].busy == "JOB"
    script.event("message_handled", "b", "JOB")
    assert not nodes_at(session_with(script.lines), 3)["b"].busy


def test_where_no_handler_tells_its_end_none_is_called_busy() -> None:
    """A log without ``message_handled`` knows nothing of that."""
    assert not [node for node in nodes_at(session_with(LINES), 10).values() if node.busy]


def test_a_growing_queue_and_a_busy_component_stand_out() -> None:
    """One that holds more and more, and does most of all that is done."""
    script = Script()
    for number in range(40):
        script.event("state_change", "sink", component_state={"state": "RUN", "queue": {"size": number}})
    for name in "abcd":
        script.event("state_change", name, component_state={"state": "RUN", "mailbox": 3})
    nodes = nodes_at(session_with(script.lines), 43)
    assert nodes["sink"].glance.growing
    assert nodes["sink"].glance.depth == 39
    assert nodes["sink"].hot
    assert not any(nodes[name].hot or nodes[name].glance.growing for name in "abcd")


@pytest.mark.parametrize(
    ("state", "depth"),
    [
        ({"queue": {"size": 4}}, 4),
        ({"backlog": [1, 2, 3]}, 3),
        ({"mailbox_depth": 7}, 7),
        ({"queue": "full"}, None),
        ({"queue": True}, None),
        ({"queue": -1}, None),
        ({}, None),
    ],
)
def test_a_queue_is_known_by_the_usual_names(state: dict[str, Any], depth: int | None) -> None:
    """A number, a list, or an object with its size."""
    assert glance(state).depth == depth


def test_a_state_is_that_of_the_cursors_session_else_of_where_it_acted_last() -> None:
    """Two conversations, two states of one component."""
    script = Script()
    script.event("state_change", "overseer", session_id="s1", component_state={"state": "ONE"})
    script.event("state_change", "overseer", session_id="s2", component_state={"state": "TWO"})
    script.event("state_change", "llm_orchestrator", session_id="s1", component_state={"state": "X"})
    script.event("state_change", "llm_orchestrator", session_id="s3", component_state={"state": "X"})
    session = session_with(script.lines)
    assert [nodes_at(session, row)["overseer"].state for row in range(4)] == ["ONE", "TWO", "ONE", "TWO"]


# --- the last seconds ---------------------------------------------------------------------------------


def test_the_trace_counts_the_seconds_before_the_cursor() -> None:
    """Recorded time: the latest part is the last, what is older than the window is gone."""
    script = Script()
    for seconds in (0.0, 6.0, 6.1, 10.9, 10.95, 11.0):
        at(script, seconds, "note", "a")
    log = session_with(script.lines).log
    trace = recent(log, 5, ["a"], {}).trace["a"]
    assert len(trace) == BINS
    assert sum(trace) == 4
    assert trace[-1] == 3


def test_a_clock_that_runs_backwards_loses_nothing() -> None:
    """Events before the cursor's row with later times are taken as now."""
    script = Script()
    for seconds in (50.0, 40.0, 3.0):
        at(script, seconds, "note", "a")
    assert recent(session_with(script.lines).log, 2, ["a"], {}).trace["a"][-1] == 3


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc"), st.booleans()), max_size=40))
def test_traffic_is_what_was_sent_and_received(messages: list[tuple[str, str, bool]]) -> None:
    """On the spokes and on the ways, against a count by hand."""
    script = Script()
    sent: Counter[tuple[str, str]] = Counter()
    ways: Counter[tuple[str, str]] = Counter()
    for sender, receiver, llm in messages:
        script.send(sender, "LLM_RAW_CHUNK" if llm else "JOB", [receiver])
        sent[sender, HUB] += 1
        sent[HUB, receiver] += 1
        if sender != receiver:
            ways[sender, receiver] += 1
    log = session_with(script.lines).log
    found = recent(log, len(log) - 1, ["a", "b", "c"], {})
    assert {(one.source, one.target): one.number for one in found.spokes} == sent
    assert {(one.source, one.target): one.number for one in found.ways} == ways


def test_a_flood_is_looked_at_through_a_shorter_window() -> None:
    """No more rows are looked at than the bound, however many came in five seconds."""
    line = json.loads(LINES[0])
    lines = [
        json.dumps(line | {"timestamp_ns": 10**18 + number * 20_000}).encode() for number in range(ROWS + 9)
    ]
    log = EventLog()
    log.append_many(lines, [decode_line(one) for one in lines])
    found = recent(log, len(log) - 1, ["tap"], {})
    assert found.window_ns in WINDOWS_NS[1:]
    assert found.window_ns <= ROWS * 20_000
    assert sum(found.trace["tap"]) == found.window_ns // 20_000


# --- marks --------------------------------------------------------------------------------------------


def test_marks_move_one_way_and_are_bounded() -> None:
    """A publish goes from box to hub, a receive from hub to box, later; floods do not pile up."""
    family = Family.STT
    ways = {("a", HUB): ((0, 0), (1, 0), (2, 0)), (HUB, "b"): ((8, 0), (9, 0))}
    marks = Marks()
    marks.add([Flow("a", HUB, family), Flow(HUB, "b", family)], 0)
    assert list(marks.at(0, ways)) == [(0, 0)]
    assert list(marks.at(TRAVEL_NS - 1, ways)) == [(2, 0)]
    assert list(marks.at(TRAVEL_NS, ways)) == [(8, 0)]
    assert not marks.at(2 * TRAVEL_NS, ways)
    assert not marks
    for number in range(500):
        marks.add([Flow(f"n{number}", HUB, family)], 10 * TRAVEL_NS)
    assert len(marks.at(10 * TRAVEL_NS, {(f"n{n}", HUB): ((n, 0),) for n in range(500)})) == MAX_MARKS


def test_going_back_undoes_the_last_piece_of_the_way_first() -> None:
    """From the receiver to the bus, then from the bus to the publisher."""
    ways = {("a", HUB): ((0, 0), (1, 0)), (HUB, "b"): ((8, 0), (9, 0))}
    marks = Marks()
    marks.add([Flow(HUB, "b", Family.LLM), Flow("a", HUB, Family.LLM)], 0, back=True)
    assert list(marks.at(0, ways)) == [(9, 0)]
    assert list(marks.at(TRAVEL_NS, ways)) == [(1, 0)]
    assert list(marks.at(2 * TRAVEL_NS - 1, ways)) == [(0, 0)]
