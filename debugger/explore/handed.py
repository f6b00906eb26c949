"""What `check` predicts of a recording, handed over: the same pairs of a plain run are tried first.

The recording may be of the scenario, or of the real program with the same components: what is matched is the
rule, and the component and message type of each of the two events. No ids, no times, no turns.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from msgspec import Struct

from backend.errors import UserError
from debugger.analysis.findings import Finding
from debugger.analysis.judge import judge
from debugger.analysis.ranking import pair_of
from debugger.explore.oracle import Oracle, log_of, rules_of
from debugger.explore.predicted import Pair
from debugger.explore.verdicts import PairResult
from debugger.log import EventLog
from debugger.sources.file import open_recordings
from debugger.sources.recording import SourceError

Side = tuple[str, str]
"""Of an event: component, and message type or nothing."""

_NAMED = 8
_UNKNOWN = "not predicted of the plain run"


class Handed(Struct, frozen=True):
    """One prediction: by what it is known again, and its words."""

    rule: str
    sides: frozenset[Side]
    message: str


class Predictions:
    """Those of a recording, each kind once, the best first.

    Raises:
        UserError: the recording cannot be read, or predicts nothing.
    """

    def __init__(self, path: str, oracle: Oracle) -> None:
        self.path = path
        log = EventLog()
        try:
            source = open_recordings([path])
            try:
                source.load_all(log)
            finally:
                source.close()
        except SourceError as error:
            raise UserError("; ".join(error.problems)) from None
        found = judge(log, rules_of(oracle).rules, dt.date.min).findings
        handed = [_handed(log, one) for one in found if one.verdict == "predicted" and not one.suppressed]
        self.all = tuple({(one.rule, one.sides): one for one in reversed(handed) if one.sides}.values())[::-1]
        if not self.all:
            raise UserError(f"{path}: nothing is predicted of it, so there is nothing to try first")

    def first(self, plain: bytes, pairs: Sequence[Pair]) -> Sequence[Pair]:
        """The pairs of a plain run, those that were handed over first, in their order."""
        log = log_of(plain)
        return sorted(pairs, key=lambda pair: self._place(pair.rule, _sides(log, pair.rows)))

    def fates(self, plain: bytes, results: Sequence[PairResult]) -> list[str]:
        """What became of each, a line for each kind; what the plain run does not predict is named."""
        log = log_of(plain)
        of: dict[int, PairResult] = {}
        for result in sorted(results, key=lambda one: self._place(one.rule, _sides(log, one.rows))):
            place = int(self._place(result.rule, _sides(log, result.rows)))
            of.setdefault(place, result)
        known = [f"{_fate(one, of[at])}: {one.message}" for at, one in enumerate(self.all) if at in of]
        unknown = [f"{one.rule}: {one.message}" for at, one in enumerate(self.all) if at not in of]
        return [
            *_first_of(known, "that were tried first"),
            *_first_of([f"{_UNKNOWN}: {one}" for one in unknown], f"that are {_UNKNOWN}"),
        ]

    def _place(self, rule: str, sides: frozenset[Side]) -> float:
        """Which of those handed over a pair is: the same by another rule is one, too, but a lesser one."""
        same = (at for at, one in enumerate(self.all) if (one.rule, one.sides) == (rule, sides))
        alike = (at + 0.5 for at, one in enumerate(self.all) if one.sides == sides)
        return next(same, next(alike, len(self.all)))


def _fate(one: Handed, result: PairResult) -> str:
    by = "" if one.rule == result.rule else f" (here as {result.rule})"
    return f"{result.fate}: {one.rule}{by}"


def _first_of(lines: Sequence[str], which: str) -> list[str]:
    more = len(lines) - _NAMED
    return [*lines[:_NAMED], *([f"and {more} more {which}"] if more > 0 else [])]


def _handed(log: EventLog, finding: Finding) -> Handed:
    return Handed(finding.rule, _sides(log, pair_of(finding)), finding.message)


def _sides(log: EventLog, rows: tuple[int, int]) -> frozenset[Side]:
    return frozenset(_side(log, row) for row in rows if 0 <= row < len(log))


def _side(log: EventLog, row: int) -> Side:
    header = log.header(row)
    return header.component, header.message_type or ""
