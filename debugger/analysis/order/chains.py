"""Chains of segments, and what the head of each knows of the others: vector clocks with an entry a chain."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Collection, Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.order.records import MOST_CHAINS, Limits
from debugger.analysis.order.rules import BY_TASK
from debugger.analysis.order.segments import Segments
from debugger.analysis.order.tasks import NO_TASK

Clock = NDArray[np.int64]
"""By place, the last known row of that place's chain, -1 for none. Not changed once a segment has it."""

Pred = tuple[int, int, int, int]
"""A segment, its last row that comes before, the rule as it is stored, and the row that the rule is about."""

_UNKNOWN: Final = -1
_BITS: Final = 10  # of the place within the number of a chain
_PLACE: Final = (1 << _BITS) - 1
_FIRST: Final = 32
_NEVER: Final = 2**62
_FREE: Final = -1
_FEWEST: Final = 16  # clocks that are kept, however large they are

if MOST_CHAINS != 1 << _BITS:
    raise AssertionError("the number of a chain holds its place")


class Chains:
    """Each segment is put at the end of a chain all of which happens before it, or begins one.

    A clock needs an entry for each chain only, and a row is all there is to say of a chain: who knows one
    of its rows knows those before it. A chain has a place, which it gives up to another when nothing
    follows it any more. So a clock tells nothing of chains that gave up theirs before it was made (`tells`).
    """

    def __init__(self, segments: Segments, preds_of: Callable[[int], Iterable[Pred]], limits: Limits) -> None:
        self._segments = segments
        self._preds_of = preds_of
        self._limits = limits
        self._most = min(limits.chains, MOST_CHAINS)
        self.first = 0
        self.begun = 0
        self.live = 0
        self.retired = 0
        self._chain: array[int] = array("q")  # of each segment, from `first` on
        size = min(_FIRST, self._most)
        self._tails: NDArray[np.int64] = np.full(size, _NEVER, np.int64)  # last row of each chain
        self._dead: NDArray[np.bool_] = np.zeros(size, np.bool_)  # its last task has ended
        self._chain_at = [_FREE] * size
        self._chains_at: NDArray[np.int64] = np.full(_PLACE + 1, _FREE, np.int64)  # the same, for all at once
        self._segment_at = [_FREE] * size
        self._clock_at: list[Clock] = [np.full(size, _UNKNOWN, np.int64)] * size
        self._given_up: list[array[int]] = [array("q") for _ in range(size)]  # at which row, by generation
        self._generations_gone = [0] * size
        self._free = list(range(size))[::-1]
        # Clocks of late segments, of some of those before, and of those that were asked for again.
        self._clocks: dict[int, Clock] = {}
        self._sparse: dict[int, Clock] = {}
        self._again: dict[int, Clock] = {}
        self._made: deque[int] = deque()  # segments that have a clock of their own
        self._late_from = 0
        self._stride = max(limits.sparse, 1)

    # --- growing -----------------------------------------------------------------------------

    def add(  # noqa: C901, PLR0912, PLR0915 - the hot path, in one piece
        self, segment: int, row: int, task: int, prev: int, preds: list[Pred], unfinished: Collection[int]
    ) -> list[Pred]:
        """Find a chain for the next segment; returns those of `preds` that told it anything new.

        ``prev`` is the segment before of its task, -1 for none. ``unfinished`` are segments, of other
        sources, that may still go on.
        """
        chains, first, last_at = self._chain, self.first, self._segments.last.at
        clock: Clock | None = None
        own, place = False, -1
        used: list[Pred] = []
        if prev >= 0:
            place = chains[prev - first] & _PLACE
            if self._segment_at[place] != prev:  # another one went on there
                place = -1
                preds = [(prev, last_at(prev), BY_TASK, last_at(prev)), *preds]
        if place < 0:
            place = self._continued(preds, unfinished)
        if place >= 0:
            clock = self._clock_at[place]
        for pred in preds:
            before, bound, rule, _ = pred
            chain = chains[before - first]
            at = chain & _PLACE
            current = self._chain_at[at] == chain
            if current:
                if at == place:
                    if before == self._segment_at[at] and before != prev and rule != BY_TASK:
                        used.append(pred)
                    continue
                if clock is not None and clock.item(at) >= bound:
                    continue
            theirs = self.clock(before)
            if clock is None:
                clock, own = theirs.copy(), True
            elif own:
                np.maximum(clock, theirs, out=clock)
            else:
                clock, own = np.maximum(clock, theirs), True
            if current:
                clock[at] = bound
            if rule != BY_TASK:
                used.append(pred)
        if place < 0:
            if clock is None:
                clock, own = np.full(len(self._tails), _UNKNOWN, np.int64), True
            else:
                place = self._covered(clock, unfinished)
            if place < 0:
                place = self._new_place(row)
                clock = self._wide(clock)
        assert clock is not None  # noqa: S101 - of a place there is a clock
        chains.append(self._chain_at[place])
        self._segment_at[place] = segment
        self._clock_at[place] = clock
        self._tails[place] = last_at(segment)
        self._dead[place] = task == NO_TASK
        self._clocks[segment] = clock
        if own:
            self._made.append(segment)
        return used

    def _continued(self, preds: list[Pred], unfinished: Collection[int]) -> int:
        """The place of a chain that ends in one of these, and whose task has ended; -1 for none."""
        for before, bound, _, _ in preds:
            place = self._chain[before - self.first] & _PLACE
            if (
                self._segment_at[place] == before
                and self._dead[place]
                and bound >= self._tails[place]
                and before not in unfinished
            ):
                return place
        return -1

    def _covered(self, clock: Clock, unfinished: Collection[int]) -> int:
        """The place of any chain that is known to its end, and whose task has ended; -1 for none."""
        known = (clock >= self._tails) & self._dead
        place = int(known.argmax())
        while known[place]:
            if self._segment_at[place] not in unfinished:
                return place
            known[place] = False
            place = int(known.argmax())
        return -1

    def _new_place(self, row: int) -> int:
        """A place for a new chain, taken from another one if need be."""
        if not self._free:
            self._give_up(np.flatnonzero(self._dead & (self._tails < row - self._limits.idle_rows)), row)
        if not self._free and len(self._tails) < self._most:
            self._grow()
        if not self._free:
            of_ended = np.where(self._dead, self._tails, _NEVER)
            oldest = int(of_ended.argmin()) if self._dead.any() else int(self._tails.argmin())
            self._give_up(np.array([oldest]), row)
        place = self._free.pop()
        generation = len(self._given_up[place]) + self._generations_gone[place]
        self._chain_at[place] = self._chains_at[place] = generation << _BITS | place
        self.begun += 1
        self.live += 1
        return place

    def _give_up(self, places: NDArray[np.intp], row: int) -> None:
        for place in places.tolist():
            self._given_up[place].append(row)
            self._chain_at[place] = self._chains_at[place] = self._segment_at[place] = _FREE
            self._free.append(place)
            self.live -= 1
            self.retired += 1
        self._tails[places] = _NEVER
        self._dead[places] = False

    def _grow(self) -> None:
        size = len(self._tails)
        more = min(size, self._most - size)
        self._free += range(size + more - 1, size - 1, -1)
        self._tails = np.concatenate((self._tails, np.full(more, _NEVER, np.int64)))
        self._dead = np.concatenate((self._dead, np.zeros(more, np.bool_)))
        self._chain_at += [_FREE] * more
        self._segment_at += [_FREE] * more
        self._given_up += [array("q") for _ in range(more)]
        self._generations_gone += [0] * more
        self._clock_at = [self._wide(clock) for clock in self._clock_at]
        self._clock_at += [np.full(size + more, _UNKNOWN, np.int64)] * more

    def _wide(self, clock: Clock) -> Clock:
        """A clock with an entry for each place there is by now."""
        missing = len(self._tails) - len(clock)
        return np.concatenate((clock, np.full(missing, _UNKNOWN, np.int64))) if missing else clock

    def went_on(self, segment: int) -> None:
        """A segment has more rows than were known."""
        place = self._chain[segment - self.first] & _PLACE
        if self._segment_at[place] == segment:
            self._tails[place] = self._segments.last.at(segment)

    def ended(self, segment: int) -> None:
        """The task of this segment is over."""
        place = self._chain[segment - self.first] & _PLACE
        if self._segment_at[place] == segment:
            self._dead[place] = True

    def retire(self, segments: Callable[[list[int]], list[bool]], row: int) -> None:
        """Give up the places of ended chains whose last segment is one of `segments`."""
        places = np.flatnonzero(self._dead)
        if len(places):
            theirs = segments([self._segment_at[place] for place in places.tolist()])
            self._give_up(places[np.array(theirs, np.bool_)], row)

    # --- answers -----------------------------------------------------------------------------

    def of(self, segment: int) -> int:
        """The chain that a segment is in."""
        return self._chain[segment - self.first]

    def tells(self, chain: int, row: int) -> bool:
        """Whether a clock made at `row` says what was known of this chain."""
        place = chain & _PLACE
        if self._chain_at[place] == chain:
            return True
        at = (chain >> _BITS) - self._generations_gone[place]
        return at >= 0 and row < self._given_up[place][at]

    def is_current(self, chain: int) -> bool:
        """Whether a chain has its place still."""
        return self._chain_at[chain & _PLACE] == chain

    def known(self, clock: Clock, chain: int) -> int:
        """The last row of a chain that is in a clock that `tells`; -1 for none."""
        place = chain & _PLACE
        return clock.item(place) if place < len(clock) else _UNKNOWN

    def known_of(
        self, chains: NDArray[np.int64], clock: Clock
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The last known row of each of some chains (-1: none), and of which that is sure: those of now."""
        places = chains & _PLACE
        return clock[places], self._chains_at[places] == chains

    def kept(self, segment: int) -> Clock | None:
        """The clock with which a segment began, if it is at hand. It may lack places that came later."""
        clock = self._clocks.get(segment)
        if clock is None:
            clock = self._sparse.get(segment)
        if clock is None:
            place = self._chain[segment - self.first] & _PLACE
            if self._segment_at[place] == segment:
                return self._clock_at[place]
            clock = self._again.get(segment)
        return clock

    def clock(self, segment: int) -> Clock:
        """The clock with which a segment began; made again if it is not at hand."""
        clock = self.kept(segment)
        if clock is None:
            clock = self._made_again(segment)
        return clock if len(clock) == len(self._tails) else self._wide(clock)

    def last_known(self, segment: int) -> list[int]:
        """Of each chain that there is now, the last row that happens before a segment begins."""
        clock, row = self.clock(segment), self._segments.first.at(segment)
        own = self._chain[segment - self.first]
        return sorted(
            clock.item(place)
            for place, chain in enumerate(self._chain_at)
            if chain not in (_FREE, own) and self.tells(chain, row) and clock.item(place) >= 0
        )

    def _made_again(self, segment: int) -> Clock:
        wanted: dict[int, list[Pred]] = {}
        to_do = [segment]
        while to_do:
            one = to_do.pop()
            if one not in wanted:
                preds = wanted[one] = list(self._preds_of(one))
                to_do += [pred[0] for pred in preds if self.kept(pred[0]) is None]
        made: dict[int, Clock] = {}
        for one in sorted(wanted):  # what comes before has a lower number
            row = self._segments.first.at(one)
            clock = np.full(len(self._tails), _UNKNOWN, np.int64)
            for before, bound, _, _ in wanted[one]:
                theirs = made.get(before)
                np.maximum(clock, self._wide(self.kept(before)) if theirs is None else theirs, out=clock)  # type: ignore[arg-type] # it is kept, or was made
                chain = self._chain[before - self.first]
                if self.tells(chain, row):
                    place = chain & _PLACE
                    clock[place] = max(clock.item(place), bound)
            made[one] = clock
        self._again[segment] = made[segment]
        if len(self._again) > self._most_kept // 4:
            del self._again[next(iter(self._again))]
        return made[segment]

    # --- bounds --------------------------------------------------------------------------------

    @property
    def _most_kept(self) -> int:
        return max(self._limits.clock_bytes // self._tails.nbytes, _FEWEST)

    def trim(self) -> None:
        """Let go of clocks beyond the limit: of those that are not late, each so manyth is kept."""
        most = self._most_kept
        upto = self._late_from
        while len(self._made) > most:
            upto = self._made.popleft() + 1
        for segment in range(self._late_from, upto):
            clock = self._clocks.pop(segment, None)
            if clock is not None and segment % self._stride == 0:
                self._sparse[segment] = clock
        self._late_from = max(upto, self._late_from)
        while len(self._sparse) > most:
            self._stride *= 2
            self._sparse = {one: clock for one, clock in self._sparse.items() if one % self._stride == 0}

    def forget(self, row: int, segment: int, now: int) -> None:
        """Rows below `row` and segments below `segment` are not asked for any more; `now` is the next row."""
        tails = np.array(self._segment_at)
        self._give_up(np.flatnonzero((tails != _FREE) & (tails < segment)), now)
        del self._chain[: segment - self.first]
        self.first = segment
        self._late_from = max(self._late_from, segment)
        for clocks in (self._clocks, self._sparse, self._again):
            for one in [one for one in clocks if one < segment]:
                del clocks[one]
        while self._made and self._made[0] < segment:
            self._made.popleft()
        for place, rows in enumerate(self._given_up):
            gone = bisect_left(rows, row)
            del rows[:gone]
            self._generations_gone[place] += gone


def place_of(chain: int) -> int:
    """The place that a chain has, or had."""
    return chain & _PLACE
