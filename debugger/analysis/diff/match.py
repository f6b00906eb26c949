"""Which event of one log is which of the other: same turn, same way down the cause tree."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.diff.forest import ROOT, Forest, paths_of
from debugger.analysis.diff.increasing import longest_increasing
from debugger.analysis.diff.keys import Rows

NOBODY: Final = -1
_CANDIDATES: Final = 16  # events of a kind that are looked at for one whose cause fits, too

Step = Callable[[float], None]


class Matching(NamedTuple):
    """For each row of a its counterpart in b, or `NOBODY`; and the other way round."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]


class Side(NamedTuple):
    """One log, ready to be matched. ``places`` tell which of equal siblings is which, as far as they can."""

    rows: Rows
    forest: Forest
    places: NDArray[np.int64]


def match(a: Side, b: Side, scopes: int, step: Step) -> Matching:
    """Match both logs. ``step`` is called with the share that is done, and may raise to end it."""
    ours, theirs = _same_paths(a, b)
    found = Matching(np.full(len(a.rows.kinds), NOBODY), np.full(len(b.rows.kinds), NOBODY))
    found.a[ours], found.b[theirs] = theirs, ours
    step(0.3)
    by_a, by_b = _by_scope(a.rows.scopes, scopes), _by_scope(b.rows.scopes, scopes)
    same = np.bincount(a.rows.scopes[ours], minlength=scopes)
    done, total = 0, len(found.a) + len(found.b)
    for scope in range(scopes):
        rows_a, rows_b = by_a[scope], by_b[scope]
        done += len(rows_a) + len(rows_b)
        if not len(rows_a) or not len(rows_b) or same[scope] == len(rows_a) == len(rows_b):
            continue
        mates = np.array(_tree_match(_tree(a, rows_a), _tree(b, rows_b)), np.int64)
        have = mates != NOBODY
        found.b[rows_b] = NOBODY
        found.a[rows_a] = np.where(have, rows_b[mates], NOBODY)
        found.b[rows_b[mates[have]]] = rows_a[have]
        step(0.3 + 0.7 * done / total)
    step(1.0)
    return found


def _same_paths(a: Side, b: Side) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows whose way is the same to the last sibling: all of them, where a turn did not change."""
    paths_a, paths_b = paths_of(a.rows, a.forest), paths_of(b.rows, b.forest)
    _, ours, theirs = np.intersect1d(paths_a, paths_b, return_indices=True)
    same = (a.rows.kinds[ours] == b.rows.kinds[theirs]) & (a.rows.scopes[ours] == b.rows.scopes[theirs])
    return ours[same].astype(np.int64), theirs[same].astype(np.int64)


def _by_scope(scopes: NDArray[np.int32], count: int) -> list[NDArray[np.int64]]:
    order = np.argsort(scopes, kind="stable")
    return np.split(order, np.searchsorted(scopes[order], np.arange(1, count)))


# --- one turn --------------------------------------------------------------------------------


class _Tree(NamedTuple):
    """A turn's events, numbered from 0. ``below`` has the children of each, those of the root last."""

    kinds: list[int]
    labels: list[int]
    parents: list[int]
    below: list[list[int]]
    shapes: list[int]


def _tree(side: Side, rows: NDArray[np.int64]) -> _Tree:
    parents = side.forest.parents[rows]
    inside = parents != ROOT
    local = np.full(len(rows), len(rows))
    local[inside] = np.searchsorted(rows, parents[inside])
    labels = side.forest.labels[rows].tolist()
    above: list[int] = local.tolist()
    below: list[list[int]] = [[] for _ in range(len(rows) + 1)]
    for number, parent in enumerate(above):
        below[parent].append(number)
    shapes = _shapes(labels, side.places[rows].tolist(), above)
    return _Tree(side.rows.kinds[rows].tolist(), labels, above, below, shapes)


def _shapes(labels: list[int], places: list[int], parents: list[int]) -> list[int]:
    """A hash of each event and all that it caused, whatever the order in which it did."""
    count = len(labels)
    shapes = [0] * count
    waiting: list[list[int] | None] = [None] * (count + 1)
    for number in range(count - 1, -1, -1):
        below = waiting[number]
        if below is None:
            shape = hash((labels[number], places[number]))
        else:
            waiting[number] = None
            below.sort()
            shape = hash((labels[number], places[number], *below))
        shapes[number] = shape
        parent = parents[number]
        siblings = waiting[parent]
        if siblings is None:
            waiting[parent] = [shape]
        else:
            siblings.append(shape)
    return shapes


def _tree_match(a: _Tree, b: _Tree) -> list[int]:
    """For each event of a its counterpart: from the root down, then what hangs elsewhere in b."""
    mates = [NOBODY] * len(a.kinds)
    shapes_a, shapes_b = a.shapes, b.shapes
    waiting = [(len(a.kinds), len(b.kinds))]
    while waiting:
        above_a, above_b = waiting.pop()
        ours, theirs = a.below[above_a], b.below[above_b]
        if not ours or not theirs:
            continue
        if [shapes_a[one] for one in ours] == [shapes_b[one] for one in theirs]:
            pairs = list(zip(ours, theirs, strict=True))
        else:
            pairs = _siblings(a, b, ours, theirs)
        for one, other in pairs:
            mates[one] = other
        waiting += pairs
    _rejoin(a, b, mates)
    return mates


def _siblings(a: _Tree, b: _Tree, ours: Sequence[int], theirs: Sequence[int]) -> list[tuple[int, int]]:
    groups: defaultdict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for one in ours:
        groups[a.labels[one]][0].append(one)
    for one in theirs:
        groups[b.labels[one]][1].append(one)
    pairs: list[tuple[int, int]] = []
    for mine, yours in groups.values():
        if len(mine) == len(yours) == 1:
            pairs.append((mine[0], yours[0]))
        elif mine and yours:
            pairs += _equals(mine, yours, [a.shapes[one] for one in mine], [b.shapes[one] for one in yours])
    return pairs


def _equals(
    ours: list[int], theirs: list[int], shapes_a: list[int], shapes_b: list[int]
) -> list[tuple[int, int]]:
    """Pair equal siblings so that as much as can be below them is equal, too."""
    start, stop_a, stop_b = 0, len(ours), len(theirs)
    while start < min(stop_a, stop_b) and shapes_a[start] == shapes_b[start]:
        start += 1
    while min(stop_a, stop_b) > start and shapes_a[stop_a - 1] == shapes_b[stop_b - 1]:
        stop_a -= 1
        stop_b -= 1
    pairs = list(zip(ours[:start], theirs[:start], strict=True))
    pairs += zip(ours[stop_a:], theirs[stop_b:], strict=True)
    if start in (stop_a, stop_b):
        return pairs
    places: defaultdict[int, list[int]] = defaultdict(list)
    for place in range(start, stop_b):
        places[shapes_b[place]].append(place)
    nth = {shape: iter(found) for shape, found in places.items()}
    anchors = [
        (place, mate)
        for place in range(start, stop_a)
        if (mate := next(nth.get(shapes_a[place], iter(())), None)) is not None
    ]
    if not len(anchors) == stop_a - start == stop_b - start:  # else the same came in another order
        anchors = [anchors[kept] for kept in longest_increasing([mate for _, mate in anchors])]
    pairs += [(ours[place], theirs[mate]) for place, mate in anchors]
    if len(anchors) < min(stop_a, stop_b) - start:
        at_a = at_b = start
        for place, mate in [*anchors, (stop_a, stop_b)]:
            pairs += zip(ours[at_a:place], theirs[at_b:mate], strict=False)
            at_a, at_b = place + 1, mate + 1
    return pairs


def _rejoin(a: _Tree, b: _Tree, mates: list[int]) -> None:
    """Match what is left with its like of another cause, if possible below the counterpart of its cause."""
    taken = bytearray(len(b.kinds))
    for mate in mates:
        if mate != NOBODY:
            taken[mate] = 1
    left: defaultdict[int, deque[int]] = defaultdict(deque)
    for one, kind in enumerate(b.kinds):
        if not taken[one]:
            left[kind].append(one)
    if not left:
        return
    mates_above = [*mates, len(b.kinds)]
    for one, kind in enumerate(a.kinds):
        if mates_above[one] != NOBODY or not (open_ones := left.get(kind)):
            continue
        wanted = mates_above[a.parents[one]]
        near = enumerate(islice(open_ones, _CANDIDATES))
        place = next((place for place, other in near if b.parents[other] == wanted), 0)
        mates[one] = mates_above[one] = open_ones[place]
        del open_ones[place]
