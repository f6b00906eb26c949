"""The pairs that a plain run predicts, and how each could be swapped: which lane to hold back, from when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import islice
from typing import Final

from msgspec import Struct

from backend.events import decode_line
from backend.events.vocabulary import HANDLED
from debugger.analysis.findings import Finding
from debugger.analysis.judge import judge
from debugger.analysis.ranking import pair_of
from debugger.explore.guided import Hold, Sight, Until
from debugger.explore.oracle import Oracle, log_of, rules_of
from debugger.explore.steps import NO_LANE, Trace
from debugger.log import EventLog

MOST_PAIRS: Final = 100
"""That are tried; a plain run that predicts more is one long conversation."""

MOST_HOLDS: Final = 3
"""Ways to swap a pair that are tried."""

_FAR: Final = 64
"""Causes that are followed back."""


class Pair(Struct, frozen=True):
    """A predicted pair, by its rows in the plain recording, and the ways to swap the two, best first.

    ``note`` says that the analysis takes it to be meant.
    """

    rule: str
    message: str
    rows: tuple[int, int]
    holds: tuple[Hold, ...]
    note: bool


def predicted_pairs(recording: bytes, trace: Trace, oracle: Oracle) -> tuple[Pair, ...]:
    """Those of a plain run, best first: of rules that know what they speak of, then conflicts, then notes."""
    log = log_of(recording)
    seen = _Seen(log, trace)
    verdict = judge(log, rules_of(oracle).rules, dt.date.min)
    found = [one for one in verdict.findings if one.verdict == "predicted" and not one.suppressed]
    pairs: dict[tuple[int, int], Pair] = {}
    for finding in sorted(found, key=_rank):
        rows = pair_of(finding)
        if rows[0] < 0 or rows in pairs:
            continue
        note = finding.severity == "info"
        holds = tuple(islice(seen.holds(*rows), MOST_HOLDS))
        pairs[rows] = Pair(finding.rule, finding.message, rows, holds, note)
    return tuple(pairs.values())[:MOST_PAIRS]


def _rank(finding: Finding) -> tuple[bool, bool, int]:
    return finding.severity == "info", finding.rule == "order-race", finding.row


class _Seen:
    """A plain run, and where its events came from."""

    def __init__(self, log: EventLog, trace: Trace) -> None:
        self._causes_of: list[int | None] = [log.cause_row(row) for row in range(len(log))]
        events = [decode_line(log.raw(row)) for row in range(len(log))]
        self._sights = [Sight.of(event) for event in events]
        self._tasks = [event.task for event in events]
        self._end_of = {event.task: row for row, event in enumerate(events) if event.event_type == HANDLED}
        self._at = [trace.at(row) for row in range(len(log))]

    def holds(self, first: int, second: int) -> Iterator[Hold]:
        """Ways to bring the second before the first, the nearest to the first first.

        What led to the first (its publish, what led to that) is as good a place to hold as the first itself,
        and the only one where the two are handled by one mailbox. No good is a lane that the second needs.
        """
        needed: dict[int, int] = {}  # by lane: its last step that led to the second
        for row in self._history(second):
            step, lane = self._at[row]
            needed[lane] = max(needed.get(lane, 0), step)
        tried: set[int] = set()
        for row in self._history(first):
            step, lane = self._at[row]
            if lane == NO_LANE or step in tried or step <= 1 or needed.get(lane, 0) >= step:
                continue
            tried.add(step)
            rows = dict.fromkeys((second, self._end_of.get(self._tasks[second], second)))
            until = tuple(Until(self._sights[one], self._times(lane, step, one)) for one in rows)
            yield Hold(lane, step, until)

    def _history(self, row: int) -> Iterator[int]:
        """A row, and what led to it, step by step."""
        for _ in range(_FAR):
            yield row
            cause = self._causes_of[row]
            if cause is None or cause >= row:
                return
            row = cause

    def _times(self, lane: int, step: int, last: int) -> int:
        """How many events like the last come from a step on up to it, but for those the lane leads to."""
        sight, led, times = self._sights[last], set[int](), 0
        for row in range(last + 1):
            at, by = self._at[row]
            if at < step:
                continue
            if row != last and (by == lane or self._causes_of[row] in led):
                led.add(row)
            elif self._sights[row] == sight:
                times += 1
        return times
