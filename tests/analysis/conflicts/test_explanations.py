"""An explanation: two events, how each came about, the edge that is missing, and what was believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.analysis.explain import Explanation, explain
from debugger.analysis.findings import Finding
from debugger.analysis.order import Order
from tests.analysis.conflicts.conflict_logs import Story, touched
from tests.analysis.order_programs import log_of
from tests.support.examples import tried


def explained(story: Story, finding: Finding | None = None) -> Explanation:
    """The explanation of a finding; else of the first one that there is."""
    log = log_of(story.events)
    order = Order(log)
    order.take(len(log))
    found = explain(log, order, finding or story.conflicts().findings()[0])
    assert found is not None
    return found


def mailbox() -> Story:
    """Two messages of two tasks reach one mailbox, whose handlers both write."""
    story = Story()
    story.tell("subscribed", None, message_type="SLOW", data={"message_type": "SLOW", "mode": "ordered"})
    story.begins({"mode": "idle"})
    begins = story.tell("task_spawned", "m", "main", data={"child": "p0", "name": "slow", "kind": "task"})
    other = story.tell("task_spawned", "m", "main", data={"child": "p1", "name": "fast", "kind": "task"})
    publishes = [
        story.tell("message_published", f"p{number}", "main", message_type=kind, cause=cause)
        for number, (kind, cause) in enumerate((("SLOW", begins), ("FAST", other)))
    ]
    for kind, publish in zip(("SLOW", "FAST"), publishes, strict=True):
        task = f"h{kind}"
        received = story.tell("message_received", task, message_type=kind, cause=publish)
        story.wrote(task, {"mode": kind.lower()}, cause=received)
        story.tell("message_handled", task, message_type=kind, cause=received, data={"outcome": "ok"})
    return story


def test_two_handlers_of_one_mailbox() -> None:
    """Both histories from the event where they parted; the publishes are what nothing orders."""
    told = explained(mailbox())
    assert (told.first, told.second) == (7, 10)
    assert (told.first_name, told.second_name) == ("SLOW of shared", "FAST of shared")
    assert told.common == 3  # the spawns are one step, of which the later one is in both
    assert {1, 2} & set(told.rows) <= {2}
    assert told.missing_rows == (4, 5)
    assert "publish" in told.missing
    assert [(one.key, one.believed, one.other, one.happened) for one in told.beliefs] == [
        ("mode", "slow", "idle", False)
    ]
    assert any("mailbox-caused" in remedy for remedy in told.remedies)
    assert not told.ordered


def test_a_lost_update_tells_what_was_believed() -> None:
    """The value that was read, against the one that was there when it was written."""
    story = Story()
    for task in ("a", "b"):
        story.read(task, "x", state={"x": 1})
    story.wrote("a", {"x": 2})
    story.wrote("b", {"x": 5})
    told = explained(story)
    (belief,) = told.beliefs
    assert (belief.component, belief.key, belief.believed, belief.row, belief.other, belief.happened) == (
        "shared",
        "x",
        1,
        1,
        2,
        True,
    )
    assert set(told.rows) == {0, 1, 2, 3}
    assert any("lock" in remedy for remedy in told.remedies)
    assert told.missing == "the write of A (event 3) → the read of B (event 2)"


def test_activations_that_overlapped_miss_an_edge_within() -> None:
    """Where the second had begun before the first ended, it is the step of the second that should wait."""
    story = Story()
    story.begins({"mode": ""})
    for task in ("b", "a"):
        publish = story.tell("message_published", f"p{task}", "main", message_type=task.upper())
        story.tell("message_received", task, f"c{task}", message_type=task.upper(), cause=publish)
    story.wrote("a", {"mode": "a"})
    story.tell("message_handled", "a", "ca", message_type="A")
    story.read("b", "mode")
    told = explained(story)
    assert told.missing == "the end of A (event 7) → B (event 8)"
    assert told.missing_rows == (6, 7)


def test_events_that_are_ordered_are_said_to_be() -> None:
    """A violation between ordered events misses no edge: the rules that order them are told."""
    story = Story()
    publish = story.tell("message_published", "a", "main", message_type="M")
    story.tell("message_received", "h", message_type="M", cause=publish)
    told = explained(story, Finding("text-before-ready", "violation", "error", "wrong", rows=(0, 1)))
    assert told.missing == ""
    assert told.missing_rows == ()
    assert told.ordered == ("a message is received after it was published",)


def test_the_end_of_one_and_the_start_of_the_other() -> None:
    """Of two tasks the missing edge leads from where the first ended to where the second began."""
    story = Story()
    story.begins({"mode": ""})
    for task in ("a", "b"):
        cause = story.tell(
            "task_spawned", "m", "main", data={"child": task, "name": f"set {task}", "kind": "task"}
        )
        story.step("m")
        story.wrote(task, {"mode": task}, cause=cause)
        story.tell("task_finished", task, data={"child": task}, cause=cause)
    told = explained(story)
    assert (told.first, told.second) == (3, 7)
    assert told.missing_rows == (4, 7)
    assert told.missing == "the end of A (event 5) → the start of B (event 8)"
    assert told.first_name == "set a of shared"


PAGE = """\
order-race [predicted]: SLOW and FAST write shared.mode in an order that nothing
guarantees
A        SLOW of shared (event 8)
B        FAST of shared (event 11)
 3   A       0ns  main spawns slow
 4  *      1.0ms  main spawns fast
 5   A     2.0ms  main publishes SLOW  (spawn)
 6    B    3.0ms  main publishes FAST  (spawn)
 7   A     4.0ms  shared starts on SLOW  (publish-receive)
 8   A ◀   5.0ms  shared changes its state: mode: "idle" → "slow"
10    B    7.0ms  shared starts on FAST  (publish-receive)
11    B◀   8.0ms  shared changes its state: mode: "slow" → "fast"
missing  the publish of A's message (event 5) → that of B's (event 6)
found    shared.mode = "slow" (event 8); the other way round B finds "idle"
to order publish B's message because of what A's handler does (mailbox-caused)
         publish both from one task, A's first (mailbox-order)
fix      let the later message be published because of the first one's handler; or make
         the handlers take either order"""


def test_as_text() -> None:
    """What an engineer reads in the output of CI."""
    assert explained(mailbox()).text(90) == PAGE


@pytest.mark.parametrize("width", [0, 40, 63, 100, 200])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_lines_fit_and_do_no_harm(width: int, ascii_only: bool) -> None:
    """Escape sequences, bidi controls and markup of foreign words stay words; lines keep the width."""
    hostile = "\x1b[31m[red]\u202e\r\n%0A::error::日本"
    story = Story()
    story.begins({hostile: "", "mode": ""})
    for task in "ab":
        publish = story.tell("message_published", f"p{task}", hostile, message_type=f"{hostile}{task}")
        story.tell("message_received", task, message_type=f"{hostile}{task}", cause=publish)
        story.wrote(task, {hostile: f"{task}{hostile}", "mode": task})
    for line in explained(story).text(width, ascii_only=ascii_only).splitlines():
        assert line.isprintable()
        assert line.isascii() or not ascii_only
        assert len(line) <= max(width, 40)


def test_long_histories_are_cut_in_the_middle() -> None:
    """Of a hundred steps the first and the last are told, and how many are not."""
    story = Story()
    story.begins({"mode": ""})
    cause = story.tell("message_published", "p", "main", message_type="M0")
    for number in range(1, 60):
        task = f"h{number}"
        received = story.tell(
            "message_received", task, f"c{number}", message_type=f"M{number - 1}", cause=cause
        )
        cause = story.tell("message_published", task, f"c{number}", message_type=f"M{number}", cause=received)
    story.tell("message_received", "a", message_type="M59", cause=cause)
    story.wrote("a", {"mode": "a"})
    story.wrote("b", {"mode": "b"})
    told = explained(story)
    assert len(told.moments) < 20
    assert sum(moment.skipped for moment in told.moments) > 50
    assert "more" in told.text()


def test_what_is_no_pair_has_no_explanation() -> None:
    """One event, none, or rows that are not known."""
    story = mailbox()
    log = log_of(story.events)
    order = Order(log)
    order.take(len(log) - 1)
    for rows in ((), (3,), (3, 3), (3, len(log) - 1), (3, 10**6)):
        assert explain(log, order, Finding("x", "violation", "error", "", rows=rows)) is None


def test_what_never_happened_has_no_order_to_explain() -> None:
    """What such a finding points at may come in any order; others of the same two events are explained."""
    story = mailbox()
    log = log_of(story.events)
    order = Order(log)
    order.take(len(log))
    rows = next(
        (one, other)
        for other in range(len(log))
        for one in range(other)
        if None is not order.task(one) != order.task(other)
    )
    assert explain(log, order, Finding("x", "violation", "error", "", rows=rows, overdue=True)) is None
    assert explain(log, order, Finding("order-race", "predicted", "warning", "", rows=rows)) is not None


@tried(20)
@given(seed=st.integers(0, 10**9), size=st.integers(10, 70), sources=st.integers(1, 2))
def test_any_two_events_of_two_activations_can_be_explained(seed: int, size: int, sources: int) -> None:
    """The slice has both events and is in order; an edge is missing exactly where nothing orders them."""
    events = touched(seed, size, 20, sources=sources)
    log = log_of(events)
    order = Order(log)
    order.take(len(log))
    for first in range(0, len(events), 5):
        for second in range(first + 1, len(events), 7):
            finding = Finding("x", "violation", "error", "what", fix="fix", rows=(second, first))
            told = explain(log, order, finding)
            if order.task(first) is not None and order.task(first) == order.task(second):
                assert told is None
                continue
            assert told is not None
            assert {first, second} <= set(told.rows)
            assert bool(told.missing) != order.ordered(first, second) == bool(told.ordered)
            assert [moment.row for moment in told.moments] == list(told.rows)
            if told.common is not None:
                assert told.common in told.rows
            assert all(len(line) <= 80 for line in told.lines(80))
