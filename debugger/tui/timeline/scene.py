"""What stands in a window of the timeline, before it is drawn. Cells and lanes are numbers from 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.log import ABSENT, NONE, EventLog
from debugger.tui.session import Followed
from debugger.tui.timeline.blocks import Numbers
from debugger.tui.timeline.density import Counts, Entries, count_cells
from debugger.tui.timeline.lanes import By, Lane, Rows, Shown, choose, hidden_key, lane_of, ordered

_LISTED: Final = 2_000
"""Components, sessions or workers up to which those that are quiet are listed too."""

_MOST_LANES: Final = 4_096
"""Busy lanes that are put in order; of more, those that appeared about when the wanted one did."""

_NAMED: Final = frozenset({By.COMPONENT, By.SESSION, By.WORKER})


class Bar(NamedTuple):
    """An activation: a handler's, or a spawned task's. ``end`` is ``✗``, ``⊘`` (cancelled) or empty.

    ``last`` is the row that ends it, -1 where that is not known.
    """

    lane: int
    start: int
    stop: int
    family: int
    handler: bool
    end: str
    last: int


class Arrow(NamedTuple):
    """A message (or a spawn) from one lane to another; the rows are those of its ends."""

    source: int
    target: int
    source_lane: int
    target_lane: int
    start: int
    stop: int
    family: int
    guessed: bool


class Word(NamedTuple):
    """The state of a lane from a cell on."""

    lane: int
    cell: int
    text: str


class Scene(NamedTuple):
    """Everything but the cursor. ``rows`` has an event for each cell with one, -1 elsewhere.

    ``bright`` is what belongs to what is followed, None if nothing is followed. ``exact`` is False while
    counts are still being made.
    """

    lanes: tuple[Lane, ...]
    shown: Shown
    counts: Counts
    rows: Numbers
    bright: NDArray[np.bool_] | None
    bars: tuple[Bar, ...] = ()
    arrows: tuple[Arrow, ...] = ()
    words: tuple[Word, ...] = ()
    gaps: tuple[int, ...] = ()
    exact: bool = True

    def lane(self, key: int) -> int | None:
        """The number of a lane; None if it is not in view."""
        return self.shown.keys.index(key) if key in self.shown.keys else None


class Wish(NamedTuple):
    """What is asked for: the kind of lanes, room for how many, the one that must be there, the first one."""

    by: By
    room: int
    wanted: int | None = None
    first: int = 0


def outline(
    log: EventLog, wish: Wish, entries: Entries, width: int, followed: tuple[Numbers, Numbers] | None = None
) -> Scene:
    """Lanes and counts. ``followed`` are lane keys and cells of the events of what is followed."""
    hidden = hidden_key(log, wish.by)
    found, beyond = _near(entries.keys, wish.wanted)
    busy = frozenset(found.tolist()) - {hidden}
    everybody: Sequence[int] = ordered(log, wish.by, list(busy | _listed(log, wish, hidden)))
    shown = choose(everybody, busy, wish.room, wish.wanted, wish.first)
    shown = shown._replace(beyond=beyond)
    if wish.by in _NAMED:
        names = log.interner(wish.by.value)
        there = len(names) - max(names.first, 1) - (hidden >= 0) + (ABSENT in busy)
        shown = shown._replace(quiet=max(there - len(shown.every) - beyond, 0))
    keys = np.array(shown.keys, np.int64)
    order = np.argsort(keys)
    counts = count_cells(entries, keys[order], width)
    back = np.argsort(order)
    counts = Counts(counts.counts[back], counts.families[back])
    bright = None
    if followed is not None:
        bright = np.zeros(counts.counts.shape, np.bool_)
        lanes, known = places(keys, followed[0])
        cells = followed[1]
        known &= (cells >= 0) & (cells < width)
        bright[lanes[known], cells[known]] = True
    return Scene(
        lanes=tuple(lane_of(log, wish.by, key) for key in shown.keys),
        shown=shown,
        counts=counts,
        rows=np.full(counts.counts.shape, -1, np.int64),
        bright=bright,
        exact=entries.exact,
    )


def _near(keys: Numbers, wanted: int | None) -> tuple[Numbers, int]:
    """At most so many keys (ascending) as can be put in order, and how many are left out."""
    if len(keys) <= _MOST_LANES:
        return keys, 0
    place = int(np.searchsorted(keys, wanted)) if wanted is not None else 0
    first = min(max(place - _MOST_LANES // 2, 0), len(keys) - _MOST_LANES)
    return keys[first : first + _MOST_LANES], len(keys) - _MOST_LANES


def _listed(log: EventLog, wish: Wish, hidden: int) -> frozenset[int]:
    """Those that have a lane even where they are quiet, if there is room: not turns and tasks."""
    if wish.by not in _NAMED:
        return frozenset()
    names = log.interner(wish.by.value)
    known = range(max(names.first, 1), len(names))
    return frozenset(known) - {hidden} if len(known) < _LISTED else frozenset()


def places(keys: Numbers, wanted: Numbers) -> tuple[Numbers, NDArray[np.bool_]]:
    """The place of each wanted key among `keys` (in any order), and whether it is there."""
    if not len(keys):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    order = np.argsort(keys)
    found = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    lanes: Numbers = order[found]
    return lanes, keys[lanes] == wanted


def belonging(log: EventLog, followed: Followed, rows: Rows) -> Numbers:
    """Those of `rows` that are of what is followed."""
    if followed.turn == NONE:
        mine = log.column("correlation")[rows] == followed.correlation
    else:
        mine = log.column("turn")[rows] == followed.turn
        mine &= log.column("session")[rows] == followed.session
    found: Numbers = np.flatnonzero(mine) + rows.start if isinstance(rows, slice) else rows[mine]
    return found
