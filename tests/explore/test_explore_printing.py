"""A search that found nothing says what that is worth, and what became of each prediction."""

from __future__ import annotations

import pytest

from debugger.explore.printing import Entry, as_json, lines, summary, table
from debugger.explore.verdicts import PairResult


def pair(fate: str, message: str = "A and B", *, note: bool = False) -> PairResult:
    return PairResult("order-race", message, (1, 2), fate, 3, 2.0, None, note)  # type: ignore[arg-type]


def text(entry: Entry, width: int = 100) -> str:
    return "\n".join(lines(entry, width))


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        ("clean", "odd (fixed): clean in 1,200 schedules"),
        ("not-reproduced", "odd (fixed): not reproduced in 1,200 schedules"),
        ("infeasible", "odd (fixed): infeasible within 2 s: nothing wrong in 1,200 schedules"),
    ],
)
def test_each_verdict_has_its_words(verdict: str, told: str) -> None:
    """With how many schedules, and the bound where there is one."""
    entry = Entry("odd", "fixed", verdict, schedules=1_200, pairs=(pair("infeasible"),), confidence="a lot")
    assert text(entry).splitlines()[:2] == [told, "  worth  a lot"]
    assert entry.expected


def test_predictions_that_stay_open_are_named_and_the_others_counted() -> None:
    """Not those that are meant; a few, and how many more."""
    pairs = (pair("harmless"), pair("not-reproduced", "C and D"), pair("infeasible", "E", note=True))
    said = text(Entry("odd", "fixed", "not-reproduced", pairs=pairs))
    assert "3 predicted pairs: 1 harmless, 1 not-reproduced, 1 infeasible" in said
    assert "not-reproduced: order-race: C and D" in said
    assert "order-race: E" not in said
    many = text(Entry("odd", "fixed", "not-reproduced", pairs=(pair("not-reproduced"),) * 20))
    assert many.endswith("and 12 more")


def test_nothing_of_a_name_acts_on_a_terminal() -> None:
    """And long ones are wrapped."""
    entry = Entry(
        "odd\x1b[2J", "fixed", "clean", pairs=(pair("infeasible", "x\x1b" * 99),), confidence="y " * 99
    )
    said = text(entry, 60)
    assert "\x1b" not in said
    assert all(len(line) <= 60 for line in said.splitlines() if "y y" in line)


def test_a_table_says_what_is_not_as_it_should_be() -> None:
    """In words, not by colour; and its last line counts."""
    entries = [
        Entry("a", "buggy", "confirmed", "lost-update", 2, "guided", departures=3),
        Entry("a", "fixed", "confirmed", "leak", 9, "random", departures=1),
        Entry("b", "buggy", "clean", schedules=1_000),
        Entry("c", "fixed", "", error="leaves the simulation"),
    ]
    assert [row[-1] for row in table(entries)] == ["", "FAILS", "NOT FOUND", "error"]
    assert summary(entries) == "1 of 2 buggy ones confirmed, 0 of 2 fixed ones hold, in 1,011 schedules"
    told = as_json(entries)["results"]
    assert [one["expected"] for one in told] == [True, False, False, False]
    assert told[3]["error"] == "leaves the simulation"
