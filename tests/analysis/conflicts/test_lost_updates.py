"""Updates across awaits: lost where the log shows it, possible where nothing prevents it, else not told."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.conflicts.conflict_logs import Story
from tests.support.examples import tried

Deed = tuple[int, str]


def verdicts(story: Story) -> list[tuple[str, str]]:
    """Rules and verdicts of what is found of updates."""
    return [
        (finding.rule, finding.verdict)
        for finding in story.conflicts().findings()
        if finding.rule == "lost-update"
    ]


def serialisable(deeds: list[Deed]) -> bool:
    """Whether some order of whole activations gives the same reads and the same value at the end.

    Each activation reads the value and writes it with its own name added.
    """

    def run(steps: list[Deed]) -> tuple[object, dict[int, object]]:
        value: tuple[int, ...] = ()
        seen: dict[int, tuple[int, ...]] = {}
        for who, what in steps:
            if what == "read":
                seen[who] = value
            else:
                value = (*seen[who], who)
        return value, dict(seen)

    wanted = run(deeds)
    who = {one for one, _ in deeds}
    return any(
        run([(one, what) for one in order for what in ("read", "write")]) == wanted
        for order in permutations(who)
    )


@tried(60)
@given(order=st.permutations([(who, deed) for who in range(3) for deed in ("read", "write")]))
def test_an_update_is_lost_where_no_serial_order_gives_the_same(order: list[Deed]) -> None:
    """A violation is told if and only if the activations of the log are not serialisable."""
    done: set[int] = set()
    deeds = []
    for who, _ in order:  # each reads first
        deeds.append((who, "write" if who in done else "read"))
        done.add(who)
    story = Story()
    for who, deed in deeds:
        if deed == "read":
            story.read(f"t{who}", "x")
        else:
            story.wrote(f"t{who}", None, "x")
    assert (("lost-update", "violation") in verdicts(story)) == (not serialisable(deeds))


def test_both_are_named_with_what_they_read() -> None:
    """The finding has the two writes first, then the reads that they relied on, and says what to do."""
    story = Story()
    for task in ("a", "b"):
        story.read(task, "x", state={"x": 1})
    story.wrote("a", {"x": 2})
    story.wrote("b", {"x": 3})
    (finding,) = story.conflicts().findings()
    assert (finding.rule, finding.verdict, finding.severity) == ("lost-update", "violation", "error")
    assert (finding.rows, finding.row, finding.session_id) == ((2, 3, 1, 0), 3, "s1")
    assert "shared.x" in finding.message
    assert "lock" in finding.fix


def test_a_write_of_an_equal_value_is_lost_too() -> None:
    """Two that count from 1 to 2: the second `state_change` shows nothing new, which is the loss."""
    story = Story()
    story.begins({"x": 1})
    for task in ("a", "b"):
        story.read(task, "x")
    story.wrote("a", {"x": 2})
    story.wrote("b", {"x": 2})
    assert verdicts(story) == [("lost-update", "violation")]


def test_who_reads_again_loses_nothing() -> None:
    """An activation that looks again after the await works on the value of now."""
    story = Story()
    for task in ("a", "b"):
        story.read(task, "x", state={"x": 1})
    story.wrote("a", {"x": 2})
    story.read("b", "x")
    story.wrote("b", {"x": 3})
    assert ("lost-update", "violation") not in verdicts(story)


def test_who_acts_on_what_another_overwrote_is_a_prediction() -> None:
    """The other one did not read: nothing of its own is lost, but the first acted on what was not so."""
    story = Story()
    story.read("a", "x")
    story.wrote("b", None, "x")
    story.wrote("a", None, "x")
    assert verdicts(story) == [("lost-update", "predicted")]


def test_who_was_waited_for_may_write_between() -> None:
    """What a task that is joined wrote is known to who joins it."""
    story = Story()
    story.read("a", "x")
    spawned = story.tell("task_spawned", "a", data={"child": "b", "kind": "task"})
    story.read("b", "x", cause=spawned)
    story.wrote("b", None, "x")
    story.tell("task_finished", "b", data={"child": "b"})
    story.tell("task_joined", "a", data={"child": "b"})
    story.wrote("a", None, "x")
    assert verdicts(story) == []


def one_after_the_other(story: Story, lock: bool, awaits: bool = True) -> Story:
    """Two activations that nothing orders, each of which reads, perhaps waits, and writes."""
    for task in ("a", "b"):
        if lock:
            story.tell("lock_acquired", task, data={"lock": "l"})
        story.read(task, "x")
        if awaits:
            story.step("other")
        story.wrote(task, None, "x")
        if lock:
            story.tell("lock_released", task, data={"lock": "l"})
        story.step("other")
    return story


def test_two_that_came_one_after_the_other_could_have_met() -> None:
    """Nothing orders them and nothing keeps them apart: predicted, and told once."""
    assert verdicts(one_after_the_other(Story(), lock=False)) == [("lost-update", "predicted")]


def test_one_step_cannot_be_interrupted() -> None:
    """Where the read and the write are one segment, nobody comes between."""
    assert verdicts(one_after_the_other(Story(), lock=False, awaits=False)) == []


def test_a_lock_over_both_keeps_them_apart() -> None:
    """Neither lost, nor in a race: under one lock each order is a serial one."""
    story = one_after_the_other(Story(), lock=True)
    conflicts = story.conflicts()
    assert conflicts.findings() == ()
    assert conflicts.counts.serialised


def test_a_lock_that_was_given_back_between_does_not() -> None:
    """A lock for the read and the same again for the write: another one fits between."""
    story = Story()
    for task in ("a", "b"):
        for deed in (story.read, lambda task, key: story.wrote(task, None, key)):
            story.tell("lock_acquired", task, data={"lock": "l"})
            deed(task, "x")
            story.tell("lock_released", task, data={"lock": "l"})
            story.step("other")
    assert verdicts(story) == [("lost-update", "predicted")]


def handlers(story: Story, mode: str) -> Story:
    """Two handlers of one mailbox, of messages that nothing orders; each waits between read and write."""
    story.tell("subscribed", None, message_type="M", data={"message_type": "M", "mode": mode})
    for number in range(2):
        publish = story.tell("message_published", f"p{number}", "main", message_type="M")
        task = f"h{number}"
        received = story.tell("message_received", task, message_type="M", cause=publish)
        story.read(task, "x", cause=received)
        story.step("other")
        story.wrote(task, None, "x", cause=received)
        story.tell("message_handled", task, message_type="M", cause=received, data={"outcome": "ok"})
    return story


def test_an_ordered_mailbox_keeps_its_handlers_apart() -> None:
    """They cannot meet, so nothing is lost; where it hands out several at once, they can."""
    assert verdicts(handlers(Story(), "ordered")) == []
    assert verdicts(handlers(Story(), "concurrent")) == [("lost-update", "predicted")]
