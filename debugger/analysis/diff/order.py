"""What happened in the other order: the least that has to move to make one order of the other."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.diff.increasing import disordered, longest_increasing

Int = NDArray[np.int64]


class Move(NamedTuple):
    """Rows of a that moved past another, ``events`` of them in a run. In a, ``one`` was before ``other``."""

    one: int
    other: int
    first: int
    events: int
    same_component: bool


class Orders(NamedTuple):
    """``moved`` rows of a changed their place within their component, ``crossed`` only among the others."""

    moves: list[Move]
    moved: NDArray[np.bool_]
    crossed: NDArray[np.bool_]


def orders(
    rows: Int, mates: Int, sessions: Int, components: Int, quiet: NDArray[np.bool_], count: int
) -> Orders:
    """Compare the order of matched ``rows`` of a, ascending, with that of their mates in b.

    ``count`` rows has a. Order is compared within a session: first within each of its components, then,
    of what kept its place there, between them. ``quiet`` rows have part in the latter only.
    """
    moved, crossed = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    loud = ~quiet
    groups = _groups(sessions, components)[loud]
    moves = _moves(rows[loud], mates[loud], groups, moved, same_component=True)
    rest = ~moved[rows]
    moves += _moves(rows[rest], mates[rest], sessions[rest], crossed, same_component=False)
    return Orders(moves, moved, crossed)


def _groups(sessions: Int, components: Int) -> Int:
    return sessions * (int(components.max(initial=0)) + 1) + components


def _moves(
    rows: Int, mates: Int, groups: Int, moved: NDArray[np.bool_], *, same_component: bool
) -> list[Move]:
    if not len(rows):
        return []
    by_group = np.argsort(groups, kind="stable")
    rows, mates, groups = rows[by_group], mates[by_group], groups[by_group]
    # Each group's numbers are above those of the group before, so that all are one sequence.
    number = np.cumsum(np.append(0, groups[1:] != groups[:-1]))
    values = mates + number * (int(mates.max()) + 1)
    found: list[Move] = []
    for stretch in disordered(values):
        here = rows[stretch].tolist()
        crossings = _crossings(values[stretch].tolist())
        moved[[here[place] for place, _, _ in crossings]] = True
        run: tuple[int, int] | None = None
        for place, one, other in crossings:
            past = one if place == other else other
            if run is not None and run == (place - 1, past):
                found[-1] = found[-1]._replace(events=found[-1].events + 1)
            else:
                found.append(Move(here[one], here[other], here[place], 1, same_component))
            run = (place, past)
    return found


def _crossings(values: list[int]) -> list[tuple[int, int, int]]:
    """For each place that moves: it, and a pair with it in it that was in the first order and is not now.

    The pair's other half stays. Going up it is the first that is passed, going down the next one.
    """
    kept = longest_increasing(values)
    kept_values = [values[place] for place in kept]
    stays = set(kept)
    found = []
    for place, value in enumerate(values):
        if place in stays:
            continue
        above = bisect_right(kept_values, value)
        if above < len(kept) and kept[above] < place:
            found.append((place, kept[above], place))
        else:
            found.append((place, place, kept[bisect_right(kept, place)]))
    return found
