"""The guided phase: each predicted pair, tried the other way round."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from debugger.explore.guided import Guided, Hold
from debugger.explore.predicted import Pair
from debugger.explore.trials import Bench, Tried
from debugger.explore.verdicts import Fate, PairResult


class Reversal:
    """One pair: `attempts` until it is known what becomes of it, then ``result``."""

    def __init__(self, bench: Bench, pair: Pair, bound: float) -> None:
        self._bench = bench
        self._pair = pair
        self._bound = bound
        self._schedules = 0
        self._fate: Fate = "untried"
        self._confirmed_by: Tried | None = None
        self._swapped_by: Hold | None = None

    def attempts(self) -> Iterator[Tried]:
        """One run for each way to swap the two, up to the one that does."""
        self._fate = "not-reproduced"
        for hold in self._pair.holds:
            strategy = Guided(hold, self._bound)
            yield self._tried(strategy)
            if strategy.swapped and self._fate == "not-reproduced":
                self._fate, self._swapped_by = "harmless", hold
            if self._fate != "not-reproduced":
                return
        self._fate = "infeasible"

    def longest(self) -> Iterator[Tried]:
        """Of a pair that was swapped without harm: once more, with the earlier side as late as may be.

        What comes just after the later one may still be in time for what that began.
        """
        if self._fate == "harmless" and self._swapped_by is not None:
            yield self._tried(Guided(replace(self._swapped_by, until=()), self._bound))

    def _tried(self, strategy: Guided) -> Tried:
        usual = self._bench.scenario.settings
        settings = replace(usual, lateness=max(self._bound, usual.lateness))
        tried = self._bench.judge("guided", self._bench.watched(strategy, strategy.look, settings))
        self._schedules += 1
        if tried.found:
            self._fate, self._confirmed_by = "confirmed", tried
        return tried

    @property
    def result(self) -> PairResult:
        """As far as it was tried."""
        pair = self._pair
        confirmed = self._confirmed_by
        return PairResult(
            pair.rule,
            pair.message,
            pair.rows,
            self._fate,
            self._schedules,
            self._bound,
            confirmed.found[0] if confirmed is not None else None,
            pair.note,
        )
