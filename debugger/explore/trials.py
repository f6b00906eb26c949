"""One run of a search, as plain values: what is to be tried, and what came of it."""

from __future__ import annotations

import contextlib
import dataclasses
import io
from collections.abc import Iterator, Sequence

from msgspec import Struct

from backend.scenarios import Play, Played, Scenario
from backend.simulation import Outcome, Settings, Strategy, Tape
from debugger.explore.oracle import Oracle, judged
from debugger.explore.verdicts import Found, Phase


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
    tape: Tape | None = None
    recording: bytes | None = None


class Bench:
    """Runs and judges a scenario's variant, again and again."""

    def __init__(self, scenario: Scenario, variant: str, oracle: Oracle) -> None:
        self.scenario = scenario
        self.variant = variant
        self.oracle = oracle
        self._plays: dict[Settings, Play] = {}

    def play(self, settings: Settings | None = None) -> Play:
        """The program, in a world of other settings."""
        settings = settings or self.scenario.settings
        play = self._plays.get(settings)
        if play is None:
            scenario = dataclasses.replace(self.scenario, settings=settings)
            play = self._plays[settings] = Play(scenario, self.variant)
        return play

    def run(self, strategy: Strategy, settings: Settings | None = None) -> Played:
        """One run; what it prints is not shown."""
        with silence():
            return self.play(settings).run(strategy)

    def replay(self, tape: Tape) -> Played:
        """One run by a tape, as far as it fits.

        Raises:
            TapeError: it is of another program, or another version of it.
        """
        with silence():
            return self.play(tape.settings).replay(tape, strict=False)

    def attempt(self, trial: Trial) -> Tried:
        """Run it and judge it."""
        return self.judge(trial.phase, self.run(trial.strategy, trial.settings))

    def judge(self, phase: Phase, played: Played) -> Tried:
        """What is wrong with a run."""
        found = judged(played, self.oracle)
        run = played.run
        told = run.outcome is Outcome.ESCAPED or bool(found)
        return Tried(
            phase,
            found,
            0,
            len(run.tape),
            run.steps,
            run.tape if told else None,
            played.recording if told else None,
        )

    def attempts(self, trials: Sequence[Trial]) -> Iterator[Tried]:
        """One after the other, up to the first that finds something."""
        for trial in trials:
            tried = self.attempt(trial)
            yield tried
            if tried.found:
                return


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """What a program prints a thousand times is not read, and would stand between what is told."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
