"""Runs rules over a log: one pass, in pieces of any size, live or at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from backend.events.vocabulary import CONTROL
from debugger.analysis.findings import Finding
from debugger.analysis.order import Order
from debugger.analysis.rules.capable import Capabilities, unjudged
from debugger.analysis.rules.doubts import AtHand, Doubt, Doubts
from debugger.analysis.rules.ledger import INTEGRITY, KEPT, PREDICTED, VIOLATION, Charge, Entry, Ledger
from debugger.analysis.rules.load import RuleSet
from debugger.analysis.rules.losses import Losses
from debugger.analysis.rules.program import Program, Ready
from debugger.analysis.rules.sessions import Sessions
from debugger.analysis.rules.walk import Walk
from debugger.log import EventLog
from debugger.log.pace import Pace

_FIRST_CHUNK: Final = 512
_LARGEST_CHUNK: Final = 1 << 16
_FAST_NS: Final = 3_000_000
_SECOND: Final = 1_000_000_000


class Outcome(NamedTuple):
    """What became of a rule so far: findings by verdict, what is still open, what was not judged and why."""

    violated: int
    predicted: int
    inconclusive: int
    pending: int
    not_judged: tuple[str, ...]


class Rules:
    """Grows with its log: `advance` judges what came, `all` tells what was found so far.

    What is found depends on the rows alone, not on how `advance` was called. With an ``order`` steps that
    went well, but that nothing orders, are predicted; rows are judged as far as the order has looked. Where
    somebody else has the order, ``doubts`` gets what is asked of it. A ``live`` log is expected to go on:
    what still waits is not mentioned. `finish` says that a log is whole.
    """

    def __init__(
        self,
        log: EventLog,
        rules: RuleSet | Ready,
        *,
        order: Order | None = None,
        doubts: Doubts | None = None,
        live: bool = False,
    ) -> None:
        self._log = log
        self._ready = rules if isinstance(rules, Ready) else Ready(rules)
        self._rules = self._ready.rules
        self._order = order
        self._doubts = doubts or AtHand(log, order)
        self._live = live
        self._pace = Pace(_FIRST_CHUNK, _LARGEST_CHUNK, _FAST_NS)
        self._start()

    def _start(self) -> None:
        self._ledger = Ledger(newest=self._log.forgets)
        self._losses = Losses(self._log)
        self._sessions = Sessions(self._log, self._losses)
        self._seen: dict[str, int] = {}
        self._program = Program(self._ready, self, self._log)
        self._walk = Walk(self._log, self._program, self._sessions, self._seen)
        self.looked_at = self._log.first_row
        self._capable = Capabilities(self._log, self._rules.events, self._ready.types)
        self._finished = False
        self._timed = any(judge.timed for _, judge in self._program.judges)
        self._told: tuple[Finding, ...] = ()
        self._told_of: tuple[object, ...] = ()
        self._blind: frozenset[int] = frozenset()  # cases that the log cannot show

    # --- growing -------------------------------------------------------------------------------

    @property
    def complete(self) -> bool:
        """Whether every row of the log was judged."""
        return self.looked_at >= len(self._log)

    def advance(self, clock: Callable[[], int], budget_ns: int) -> bool:
        """Judge new rows for about ``budget_ns`` of `clock`, one chunk at least; whether more was found."""
        version, stop = self._ledger.version, len(self._log)
        if self._finished and stop > self.looked_at:
            self._start()  # it was not whole after all
        if self._order is not None:
            stop = min(stop, self._order.looked_at)
        if self.looked_at < stop:
            for size in self._pace.pieces(clock, budget_ns):
                self.take(min(self.looked_at + size, stop))
                if self.looked_at >= stop:
                    break
        return self._ledger.version != version

    def take(self, stop: int) -> None:
        """Judge rows up to `stop`, in large pieces."""
        first = self._log.first_row
        if first > self.looked_at:  # rows are forgotten that were never looked at
            self._losses.add(first)
            self.looked_at = first
        while self.looked_at < stop:
            upto = min(self.looked_at + _LARGEST_CHUNK, stop)
            self._losses.look(self.looked_at, upto)
            self._sessions.look(self.looked_at, upto)
            for judge in self._program.columns:
                judge.look(self.looked_at, upto)
            self._walk.take(self.looked_at, upto)
            self.looked_at = upto

    def finish(self) -> None:
        """The log is whole: a log that records no receives is known to be one now."""
        if not self._finished and self.complete:
            self._walk.finish()
            for judge in self._program.columns:
                judge.finished()
            self._finished = True

    # --- what patterns ask ---------------------------------------------------------------------

    def doubt(self, doubt: Doubt, charge: Callable[[], Charge]) -> None:
        """What went well is predicted, if nothing orders it."""
        self._doubts.ask(doubt, lambda: self.enter(PREDICTED, charge()))

    def lost(self, low: int, high: int) -> bool:
        """Whether events may be missing from above a row up to another."""
        return self._losses.between(low, high)

    def held(self, low: int, high: int) -> bool:
        """Whether somebody did anything to the bus by hand between two rows."""
        control = self._log.id_of("message_type", CONTROL)
        return control is not None and bool((self._log.column("message_type")[low:high] == control).any())

    def began(self, session: str | None) -> int:
        """A row right before all that is known of a session."""
        return self._sessions.began(session)

    def seen(self, event: str, row: int) -> bool:
        """Whether there was an event at all up to a row."""
        return self._seen.get(event, row + 1) <= row

    def enter(self, verdict: str, charge: Charge) -> None:
        """Note what was found."""
        self._ledger.enter(verdict, charge)

    def came(self, verdict: str, charge: Charge, row: int) -> None:
        """What a charge awaits is there, in a row."""
        self._ledger.came(verdict, charge, row)

    # --- telling -------------------------------------------------------------------------------

    def outcome(self, rule: str) -> Outcome:
        """What became of a rule so far."""
        mine = [judge for one, judge in self._program.judges if one.id == rule]
        now = self._now_ns()
        return Outcome(
            self._ledger.count(rule, VIOLATION) + sum(len(judge.overdue(now)) for judge in mine),
            self._ledger.count(rule, "predicted"),
            self._ledger.count(rule, INTEGRITY),
            sum(judge.pending(now) for judge in mine),
            tuple(what for judge in mine for what in judge.lacks()),
        )

    def all(self) -> tuple[Finding, ...]:
        """What was found so far: by rows, then what could not be judged."""
        now = self._now_ns() // _SECOND if self._timed else 0
        if self._capable.blind:
            missing = self._capable.missing
            self._blind = frozenset(at for at, case in enumerate(self._program.cases) if missing(case))
        else:
            self._blind = frozenset()
        of = (self._ledger.version, self._finished, now, 0 if self._live else self.looked_at, self._blind)
        if of != self._told_of:
            self._told_of = of
            self._told = (*self._found(), *self._capped(), *self._unjudged())
        return self._told

    def unjudged(self) -> tuple[tuple[str, str], ...]:
        """Rules that the log, as far as it goes, cannot show at all, or not all of, and why."""
        return tuple(unjudged(self._log, self._rules.rules, self._capable))

    def _found(self) -> list[Finding]:
        now = self._now_ns()
        late = [
            Entry(verdict, charge).finding()
            for number, (_, judge) in enumerate(self._program.judges)
            if number not in self._blind
            for verdict, charge in judge.overdue(now)
        ]
        found = self._ledger.findings(self._blind)
        return sorted([*found, *late[:KEPT]], key=lambda one: (one.row, one.rule)) if late else found

    def _capped(self) -> list[Finding]:
        return [
            Finding(
                rule,
                verdict,
                self._severity(rule, verdict),
                f"{more:,} more findings of {rule}",
                times=more,
            )
            for (rule, verdict), more in self._ledger.more.items()
        ]

    def _severity(self, rule: str, verdict: str) -> str:
        severity: str = next(one.severity for one, _ in self._program.judges if one.id == rule)
        return severity if verdict == VIOLATION or severity != "error" else "warning"

    def _unjudged(self) -> list[Finding]:
        found = []
        for rule in self._rules.rules:
            judges = [
                judge
                for number, (one, judge) in enumerate(self._program.judges)
                if one is rule and number not in self._blind
            ]
            lacks = list(dict.fromkeys(what for judge in judges for what in judge.lacks()))
            given_up = sum(judge.given_up for judge in judges)
            if given_up:
                lacks.append(f"{given_up:,} were too many to remember")
            if lacks and (not self._live or given_up):
                message = f"{rule.id} was not judged everywhere: {'; '.join(lacks)}"
                why = "the rule needs it; a rules file may map other names onto its own"
                found.append(Finding(rule.id, INTEGRITY, "warning", message, why, rule.fix and ""))
            pending = 0 if self._live else sum(judge.pending(self._now_ns()) for judge in judges)
            if pending:
                message = f"{rule.id} is pending {pending:,} times: the log ends before it could be judged"
                found.append(Finding(rule.id, INTEGRITY, "info", message))
        return found

    def _now_ns(self) -> int:
        at = self.looked_at - 1
        return int(self._log.column("steady_ns")[at]) if at >= self._log.first_row else 0


def judged(log: EventLog, rules: RuleSet | Ready, *, order: Order | None = None) -> Rules:
    """The rules on a whole log."""
    found = Rules(log, rules, order=order)
    found.take(len(log) if order is None else min(len(log), order.looked_at))
    found.finish()
    return found
