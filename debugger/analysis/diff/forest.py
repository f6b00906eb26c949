"""The cause trees of a log: one for each turn, whose roots are what came from outside of it."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.diff.keys import Rows
from debugger.log import NOT_IN_LOG, EventLog

Hash = NDArray[np.uint64]

ROOT: Final = -1
_FACTOR: Final = 0x9E3779B97F4A7C15
_WORD: Final = (1 << 64) - 1


class Forest(NamedTuple):
    """``parents``: the row of the same turn that caused each, or `ROOT`.

    ``labels`` tell siblings apart: the kind, and for a root also what kind of event outside caused it.
    ``unknown`` rows name a cause that is not in the log.
    """

    parents: NDArray[np.int64]
    labels: NDArray[np.int64]
    unknown: NDArray[np.bool_]
    late_causes: int


def has_causes(log: EventLog, rows: int) -> bool:
    """Whether the log tells of any of its events what caused it; an empty one hides nothing."""
    return not rows or bool((log.column("cause_row")[:rows] >= 0).any())


def forest_of(log: EventLog, rows: Rows, kinds: int, *, causal: bool) -> Forest:
    """The trees; without ``causal`` every event is a root."""
    count = len(rows.kinds)
    causes = log.column("cause_row")[:count].astype(np.int64)
    unknown = causes == NOT_IN_LOG
    if not causal:
        return Forest(np.full(count, ROOT), rows.kinds.astype(np.int64), np.ones(count, np.bool_), 0)
    # An effect before its cause is taken as a root: so there is no cycle, whatever a log says.
    late = causes >= np.arange(count)
    causes[late] = ROOT
    known = causes >= 0
    inside = known & (rows.scopes[causes] == rows.scopes)
    parents = np.where(inside, causes, ROOT)
    outer = np.where(known, rows.kinds[causes] + 1, 0)
    labels = rows.kinds.astype(np.int64) + np.where(inside, 0, kinds * (outer.astype(np.int64) + 1))
    return Forest(parents, labels, unknown, int(late.sum()))


def mixed(numbers: NDArray[np.int64] | Hash) -> Hash:
    """Numbers scattered over 64 bits (the finaliser of splitmix64)."""
    h = numbers.astype(np.uint64) * np.uint64(_FACTOR)
    h ^= h >> np.uint64(30)
    h *= np.uint64(0xBF58476D1CE4E5B9)
    h ^= h >> np.uint64(27)
    h *= np.uint64(0x94D049BB133111EB)
    return h ^ (h >> np.uint64(31))


def paths_of(rows: Rows, forest: Forest) -> Hash:
    """A hash for each row, of its turn and the way to it: labels, and which of its equal siblings each is."""
    count = len(forest.parents)
    if not count:
        return np.zeros(0, np.uint64)
    roots = forest.parents == ROOT
    above = np.where(roots, count + rows.scopes.astype(np.int64), forest.parents)
    siblings = mixed(mixed(above) ^ forest.labels.astype(np.uint64))
    steps = mixed(mixed(forest.labels) + ordinals(siblings).astype(np.uint64))
    steps[roots] ^= mixed(rows.scopes[roots].astype(np.int64) + (1 << 40))
    # h(row) = step(row) + F * h(parent), for all rows at once: by twice as many ancestors in each round.
    # The entry behind the last row is the parent of all roots.
    parents = np.append(np.where(roots, count, forest.parents), count)
    paths = np.append(steps, np.uint64(0))
    factor = _FACTOR
    while (parents != count).any():
        paths += np.uint64(factor) * paths[parents]
        parents = parents[parents]
        factor = factor * factor & _WORD
    return paths[:count]


def ordinals(groups: Hash) -> NDArray[np.int64]:
    """The place of each entry among those of the same group, from 0."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    begins = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    places = np.arange(len(groups)) - np.repeat(begins, np.diff(np.append(begins, len(groups))))
    found = np.empty(len(groups), np.int64)
    found[order] = places
    return found


def under(parents: NDArray[np.int64], chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which rows are chosen, or have one above them that is."""
    count = len(parents)
    found = np.append(chosen, np.False_)
    up = np.append(np.where(parents == ROOT, count, parents), count)
    while (up != count).any():
        found |= found[up]
        up = up[up]
    return found[:count]


def tops_of(parents: NDArray[np.int64], alone: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each row that is alone, the topmost of those right above it that are alone; -1 for others."""
    rows = np.arange(len(parents))
    up = np.where(alone & (parents != ROOT), parents, rows)
    up = np.where(alone & alone[up], up, rows)
    while True:
        further = up[up]
        if np.array_equal(further, up):
            return np.where(alone, up, -1)
        up = further
