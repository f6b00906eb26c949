"""What the embedded model is spared: numbers in words, the choice of tools, the end of an answer."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.models import ToolSpec
from backend.models.brevity import SentenceBudget
from backend.models.number_words import with_digits
from backend.models.tool_choice import (
    class_of,
    is_certain,
    narrowed,
    only_arguments,
    pointed_at,
    with_said_numbers,
)

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
_WORDS = f"{_ONES} sixteen seventeen eighteen nineteen".split()
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def _spelt(number: int) -> str:
    if number < 20:
        return _WORDS[number]
    if number < 100:
        return _TENS[number // 10 - 2] + (f"-{_WORDS[number % 10]}" if number % 10 else "")
    for size, name in ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = number % size
            joint = " and " if rest and rest < 100 else " "
            return f"{_spelt(number // size)} {name}" + (joint + _spelt(rest) if rest else "")
    raise AssertionError(number)


@given(st.integers(0, 999_999_999))
def test_every_number_that_is_spelt_out_is_written_in_digits(number: int) -> None:
    """With 'and' and hyphens where English has them."""
    assert with_digits(f"What is {_spelt(number)} times?") == f"What is {number} times?"


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("two and two", "2 and 2"),
        ("four eleven", "4 11"),
        ("Three point one four", "3.14"),
        ("a hundred minus thirty six", "100 minus 36"),
        ("someone phoned", "someone phoned"),
        ("", ""),
    ],
)
def test_numbers_are_told_apart_and_other_words_are_left(said: str, written: str) -> None:
    """A run of number words need not be one number."""
    assert with_digits(said) == written


@given(
    st.lists(st.sampled_from(["One. ", "Two! ", 'She said "no." ', "Dr. Who, ", "3.5 ", "x", "\n\n"])),
    st.data(),
)
def test_an_answer_is_cut_at_the_same_place_however_it_is_streamed(
    pieces: list[str], data: st.DataObject
) -> None:
    """Nothing is changed but the end, and no sentence over the budget gets through."""
    text = "".join(pieces)
    whole = SentenceBudget(2)
    expected = whole.take(text)
    budget, said, rest = SentenceBudget(2), "", text
    while rest and not budget.spent:
        cut = data.draw(st.integers(1, len(rest)))
        said, rest = said + budget.take(rest[:cut]), rest[cut:]
    assert said.rstrip() == expected.rstrip()
    assert text.startswith(said.rstrip())


def test_a_budget_lets_its_sentences_through() -> None:
    """Abbreviations and decimals end no sentence; the last one needs no space after it."""
    assert (
        SentenceBudget(2).take("Dr. Who has 3.5 cats. They sleep! Always. ")
        == "Dr. Who has 3.5 cats. They sleep!"
    )
    assert SentenceBudget(2).take("One. Two.") == "One. Two."


_CLOCK = ToolSpec("get_time", "", {"type": "object", "properties": {}}, ("what time", "clock"))
_WHO = {"type": "object", "properties": {"agent": {"type": "string", "enum": ["guide", "support"]}}}
_HAND_OFF = ToolSpec("switch_agent", "", _WHO, ("talk to support", "agent"))
_LAMP = ToolSpec("toggle_lamp", "", {"type": "object"}, ("lamp", "time"))


@pytest.mark.parametrize(
    ("words", "tool"),
    [
        ("What TIME is it?", _CLOCK),
        ("Sometimes I wonder", None),
        ("A pet timer", None),
        ("o clocks", None),
        ("", None),
    ],
)
def test_only_whole_words_point_at_a_tool(words: str, tool: ToolSpec | None) -> None:
    """In any case, past any punctuation."""
    assert pointed_at(words, (_CLOCK, _HAND_OFF)) == tool


def test_the_longest_hint_wins_and_no_tools_are_no_choice() -> None:
    """'what time' says more than 'time'."""
    assert pointed_at("What time is it?", (_LAMP, _CLOCK)) == _CLOCK
    assert pointed_at("What time is it?", ()) is None


def test_a_hint_that_names_a_choice_leaves_nothing_to_ask() -> None:
    """Neither whether, nor which."""
    assert is_certain("Let me talk to support!", _HAND_OFF)
    assert not is_certain("What does an agent do?", _HAND_OFF)
    assert only_arguments(narrowed(_WHO, "Let me talk to support!")) == {"agent": "support"}
    assert only_arguments(narrowed(_WHO, "Another agent, please")) is None
    assert only_arguments({"type": "object"}) == {}


def test_a_tool_of_an_unknown_kind_is_left_to_its_hints() -> None:
    """There are no examples to show the model."""
    assert class_of(_CLOCK) == "time"
    assert class_of(_LAMP) is None


_ARITHMETIC = {"type": "object", "properties": {"expression": {"type": "string"}}}


@pytest.mark.parametrize(
    ("question", "allowed", "refused"),
    [
        ("3 times 9 minus 2", ["3 * 9 - 2"], ["3 * 2 - 9", "3 * 9", "3 * 9 - 2 + 250", "3 * 9 - 20"]),
        ("subtract 5 from 20", ["20 - 5", "5 - 20"], ["20 - 20", "5 - 200"]),
        ("2.5 plus 2.5", ["2.5 + 2.5"], ["2 + 2", "2x5 + 2.5"]),
    ],
)
def test_an_expression_has_the_numbers_that_were_said(
    question: str, allowed: list[str], refused: list[str]
) -> None:
    """Each of them once: a small model makes up others."""
    pattern = with_said_numbers(_ARITHMETIC, question)["properties"]["expression"]["pattern"]
    assert all(re.search(pattern, expression) for expression in allowed)
    assert not any(re.search(pattern, expression) for expression in refused)


@pytest.mark.parametrize("question", ["", "add it up", "the square of 5"])
def test_without_two_numbers_the_tool_s_own_pattern_holds(question: str) -> None:
    """There is nothing to hold the model to; the given schema is not changed either."""
    assert with_said_numbers(_ARITHMETIC, question) == _ARITHMETIC
    assert with_said_numbers({"type": "object"}, "1 and 2") == {"type": "object"}
