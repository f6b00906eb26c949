"""What is tried after the guided phase, in which order, and what was tried so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Final

from backend.simulation import AtRandom, Kind, Tape
from debugger.explore.delayed import Delayed, delay_sets
from debugger.explore.pct import Pct
from debugger.explore.trials import Trial, Tried
from debugger.explore.verdicts import Begun

TURNS: Final = ("random", "pct-2", "delay", "pct-3", "random", "pct-2", "delay", "pct-2", "pct-3", "delay")
"""In turns, and not one after the other: so a budget of any size has some of each."""

_SEEDS: Final = 1_000_003
_BETWEEN: Final = 500_000
_MARGIN: Final = 1.25
"""More choices than the plain run had, for runs that take longer."""

_UNUSUAL: Final = (0.0, 0.1, 0.0, 0.5)
"""How often the world outside does what it usually does not, in turns."""


class Searched:
    """What was tried: enough to say what it is worth."""

    def __init__(self) -> None:
        self.singles = 0
        """How many schedules with one delay there are."""
        self.schedules: Counter[str] = Counter()
        self.usual: Counter[int] = Counter()
        """Runs of PCT by depth, with nothing unusual from outside."""
        self.lanes = 0
        self.choices = 0
        self.delayed = 0
        """How many of them were run."""

    def note(self, tried: Tried) -> None:
        """One more."""
        self.schedules[tried.phase] += 1
        self.lanes = max(self.lanes, tried.lanes)
        self.choices = max(self.choices, tried.choices)
        if tried.usual:
            self.usual[tried.usual] += 1
        self.delayed += tried.delays == 1

    def kept(self, trials: int) -> Begun:
        """What is to be known of a search that is stopped after so many trials."""
        return Begun(
            trials,
            self.singles,
            dict(self.schedules),
            dict(self.usual),
            self.lanes,
            self.choices,
            self.delayed,
        )

    def resume(self, begun: Begun) -> None:
        """Know it again."""
        self.schedules.update(begun.schedules)
        self.usual.update(begun.usual)
        self.lanes = max(self.lanes, begun.lanes)
        self.choices = max(self.choices, begun.choices)
        self.delayed += begun.delayed


def choices_of(plain: Tape) -> int:
    """How often somebody's turn was a choice."""
    return sum(kind == Kind.READY for kind, _, _ in plain.choices)


def pct_choices(choices: int) -> int:
    """Within how many choices PCT changes its mind, where the plain run has so many."""
    return max(int(choices * _MARGIN), 1)


def between(seed: int) -> Iterator[Trial]:
    """One after each guided schedule: what only the world outside decides is mostly hit by a few of them."""
    return (Trial("random", AtRandom(seed * _SEEDS + _BETWEEN + number)) for number in count())


def trials(seed: int, choices: int) -> Iterator[Trial]:
    """All that there is to try, without end: by the same seed and choices of the plain run the same."""
    taken = pct_choices(choices)
    delays = delay_sets(choices, seed)
    for number in count():
        one = seed * _SEEDS + number
        turn = TURNS[number % len(TURNS)]
        if turn == "random":
            yield Trial("random", AtRandom(one))
        elif turn == "delay":
            yield Trial("delay", Delayed(next(delays, ())))
        else:
            unusual = _UNUSUAL[number // len(TURNS) % len(_UNUSUAL)]
            yield Trial("pct", Pct(one, int(turn[-1]), taken, unusual))
