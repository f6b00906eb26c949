"""Where a pattern is found: as `re` says of patterns that it has no choice in, and never for long."""

from __future__ import annotations

import itertools
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.wire.query.regex import compile_spans

TEXTS = st.text(alphabet="ab1 -\n_Ä", max_size=40)
# Of each of these the longest at the first place is what `re` takes, too.
PATTERNS = [
    "a",
    "a+",
    "ab",
    "[ab]+",
    "a{2,3}",
    r"\ba+\b",
    "a+b+",
    "(a|b)+1",
    r"\w+",
    "^a+",
    "a+$",
    r"(?i)ä+",
    "-[^-]*-",
]


@pytest.mark.parametrize("pattern", PATTERNS)
@given(text=TEXTS)
def test_places_are_those_of_the_standard_library(pattern: str, text: str) -> None:
    """In order, without overlaps."""
    assert compile_spans(pattern)(text) == [found.span() for found in re.finditer(pattern, text)]


@given(
    st.from_regex(r"(?:[ab1]|\[ab\]|\.|\w|\(a\|b1?\)|[ab][*+?]|(?:ab|b)\{1,3\}){1,6}", fullmatch=True), TEXTS
)
def test_every_place_is_one_and_none_is_left(pattern: str, text: str) -> None:
    """What is found matches as a whole, does not overlap, and between there is nothing to be found."""
    places = compile_spans(pattern)(text)
    at = 0
    for start, end in places:
        assert at <= start < end
        assert re.compile(pattern).fullmatch(text, start, end)
        assert all(found.start() == found.end() for found in re.finditer(pattern, text[at:start]))
        at = end
    assert all(found.start() == found.end() for found in re.finditer(pattern, text[at:]))


@pytest.mark.parametrize("pattern", ["(a|a)*b", "a.*b|a", "(a?){20}c|a", "([ab]*[ba]*)*1", "(x+x+)+y|a"])
def test_no_pattern_takes_long(pattern: str) -> None:
    """A text of which all could be a beginning: what takes too long counts as found, up to its end."""
    text = "a" * 50_000
    began = time.process_time()
    places = compile_spans(pattern)(text)
    assert time.process_time() - began < 10
    if re.search(pattern.replace("(x+x+)+y|", ""), "a"):
        assert places
        assert places[-1][1] == len(text)
        assert all(one[1] <= other[0] for one, other in itertools.pairwise(places))


def test_a_long_text_is_searched_to_its_end() -> None:
    """And only what is found is a place, where that is found in time."""
    text = ("word " * 4_000) + "ACC-1234567" + (" word" * 4_000)
    assert compile_spans("ACC-[0-9]{6,10}")(text) == [(20_000, 20_011)]
