"""A stretch of a file to packed events: the work of one helper process, and what it sends back.

``python -m debugger.sources.segments FD PATH FIRST START STOP TURN TURNS`` writes, for each segment
whose turn it is, the length of its encoding and the encoding to standard output.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.log.pack import Pack
from debugger.log.records import BrokenLine
from debugger.sources.headings import Headings
from debugger.sources.linereader import MAX_LINE, LineReader
from debugger.sources.pipes import LENGTH_BYTES, decoder, encode

SEGMENT: Final = 1 << 20
"""Bytes of the file that are read and sent in one go: some 2,000 lines."""

_AHEAD: Final = 64 * 1024


class Segment(NamedTuple):
    """The whole lines that begin in a stretch of a file: from the place `begin` to `end`.

    ``begin`` equals ``end`` where there are none. ``broken`` are numbered from 1 within the segment.
    """

    begin: int
    end: int
    lines: int
    broken: list[BrokenLine]
    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]
    pack: Pack | None


def bounds(first: int, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The stretches of a file from `start` to `stop`: a short one of `first` bytes, then whole ones."""
    low, high = start, start + first
    while low < stop:
        yield low, min(high, stop)
        low, high = high, high + SEGMENT


def read_segment(
    fd: int, path: str, low: int, high: int, headings: Headings, *, aligned: bool
) -> Segment | None:
    """The lines that begin at `low` or after it, before `high`; None if one of them is too long.

    ``aligned`` says that a line begins at `low`; else whoever reads what is before takes the line
    that goes across. ``headings`` knows the words of the segments before.
    """
    at = low if aligned else low - 1
    text = os.pread(fd, high - at + _AHEAD, at)
    begin = 0 if aligned else text.find(b"\n") + 1
    if (begin == 0 and not aligned) or at + begin >= high:
        return _nothing(low)
    while (end := text.find(b"\n", high - 1 - at) + 1) == 0:
        if len(text) > MAX_LINE:
            return None
        more = os.pread(fd, max(len(text), _AHEAD), at + len(text))
        if not more:  # the last line has no end (yet): it is left to whoever can wait for it
            end = text.rfind(b"\n") + 1
            break
        text += more
    if end <= begin:
        return _nothing(at + begin)
    reader = LineReader(path, at + begin, headings)
    batch = reader.take(text[begin:end])
    pack = batch.packed() if batch.events else None
    return Segment(at + begin, at + end, reader.lines, reader.broken, batch.offsets, batch.lengths, pack)


def _nothing(place: int) -> Segment:
    none: NDArray[np.int64] = np.zeros(0, np.int64)
    return Segment(place, place, 0, [], none, none, None)


# --- as bytes ------------------------------------------------------------------------------

_decode: Final = decoder(Segment | None)


def segment_to_wire(segment: Segment | None) -> bytes:
    """A segment for a pipe."""
    return encode(segment)


def segment_from_wire(wire: bytes | bytearray) -> Segment | None:
    """The reverse.

    Raises:
        msgspec.DecodeError: it is something else.
    """
    segment: Segment | None = _decode(wire)
    return segment


def main(arguments: list[str]) -> int:
    """Read the segments of one's turn, until nobody wants them any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this is interrupted, and ends it
    fd, path = int(arguments[0]), arguments[1]
    first, start, stop, turn, turns = map(int, arguments[2:])
    headings = Headings()
    with os.fdopen(sys.stdout.fileno(), "wb", buffering=0, closefd=False) as out:
        for number, (low, high) in enumerate(bounds(first, start, stop)):
            if number == 0 or (number - 1) % turns != turn:  # the first is read by who started this
                continue
            wire = segment_to_wire(read_segment(fd, path, low, high, headings, aligned=low == start))
            try:
                out.write(len(wire).to_bytes(LENGTH_BYTES, "little"))
                sent = 0
                while sent < len(wire):
                    sent += out.write(memoryview(wire)[sent:])
            except BrokenPipeError:
                return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
