"""Which races are told, as what, and which are not."""

from __future__ import annotations

from typing import Any

import pytest

from debugger.analysis.conflicts import Ease, Limits, MessagePair
from debugger.analysis.findings import Finding
from tests.analysis.conflicts.conflict_logs import Story


def test_two_writes_that_nothing_orders_are_predicted() -> None:
    """The finding names both events, the key, and what would order them."""
    story = Story()
    story.begins({"mode": "slow"})
    story.wrote("a", {"mode": "fast"})
    story.wrote("b", {"mode": "off"})
    (finding,) = story.conflicts().findings()
    assert (finding.rule, finding.verdict, finding.severity) == ("order-race", "predicted", "warning")
    assert (finding.rows, finding.row, finding.session_id) == ((1, 2), 2, "s1")
    assert "shared.mode" in finding.message
    assert finding.fix


def test_an_equal_value_is_no_write() -> None:
    """Who writes what was there, or only declares it, is in no race."""
    story = Story()
    story.wrote("a", {"mode": "slow"}, "mode")
    story.wrote("b", {"mode": "slow"}, "mode")
    assert story.conflicts().findings() == ()


@pytest.mark.parametrize(
    ("values", "ease"),
    [
        ([0, 1, 2], Ease.COMMUTES),
        ([[], ["a"], ["a", "b"]], Ease.COMMUTES),
        ([[], ["a"], ["b"]], Ease.NONE),
        ([None, "r1", None], Ease.UNDONE),
        ([1, 7, 8], Ease.NONE),
        (["x", "xy", "xyz"], Ease.NONE),
        ([False, True, 1], Ease.NONE),
        ([{"a": 1}, {"b": 1}, {"a": 2}], Ease.NONE),
    ],
)
def test_values_tell_whether_the_order_matters(values: list[Any], ease: Ease) -> None:
    """Counting, adding to a list and taking back are notes; all else is a warning."""
    story = Story()
    story.begins({"k": values[0]})
    for number, value in enumerate(values[1:]):
        story.wrote(f"t{number}", {"k": value})
    conflicts = story.conflicts()
    assert [race.ease for race in conflicts.races] == [ease]
    severity = "warning" if ease is Ease.NONE else "info"
    assert [finding.severity for finding in conflicts.findings()] == [severity]


def test_what_a_handler_saw_when_it_started_is_no_read() -> None:
    """The snapshot of a receive makes no race by itself."""
    story = Story()
    story.wrote("a", {"mode": "slow"})
    story.wrote("a", {"mode": "fast"})
    publish = story.tell("message_published", "b", "main", message_type="M")
    story.tell("message_received", "h", message_type="M", cause=publish, state={"mode": "fast"})
    assert story.conflicts().findings() == ()


def test_what_a_receive_shows_was_written_by_who_was_under_way() -> None:
    """A handler that waits has changed the state without a word: the next one's receive shows it."""
    story = Story()
    story.tell("subscribed", None, message_type="M", data={"message_type": "M", "mode": "concurrent"})
    for task in ("h1", "h2"):
        publish = story.tell("message_published", f"p{task}", "main", message_type="M")
        state = {"mode": "slow" if task == "h1" else "fast"}
        story.tell("message_received", task, message_type="M", cause=publish, state=state)
    story.wrote("h2", {"mode": "off"})
    (race,) = story.conflicts().races
    assert (race.first.row, race.second.row, race.keys) == (2, 5, ("mode",))


def test_a_check_before_the_write_is_a_note() -> None:
    """Who looked at the state in the same step, and at what nobody races for, most likely means it."""
    story = Story()
    story.begins({"open": True, "mode": "slow"})
    story.wrote("b", {"open": True, "mode": "fast"})
    story.read("c", "open")
    story.wrote("c", {"open": True, "mode": "off"})
    assert [race.ease for race in story.conflicts().races] == [Ease.GUARDED]


def handled(story: Story, message: str, turn: int, state: dict[str, Any], **more: Any) -> str:
    """A message that nothing orders comes to the shared mailbox, whose handler writes; its receive."""
    number = len(story.events)
    publish = story.tell("message_published", f"p{number}", "main", message_type=message, turn=turn)
    received = story.tell("message_received", f"h{number}", message_type=message, cause=publish, turn=turn)
    for kind, fields in more.items():
        story.tell(kind, f"h{number}", cause=received, turn=turn, **fields)
    story.tell("message_handled", f"h{number}", message_type=message, cause=received, turn=turn, state=state)
    return received


def played(turn: int) -> Story:
    """A player takes what chunks put into a buffer, until speech of a turn stops it, and clears the rest."""
    story = Story()
    story.tell("subscribed", None, message_type="CHUNK", data={"message_type": "CHUNK", "mode": "ordered"})
    story.begins({"buffered": 3})
    spawned = story.tell("task_spawned", "main", data={"child": "player", "kind": "task"})
    story.tell("system", "player", cause=spawned)
    handled(story, "CHUNK", 1, {"buffered": 4})
    handled(story, "SPEECH", turn, {"buffered": 4}, task_cancel_requested={"data": {"child": "player"}})
    story.wrote("player", {"buffered": 0}, turn=1)
    return story


@pytest.mark.parametrize(("turn", "ease"), [(2, Ease.TURNS), (1, Ease.NONE)])
def test_what_a_new_turn_stops_can_come_first_only_if_the_turn_does(turn: int, ease: Ease) -> None:
    """A late chunk finds the new turn, for both are handled one by one; within one turn it finds nothing."""
    (race,) = played(turn).conflicts().races
    assert (race.keys, race.ease) == (("buffered",), ease)


def test_the_reason_of_a_race_is_not_lost_where_another_one_is_counted_with_it() -> None:
    """One pair takes back, the next ones belong to two turns: none of them is worth more than a note."""
    story = Story()
    story.tell("subscribed", None, message_type="ASK", data={"message_type": "ASK", "mode": "ordered"})
    story.begins({"waits": None})
    for turn in (1, 2):
        handled(story, "ASK", turn, {"waits": f"r{turn}"})
        handled(story, "TEXT", turn, {"waits": None})
    assert {race.ease for race in story.conflicts().races} <= {Ease.UNDONE, Ease.TURNS}
    assert {finding.severity for finding in story.conflicts().findings()} == {"info"}


def test_one_pair_of_segments_is_one_race() -> None:
    """All the keys that they both wrote are told in one finding."""
    story = Story()
    story.begins({"x": "0", "y": {"z": "0"}})
    story.wrote("a", {"x": "1", "y": {"z": "1"}})
    story.wrote("b", {"x": "2", "y": {"z": "2"}})
    (race,) = story.conflicts().races
    assert race.keys == ("x", "y.z")


def test_what_follows_from_a_race_is_counted_with_it() -> None:
    """A clash around another one would be ordered if that was: only the inner one is told."""
    story = Story()
    story.begins({"outer": "0", "inner": "0"})
    story.wrote("a", {"outer": "1", "inner": "0"})
    story.step("other")
    story.wrote("a", {"outer": "1", "inner": "1"})
    story.wrote("b", {"outer": "1", "inner": "2"})
    story.step("other")
    story.wrote("b", {"outer": "2", "inner": "2"})
    conflicts = story.conflicts()
    (race,) = conflicts.races
    assert (race.keys[0], race.first.row, race.second.row) == ("inner", 3, 4)
    assert race.like + race.covered == conflicts.counts.folded == 1


def test_the_same_again_is_counted() -> None:
    """A hundred races of the same two kinds of activation are one finding that says so."""
    story = Story()
    story.begins({"k": ""})
    for number in range(50):
        for kind in ("A", "B"):
            publish = story.tell("message_published", f"p{kind}{number}", "main", message_type=kind)
            task = f"h{kind}{number}"
            story.tell("message_received", task, message_type=kind, cause=publish)
            story.wrote(task, {"k": f"{kind}{number}"})
            story.tell("message_handled", task, message_type=kind, data={"outcome": "ok"})
    found = story.conflicts().findings()
    assert len(found) <= 3
    assert max(finding.times for finding in found) == 99


def test_states_of_two_sessions_or_processes_are_two() -> None:
    """The same key of the same component, but of another session, or in another process."""
    story = Story()
    for number, (session, source) in enumerate((("s1", "p"), ("s2", "p"), ("s1", "q"))):
        for value in ("slow", "fast"):
            story.wrote(
                f"t{number}",
                {"mode": value},
                session_id=session,
                source=source,
                seq=number * 2 + (value == "fast") + 1,
            )
    assert story.conflicts().races == ()


def test_messages_that_must_not_change_places() -> None:
    """A rule says which; nothing else does, for handlers that touch no state."""

    def told(*pairs: MessagePair) -> list[str]:
        story = Story()
        story.tell("subscribed", None, message_type="OPEN", data={"mode": "ordered"})
        for kind in ("OPEN", "TEXT", "TEXT"):
            publish = story.tell("message_published", f"p{len(story.events)}", "main", message_type=kind)
            task = f"h{len(story.events)}"
            story.tell("message_received", task, message_type=kind, cause=publish)
            story.tell("message_handled", task, message_type=kind, data={"outcome": "ok"})
        return [finding.message for finding in story.conflicts(pairs=pairs).findings()]

    assert told() == []
    assert told(MessagePair("OPEN", "TEXT", "elsewhere")) == []
    assert told(MessagePair("OPEN", "TEXT")) == [
        "OPEN and TEXT reach shared in an order that nothing guarantees"
    ]
    assert len(told(MessagePair("TEXT", "TEXT"))) == 1


def test_a_rule_that_knows_more_tells_it() -> None:
    """A race of the same two activations as a named rule's finding is not told again."""
    story = Story()
    story.begins({"mode": ""})
    for task in "ab":
        story.wrote(task, {"mode": task})
    named = Finding("illegal-transition", "violation", "error", "", rows=(1, 2))
    conflicts = story.conflicts()
    assert conflicts.findings() != ()
    assert conflicts.findings([named]) == ()


def test_what_overlaps_a_hole_is_inconclusive() -> None:
    """Where events are lost between the two, the one that orders them may be among them."""
    story = Story()
    story.begins({"mode": ""})
    story.wrote("a", {"mode": "a"})
    story.wrote("b", {"mode": "b"}, seq=7)
    (finding,) = story.conflicts().findings()
    assert (finding.verdict, finding.rule) == ("integrity", "order-race")
    assert finding.message.startswith("inconclusive")


def test_more_than_is_kept_is_a_number() -> None:
    """Beyond the limit races are counted, and the last finding says how many."""
    story = Story()
    for number in range(30):
        story.begins({"mode": ""}, component=f"c{number}")
        for task in "ab":
            story.wrote(f"{task}{number}", {"mode": task}, component=f"c{number}")
    found = story.conflicts(limits=Limits(kept=10)).findings()
    assert len(found) == 11
    assert found[-1].message == "20 more conflicts are not told"


def test_what_is_too_far_away_is_not_told() -> None:
    """Beyond the limit nobody searches for what orders two events: they are taken to be ordered."""
    story = Story()
    story.begins({"mode": ""})
    story.wrote("a", {"mode": "a"})
    for _ in range(20):
        story.step("other")
    story.wrote("b", {"mode": "b"})
    assert story.conflicts(limits=Limits(reach=20)).races == ()
    assert len(story.conflicts(limits=Limits(reach=21)).races) == 1
