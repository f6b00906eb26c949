"""Chains of runs, and what the head of each knows of the others: vector clocks with an entry a chain."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.order.clocks import (
    BITS,
    BLOCK,
    IN_BLOCK,
    NEVER,
    PLACE,
    UNKNOWN,
    Block,
    Clock,
    join,
    learn,
)
from debugger.analysis.order.edges import Edges
from debugger.analysis.order.kept import Kept
from debugger.analysis.order.records import MOST_CHAINS, Limits
from debugger.analysis.order.rules import BY_TASK
from debugger.analysis.order.runs import Runs
from debugger.analysis.order.segments import Segments
from debugger.log import ABSENT

Pred = tuple[int, int, int, int]
"""A segment, its last row that comes before, the rule as it is stored, and the row that the rule is about."""

RunPred = tuple[int, int, int, int]
"""The same with the run that the segment is in."""

_FREE: Final = -1
_MOST_GROUPS: Final = 1 << 16

if MOST_CHAINS != 1 << BITS:
    raise AssertionError("the number of a chain holds its place")


class Chains:
    """Each run is put at the end of a chain all of which happens before it, or begins one.

    A clock needs an entry for each chain only, and a row is all there is to say of a chain: who knows one
    of its rows knows those before it. A chain has a place, which it gives up to another when nothing
    follows it any more. So a clock tells nothing of chains that gave up theirs before it was made (`tells`).

    Chains of one session know next to nothing of those of another. So the places of a few sessions are a
    block, and a clock has the blocks of which it knows something: more sessions do not cost a run more.

    For who adds runs one by one: ``chains`` has the chain of each run from `first` on, the others by place
    the last run of the chain that is there, its number, and its clock.
    """

    def __init__(
        self,
        segments: Segments,
        runs: Runs,
        preds_of: Callable[[int], Iterable[Pred]],
        session_of: Callable[[int], int],
        edges: Edges,
        limits: Limits,
    ) -> None:
        self._segments = segments
        self._runs = runs
        self._preds_of = preds_of
        self._session_of = session_of
        self._edges = edges
        self._limits = limits
        most = min(limits.chains, MOST_CHAINS)
        blocks = max(most >> BLOCK, 1)
        self._blocks: Final = [Block(number, most // blocks) for number in range(blocks)]
        self._groups: dict[int, int] = {ABSENT: 0}  # by session
        self._turn = 0
        self.first = self.begun = self.live = 0
        places = blocks << BLOCK
        self.chains: Final[array[int]] = array("q")  # a list would be walked by the garbage collector
        self.chain_at = [_FREE] * places
        self.run_at = [_FREE] * places
        self.clock_at: Final[list[Clock]] = [{}] * places
        # The last row of chains whose last task ends there; it may be yet to come.
        self.tail_at = [NEVER] * places
        self._chains_at: NDArray[np.int64] = np.full(PLACE + 1, _FREE, np.int64)
        self._given_up: dict[int, array[int]] = {}  # at which row, by place and generation
        self._generations_gone = [0] * places
        self.kept: Final = Kept(limits)

    # --- growing -----------------------------------------------------------------------------

    def add(  # noqa: C901, PLR0912, PLR0915 - the hot path, in one piece
        self,
        row: int,
        segment: int,
        prev: int,
        preds: list[RunPred],
        unfinished: Collection[int],
        tail: int,
    ) -> None:
        """Find a chain for the next run, and enter those of `preds` that told it anything new.

        It begins with this row and segment. ``prev`` is the run before of its task, -1 for none, ``tail``
        the row with which its task ends, as far as that is known. ``unfinished`` are runs, of other sources,
        that may still go on.
        """
        chains, first, run_at, tail_at = self.chains, self.first, self.run_at, self.tail_at
        clock: Clock | None = None
        place = -1
        fresh: set[int] | None = None  # blocks that are this clock's own; None: it is another one's
        if prev >= 0:
            place = chains[prev - first] & PLACE
            if run_at[place] == prev:
                clock = self.clock_at[place]
            else:  # another one went on there
                place = -1
                upto = self._segments.last.at(self._segments.prev.at(segment))
                preds = [(prev, upto, BY_TASK, upto), *preds]
        elif preds:
            for before, bound, rule, about in preds:  # a chain that ends in one of these, its task too
                at = chains[before - first] & PLACE
                if run_at[at] == before and bound >= tail_at[at] and before not in unfinished:
                    place, clock = at, self.clock_at[at]
                    self._edges.tell(segment, about, rule)
                    break
        if preds:
            chain_at, edges = self.chain_at, self._edges
            late, late_from = self.kept.late, self.kept.late_from
            for before, bound, rule, about in preds:
                chain = chains[before - first]
                at = chain & PLACE
                number, within = at >> BLOCK, at & IN_BLOCK
                current = chain_at[at] == chain
                if current:
                    if at == place:
                        continue
                    if clock is not None:
                        known = clock.get(number)
                        if known is not None and within < len(known) and known.item(within) >= bound:
                            continue
                theirs = late[before - late_from] if before >= late_from else self.clock_of(before)
                if clock is None:
                    clock, fresh = theirs.copy(), set()
                else:
                    if fresh is None:
                        clock, fresh = clock.copy(), set()
                    join(clock, theirs, fresh)
                if current:
                    mine = clock.get(number)
                    if mine is None or len(mine) <= within:
                        learn(clock, at, bound, fresh)
                    else:
                        if number not in fresh:
                            mine = clock[number] = mine.copy()
                            fresh.add(number)
                        mine[within] = bound
                edges.tell(segment, about, rule)
        if place < 0:
            block = self._block_of(row)
            if clock is None:
                clock = {}
            else:
                place = self._covered(clock, block, unfinished)
            if place < 0:
                place = self._new_place(self._with_room(block, row))
        assert clock is not None  # noqa: S101 - of a place there is a clock
        run_at[place] = first + len(chains)
        chains.append(self.chain_at[place])
        self.clock_at[place] = clock
        self.kept.late.append(clock)
        if tail != tail_at[place]:
            tail_at[place] = self._blocks[place >> BLOCK].tails[place & IN_BLOCK] = tail

    def set_tail(self, place: int, row: int) -> None:
        """The task of the chain at a place ends in this row; `NEVER`: it goes on."""
        self.tail_at[place] = self._blocks[place >> BLOCK].tails[place & IN_BLOCK] = row

    def ends(self, run: int, row: int) -> None:
        """The task of a run ends in this row."""
        place = self.chains[run - self.first] & PLACE
        if self.run_at[place] == run:
            self.set_tail(place, row)

    def _block_of(self, row: int) -> Block:
        """Where a chain is put that begins in this row."""
        session = self._session_of(row)
        number = self._groups.get(session)
        if number is None:
            if len(self._groups) > _MOST_GROUPS:
                self._groups = {ABSENT: 0}
            self._turn = (self._turn + 1) % len(self._blocks)
            number = self._groups[session] = self._turn
        return self._blocks[number]

    def _covered(self, clock: Clock, block: Block, unfinished: Collection[int]) -> int:
        """The place of a chain in a block that is known to its end, and whose task has ended; -1 for none."""
        rows = clock.get(block.first >> BLOCK)
        if rows is None:
            return -1
        size = min(len(rows), len(block.tails))
        known = rows[:size] >= block.tails[:size]
        at = int(known.argmax())
        while known[at]:
            if self.run_at[block.first + at] not in unfinished:
                return block.first + at
            known[at] = False
            at = int(known.argmax())
        return -1

    def _with_room(self, block: Block, row: int) -> Block:
        """This block if it has a place for one more chain or ended ones to give up, else another one."""
        for at in range(len(self._blocks)):
            other = self._blocks[((block.first >> BLOCK) + at) % len(self._blocks)]
            if not other.free and row >= other.full_until:
                self._make_room(other, row)
            if other.free:
                if at:
                    self._groups[self._session_of(row)] = other.first >> BLOCK
                return other
        block.turn = (block.turn + 1) % len(block.tails)
        self._give_up(block, np.array([block.turn]), row)
        return block

    def _make_room(self, block: Block, row: int) -> None:
        idle = block.tails < row - self._limits.idle_rows
        if idle.any():
            self._give_up(block, np.flatnonzero(idle), row)
        if not block.free and block.grow():
            self.kept.widest = max(self.kept.widest, len(block.tails))
        if not block.free:
            self._give_up(block, block.oldest(row), row)
            block.looked_through(row)

    def _new_place(self, block: Block) -> int:
        place = block.free.pop()
        generation = len(self._given_up.get(place, ())) + self._generations_gone[place]
        self.chain_at[place] = self._chains_at[place] = generation << BITS | place
        self.begun += 1
        self.live += 1
        return place

    def _give_up(self, block: Block, within: NDArray[np.intp], row: int) -> None:
        places = (within + block.first).tolist()
        for place in places:
            rows = self._given_up.get(place)
            if rows is None:
                rows = self._given_up[place] = array("q")
            rows.append(row)
            self.chain_at[place] = self._chains_at[place] = self.run_at[place] = _FREE
            self.tail_at[place] = NEVER
            self.clock_at[place] = {}
        block.tails[within] = NEVER
        block.free += places[::-1]
        self.live -= len(places)

    def went_on(self, segment: int) -> None:
        """A segment has more rows than were known."""
        run = self._runs.of(segment)
        place = self.chains[run - self.first] & PLACE
        if self.run_at[place] == run and self.tail_at[place] != NEVER:
            self.set_tail(place, self._segments.last.at(segment))

    def retire(self, over: Collection[int], row: int) -> None:
        """Sessions are `over`: give up the places of their chains that have ended."""
        first_row, first_segment = self._segments.first.at, self._runs.first.at
        for number in {self._groups[session] for session in over if session in self._groups}:
            block = self._blocks[number]
            within = np.flatnonzero(block.tails < row)
            heads = [self.run_at[block.first + at] for at in within.tolist()]
            theirs = [self._session_of(first_row(first_segment(head))) in over for head in heads]
            self._give_up(block, within[np.array(theirs, np.bool_)], row)
        for session in over:
            self._groups.pop(session, None)

    # --- answers -----------------------------------------------------------------------------

    def of(self, segment: int) -> int:
        """The chain that a segment is in."""
        return self.chains[self._runs.of(segment) - self.first]

    def tells(self, chain: int, row: int) -> bool:
        """Whether a clock made at `row` says what was known of this chain."""
        place = chain & PLACE
        if self.chain_at[place] == chain:
            return True
        at = (chain >> BITS) - self._generations_gone[place]
        return at >= 0 and row < self._given_up[place][at]

    def is_current(self, chain: int) -> bool:
        """Whether a chain has its place still."""
        return self.chain_at[chain & PLACE] == chain

    def known(self, clock: Clock, chain: int) -> int:
        """The last row of a chain that is in a clock that `tells`; -1 for none."""
        rows, at = clock.get((chain & PLACE) >> BLOCK), chain & IN_BLOCK
        return rows.item(at) if rows is not None and at < len(rows) else UNKNOWN

    def known_of(self, chains: NDArray[np.int64], clock: Clock) -> NDArray[np.int64]:
        """The last row of each of some chains that is in a clock; -1 for none, and for chains of before."""
        found = np.full(len(chains), UNKNOWN, np.int64)
        places = np.where(self.are_current(chains), chains & PLACE, _FREE)
        blocks, within = places >> BLOCK, places & IN_BLOCK
        for number, rows in clock.items():
            at = np.flatnonzero((blocks == number) & (within < len(rows)))
            if len(at):
                found[at] = rows[within[at]]
        return found

    def are_current(self, chains: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of some chains have their places still."""
        current: NDArray[np.bool_] = self._chains_at[chains & PLACE] == chains
        return current

    def clock_at_hand(self, segment: int) -> Clock | None:
        """The clock with which a segment began, if it is at hand. It may lack places that came later."""
        return self._at_hand(self._runs.of(segment))

    def _at_hand(self, run: int) -> Clock | None:
        clock = self.kept.of(run)
        if clock is None:
            place = self.chains[run - self.first] & PLACE
            if self.run_at[place] == run:
                return self.clock_at[place]
        return clock

    def clock(self, segment: int) -> Clock:
        """The clock with which a segment began; made again if it is not at hand."""
        return self.clock_of(self._runs.of(segment))

    def clock_of(self, run: int) -> Clock:
        """That of a run."""
        clock = self._at_hand(run)
        return self._made_again(run) if clock is None else clock

    def last_known(self, segment: int) -> list[int]:
        """Of each chain that there is now, the last row that happens before a segment begins."""
        clock, row = self.clock(segment), self._segments.first.at(segment)
        own, found = self.of(segment), list[int]()
        for number, rows in clock.items():
            for at in np.flatnonzero(rows >= 0).tolist():
                chain = self.chain_at[number << BLOCK | at]
                if chain not in (_FREE, own) and self.tells(chain, row) and self._is_of(rows.item(at), chain):
                    found.append(rows.item(at))
        return sorted(found)

    def _is_of(self, row: int, chain: int) -> bool:
        """Whether a row is of this chain, not of one that had its place before."""
        known = self._segments.of_row
        return row >= known.first and self.of(known.at(row)) == chain

    def _made_again(self, run: int) -> Clock:
        run_of, first_of = self._runs.of, self._runs.first.at
        wanted: dict[int, list[RunPred]] = {}
        to_do = [run]
        while to_do:
            one = to_do.pop()
            if one not in wanted:
                preds = [(run_of(pred[0]), *pred[1:]) for pred in self._preds_of(first_of(one))]
                wanted[one] = preds
                to_do += [pred[0] for pred in preds if self._at_hand(pred[0]) is None]
        made: dict[int, Clock] = {}
        for one in sorted(wanted):  # what comes before has a lower number
            row = self._segments.first.at(first_of(one))
            clock: Clock = {}
            fresh: set[int] = set()
            for before, bound, _, _ in wanted[one]:
                theirs = made.get(before)
                if theirs is None:
                    theirs = self._at_hand(before) or {}  # it is kept, or was made
                join(clock, theirs, fresh)
                chain = self.chains[before - self.first]
                if self.tells(chain, row) and self.known(clock, chain) < bound:
                    learn(clock, chain & PLACE, bound, fresh)
            made[one] = clock
        self.kept.made_again(run, made[run])
        return made[run]

    @property
    def open(self) -> int:
        """Chains with a place whose task has not ended."""
        return self.live - sum(int(np.count_nonzero(block.tails < NEVER)) for block in self._blocks)

    # --- bounds --------------------------------------------------------------------------------

    def forget(self, row: int, run: int, now: int) -> None:
        """Rows below `row` and runs below `run` are not asked for any more; `now` is the next row."""
        heads = np.array(self.run_at)
        for block in self._blocks:
            of_block = heads[block.first : block.first + len(block.tails)]
            self._give_up(block, np.flatnonzero((of_block != _FREE) & (of_block < run)), now)
        del self.chains[: run - self.first]
        self.first = run
        self.kept.forget(run)
        for place, rows in self._given_up.items():
            gone = bisect_left(rows, row)
            del rows[:gone]
            self._generations_gone[place] += gone
