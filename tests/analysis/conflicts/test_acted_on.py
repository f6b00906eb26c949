"""Check, then act: an activation looks at one key and writes another, and the first is changed between."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.analysis.findings import Finding
from tests.analysis.conflicts.conflict_logs import Story
from tests.support.examples import tried

Deed = tuple[str, str, str]
"""A task, what it does, and the key."""

KEYS = "xyz"


def acted(story: Story) -> list[Finding]:
    """What is told of activations that act on what others have changed."""
    return [one for one in story.conflicts().findings() if "had looked at" in one.message]


def story_of(deeds: list[Deed]) -> Story:
    """A log of them, of one process; whoever goes on after another one has waited meanwhile."""
    story = Story()
    for task, what, key in deeds:
        if what == "read":
            story.read(task, key)
        elif what == "write":
            story.wrote(task, None, key)
        else:
            story.tell("lock_acquired" if what == "lock" else "lock_released", task, data={"lock": key})
    return story


def spoilt(deeds: list[Deed]) -> set[tuple[str, str]]:
    """By the definition, at every place: the key that was looked at, and the one that was written then."""
    step = [0]  # of one task, in which nobody else runs
    for (task, _, _), (before, _, _) in pairwise(deeds):
        step.append(step[-1] + (task != before))
    found = set()
    for at, (task, what, key) in enumerate(deeds):
        if what != "write":
            continue
        mine = [place for place in range(at) if deeds[place][0] == task]
        for looked in KEYS.replace(key, ""):
            touched = [place for place in mine if deeds[place][2] == looked]
            if not touched or deeds[touched[-1]][1] == "write" or step[touched[-1]] == step[at]:
                continue
            seen = touched[-1]
            acts = [place for place in mine if place > seen and deeds[place][1] == "write"]
            if any(step[seen] < step[place] < step[at] for place in acts):
                continue  # what relied on it was done before
            between = deeds[seen:at]
            if any(who != task and (did, of) == ("write", looked) for who, did, of in between):
                found.add((looked, key))
    return found


@tried(120)
@given(
    deeds=st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(("read", "write")), st.sampled_from(KEYS)),
        max_size=10,
    )
)
def test_what_is_acted_on_is_what_the_definition_says(deeds: list[Deed]) -> None:
    """Every such pair of keys is told, and no other."""
    found = acted(story_of(deeds))
    told = {(one.message.split("shared.")[2][0], one.message.split("shared.")[1][0]) for one in found}
    assert told == spoilt(deeds)


CHECK: list[Deed] = [("a", "read", "x"), ("b", "write", "x"), ("a", "write", "y")]


def test_the_finding_names_both_keys_and_says_what_to_do() -> None:
    """Who changed what, who acted, and the rows: the change, the act, and the look."""
    (finding,) = acted(story_of(CHECK))
    assert (finding.rule, finding.verdict, finding.severity) == ("order-race", "predicted", "warning")
    assert (finding.rows, finding.row) == ((1, 2, 0), 2)
    assert "shared.y" in finding.message
    assert "shared.x" in finding.message
    assert "lock" in finding.fix


@pytest.mark.parametrize(
    "deeds",
    [
        pytest.param([("a", "read", "x"), ("a", "write", "y"), ("b", "write", "x")], id="in one step"),
        pytest.param([*CHECK[:2], ("a", "read", "x"), ("a", "write", "y")], id="looked again"),
        pytest.param(
            [("b", "write", "x"), ("a", "read", "x"), ("c", "read", "z"), ("a", "write", "y")], id="before"
        ),
    ],
)
def test_who_checks_right_before_acting_is_not_told(deeds: list[Deed]) -> None:
    """In one step nobody comes between; who looks again knows what is so."""
    assert acted(story_of(deeds)) == []


@pytest.mark.parametrize(("lock", "gives_back", "told"), [("l", False, 0), ("m", False, 1), ("l", True, 1)])
def test_what_a_lock_makes_serial_is_not_told(lock: str, gives_back: bool, told: int) -> None:
    """One lock, held from the look to the act; another one, or one that was given back between, is none."""
    deeds = [("a", "lock", "l"), CHECK[0], ("b", "lock", lock), CHECK[1], ("b", "unlock", lock), CHECK[2]]
    if gives_back:
        deeds[2:2] = [("a", "unlock", "l")]
        deeds[-1:-1] = [("a", "lock", "l")]
    assert len(acted(story_of(deeds))) == told


def test_who_is_waited_for_may_change_it() -> None:
    """What a task that is joined has changed is known to who joins it."""
    story = Story()
    story.read("a", "x")
    spawned = story.tell("task_spawned", "a", data={"child": "b", "kind": "task"})
    story.wrote("b", None, "x", cause=spawned)
    story.tell("task_finished", "b", data={"child": "b"})
    story.tell("task_joined", "a", data={"child": "b"})
    story.wrote("a", None, "y")
    assert acted(story) == []


def test_of_two_turns_it_is_a_note() -> None:
    """What belongs to an older turn can be told by that, and is most likely."""
    story = Story()
    story.read("a", "x", turn=1)
    story.wrote("b", None, "x", turn=2)
    story.wrote("a", None, "y", turn=1)
    assert [one.severity for one in acted(story)] == ["info"]


def test_the_same_again_is_counted() -> None:
    """Fifty activations that act on the same stale key are one finding."""
    deeds = [(f"{task}{number}", what, key) for number in range(50) for task, what, key in CHECK]
    (finding,) = acted(story_of(deeds))
    assert finding.times == 50
