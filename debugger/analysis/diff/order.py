"""What happened in the other order: the least that has to move to make one order of the other."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.diff.increasing import disordered, longest_increasing
from debugger.log import ABSENT

Int = NDArray[np.int64]

_FOLLOWED: Final = 32  # causes of two inverted events that are looked at


class Move(NamedTuple):
    """Rows of a that moved past another, ``events`` of them in a run. In a, ``one`` was before ``other``.

    ``races``: both are of one component, and its code did not itself decide on their order.
    """

    one: int
    other: int
    first: int
    events: int
    same_component: bool
    races: bool


class Orders(NamedTuple):
    """``moved`` rows of a are in moves that race, ``crossed`` ones in others; ``of`` says in which, or -1."""

    moves: list[Move]
    moved: NDArray[np.bool_]
    crossed: NDArray[np.bool_]
    of: Int


class Compared(NamedTuple):
    """Matched ``rows`` of a, ascending, their ``mates`` in b, and of each the session and the component.

    ``quiet`` rows are compared with all others of the session, but not within their component.
    """

    rows: Int
    mates: Int
    sessions: Int
    components: Int
    quiet: NDArray[np.bool_]

    def only(self, which: NDArray[np.bool_]) -> Compared:
        """Some of them."""
        rows, mates, sessions, components, quiet = self
        return Compared(rows[which], mates[which], sessions[which], components[which], quiet[which])


class Programs(NamedTuple):
    """What tells whether code decided on an order: tasks and causes of all rows of a, tasks of those of b.

    ``elsewhere`` rows of a have another cause in b, or follow from one that has.
    """

    tasks_a: NDArray[Any]
    tasks_b: NDArray[Any]
    causes: Int
    mates: Int
    elsewhere: NDArray[np.bool_]

    def decided(self, one: int, other: int) -> bool:
        """Whether two inverted rows of a are of one task in both logs, or follow from such a pair.

        What one task does is in the order of its code: it did something else, and nothing overtook.
        What had another cause came when that did.
        """
        tasks_a, tasks_b, causes, mates, elsewhere = self
        if elsewhere[one] or elsewhere[other]:
            return True
        for _ in range(_FOLLOWED):
            if (
                tasks_a[one] == tasks_a[other] != ABSENT
                and tasks_b[mates[one]] == tasks_b[mates[other]] != ABSENT
            ):
                return True
            one, other = int(causes[one]), int(causes[other])
            if not 0 <= one < other or not 0 <= mates[other] < mates[one]:
                return False
        return False


def orders(compared: Compared, programs: Programs, count: int) -> Orders:
    """Compare the order of matched rows with that of their mates; ``count`` rows has a.

    Order is compared within a session: first within each of its components, then, of what kept its place
    there, between them.
    """
    found = Orders([], np.zeros(count, np.bool_), np.zeros(count, np.bool_), np.full(count, -1))
    loud = compared.only(~compared.quiet)
    groups = loud.sessions * (int(loud.components.max(initial=0)) + 1) + loud.components
    _add_moves(found, loud, groups, programs)
    rest = compared.only(~(found.moved | found.crossed)[compared.rows])
    _add_moves(found, rest, rest.sessions, None)
    return found


def _add_moves(found: Orders, compared: Compared, groups: Int, programs: Programs | None) -> None:
    """Add the moves within each group; between components, where no ``programs`` are asked."""
    if not len(groups):
        return
    by_group = np.argsort(groups, kind="stable")
    rows, mates, groups = compared.rows[by_group], compared.mates[by_group], groups[by_group]
    # Each group's numbers are above those of the group before, so that all are one sequence.
    number = np.cumsum(np.append(0, groups[1:] != groups[:-1]))
    values = mates + number * (int(mates.max()) + 1)
    moves = found.moves
    for stretch in disordered(values):
        here = rows[stretch].tolist()
        run: tuple[int, int] | None = None
        for place, one, other in _crossings(values[stretch].tolist()):
            past = one if place == other else other
            if run is not None and run == (place - 1, past):
                moves[-1] = moves[-1]._replace(events=moves[-1].events + 1)
            else:
                races = programs is not None and not programs.decided(here[one], here[other])
                moves.append(Move(here[one], here[other], here[place], 1, programs is not None, races))
            run = (place, past)
            found.of[here[place]] = len(moves) - 1
            (found.moved if moves[-1].races else found.crossed)[here[place]] = True


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
