"""Spoken English numbers written with digits."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SMALL = {
    word: value
    for value, word in enumerate(
        (
            *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
            *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
            "nineteen",
        )
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate(
        ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), start=2
    )
}
_SCALES = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}


def _any(words: Iterable[str]) -> str:
    return "(?:" + "|".join(sorted(words, key=len, reverse=True)) + ")"


_DIGIT = _any(list(_SMALL)[1:10])
# One number below a thousand, as English builds it; then thousands and up, then decimals.
_BELOW_100 = rf"(?:{_any(_TENS)}(?:[\s-]{_DIGIT})?|{_any(_SMALL)})"
_BELOW_1000 = rf"(?:(?:{_BELOW_100}\s|a\s)?hundred(?:\s(?:and\s)?{_BELOW_100})?|{_BELOW_100})"
_SCALED = rf"(?:(?:{_BELOW_1000}|a)\s{_any(_SCALES)})"
_NUMBER = re.compile(
    rf"\b(?P<whole>{_SCALED}(?:\s{_SCALED})*(?:\s(?:and\s)?{_BELOW_1000})?|{_BELOW_1000})"
    rf"(?:\spoint(?P<decimals>(?:\s{_any(list(_SMALL)[:10])})+))?\b",
    re.IGNORECASE,
)


def with_digits(text: str) -> str:
    """The text with each number that is spelt out in digits: 'one hundred and five' is '105'.

    Words that are no one number stay several: 'four eleven' is '4 11', 'two and two' is '2 and 2'.
    """
    return _NUMBER.sub(_written, text)


def _written(match: re.Match[str]) -> str:
    decimals = (match["decimals"] or "").lower().split()
    point = "." + "".join(str(_SMALL[word]) for word in decimals) if decimals else ""
    return str(_value(re.split(r"[\s-]", match["whole"].lower()))) + point


def _value(words: list[str]) -> int:
    total = group = 0
    for word in words:
        if word in _SCALES:
            total, group = total + max(group, 1) * _SCALES[word], 0
        elif word == "hundred":
            group = max(group, 1) * 100
        else:
            group += _SMALL.get(word, 0) + _TENS.get(word, 0)  # 'and' and 'a' count nothing
    return total + group
