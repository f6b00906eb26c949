"""How many events of each lane and family there are in each cell of a window."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.log import EventLog
from debugger.tui.timeline.axis import Window
from debugger.tui.timeline.blocks import BLOCK, FAMILY_BITS, BlockCounts, Numbers, Times, codes_of
from debugger.tui.timeline.lanes import By, Rows
from debugger.tui.timeline.signs import LEVELS

_FAMILIES: Final = 1 << FAMILY_BITS
_SAMPLE: Final = 100_000
"""Rows that stand for those that are not counted yet."""


class Entries(NamedTuple):
    """What happened: lane and family (see `codes_of`), cell, and how many such events.

    ``exact`` is False while blocks are still being counted.
    """

    codes: Numbers
    cells: Numbers
    weights: Numbers
    exact: bool = True

    @property
    def keys(self) -> Numbers:
        """The lanes in which something happened, ascending."""
        return _distinct(self.codes >> FAMILY_BITS)


class Counts(NamedTuple):
    """Events by lane and cell, and the number (of `FAMILIES`) of the family that has most of them."""

    counts: Numbers
    families: NDArray[np.uint8]


def entries_of_rows(log: EventLog, by: By, rows: Rows, window: Window) -> Entries:
    """Single rows; those outside of the window are left out."""
    cells = (log.column("timestamp_ns")[rows] - window.start) // window.cell_ns
    codes = codes_of(log, by, rows)
    inside = (cells >= 0) & (cells < window.cells)
    if not bool(inside.all()):
        codes, cells = codes[inside], cells[inside]
    return Entries(codes, cells, np.ones(len(codes), np.int64))


def entries_of_blocks(log: EventLog, counted: BlockCounts, times: Times, window: Window) -> Entries:
    """A window of any length: whole blocks as they were counted, single rows at the borders of cells.

    Each row from the window's first to its last counts once, but for what `BlockCounts`
    leaves out. Of rows that are not counted yet, one in so many is looked at.
    """
    found = [times.row_at(window.time(cell)) for cell in range(window.cells + 1)]
    borders = np.maximum.accumulate(np.array(found, np.int64))
    end, known = int(borders[-1]), min(counted.rows, int(borders[-1]))
    parts = [_whole(counted, np.minimum(borders, known)), _edges(log, counted.by, np.minimum(borders, known))]
    if end > known:
        start = max(known, int(borders[0]))
        stride = max((end - start) // _SAMPLE, 1)
        rows = np.arange(start, end, stride)
        weights = np.full(len(rows), stride, np.int64)
        parts.append(Entries(codes_of(log, counted.by, rows), _cells(borders, rows), weights))
    codes, cells, weights = (np.concatenate([part[which] for part in parts]) for which in range(3))
    return Entries(codes, cells, weights, exact=end <= known + BLOCK)


def _cells(borders: Numbers, rows: Numbers) -> Numbers:
    return np.searchsorted(borders, rows, side="right") - 1


def _whole(counted: BlockCounts, borders: Numbers) -> Entries:
    """Entries of the blocks that are wholly in one cell."""
    first, last = -(-int(borders[0]) // BLOCK), int(borders[-1]) // BLOCK
    if last <= first:
        return _NOTHING
    found = counted.between(first, last)
    starts = np.arange(first, last) * BLOCK
    cells = _cells(borders, starts)
    whole = borders[np.minimum(cells + 1, len(borders) - 1)] >= starts + BLOCK
    sizes = np.diff(found.pointers)
    chosen = np.repeat(whole, sizes)
    weights = found.counts[chosen].astype(np.int64)
    return Entries(found.codes[chosen], np.repeat(cells, sizes)[chosen], weights)


def _edges(log: EventLog, by: By, borders: Numbers) -> Entries:
    """Rows of the blocks that a border of a cell goes through."""
    low, high = int(borders[0]), int(borders[-1])
    cut = np.unique(borders[borders % BLOCK != 0] // BLOCK)
    if high <= low or not len(cut):
        return _NOTHING
    rows = (cut[:, None] * BLOCK + np.arange(BLOCK)).ravel()
    rows = rows[(rows >= low) & (rows < high)]
    return Entries(codes_of(log, by, rows), _cells(borders, rows), np.ones(len(rows), np.int64))


_TABLE: Final = 1 << 23  # keys this far apart are still found in a table, which is quicker than sorting
_EMPTY: Final = np.empty(0, np.int64)
_NOTHING: Final = Entries(_EMPTY, _EMPTY, _EMPTY)


def count_cells(entries: Entries, keys: Numbers, width: int) -> Counts:
    """Events of the lanes `keys` (ascending) by cell; other lanes do not count."""
    shape = (len(keys), width, _FAMILIES)
    if not len(keys):
        return Counts(np.zeros(shape[:2], np.int64), np.zeros(shape[:2], np.uint8))
    mine = entries.codes >> FAMILY_BITS
    lanes = np.minimum(np.searchsorted(keys, mine), len(keys) - 1)
    of_these = keys[lanes] == mine
    places = (lanes * width + entries.cells) * _FAMILIES + (entries.codes & (_FAMILIES - 1))
    size = len(keys) * width * _FAMILIES
    found = np.bincount(places[of_these], entries.weights[of_these], minlength=size)
    found = found.astype(np.int64).reshape(shape)
    return Counts(found.sum(axis=2), found.argmax(axis=2).astype(np.uint8))


def _distinct(keys: Numbers) -> Numbers:
    if not len(keys):
        return keys
    low, high = int(keys.min()), int(keys.max())
    if high - low >= max(4 * len(keys), _TABLE):
        return np.unique(keys)
    there = np.zeros(high - low + 1, np.bool_)
    there[keys - low] = True
    return np.flatnonzero(there) + low


def levels(counts: Numbers, most: int) -> NDArray[np.uint8]:
    """Heights 1 to 8 (0 for nothing) on a logarithmic scale, on which ``most`` is 8."""
    scale = float(np.log1p(max(most, len(LEVELS))))
    heights: Numbers = np.ceil(np.log1p(counts) / scale * len(LEVELS)).astype(np.int64)
    return np.minimum(heights, len(LEVELS)).astype(np.uint8)
