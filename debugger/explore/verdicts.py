"""What a search says: what was found, what became of each predicted pair, and what the effort is worth."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

from backend.simulation import Tape

Kind = Literal["rule", "assertion", "error", "unhandled", "deadlock", "leak", "limit", "escape"]
Phase = Literal["plain", "corpus", "guided", "pct", "delay", "random"]
Verdict = Literal["confirmed", "clean", "not-reproduced", "infeasible"]
Fate = Literal["confirmed", "harmless", "infeasible", "not-reproduced", "untried"]

PHASES: Final[tuple[Phase, ...]] = ("plain", "corpus", "guided", "pct", "delay", "random")
"""In the order in which they begin."""


class Found(Struct, frozen=True):
    """One thing that is wrong with a run.

    ``rule`` is a rule's id where ``kind`` is ``rule``, else the kind again. The ``signature`` is what makes
    two runs fail alike: no ids, no times, no numbers of tasks.
    """

    kind: Kind
    rule: str
    message: str
    signature: tuple[str, ...]


class Budget(Struct, frozen=True, kw_only=True):
    """Where a search ends if it finds nothing; whichever comes first. The same seed, the same search.

    ``schedules`` counts every run, the plain one and the tapes of the corpus with them. ``seconds`` are real
    ones: with them alone the result depends on the machine. ``bound`` are the virtual seconds for which one
    side of a predicted pair is held back.
    """

    schedules: int | None = 1_000
    seconds: float | None = None
    seed: int = 0
    bound: float = 2.0


class PairResult(Struct, frozen=True):
    """A predicted pair, and whether it can come the other way round.

    ``harmless``: it did, and nothing broke. ``infeasible``: the later side does not come within ``bound``
    virtual seconds while the earlier is held back. ``not-reproduced``: it could be neither swapped nor shown
    to be impossible. ``untried``: the search ended before it. ``rows`` are the plain recording's, from 0;
    a ``note`` is a pair that the analysis takes to be meant.
    """

    rule: str
    message: str
    rows: tuple[int, int]
    fate: Fate
    schedules: int = 0
    bound: float = 0.0
    found: Found | None = None
    note: bool = False


class Confidence(Struct, frozen=True):
    """What schedules that found nothing are worth: see `debugger.explore.confidence`.

    ``at_least`` is the chance that the search would have hit a bug of the kind that ``text`` says, if there
    was one; 0 where nothing can be said.
    """

    text: str
    at_least: float
    schedules: dict[str, int]
    """By phase."""
    lanes: int = 0
    """The most tasks, timers and other sources of steps that a run had."""
    choices: int = 0
    """The most choices that a run had."""


class Begun(Struct, frozen=True):
    """A search that was stopped among the trials after the guided phase; all of them had passed.

    ``trials`` is how many, ``singles`` the choices of the plain run; the rest is what is told of them.
    """

    trials: int
    singles: int
    schedules: dict[str, int]
    usual: dict[int, int]
    lanes: int
    choices: int
    delayed: int


class Result(Struct, frozen=True):
    """What came of a search of one variant of a scenario.

    ``schedules`` are those up to the one that found it, else all. ``found`` is what the verdict rests on and
    ``rule`` its rule; ``others`` is what else is wrong with the same run. ``plain`` is the recording of the
    plain run, ``bad`` that of the run that failed, and ``tape`` plays that again. ``notices`` are for people:
    a worker that died, a tape that was refused.
    """

    scenario: str
    variant: str
    verdict: Verdict
    rule: str | None
    found: Found | None
    others: tuple[Found, ...]
    schedules: int
    phase: Phase
    tape: Tape | None
    plain: bytes
    bad: bytes | None
    pairs: tuple[PairResult, ...]
    seconds: float
    confidence: Confidence
    interrupted: bool = False
    notices: tuple[str, ...] = ()
    begun: Begun | None = None
    """Where it was interrupted, among the trials after the guided phase: `explore` can go on from there."""


class Progress(Struct, frozen=True):
    """How far a search is; ``of`` is None where only seconds end it."""

    phase: Phase
    schedules: int
    of: int | None
    seconds: float
