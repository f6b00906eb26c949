"""Several scenarios explored one after the other: tapes of before first, what is found proven and saved."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from backend.scenarios import Scenario
from backend.simulation import TapeError
from debugger.explore.corpus import Corpus, Kept
from debugger.explore.handed import Predictions
from debugger.explore.oracle import Oracle
from debugger.explore.printing import Entry, entry_of
from debugger.explore.proof import Proof, foremost, prove, unshrunk
from debugger.explore.resumed import Resumed
from debugger.explore.saved import save
from debugger.explore.search import EscapedError, explore
from debugger.explore.shrink import NotReproducedError
from debugger.explore.verdicts import Budget, Progress, Result

_LEAST_SECONDS = 0.01


class Unit(NamedTuple):
    """One variant of a scenario; ``at`` is what the scenario is called on the command line."""

    at: str
    scenario: Scenario
    variant: str

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.scenario.name} ({self.variant})"


@dataclass(frozen=True, slots=True)
class Asked:
    """How hard to look, and where to put what is found. ``seconds`` are for all units together."""

    schedules: int | None
    seconds: float | None
    seed: int
    jobs: int
    out: Path
    oracle: Oracle


OnProgress = Callable[[int, Unit, Progress | int], None]
"""Hears the unit's number, the unit, and how far its search is; or the run of its shrinking."""


class InterruptedByUserError(Exception):
    """Ctrl-C: what was explored up to then stands in the entries before."""


class Campaign:
    """Explores units in their order; `entries` yields what came of each, at once."""

    def __init__(
        self,
        asked: Asked,
        units: Sequence[Unit],
        *,
        corpus: Corpus | None = None,
        predictions: Predictions | None = None,
        resumed: Resumed | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        self._asked = asked
        self._units = units
        self._corpus = corpus
        self._predictions = predictions
        self._resumed = resumed
        self._on_progress = on_progress

    def entries(self) -> Iterator[Entry]:
        """One for each unit.

        Raises:
            InterruptedByUserError: by Ctrl-C.
            UserError: what is found cannot be written.
        """
        began = time.monotonic()
        for number, unit in enumerate(self._units):
            entry = self._resumed.entry(*unit) if self._resumed is not None else None
            if entry is None:
                spent = time.monotonic() - began
                try:
                    entry = self._explored(number, unit, self._share(spent, len(self._units) - number))
                except KeyboardInterrupt:
                    raise InterruptedByUserError from None
                if self._resumed is not None:
                    self._resumed.keep(*unit, entry)
            yield entry

    def _share(self, spent: float, left: int) -> float | None:
        """Of the time that is left, as much as each of those that are left."""
        seconds = self._asked.seconds
        return None if seconds is None else max((seconds - spent) / left, _LEAST_SECONDS)

    def _explored(self, number: int, unit: Unit, seconds: float | None) -> Entry:
        asked = self._asked
        kept, notices = self._of_before(unit)
        budget = Budget(schedules=asked.schedules, seconds=seconds, seed=asked.seed)
        try:
            result = explore(
                unit.scenario,
                unit.variant,
                budget,
                oracle=asked.oracle,
                corpus=[one.tape for one in kept],
                on_progress=lambda progress: self._tell(number, unit, progress),
                jobs=asked.jobs,
                prefer=self._predictions.first if self._predictions is not None else None,
                begun=self._resumed.begun(*unit) if self._resumed is not None else None,
            )
        except EscapedError as refused:
            return Entry(unit.scenario.name, unit.variant, "", seed=asked.seed, error=str(refused))
        if result.interrupted:
            if self._resumed is not None and result.begun is not None:
                self._resumed.stop(*unit, result.begun)
            raise KeyboardInterrupt
        result = foremost(result, unit.scenario.rule)
        notices += passing_again(kept, result)
        if self._predictions is not None:
            fates = self._predictions.fates(result.plain, result.pairs)
            notices += [f"{unit.name}: {self._predictions.path}: {one}" for one in fates]
        if result.found is None:
            return entry_of(result, None, seed=asked.seed, notices=notices)
        proof, told = self._proof(number, unit, result)
        saved = save(asked.out, proof, asked.oracle, at=unit.at)
        notices += told
        if self._corpus is not None:
            path = self._corpus.keep(unit.scenario, unit.variant, result.found.rule, proof.tape)
            notices += [f"{unit.name}: kept in the corpus: {path}"] if path is not None else []
        return entry_of(result, saved, seed=asked.seed, notices=notices)

    def _of_before(self, unit: Unit) -> tuple[tuple[Kept, ...], list[str]]:
        if self._corpus is None:
            return (), []
        kept, stale = self._corpus.of(unit.scenario.program(unit.variant))
        return kept, [f"{unit.name}: {one}" for one in stale]

    def _proof(self, number: int, unit: Unit, result: Result) -> tuple[Proof, list[str]]:
        def on_run(run: int) -> None:
            self._tell(number, unit, run)

        try:
            return prove(unit.scenario, result, self._asked.oracle, on_run=on_run), []
        except (NotReproducedError, TapeError):
            return unshrunk(result), [f"{unit.name}: {NOT_AGAIN}"]

    def _tell(self, number: int, unit: Unit, progress: Progress | int) -> None:
        if self._on_progress is not None:
            self._on_progress(number, unit, progress)


NOT_AGAIN = (
    "the tape of what was found does not do it again: the program is not deterministic; "
    "a set of strings, a file or the machine's own time may be in it (docs/simulation.md)"
)


def passing_again(kept: Sequence[Kept], result: Result) -> list[str]:
    """A line about tapes of the corpus that found nothing this time."""
    ran = result.confidence.schedules.get("corpus", 0)
    failing = result.phase == "corpus" and result.found is not None
    passed = [one.path.name for one in kept[: ran - failing]]
    if not passed:
        return []
    shown = ", ".join(passed[:3]) + (f" and {len(passed) - 3} more" if len(passed) > 3 else "")  # noqa: PLR2004
    many = "passes" if len(passed) == 1 else "pass"
    return [f"{result.scenario} ({result.variant}): {shown} {many} now, and is kept to see that it stays so"]
