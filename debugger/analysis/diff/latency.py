"""How much later, or sooner, a turn's messages were first sent."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.events.vocabulary import PUBLISHED
from debugger.analysis.diff.facts import Facts, OneSide
from debugger.analysis.diff.forest import ROOT
from debugger.analysis.diff.match import NOBODY
from debugger.analysis.diff.places import place_of
from debugger.analysis.diff.records import LatencyDifference, Pair
from debugger.log import ABSENT

Int = NDArray[np.int64]

LEAST_NS: Final = 1_000_000
"""Differences below this are of the scheduler, not of the program."""

MOST: Final = 8
_FAR: Final = 1 << 61


def latencies(facts: Facts, rows_a: Int, rows_b: Int) -> tuple[LatencyDifference, ...]:
    """The waits of a turn that differ the most in their own step; none where a clock ran backwards in it."""
    if not len(rows_a) or not len(rows_b):
        return ()
    log = facts.a.log
    first = _milestones(facts, rows_a)
    mates = facts.a.mates[first]
    start_a, start_b = _times(facts.a, rows_a).min(), _times(facts.b, rows_b).min()
    since_a, since_b = _times(facts.a, first) - start_a, _times(facts.b, mates) - start_b
    step_a, step_b = _steps(facts.a, first, since_a), _steps(facts.b, mates, since_b)
    deltas = np.abs(step_b - step_a)
    sound = (step_a >= 0) & (step_b >= 0) & (deltas >= LEAST_NS)
    order = np.lexsort((first, -deltas))
    return tuple(
        LatencyDifference(
            Pair(place_of(log, int(first[at])), place_of(facts.b.log, int(mates[at]))),
            int(since_a[at]),
            int(since_b[at]),
            int(step_a[at]),
            int(step_b[at]),
        )
        for at in order[sound[order]][:MOST].tolist()
    )


def _milestones(facts: Facts, rows: Int) -> Int:
    """The first matched event of each kind of message sent."""
    log = facts.a.log
    published = log.id_of("event_type", PUBLISHED)
    matched = rows[facts.a.mates[rows] != NOBODY]
    messages = log.column("message_type")[matched] != ABSENT
    sent = log.column("event_type")[matched] == (ABSENT if published is None else published)
    chosen = matched[messages & sent] if (messages & sent).any() else matched[messages]
    _, places = np.unique(facts.a.rows.kinds[chosen], return_index=True)
    return np.sort(chosen[places])


def _times(side: OneSide, rows: Int) -> Int:
    """Recorded times in ns, those of no time of this world cut so that they can be subtracted."""
    return np.clip(side.log.column("timestamp_ns")[rows].astype(np.int64), -_FAR, _FAR)


def _steps(side: OneSide, rows: Int, since: Int) -> Int:
    """The time since what caused each, or since the turn began where that was outside of it."""
    parents = side.forest.parents[rows]
    caused = parents != ROOT
    steps = since.copy()
    steps[caused] = _times(side, rows[caused]) - _times(side, parents[caused])
    return steps
