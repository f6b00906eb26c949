"""Probabilistic concurrency testing: priorities at random, lowered at a few steps.

Burckhardt, Kothari, Musuvathi and Nagarakatte, 'A Randomized Scheduler with Probabilistic Guarantees of
Finding Bugs', ASPLOS 2010. Each lane (a task, a timer, the callbacks, the passing of time) has a random
priority; the highest one that can run does. At ``depth - 1`` of the run's choices, picked at random, who
would run gets the lowest priority of all. A bug that takes ``depth`` orderings is hit by one run with
probability at least ``1 / (n * k ** (depth - 1))``, for n lanes and k choices.

Only choices count as steps here: where nothing else could run, priorities decide nothing, and who is lowered
there may as well be lowered at the next choice.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from backend.simulation import Alternative, Kind, Plain

_FAIR: Final = 8
_FAIR_AT_LEAST: Final = 2_000
"""Choices after which everybody has a turn again. Priorities let one who asks again and again whether another
one is done go on for ever, which no event loop does (the guarantee is about choices long before)."""


class Pct(Plain):
    """One run's priorities, by ``seed``. ``choices`` are as many as a run is taken to have.

    ``unusual`` is the chance with which each choice that is about the world outside (how long it takes, what
    it answers, when a task is cancelled) is other than the usual one; the guarantee is for 0.
    """

    def __init__(self, seed: int, depth: int, choices: int, unusual: float = 0.0) -> None:
        self.name = f"pct-{depth}"
        self._seed = seed
        self.depth = depth
        self._choices = max(choices, 1)
        self._unusual = unusual
        self.begin()

    def begin(self) -> None:
        """Draw the run's priorities and changes."""
        self._random = random.Random(self._seed)
        changes = min(self.depth - 1, self._choices)
        drawn = self._random.sample(range(self._choices), changes)
        self._lowered = {at: float(number) for number, at in enumerate(drawn)}
        self._of: dict[int, float] = {}
        self._at = 0
        self._fair_from = _FAIR * self._choices + _FAIR_AT_LEAST

    @property
    def usual(self) -> bool:
        """Whether nothing unusual comes from outside, so that the guarantee holds."""
        return not self._unusual

    @property
    def lanes(self) -> int:
        """How many there were."""
        return len(self._of)

    def schedule(self, alternatives: Sequence[Alternative]) -> int:
        """That of the highest priority."""
        if self._at >= self._fair_from:
            return 0
        of, depth = self._of, self.depth
        priorities = []
        for one in alternatives:
            lane = one.lane
            priority = of.get(lane)
            if priority is None:
                priority = of[lane] = depth + self._random.random()
            priorities.append(priority)
        best = priorities.index(max(priorities))
        lowered = self._lowered.get(self._at)
        self._at += 1
        if lowered is not None:
            of[alternatives[best].lane] = priorities[best] = lowered
            best = priorities.index(max(priorities))
        return best

    def pick(self, kind: Kind, count: int) -> int:  # noqa: ARG002 - the protocol's
        """The usual, or with some chance anything else."""
        if self._unusual and self._random.random() < self._unusual:
            return self._random.randrange(1, count)
        return 0
