"""The search of one variant of a scenario: phase by phase, within a budget, to a verdict."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from itertools import chain, islice
from typing import Final

from backend.errors import UserError
from backend.scenarios import BUGGY, Scenario
from backend.simulation import Plain, Tape, TapeError
from debugger.analysis.conflicts.telling import ORDER_RACE
from debugger.explore.confidence import confidence
from debugger.explore.oracle import Oracle, rules_of
from debugger.explore.plan import Searched, between, choices_of, trials
from debugger.explore.predicted import Pair, predicted_pairs
from debugger.explore.reversal import Reversal
from debugger.explore.source import source_of
from debugger.explore.spread import AT_ONCE, Crew, Work, WorkerError
from debugger.explore.steps import Trace
from debugger.explore.trials import Bench, Tried, seldom_collecting
from debugger.explore.verdicts import (
    Begun,
    Budget,
    Found,
    PairResult,
    Phase,
    Progress,
    Result,
    Verdict,
)

_WORTH: Final = 64
"""Schedules for which more processes pay."""

_FURTHER: Final = 100
"""Schedules that are tried yet where a bug does something else first than what it is known for."""

OnProgress = Callable[[Progress], None]
Prefer = Callable[[bytes, Sequence[Pair]], Sequence[Pair]]
"""Of the plain recording and its predicted pairs, the same pairs in the order in which they are tried."""


class EscapedError(UserError):
    """The program leaves the simulation: no schedule of it can be judged."""


def explore(  # noqa: PLR0913 - what a search may be told
    scenario: Scenario,
    variant: str,
    budget: Budget | None = None,
    *,
    oracle: Oracle | None = None,
    corpus: Sequence[Tape] = (),
    on_progress: OnProgress | None = None,
    jobs: int = 1,
    prefer: Prefer | None = None,
    begun: Begun | None = None,
) -> Result:
    """Look for a schedule of the variant that fails: the verdict, and the tape of the first one.

    The plain run, the tapes of a ``corpus``, each predicted pair reversed and a random schedule after each,
    then PCT, delay-bounded and random ones in turns. By the same budget in schedules and the same seed it is
    the same result, however many ``jobs``. ``prefer`` says in which order predicted pairs are tried. Ctrl-C
    ends it with what was found so far, ``interrupted``, and ``begun``: given again, it goes on there, to the
    result of one go.

    Raises:
        EscapedError: the program does what no tape can hold; where, and what to do instead.
        UserError: there is no such variant; a rules file has a mistake.
    """
    search = _Search(scenario, variant, budget or Budget(), oracle or Oracle(), on_progress, jobs, prefer)
    return search.done(corpus, begun)


class _Search:
    def __init__(
        self,
        scenario: Scenario,
        variant: str,
        budget: Budget,
        oracle: Oracle,
        on_progress: OnProgress | None,
        jobs: int,
        prefer: Prefer | None,
    ) -> None:
        self._bench = Bench(scenario, variant, oracle)
        self._bench.play()  # refuses what is no variant
        rules_of(oracle)
        self._budget = budget
        self._on_progress = on_progress
        self._jobs = jobs
        self._prefer = prefer
        self._began = time.monotonic()
        self._schedules = 0
        self._phase: Phase = "plain"
        self._searched = Searched()
        self._trials = 0
        self._of_trials = Searched()
        self._pairs: tuple[PairResult, ...] = ()
        self._notices: list[str] = []
        self._plain = b""

    def done(self, corpus: Sequence[Tape], begun: Begun | None) -> Result:
        hit: Tried | None = None
        until, interrupted = 0, False
        try:
            with seldom_collecting(), closing(self._all(corpus, begun)) as tried_ones:
                for tried in tried_ones:
                    if tried.found and self._as_expected(tried.found):
                        hit = tried
                        break
                    if tried.found and hit is None:
                        hit, until = tried, self._schedules + _FURTHER
                    if hit is not None and self._schedules >= until:
                        break
        except KeyboardInterrupt:
            interrupted = True
        return self._result(hit, interrupted=interrupted)

    def _as_expected(self, found: Sequence[Found]) -> bool:
        """Whether it is what the scenario's bug does; where that is not said, or no run shows it, all is."""
        scenario = self._bench.scenario
        if self._bench.variant != BUGGY or scenario.rule in (None, ORDER_RACE):
            return True
        return any(one.rule == scenario.rule for one in found)

    def _all(self, corpus: Sequence[Tape], begun: Begun | None) -> Generator[Tried, None, None]:
        trace = Trace()
        plain = self._bench.watched(Plain(), trace.note)
        self._plain = plain.recording
        yield self._note(self._bench.judge("plain", plain))
        yield from self._of_corpus(corpus)
        yield from self._guided(trace)
        for tried in self._further(choices_of(plain.run.tape), begun):
            yield self._note(tried)
            self._trials += 1
            self._of_trials.note(tried)
            if self._over:
                return

    def _further(self, choices: int, begun: Begun | None) -> Iterator[Tried]:
        """PCT, delays and random schedules, here or elsewhere."""
        self._searched.singles = self._of_trials.singles = choices
        if begun is not None and begun.singles == choices:  # else it is another program by now
            self._trials = begun.trials
            self._schedules += begun.trials
            self._searched.resume(begun)
            self._of_trials.resume(begun)
        if self._over:
            return
        source = source_of(self._bench.scenario) if self._worth_processes else None
        if source is None:
            coming = trials(self._budget.seed, choices)
            yield from map(self._bench.attempt, islice(coming, self._trials, None))
            return
        work = Work(source, self._bench.variant, self._bench.oracle, self._budget.seed, choices)
        with closing(Crew(work, self._jobs)) as crew:
            try:
                portion, done = divmod(self._trials, AT_ONCE)
                yield from islice(crew.results(portion), done, None)
            except WorkerError as lost:
                self._notices.append(f"the search ended early: {lost}")

    @property
    def _worth_processes(self) -> bool:
        """They take a second to begin."""
        schedules = self._budget.schedules
        return self._jobs > 1 and (schedules is None or schedules - self._schedules >= _WORTH)

    def _of_corpus(self, corpus: Sequence[Tape]) -> Iterator[Tried]:
        for tape in corpus:
            if self._over:
                return
            try:
                played = self._bench.replay(tape)
            except TapeError as refused:
                self._notices.append(f"a tape of the corpus was left out: {refused}")
                continue
            yield self._note(self._bench.judge("corpus", played))

    def _guided(self, trace: Trace) -> Iterator[Tried]:
        bench, bound = self._bench, self._budget.bound
        if not bench.oracle.recorded:
            return
        pairs: Sequence[Pair] = predicted_pairs(self._plain, trace, bench.oracle)
        if self._prefer is not None:
            pairs = self._prefer(self._plain, pairs)
        reversals = [Reversal(bench, pair, bound) for pair in pairs]
        try:
            attempts = (reversal.attempts() for reversal in reversals)
            longest = (reversal.longest() for reversal in reversals)
            guided = chain.from_iterable(chain(attempts, longest))
            for tried in () if self._over else self._in_turns(guided):
                yield self._note(tried)
                if self._over:
                    return
        finally:
            self._pairs = tuple(reversal.result for reversal in reversals)

    def _in_turns(self, guided: Iterator[Tried]) -> Iterator[Tried]:
        wild = between(self._budget.seed)
        for tried in guided:
            yield tried
            yield self._bench.attempt(next(wild))

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._began

    @property
    def _over(self) -> bool:
        budget = self._budget
        return (budget.schedules is not None and self._schedules >= budget.schedules) or (
            budget.seconds is not None and self._seconds >= budget.seconds
        )

    def _note(self, tried: Tried) -> Tried:
        escaped = next((one for one in tried.found if one.kind == "escape"), None)
        if escaped is not None:
            scenario = self._bench.scenario.name
            raise EscapedError(f"{scenario} ({self._bench.variant}) leaves the simulation: {escaped.message}")
        self._schedules += 1
        self._phase = tried.phase
        self._searched.note(tried)
        if self._on_progress is not None:
            self._on_progress(Progress(tried.phase, self._schedules, self._budget.schedules, self._seconds))
        return tried

    def _expected_first(self, found: Sequence[Found]) -> tuple[Found, ...]:
        """What the scenario is about, then what ended the run, then what else the rules say."""
        rule = self._bench.scenario.rule
        return tuple(sorted(found, key=lambda one: one.rule != rule))

    def _result(self, hit: Tried | None, *, interrupted: bool) -> Result:
        found = self._expected_first(hit.found if hit is not None else ())
        first = found[0] if found else None
        return Result(
            self._bench.scenario.name,
            self._bench.variant,
            "confirmed" if found else _verdict(self._pairs),
            first.rule if first is not None else None,
            first,
            found[1:],
            self._schedules,
            hit.phase if hit is not None else self._phase,
            hit.tape if hit is not None else None,
            self._plain,
            hit.recording if hit is not None else None,
            self._pairs,
            self._seconds,
            confidence(self._searched),
            interrupted,
            tuple(self._notices),
            self._of_trials.kept(self._trials) if interrupted and self._trials else None,
        )


def _verdict(pairs: Sequence[PairResult]) -> Verdict:
    """Of a search that found nothing."""
    fates = Counter(pair.fate for pair in pairs if not pair.note)
    if fates["not-reproduced"] or fates["untried"]:
        return "not-reproduced"
    if fates["infeasible"] and not fates["harmless"]:
        return "infeasible"
    return "clean"
