"""One test, explored: what `debugger.testing.explored` does when the test is run."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, NoReturn

import pytest

from backend.errors import UserError
from backend.scenarios import FIXED, Play, Scenario, Scene
from backend.simulation import Program, Settings, Tape, TapeError, program_of
from debugger.checking.one import rule_files
from debugger.explore.campaign import NOT_AGAIN
from debugger.explore.corpus import Corpus
from debugger.explore.oracle import Oracle
from debugger.explore.proof import prove, unshrunk
from debugger.explore.saved import Saved, lines_of, save
from debugger.explore.search import explore as search
from debugger.explore.shrink import NotReproducedError
from debugger.explore.trials import silence
from debugger.explore.verdicts import Budget, Result
from debugger.testing.explored import How, Place, Test

_FAILED_ITSELF = ("assertion", "error")


class Explored:
    """One test, with its fixtures, as a scenario."""

    def __init__(
        self,
        test: Test,
        ours: Sequence[str],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        how: How,
        place: Place,
    ) -> None:
        self._test = test
        self._ours = ours
        self._args = args
        self._kwargs = kwargs
        self._how = how
        self._place = place
        self._outcome: BaseException | None = None
        program = program_of(test)
        # Each set of parameters is a program of its own.
        self.program = Program(f"{program.name}[{place.name}]", program.code)

    async def __call__(self, scene: Scene) -> None:
        """Run the test once."""
        values = {"scene": scene, "tap": scene.tap}
        try:
            await self._test(*self._args, **self._kwargs, **{name: values[name] for name in self._ours})
        except (pytest.skip.Exception, pytest.exit.Exception) as outcome:
            self._outcome = outcome
            raise

    def run(self) -> None:
        """Explore it; raises what pytest makes a failure of."""
        __tracebackhide__ = True
        how, problem = self._how, ""
        scenario = Scenario(self._place.name, "", self, settings=how.settings or Settings())
        try:
            oracle = Oracle(rule_files([*self._place.rules, *how.rules]), recorded=bool(self._ours))
            budget = Budget(schedules=how.schedules, seconds=how.seconds, seed=how.seed)
            corpus = self._tapes_of_before(scenario)
            result = search(scenario, FIXED, budget, oracle=oracle, corpus=corpus)
        except UserError as refused:
            problem = str(refused)
        if self._outcome is not None:
            raise self._outcome
        if problem:
            pytest.fail(problem, pytrace=False)
        if result.interrupted:
            raise KeyboardInterrupt
        if result.found is not None:
            self._fail(scenario, result, oracle)

    def _tapes_of_before(self, scenario: Scenario) -> list[Tape]:
        if self._place.corpus is None:
            return []
        try:
            kept, _ = Corpus(self._place.corpus).of(scenario.program(FIXED))
        except UserError:
            return []  # it is a help, and no condition
        return [one.tape for one in kept]

    def _fail(self, scenario: Scenario, result: Result, oracle: Oracle) -> NoReturn:
        __tracebackhide__ = True
        saved, problem = self._saved(scenario, result, oracle)
        told = "\n".join(self._told(result, saved, problem))
        found = result.found
        if found is not None and found.kind in _FAILED_ITSELF and saved is not None:
            error = self._error_of(scenario, saved)
            if error is not None:
                error.add_note(told)
                raise error
        pytest.fail(told, pytrace=False)

    def _saved(self, scenario: Scenario, result: Result, oracle: Oracle) -> tuple[Saved | None, str]:
        problem = ""
        try:
            proof = prove(scenario, result, oracle)
        except (NotReproducedError, TapeError):
            proof, problem = unshrunk(result), NOT_AGAIN
        again = f"pytest {shlex.quote(self._place.node)}"
        try:
            saved = save(self._place.out, proof, oracle, at=self._place.node, again=again)
            if self._place.corpus is not None:
                Corpus(self._place.corpus).keep(scenario, result.variant, proof.found.rule, proof.tape)
        except UserError as unwritable:
            return None, str(unwritable)
        return saved, problem

    def _told(self, result: Result, saved: Saved | None, problem: str) -> Iterator[str]:
        found = result.found
        many = f"{result.schedules} schedule{'s' if result.schedules > 1 else ''}"
        if saved is not None:
            yield from lines_of(saved)
            yield f"  saved  {saved.folder}"
        elif found is not None:
            yield f"{self._place.name}: {found.rule}: {found.message}"
        yield f"  found  by the {result.phase} search after {many}, seed {self._how.seed}"
        if problem:
            yield f"  {problem}"

    def _error_of(self, scenario: Scenario, saved: Saved) -> BaseException | None:
        """What the test raised in the saved run, from the test's own frame on: pytest shows its lines."""
        try:
            with silence():
                error = Play(scenario, FIXED).replay(Tape.load(saved.tape)).run.error
        except TapeError:
            return None
        return error.with_traceback(_from(error.__traceback__, self._test)) if error is not None else None


def _from(trace: TracebackType | None, test: Test) -> TracebackType | None:
    """The part of a traceback that begins in the test."""
    code = inspect.unwrap(test).__code__
    at = trace
    while at is not None:
        if at.tb_frame.f_code is code:
            return at
        at = at.tb_next
    return trace
