"""One run of a search, as plain values: what is to be tried, and what came of it."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import hashlib
import io
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from backend.scenarios import Play, Played, Scenario
from backend.simulation import Outcome, Settings, Strategy, Tape
from debugger.explore.delayed import Delayed
from debugger.explore.oracle import Oracle, judged
from debugger.explore.pct import Pct
from debugger.explore.steps import Look, Steps
from debugger.explore.verdicts import Found, Phase

_KNOWN = 10_000
"""Recordings that are known again."""

_SELDOM = 100_000
"""New objects after which garbage is looked for."""


class Trial(Struct, frozen=True):
    """A run to be made. Another process gets it: the strategy must be made of plain values."""

    phase: Phase
    strategy: Strategy
    settings: Settings | None = None
    """In place of the scenario's own."""


class Tried(Struct, frozen=True):
    """What came of one. The tape and the recording are there where something was found."""

    phase: Phase
    found: tuple[Found, ...]
    lanes: int
    choices: int
    steps: int
    usual: int = 0
    """The depth of a run of PCT in which nothing unusual came from outside; else 0."""
    delays: int = 0
    tape: Tape | None = None
    recording: bytes | None = None


class Bench:
    """Runs and judges a scenario's variant, again and again.

    Recordings that were judged before are known again: short programs have few.
    """

    def __init__(self, scenario: Scenario, variant: str, oracle: Oracle) -> None:
        self.scenario = scenario
        self.variant = variant
        self.oracle = oracle
        self._plays: dict[Settings, Play] = {}
        self._known: dict[bytes, tuple[Found, ...]] = {}

    def play(self, settings: Settings | None = None) -> Play:
        """The program, in a world of other settings."""
        settings = settings or self.scenario.settings
        play = self._plays.get(settings)
        if play is None:
            play = self._plays[settings] = Play(self._with(settings), self.variant)
        return play

    def _with(self, settings: Settings) -> Scenario:
        return dataclasses.replace(self.scenario, settings=settings)

    def run(self, strategy: Strategy, settings: Settings | None = None) -> Played:
        """One run; what it prints is not shown."""
        with silence():
            return self.play(settings).run(strategy)

    def watched(self, strategy: Strategy, look: Look, settings: Settings | None = None) -> Played:
        """One run, looked at from step to step."""
        scenario = self._with(settings or self.scenario.settings)
        with silence():
            return Play(scenario, self.variant, on_start=Steps(look).begin).run(strategy)

    def replay(self, tape: Tape) -> Played:
        """One run by a tape, as far as it fits.

        Raises:
            TapeError: it is of another program, or another version of it.
        """
        with silence():
            return self.play(tape.settings).replay(tape, strict=False)

    def attempt(self, trial: Trial) -> Tried:
        """Run it and judge it."""
        strategy = trial.strategy
        tried = self.judge(trial.phase, self.run(strategy, trial.settings))
        if isinstance(strategy, Pct):
            return replace(tried, lanes=strategy.lanes, usual=strategy.depth if strategy.usual else 0)
        return replace(tried, delays=len(strategy.at)) if isinstance(strategy, Delayed) else tried

    def judge(self, phase: Phase, played: Played) -> Tried:
        """What is wrong with a run."""
        found = self._found(played)
        run = played.run
        told = run.outcome is Outcome.ESCAPED or bool(found)
        return Tried(
            phase,
            found,
            0,
            len(run.tape),
            run.steps,
            tape=run.tape if told else None,
            recording=played.recording if told else None,
        )

    def _found(self, played: Played) -> tuple[Found, ...]:
        if not played.run.clean:
            return judged(played, self.oracle)
        mark = hashlib.blake2b(played.recording, digest_size=16).digest()
        found = self._known.get(mark)
        if found is None:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            found = self._known[mark] = judged(played, self.oracle)
        return found

    def attempts(self, trials: Sequence[Trial]) -> Iterator[Tried]:
        """One after the other, up to the first that finds something."""
        for trial in trials:
            tried = self.attempt(trial)
            yield tried
            if tried.found:
                return


@contextlib.contextmanager
def seldom_collecting() -> Iterator[None]:
    """What is loaded is no garbage, and what a run leaves is little: looking for it took a tenth."""
    often = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_SELDOM, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*often)
        gc.unfreeze()


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """What a program prints a thousand times is not read, and would stand between what is told."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
