"""Delay-bounded schedules: asyncio's own, but for a few delays.

Emmi, Qadeer and Rakamarić, 'Delay-Bounded Scheduling', POPL 2011. A delay is spent at one of the plain
schedule's choices: whose turn it would be goes to the back, behind all that is ready there. With one delay
there are as many schedules as choices, so all of them can be run; most bugs need one or two.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import count

from backend.simulation import TIME_PASSES, Alternative, Plain


class Delayed(Plain):
    """Delays at these choices, counted from 0."""

    def __init__(self, at: Sequence[int]) -> None:
        self.name = f"delay-{len(at)}"
        self.at = tuple(at)
        self.begin()

    def begin(self) -> None:
        """From the first choice."""
        self._delays = frozenset(self.at)
        self._number = 0
        self._behind: dict[int, set[int]] = {}  # by lane that was delayed: those that go first

    def schedule(self, alternatives: Sequence[Alternative]) -> int:
        """The oldest one that was not delayed, or has waited for all that were ready when it was."""
        number = self._number
        self._number += 1
        if number not in self._delays and not self._behind:
            return 0
        lanes = [one.lane for one in alternatives if one is not TIME_PASSES]
        at = self._turn(lanes)
        if number in self._delays:
            self._behind[lanes[at]] = {*lanes} - {lanes[at]}
            if len(lanes) == 1 and len(alternatives) > 1:
                return 1  # time passes
            at = self._turn(lanes)
        for others in self._behind.values():
            others.discard(lanes[at])
        self._behind.pop(lanes[at], None)
        return at

    def _turn(self, lanes: Sequence[int]) -> int:
        for at, lane in enumerate(lanes):
            if not self._behind.get(lane, frozenset()).intersection(lanes):
                return at
        return 0


def delay_sets(choices: int, seed: int) -> Iterator[tuple[int, ...]]:
    """Where to delay, run after run: each single choice once, in an order by seed; then pairs, and three."""
    drawn = random.Random(seed)
    singles = list(range(choices))
    drawn.shuffle(singles)
    yield from ((one,) for one in singles)
    if choices < 2:  # noqa: PLR2004 - no pair of choices
        return
    for number in count():
        size = min(2 + number % 2, choices)
        yield tuple(sorted(drawn.sample(range(choices), size)))
