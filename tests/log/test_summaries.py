"""One line about a payload."""

from __future__ import annotations

import math

import pytest

from debugger.durations import span
from debugger.log.summary import summarise


def test_a_task_is_told_without_the_source_that_all_tasks_around_it_have() -> None:
    """What ran and how it ended is what one looks for in a narrow column."""
    data = {"child": "assistant-51fd1951/t132", "outcome": "cancelled", "name": "playback s1-w1"}
    assert summarise(data) == "t132 · cancelled · name=playback s1-w1"
    assert summarise({"child": "worker/"}) == "worker/"


@pytest.mark.parametrize("micros", [0, 2, 99.9, 634, 1_348.9, 2_000_000, 7.2e9])
def test_a_duration_is_spelled_as_everywhere(micros: float) -> None:
    """As in the column of times beside it."""
    assert summarise({"outcome": "ok", "duration_us": micros}) == f"ok · {span(round(micros * 1_000))}"


@pytest.mark.parametrize("micros", [math.nan, math.inf, -math.inf, 1e300, 10**30])
def test_a_duration_that_is_none_is_shown_as_it_is(micros: float) -> None:
    """Nothing that was recorded stops a view."""
    assert summarise({"duration_us": micros}) == f"{micros}µs"


def test_what_a_hand_did_to_the_bus_is_told_with_the_deliveries_it_did_it_to() -> None:
    """By the number of the message and its receiver; what is no such name is shown as anything else."""
    held = {"do": "hold", "by": "ada", "deliveries": ["app-1a-211>tts_orchestrator", "app-1a-9>overseer"]}
    assert summarise(held) == "hold · #211 → tts_orchestrator, #9 → overseer · by=ada"
    passed = {"do": "overtake", "delivery": "app-211>a", "out_of_order": True, "passed_by": "app-478>a"}
    assert summarise(passed) == "overtake · #211 → a · passed by #478 → a · out_of_order"
    many = {"deliveries": [f"app-{number}>a" for number in range(9)]}
    assert summarise(many) == "#0 → a, #1 → a, #2 → a and 6 more"
    assert (
        summarise({"delivery": 3, "deliveries": [1, 2], "passed_by": {}})
        == "deliveries=[2] · delivery=3 · passed_by={}"
    )
    assert len(summarise({"delivery": "x" * 10_000})) <= 160
