"""A log judged as it grows; and, once it is whole, as it was before lines were copied or sorted otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from debugger.analysis.findings import Finding
from debugger.analysis.mending import Mended, to_mend, told_anew
from debugger.analysis.online import Online
from debugger.analysis.ranking import Key, key_of, pair_of, rank
from debugger.analysis.rules import RuleSet
from debugger.analysis.story import story_of
from debugger.analysis.told import Step, Story
from debugger.judging.asked import Asked
from debugger.log import EventLog


class Judged:
    """As `Online`, of rows of the log that was given, whatever had to be put right.

    A recording in which events come twice, or not in the order of their counts, shows what never happened:
    when it is whole, what `check` would judge of it is judged instead, and the findings say so. Should it
    grow after that, all begins anew. A live log is judged as it comes.
    """

    def __init__(self, log: EventLog, rules: RuleSet, asked: Asked, chunks: tuple[int, int, int]) -> None:
        self._log = log
        self._rules = rules
        self._asked = asked
        self._chunks = chunks
        self._begin()

    def _begin(self) -> None:
        self._online = self._online_of(self._log)
        self._mended: Mended | None = None
        self._looked = self._asked.live  # whether anything is to be mended
        self._mending: Iterator[None] | None = None
        self._of = 0  # rows that were mended
        self._told: tuple[Finding, ...] = ()
        self._told_of: tuple[Finding, ...] | None = None
        self._own: dict[Key, Finding] = {}

    def _online_of(self, log: EventLog) -> Online:
        return Online(log, self._rules, self._asked.today, live=self._asked.live, chunks=self._chunks)

    # --- growing -------------------------------------------------------------------------------

    @property
    def looked_at(self) -> int:
        """Rows that are judged; of a mended log so many as are that of the last one."""
        if self._mended is None or self._mended.rows is None:
            return self._online.looked_at
        if self._mending is not None:
            return 0
        return self._of if self._online.complete else self._online.looked_at

    @property
    def complete(self) -> bool:
        """Whether every row of the log is."""
        if self._mended is None:
            return self._online.complete
        return self._mending is None and self._online.complete and len(self._log) <= self._of

    def advance(self, clock: Callable[[], int], budget_ns: int) -> bool:
        """Judge new rows for about ``budget_ns`` of `clock`; whether there were any."""
        if self.complete:
            return False
        if self._mended is None:
            return self._online.advance(clock, budget_ns)
        if len(self._log) > self._of:
            self._begin()
            return True
        if self._mending is None:
            return self._online.advance(clock, budget_ns)
        until = clock() + budget_ns
        for _ in self._mending:
            if clock() >= until:
                return True
        self._mending = None
        self._online = self._online_of(self._mended.log)
        return True

    def finish(self) -> bool:
        """Nothing more is expected; as of `Online`: whether that is all, or there is more to judge now."""
        if not self.complete:
            return False
        if not self._looked:
            self._looked = True
            self._mended = to_mend(self._log)
            if self._mended is not None:
                self._of = len(self._log)
                self._mending = told_anew(self._log, self._mended)
                return False
        return self._online.finish()

    # --- what was found --------------------------------------------------------------------------

    def findings(self) -> tuple[Finding, ...]:
        """All so far. They are the same values for as long as nothing is different about them."""
        mended = self._mended
        if mended is None or mended.rows is None:
            return self._online.findings()
        if not self.complete:
            return self._told or self._before()
        found = self._online.findings()
        if found is not self._told_of:
            self._told_of = found
            rows: Final = mended.rows
            told = [(_at(one, rows), one) for one in found]
            self._own = {key_of(at): one for at, one in told}
            self._told = tuple(sorted((*(at for at, _ in told), *mended.findings()), key=rank))
        return self._told

    def _before(self) -> tuple[Finding, ...]:
        """What was found before anything was put right stays told meanwhile."""
        if self._mending is not None:
            self._told = self._online.findings()
        return self._told

    def story(self, finding: Finding) -> Story:
        """The story of one of them."""
        mended = self._mended
        if mended is None or mended.rows is None:
            return story_of(self._online, finding)
        own = self._own.get(key_of(finding))
        if own is None or self._mending is not None:
            return Story()
        story = _told_of(story_of(self._online, own), mended.rows)
        first, second = pair_of(own)
        if first >= 0 and mended.rows[first] > mended.rows[second]:
            return replace(story, first=story.second, second=story.first)
        return story


def _at(finding: Finding, rows: NDArray[np.int64]) -> Finding:
    """A finding of the mended log as one of the log that was given."""
    row = int(rows[finding.row]) if finding.row >= 0 else finding.row
    return replace(finding, row=row, rows=tuple(int(rows[one]) for one in finding.rows))


def _told_of(story: Story, rows: NDArray[np.int64]) -> Story:
    first, second = (
        tuple(Step(int(rows[step.row]), step.by) for step in steps) for steps in (story.first, story.second)
    )
    missing = tuple(int(rows[one]) for one in story.missing_rows)
    return replace(story, first=first, second=second, missing_rows=missing)
