"""A log that grows, judged as it grows: the rules and the conflicts of `judge`, piece by piece."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

from debugger.analysis.clashing import conflicts_by
from debugger.analysis.explain import Explanation
from debugger.analysis.explain import explain as explained
from debugger.analysis.findings import Finding
from debugger.analysis.judge import INTEGRITY, marked
from debugger.analysis.order import Mailbox, Order
from debugger.analysis.ranking import rank
from debugger.analysis.rules import Rules, RuleSet, suppressed
from debugger.log import EventLog
from debugger.log.pace import Pace

SMALL: Final = (256, 1 << 14, 2_000_000)
LARGE: Final = (1 << 12, 1 << 15, 50_000_000)
"""Rows that are judged at once, at least and at most, and what is quick. Each piece costs some ms in itself:
small ones are for who paints a screen in between. The last one may be nearly twice as large."""


class Online:
    """What `judge` finds in a log, but for what is missing from it, while the log grows.

    `advance` judges what came; `findings` are those so far, the worst first. Of a ``live`` log what still
    waits is no finding, nor is it of any other before `finish` says that nothing more is expected. Should
    something come after that all the same, the rules look at all of it once more. They go by `order`.
    """

    def __init__(
        self,
        log: EventLog,
        rules: RuleSet,
        today: dt.date,
        *,
        live: bool = False,
        chunks: tuple[int, int, int] = SMALL,
    ) -> None:
        self._log = log
        self._ruleset = rules
        self._today = today
        self._pace = Pace(*chunks)
        self._live = self._whole = live
        self._told: tuple[Finding, ...] = ()
        self._told_of: object = None
        self._again = False
        self._concurrent: frozenset[Mailbox] = frozenset()
        self._begin()

    def _begin(self) -> None:
        self.order = Order(self._log, concurrent=self._concurrent)
        self._conflicts = conflicts_by(self._ruleset, self._log, self.order)
        self._rules = Rules(self._log, self._ruleset, order=self.order, live=self._live)

    @property
    def looked_at(self) -> int:
        """Rows that are judged."""
        return self._rules.looked_at

    @property
    def complete(self) -> bool:
        """Whether every row of the log is."""
        return self.looked_at >= len(self._log) or self._log.first_row >= len(self._log)

    def advance(self, clock: Callable[[], int], budget_ns: int) -> bool:
        """Judge new rows for about ``budget_ns`` of `clock`, one chunk at least; whether there were any."""
        stop = len(self._log)
        if self.complete:
            return False
        if self._whole and not self._live:
            self._whole = False
            self._rules.advance(clock, 0)  # it begins anew
        for size in self._pace.pieces(clock, budget_ns):
            upto = max(self.looked_at, self._log.first_row) + size
            if upto + size > stop:  # a rest that is smaller goes along: it would cost what a piece does
                upto = stop
            self._conflicts.take(upto)
            if self.looked_at < upto and self._conflicts.looked_at >= upto:
                self._rules.take(upto)
            if self.looked_at >= stop:
                break
        return True

    def finish(self) -> bool:
        """Nothing more is expected: what still waits is told as pending. Whether that is all there is to say.

        It is not where mailboxes turned out not to be ordered: then all is to be judged once more, knowing
        that, and `finish` to be called again. Until then `findings` are those of before.
        """
        if self.complete and not self._whole:
            if not self.order.disproved <= self._concurrent:
                self._concurrent |= self.order.disproved
                self._again = True
                self._begin()
                return False
            self._rules.finish()
            self._whole = True
            self._told_of = None
        return self.complete

    def findings(self) -> tuple[Finding, ...]:
        """All so far. They are the same values for as long as nothing is different about them."""
        if self._again and not self.complete:
            return self._told
        self._again = False
        found = self._rules.all()
        clashes = self._conflicts.findings(found)
        of = (found, clashes)
        if of != self._told_of:
            self._told_of = of
            told = suppressed((*found, *map(marked, clashes)), self._ruleset.suppress, self._today)
            self._told = tuple(sorted(filter(self._is_told, told), key=rank))
        return self._told

    def _is_told(self, finding: Finding) -> bool:
        return self._whole or finding.verdict != INTEGRITY or finding.row >= 0

    def explain(self, finding: Finding) -> Explanation | None:
        """Why its two events came as they did; None if it has not two, or they are forgotten."""
        return explained(self._log, self.order, finding)
