"""What a run may choose, and who chooses.

A run is its choices: each is a number below the count of what was possible, and 0 is always what
asyncio itself would do. That makes a schedule a list of small numbers, as in stateless model checking
(Godefroid, VeriSoft, POPL 1997), and 'fewest deviations' the list with the fewest numbers that are not 0.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Kind(enum.IntEnum):
    """Places where a real run may differ. On tapes: a number is never given to another kind."""

    READY = 0
    """Which of several runs next: steps of tasks (mailboxes among them), callbacks, fired timers."""
    TIMER = 1
    """How late timers fire: at which of the next due moments the loop wakes up."""
    JOB = 2
    """How long a job of an executor takes."""
    CANCEL = 3
    """At which of its waits a task is cancelled; 0: at none."""
    OUTSIDE = 4
    """What simulated input and output does: how long it takes, where a message is cut in two."""


class Choice(NamedTuple):
    """One choice: which of so many alternatives."""

    kind: Kind
    alternatives: int
    taken: int


class Alternative(Protocol):
    """Something that could run next, as a strategy sees it."""

    @property
    def lane(self) -> int:
        """Who: a task's number from 1, 0 for callbacks, less than 0 for what comes from outside.

        The same in every run as long as what came before is the same.
        """

    @property
    def label(self) -> str:
        """Who, for people, and for strategies that look for somebody: the task's name."""


class Strategy(Protocol):
    """Makes the choices of one run. One object may be used for one run after another.

    PCT, guided and delay-bounded search are such objects: lanes are what PCT gives priorities to,
    labels what a guided search holds back, 0 what a delay-bounded one departs from.
    """

    @property
    def name(self) -> str:
        """For people; stands on the tape."""

    def begin(self) -> None:
        """A run begins."""

    def schedule(self, alternatives: Sequence[Alternative]) -> int:
        """Which of these (two or more) is next. In the order of asyncio; the first is what it would run.

        The last one may be `TIME_PASSES`: what is ready is held up until the next timer fires.
        """

    def pick(self, kind: Kind, count: int) -> int:
        """One of `count` (two or more) alternatives of any other kind."""

    def end(self, choices: Sequence[tuple[int, int, int]]) -> None:
        """The run is over, and these were its choices.

        Raises:
            TapeMismatchError: by a strategy that expected others.
        """


class TimePasses:
    """The alternative of running nothing of what is ready yet."""

    lane = -1
    label = "time passes"


TIME_PASSES = TimePasses()
