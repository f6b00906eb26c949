"""Searches the edges: whether one event comes before another, by which way, and where two histories part."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final, NamedTuple

from debugger.analysis.order.chains import Chains, Pred
from debugger.analysis.order.segments import Segments

_LEFT: Final = 1
_BOTH: Final = 3


class Step(NamedTuple):
    """An edge of a path: what comes before, and the segment that it leads to."""

    pred: Pred
    segment: int


class Paths:
    """Walks backwards from segment to segment, and asks clocks where there are some.

    All that comes before a row has a lower one: so a walk ends at the row that is looked for.
    """

    def __init__(self, segments: Segments, chains: Chains, preds_of: Callable[[int], list[Pred]]) -> None:
        self._segments = segments
        self._chains = chains
        self._preds_of = preds_of

    def by_clocks(self, before: int, after: int) -> bool | None:
        """Whether a row happens before a later one; None if no clock tells.

        Raises:
            IndexError: a row that is forgotten, or was not looked at.
        """
        rows, chains = self._segments.of_row, self._chains
        if before < rows.first or after >= len(rows):
            raise IndexError(f"rows {before} and {after}: known are {rows.first} to {len(rows) - 1}")
        if before >= after:
            return False
        first, last = rows.at(before), rows.at(after)
        chain = chains.of(first)
        if first == last or chain == chains.of(last):
            return True
        return self._told(chain, before, last)

    def _told(self, chain: int, row: int, segment: int) -> bool | None:
        """Whether a row of a chain comes before a segment, as its clock tells; None if it does not."""
        clock = self._chains.clock_at_hand(segment)
        if clock is None or not self._chains.tells(chain, self._segments.first.at(segment)):
            return None
        return self._chains.known(clock, chain) >= row

    def reaches(self, before: int, after: int, most: int | None = None) -> bool | None:
        """Whether a row happens before another; None if that is not known after `most` segments."""
        told = self.by_clocks(before, after)
        if told is not None:
            return told
        of_row, chains = self._segments.of_row, self._chains
        wanted, chain = of_row.at(before), chains.of(of_row.at(before))
        seen = {of_row.at(after)}
        to_do = list(seen)
        while to_do:
            if most is not None and len(seen) > most:
                return None
            for segment, bound, _, _ in self._preds_of(to_do.pop()):
                if bound < before or segment in seen:
                    continue
                if segment == wanted or chains.of(segment) == chain:
                    return True
                told = self._told(chain, before, segment)
                if told:
                    return True
                seen.add(segment)
                if told is None:
                    to_do.append(segment)
        return False

    def path(self, before: int, after: int) -> list[Step]:
        """A shortest way, in segments, from a row to a later one that it happens before; empty within one.

        There must be one.
        """
        of_row, chains = self._segments.of_row, self._chains
        wanted, last = of_row.at(before), of_row.at(after)
        if wanted == last:
            return []
        chain = chains.of(wanted)
        came: dict[int, Step] = {}
        to_do = deque([last])
        while to_do:
            here = to_do.popleft()
            for pred in self._preds_of(here):
                segment, bound, _, _ = pred
                if bound < before or segment in came:
                    continue
                if segment != wanted:
                    on_chain = chains.of(segment) == chain
                    if not on_chain and self._told(chain, before, segment) is False:
                        continue
                came[segment] = Step(pred, here)
                if segment == wanted:
                    return _followed(came, wanted, last)
                to_do.append(segment)
        raise LookupError(f"nothing orders row {before} before row {after}")

    def parted(self, left: int, right: int, most: int) -> tuple[int | None, bool]:
        """The last row in the history of both, or one of them; and whether the search was completed."""
        of_row, first_of = self._segments.of_row, self._segments.first
        seen: dict[int, list[int]] = {}  # by segment, up to which row either side knows it
        heap: list[tuple[int, int, int]] = []
        for side, row in ((0, left), (1, right)):
            heappush(heap, (-row, of_row.at(row), side))
        best, looked = -1, 0
        while heap and -heap[0][0] > best:
            looked += 1
            if looked > most:
                return (best if best >= 0 else None), False
            bound, segment, side = heappop(heap)
            known = seen.setdefault(segment, [-1, -1])
            if known[side] >= 0:
                continue
            known[side] = -bound
            if min(known) >= first_of.at(segment):
                best = max(best, min(known))
            for before, upto, _, _ in self._preds_of(segment):
                heappush(heap, (-upto, before, side))
        return (best if best >= 0 else None), True

    def line(self, row: int, most: int, choose: Callable[[list[Pred]], Pred], since: int) -> list[Step]:
        """The way back from a row, by what `choose` takes of a segment's preds; the oldest first.

        It ends at the first segment that began in the row `since` or before it.
        """
        steps: deque[Step] = deque()
        segment = self._segments.of_row.at(row)
        while len(steps) < most and (preds := self._preds_of(segment)):
            pred = choose(preds)
            steps.appendleft(Step(pred, segment))
            segment = pred[0]
            if self._segments.first.at(segment) <= since:
                break
        return list(steps)


def _followed(came: dict[int, Step], first: int, last: int) -> list[Step]:
    steps = [came[first]]
    while steps[-1].segment != last:
        steps.append(came[steps[-1].segment])
    return steps
