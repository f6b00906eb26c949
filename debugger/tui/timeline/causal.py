"""An order of events in which nothing comes before what caused it, whatever the clocks say."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


def program_edges(rows: Numbers, tasks: Numbers, seqs: Numbers) -> tuple[Numbers, Numbers]:
    """Positions (before, after) of events that follow each other in one task; 0 is no task.

    Within a task, ``seq`` is the order where both have one (negative: none), else the row.
    """
    known = np.flatnonzero(tasks > 0)
    keys = np.where(seqs[known] >= 0, seqs[known], rows[known])
    mixed = bool((seqs[known] >= 0).any() and (seqs[known] < 0).any())
    order = known[np.lexsort((rows[known] if mixed else keys, tasks[known]))]
    same = tasks[order[1:]] == tasks[order[:-1]]
    return order[:-1][same], order[1:][same]


def causal_order(rows: Numbers, causes: Numbers, tasks: Numbers, seqs: Numbers) -> Numbers:
    """The rows (ascending) rearranged: causes and a task's earlier steps first, else as they came.

    ``causes`` are rows, negative for none; those outside of ``rows`` are no constraint. Where the
    log contradicts itself (a circle), the earliest row of what is left goes first.
    """
    count = len(rows)
    if not count:
        return rows
    place = np.searchsorted(rows, causes)
    inside = (causes >= 0) & (place < count)
    inside &= rows[np.minimum(place, count - 1)] == causes
    after = np.flatnonzero(inside)
    before = place[after]
    earlier, later = program_edges(rows, tasks, seqs)
    if bool((before < after).all()) and bool((earlier < later).all()):
        return rows
    return rows[_sorted(count, np.concatenate((before, earlier)), np.concatenate((after, later)))]


def _sorted(count: int, before: Numbers, after: Numbers) -> Numbers:
    """Positions in topological order, the lowest first where several can be next."""
    waiting = np.bincount(after, minlength=count).tolist()
    following: list[list[int]] = [[] for _ in range(count)]
    for one, other in zip(before.tolist(), after.tolist(), strict=True):
        following[one].append(other)
    ready = [position for position in range(count) if not waiting[position]]
    heapify(ready)
    placed = [False] * count
    order: list[int] = []
    stuck = 0
    while len(order) < count:
        if not ready:  # a circle: break it at its earliest event
            while placed[stuck]:
                stuck += 1
            heappush(ready, stuck)
            waiting[stuck] = 0
        position = heappop(ready)
        if placed[position]:
            continue
        placed[position] = True
        order.append(position)
        for other in following[position]:
            waiting[other] -= 1
            if waiting[other] == 0 and not placed[other]:
                heappush(ready, other)
    return np.array(order, np.int64)


def collapse(order: Numbers, lanes: Numbers, local: NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    """The order in steps: neighbouring ``local`` events of one lane share one.

    ``lanes`` and ``local`` go with ``order``. Gives where in it each step begins, and each event's step.
    """
    if not len(order):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    begins = np.ones(len(order), np.bool_)
    begins[1:] = ~local[1:] | ~local[:-1] | (lanes[1:] != lanes[:-1])
    return np.flatnonzero(begins), np.cumsum(begins) - 1
