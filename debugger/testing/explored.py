"""A test that is run under many schedules in virtual time: fails with the one that breaks it."""

from __future__ import annotations

import functools
import inspect
import re
import shlex
from collections.abc import Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, overload

import pytest

if TYPE_CHECKING:
    from backend.scenarios import Scenario, Scene
    from backend.simulation import Program, Settings
    from debugger.explore.oracle import Oracle
    from debugger.explore.saved import Saved
    from debugger.explore.verdicts import Result

FIXTURE = "doubletalk_explored"
SCHEDULES = 200

Test = Callable[..., Coroutine[Any, Any, None]]

_OURS = ("scene", "tap")
_FAILED_ITSELF = ("assertion", "error")


@overload
def explore(test: Test, /) -> Callable[..., None]: ...
@overload
def explore(
    *,
    schedules: int = SCHEDULES,
    seconds: float | None = None,
    seed: int = 0,
    rules: Iterable[str | Path] = (),
    settings: Settings | None = None,
) -> Callable[[Test], Callable[..., None]]: ...
def explore(
    test: Test | None = None,
    /,
    *,
    schedules: int = SCHEDULES,
    seconds: float | None = None,
    seed: int = 0,
    rules: Iterable[str | Path] = (),
    settings: Settings | None = None,
) -> Callable[..., None] | Callable[[Test], Callable[..., None]]:
    """Run an ``async def`` test under so many schedules; the first that fails fails it.

    A parameter ``scene`` or ``tap`` is filled in with a tap that records the run: then the rules judge the
    recording, too. All others are fixtures; those are made once, and all runs get the same.

    ::

        @doubletalk.explore(schedules=500)
        async def test_deposits(tap): ...
    """
    if schedules < 1:
        raise ValueError(f"explore(schedules={schedules}): nothing would be run")
    if seconds is not None and not seconds > 0:
        raise ValueError(f"explore(seconds={seconds}): nothing would be run")
    how = How(schedules, seconds, seed, tuple(map(Path, rules)), settings)

    def made(test: Test) -> Callable[..., None]:
        if not inspect.iscoroutinefunction(test):
            raise TypeError(f"explore() is for an `async def`; {getattr(test, '__qualname__', test)} is none")
        given = inspect.signature(test).parameters
        ours = [name for name in _OURS if name in given]

        @functools.wraps(test)
        def run(*args: Any, **kwargs: Any) -> None:
            __tracebackhide__ = True
            place: Place = kwargs.pop(FIXTURE)
            Explored(test, ours, args, kwargs, how, place).run()

        asked = [one for name, one in given.items() if name not in ours]
        own = inspect.Parameter(FIXTURE, inspect.Parameter.KEYWORD_ONLY)
        run.__signature__ = inspect.Signature([*asked, own])  # type: ignore[attr-defined]  # what pytest reads
        return run

    return made if test is None else made(test)


class How:
    """What the decorator was given."""

    def __init__(
        self,
        schedules: int,
        seconds: float | None,
        seed: int,
        rules: tuple[Path, ...],
        settings: Settings | None,
    ) -> None:
        self.schedules = schedules
        self.seconds = seconds
        self.seed = seed
        self.rules = rules
        self.settings = settings


class Place:
    """Which test it is, and where what it finds is put: the fixture.

    ``corpus`` are the tapes of before, None where pytest keeps nothing.
    """

    def __init__(self, node: str, name: str, out: Path, corpus: Path | None, rules: Sequence[Path]) -> None:
        self.node = node
        self.name = name
        self.out = out
        self.corpus = corpus
        self.rules = tuple(rules)


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
        from backend.simulation import program_of  # noqa: PLC0415 - tests that are not explored do without

        self._test = test
        self._ours = ours
        self._args = args
        self._kwargs = kwargs
        self._how = how
        self._place = place
        self._outcome: BaseException | None = None
        code = program_of(test)
        # Each set of parameters is a program of its own.
        self.program: Program = type(code)(f"{code.name}[{place.name}]", code.code)

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
        from backend.errors import UserError  # noqa: PLC0415 - the same
        from backend.scenarios import FIXED, Scenario  # noqa: PLC0415
        from backend.simulation import Settings  # noqa: PLC0415
        from debugger.checking.one import rule_files  # noqa: PLC0415
        from debugger.explore.oracle import Oracle  # noqa: PLC0415
        from debugger.explore.search import explore as search  # noqa: PLC0415
        from debugger.explore.verdicts import Budget  # noqa: PLC0415

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

    def _tapes_of_before(self, scenario: Scenario) -> list[Any]:
        from backend.errors import UserError  # noqa: PLC0415 - the same
        from backend.scenarios import FIXED  # noqa: PLC0415
        from debugger.explore.corpus import Corpus  # noqa: PLC0415

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
        from backend.errors import UserError  # noqa: PLC0415 - the same
        from debugger.explore.campaign import NOT_AGAIN  # noqa: PLC0415
        from debugger.explore.corpus import Corpus  # noqa: PLC0415
        from debugger.explore.proof import prove, unshrunk  # noqa: PLC0415
        from debugger.explore.saved import save  # noqa: PLC0415
        from debugger.explore.shrink import NotReproducedError  # noqa: PLC0415

        problem = ""
        try:
            proof = prove(scenario, result, oracle)
        except NotReproducedError:
            proof, problem = unshrunk(result), NOT_AGAIN
        again = f"pytest {shlex.quote(self._place.node)}"
        try:
            saved = save(self._place.out, proof, oracle, at=self._place.node, again=again)
            if self._place.corpus is not None:
                Corpus(self._place.corpus).keep(scenario, result.variant, proof.found.rule, proof.tape)
        except UserError as unwritable:
            return None, str(unwritable)
        return saved, problem

    def _told(self, result: Result, saved: Saved | None, problem: str) -> Iterable[str]:
        from debugger.explore.saved import lines_of  # noqa: PLC0415 - the same

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
        from backend.scenarios import FIXED, Play  # noqa: PLC0415 - the same
        from backend.simulation import Tape, TapeError  # noqa: PLC0415
        from debugger.explore.trials import silence  # noqa: PLC0415

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


def place_of(request: pytest.FixtureRequest, tmp: pytest.TempPathFactory, rules: Sequence[Path]) -> Place:
    """Of a test that runs now."""
    node = request.node
    name = re.sub(r"[^\w.\[\]-]+", "_", node.name)[:80]
    given = request.config.getoption("--doubletalk-out")
    if given:
        out = request.config.invocation_params.dir / given
        return Place(node.nodeid, name, out, out, rules)
    cache = getattr(request.config, "cache", None)
    corpus = cache.mkdir("doubletalk") if cache is not None else None
    return Place(node.nodeid, name, tmp.mktemp("explored"), corpus, rules)
