"""What is when, for logs of any length: counts by block of rows, built bit by bit.

A window of a few thousand events is read row by row. One of millions is counted from here: blocks
of `BLOCK` rows know their first and last moment, and how many events each lane and family has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.log import EventLog
from debugger.tui.timeline.lanes import By, Rows, lane_keys, tally

BLOCK: Final = 2_048
"""Rows of a block: so many are read at each border of a cell that does not fall between two."""

MOST_KEYS: Final = 256
"""Lane and family pairs counted in a block; the rarer ones of a block that has more are left out."""

FAMILY_BITS: Final = 3
_CHUNK: Final = 32  # blocks looked at between two looks at the clock
_BINS: Final = 1 << 16
_FIRST: Final = 1_024

Numbers = NDArray[np.int64]


class _Growing:
    """An array that is appended to."""

    def __init__(self, dtype: Any) -> None:
        self._array: NDArray[Any] = np.empty(_FIRST, dtype)
        self._size = 0

    def add(self, values: NDArray[Any]) -> None:
        size = self._size + len(values)
        if size > len(self._array):
            grown = np.empty(max(size, 2 * len(self._array)), self._array.dtype)
            grown[: self._size] = self._array[: self._size]
            self._array = grown
        self._array[self._size : size] = values
        self._size = size

    @property
    def all(self) -> NDArray[Any]:
        return self._array[: self._size]

    def drop(self, count: int) -> None:
        """Without the first ones."""
        self._array = self._array[count:].copy()
        self._size -= count

    def __len__(self) -> int:
        return self._size


def _useless(log: EventLog, base: int, count: int) -> int:
    """How many of `count` blocks from number `base` on to drop: those without a known row, many together."""
    gone = min(log.first_row // BLOCK - base, count)
    return gone if gone > count // 4 else 0


class Times:
    """The earliest and latest moment of each whole block; the rows behind them are looked at each time."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._base = 0  # the number of the first block
        self._low = _Growing(np.int64)
        self._high = _Growing(np.int64)
        self._highest: Numbers = np.empty(0, np.int64)

    def extend(self) -> None:
        """Look at new whole blocks; some 1 ms for a million rows, at most four million at a time."""
        self._forget()
        known = self._end
        whole = min(len(self._log) // BLOCK, known + 2_048)
        if whole > known:
            times = self._log.column("timestamp_ns")[known * BLOCK : whole * BLOCK]
            forgotten = self._log.first_row - known * BLOCK
            if forgotten > 0:
                times = np.concatenate((np.full(forgotten, times[forgotten]), times[forgotten:]))
            blocks = times.reshape(-1, BLOCK)
            self._low.add(blocks.min(axis=1))
            self._high.add(blocks.max(axis=1))
            self._highest = np.maximum.accumulate(self._high.all)

    @property
    def _end(self) -> int:
        """The number of the first block that was not looked at."""
        return self._base + len(self._low)

    @property
    def _tail(self) -> int:
        """The first row behind all blocks."""
        return max(self._end * BLOCK, self._log.first_row)

    def _forget(self) -> None:
        gone = _useless(self._log, self._base, len(self._low))
        if gone:
            self._low.drop(gone)
            self._high.drop(gone)
            self._highest = self._highest[gone:]
            self._base += gone
        if not len(self._low):
            self._base = max(self._base, self._log.first_row // BLOCK)

    def ends(self) -> tuple[int, int]:
        """The earliest and latest moment of all; (0, 0) in an empty log."""
        rest = self._log.column("timestamp_ns")[self._tail :]
        lows = [int(part.min()) for part in (self._low.all, rest) if len(part)]
        highs = [int(part.max()) for part in (self._high.all, rest) if len(part)]
        return (min(lows), max(highs)) if lows else (0, 0)

    def row_at(self, timestamp_ns: int) -> int:
        """The first row at or after a time, as far as clocks run forwards; the number of rows if none is."""
        block = self._base + int(np.searchsorted(self._highest, timestamp_ns))
        start = max(block * BLOCK, self._log.first_row)
        if block < self._end:
            times = np.maximum.accumulate(self._log.column("timestamp_ns")[start : (block + 1) * BLOCK])
        else:
            times = self._log.column("timestamp_ns")[start:]
        return start + int(np.searchsorted(times, timestamp_ns))

    def near(self, start_ns: int, stop_ns: int, limit: int) -> Rows | None:
        """Rows among which all of a stretch of time are, ascending; None if they are more than `limit`.

        A slice where they follow each other, as they do where clocks run forwards.
        """
        touched = np.flatnonzero((self._high.all >= start_ns) & (self._low.all < stop_ns)) + self._base
        tail = self._tail
        rest = self._log.column("timestamp_ns")[tail:]
        inside = np.flatnonzero((rest >= start_ns) & (rest < stop_ns)) + tail
        if len(touched) * BLOCK + len(inside) > limit:
            return None
        whole = (touched[:, None] * BLOCK + np.arange(BLOCK)).ravel()
        found: Numbers = np.concatenate((whole[whole >= self._log.first_row], inside))
        if len(found) and int(found[-1] - found[0]) + 1 == len(found):
            return slice(int(found[0]), int(found[-1]) + 1)
        return found


class Counted(NamedTuple):
    """Events by lane and family, block after block: those of block b are at ``pointers[b:b + 2]``."""

    codes: Numbers
    counts: Numbers
    pointers: Numbers


class BlockCounts:
    """Events of each whole block by lane and family, for one kind of lane."""

    def __init__(self, log: EventLog, by: By) -> None:
        self.by: Final = by
        self._log = log
        self._codes = _Growing(np.int64)
        self._counts = _Growing(np.uint16)
        self._pointers = _Growing(np.int64)
        self._pointers.add(np.zeros(1, np.int64))
        self._base = 0  # the number of the first block
        self._dropped = 0  # entries that stood before those of the first block

    @property
    def rows(self) -> int:
        """Rows that are counted, those that are forgotten with them."""
        return (self._base + len(self._pointers) - 1) * BLOCK

    @property
    def complete(self) -> bool:
        """Whether every whole block is counted."""
        return self.rows + BLOCK > len(self._log)

    def extend(self, clock: Callable[[], int], budget_ns: int) -> bool:
        """Count for about ``budget_ns``, one piece at least; whether there was anything to do."""
        if self.complete:
            return False
        self._forget()
        began = clock()
        while not self.complete:
            first = self.rows
            self._count(first, min(first + _CHUNK * BLOCK, len(self._log) // BLOCK * BLOCK))
            if clock() - began >= budget_ns:
                break
        return True

    def _forget(self) -> None:
        gone = _useless(self._log, self._base, len(self._pointers) - 1)
        if gone:
            entries = int(self._pointers.all[gone]) - self._dropped
            for array, count in ((self._codes, entries), (self._counts, entries), (self._pointers, gone)):
                array.drop(count)
            self._base += gone
            self._dropped += entries
        if len(self._pointers) == 1:
            self._base = max(self._base, self._log.first_row // BLOCK)

    def _count(self, start: int, stop: int) -> None:
        codes = codes_of(self._log, self.by, slice(start, stop))
        blocks = (stop - start) // BLOCK
        low = int(codes.min())
        width = int(codes.max()) - low + 1
        if width * blocks <= _BINS:
            places = np.repeat(np.arange(blocks) * width, BLOCK)
            found = np.bincount(codes - low + places, minlength=blocks * width)
            used = np.flatnonzero(found)
            sizes = np.bincount(used // width, minlength=blocks)
            if int(sizes.max()) <= MOST_KEYS:
                self._keep(used % width + low, found[used], sizes)
                return
        for block in codes.reshape(blocks, BLOCK):
            keys, counts = tally(block)
            if len(keys) > MOST_KEYS:
                most = np.sort(np.argpartition(counts, -MOST_KEYS)[-MOST_KEYS:])
                keys, counts = keys[most], counts[most]
            self._keep(keys, counts, np.array([len(keys)]))

    def _keep(self, codes: Numbers, counts: Numbers, sizes: Numbers) -> None:
        last = int(self._pointers.all[-1])
        self._codes.add(codes)
        self._counts.add(counts)
        self._pointers.add(np.cumsum(sizes) + last)

    def between(self, first: int, last: int) -> Counted:
        """What blocks ``first`` up to ``last`` (counted ones) hold; pointers begin at 0."""
        pointers = self._pointers.all[first - self._base : last + 1 - self._base] - self._dropped
        part = slice(int(pointers[0]), int(pointers[-1]))
        return Counted(self._codes.all[part], self._counts.all[part], pointers - pointers[0])


def codes_of(log: EventLog, by: By, rows: Rows) -> Numbers:
    """Lane and family of each row in one number."""
    codes: Numbers = (lane_keys(log, by, rows) << FAMILY_BITS) + log.column("family")[rows]
    return codes
