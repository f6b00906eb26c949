"""Finding names by some of their letters, in order. Linear in the text: names may come from a log."""

from __future__ import annotations

import itertools
from typing import NamedTuple

_LONGEST = 200  # characters of a name that are looked at

_EXACT = 4_000
_BEGINNING = 3_000
_WORD = 2_000
_INSIDE = 1_000
_LETTERS = 100
_RUN = 8  # for a letter right behind the one before
_WORD_START = 6


class Match(NamedTuple):
    """How good a match is (more is better), and where its letters are."""

    score: int
    places: tuple[int, ...]


def match(wanted: str, name: str) -> Match | None:
    """How `name` matches what was typed; None if its letters are not all there in this order.

    Words side by side may stand anywhere, each for itself. The whole name is best, then its beginning,
    the beginning of a word, a piece of it, and last letters here and there.
    """
    text = name[:_LONGEST].casefold()
    if len(text) != len(name[:_LONGEST]):  # folding made it longer: places would be wrong
        text = name[:_LONGEST].lower()[: len(name)]
    words = wanted.casefold().split()
    if not words:
        return Match(0, ())
    score, places = 0, set[int]()
    for word in words:
        found = _word(word, text)
        if found is None:
            return None
        score += found.score
        places.update(found.places)
    return Match(score // len(words) - len(text) // 8, tuple(sorted(places)))


def _word(wanted: str, text: str) -> Match | None:
    at = text.find(wanted)
    if at >= 0:
        start = next((place for place in _starts(text) if text.startswith(wanted, place)), at)
        where = range(start, start + len(wanted))
        if len(wanted) == len(text):
            return Match(_EXACT, tuple(where))
        if start == 0:
            return Match(_BEGINNING, tuple(where))
        return Match(_WORD - start if start in _starts(text) else _INSIDE - start, tuple(where))
    places = _letters(wanted, text)
    if places is None:
        return None
    starts = _starts(text)
    loose = [
        place
        for before, place in itertools.pairwise((-2, *places))
        if place != before + 1 and place not in starts
    ]
    if len(loose) > (len(wanted) + 1) // 2:
        return None  # such letters are in every longer name
    runs = sum(after == before + 1 for before, after in itertools.pairwise(places))
    return Match(_LETTERS + _RUN * runs + _WORD_START * sum(place in starts for place in places), places)


def _letters(wanted: str, text: str) -> tuple[int, ...] | None:
    """Places of the letters, as near to each other as the last of them allows."""
    end = -1
    for letter in wanted:
        end = text.find(letter, end + 1)
        if end < 0:
            return None
    places, before = [], end + 1
    for letter in reversed(wanted):
        before = text.rfind(letter, 0, before)
        places.append(before)
    return tuple(reversed(places))


def _starts(text: str) -> list[int]:
    """Where words begin."""
    return [at for at, char in enumerate(text) if char.isalnum() and (at == 0 or not text[at - 1].isalnum())]
