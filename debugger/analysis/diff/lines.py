"""The lines of many rows, read in large pieces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from debugger.log import EventLog

_STRETCH: Final = 1 << 20
_HOLE: Final = 4096
"""A hole up to this is read and thrown away, which is cheaper than another read."""

Lines = Iterator[tuple[NDArray[np.int64], list[bytes]]]


def lines_of(log: EventLog, rows: NDArray[np.int64]) -> Lines:
    """`rows` and their lines, many at a time, in the order of the file; a line that is gone is empty."""
    places = {name: log.column(name)[rows].astype(np.int64) for name in ("store", "offset", "length")}
    for number in np.unique(places["store"]).tolist():
        store = log.store_of(number)
        mine = np.flatnonzero(places["store"] == number)
        mine = mine[np.argsort(places["offset"][mine], kind="stable")]
        offsets, lengths = places["offset"][mine], places["length"][mine]
        for piece in _pieces(offsets, lengths):
            base = int(offsets[piece.start])
            last = piece.stop - 1
            if base < store.first_offset:  # evicted, at least in part: one by one
                texts = [
                    store.read(offset, length)
                    for offset, length in zip(offsets[piece].tolist(), lengths[piece].tolist(), strict=True)
                ]
            else:
                text = store.read(base, int(offsets[last] + lengths[last]) - base)
                texts = [
                    text[offset : offset + length]
                    for offset, length in zip(
                        (offsets[piece] - base).tolist(), lengths[piece].tolist(), strict=True
                    )
                ]
            yield rows[mine[piece]], texts


def _pieces(offsets: NDArray[np.int64], lengths: NDArray[np.int64]) -> Iterator[slice]:
    """Stretches of lines that are worth one read."""
    ends = offsets + lengths
    breaks = (np.flatnonzero(offsets[1:] - ends[:-1] > _HOLE) + 1).tolist()
    for start, stop in zip([0, *breaks], [*breaks, len(offsets)], strict=True):
        begin = start
        while begin < stop:
            end = int(np.searchsorted(offsets[begin:stop], offsets[begin] + _STRETCH)) + begin
            end = max(end, begin + 1)
            yield slice(begin, end)
            begin = end
