"""Free text in the raw lines: whole stretches of a store are read and searched at once."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from debugger.log.distinct import distinct
from debugger.log.eventlog import EventLog

_STRETCH: Final = 4 << 20
"""Bytes read and searched at once."""

_JUMP: Final = 4096
"""A hole up to this is read and thrown away, which is cheaper than another read."""

Search = Callable[[bytes, int], tuple[int, int]]
"""The first place of the text in a stretch, from a position on: start and end, (-1, -1) for nowhere."""


class Needle:
    """Text to look for, whatever its case, and however JSON escapes it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._plain = (
            text.lower().encode() if text.isascii() and not re.search(r'[\\"/\x00-\x1f]', text) else b""
        )
        self._pattern = re.compile(b"".join(map(_alternatives, text)), re.IGNORECASE)

    def rows(self, log: EventLog, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Which of `rows` have the text in their line; evicted lines have nothing."""
        found = np.zeros(len(rows), np.bool_)
        columns = {name: log.column(name)[rows].astype(np.int64) for name in ("store", "offset", "length")}
        for store in distinct(columns["store"]).tolist():
            places = np.flatnonzero(columns["store"] == store)
            text_of = log.store_of(store)
            places = places[columns["offset"][places] >= text_of.first_offset]
            places = places[np.argsort(columns["offset"][places], kind="stable")]
            for stretch in _stretches(columns["offset"][places], columns["length"][places]):
                here = places[stretch]
                starts, lengths = columns["offset"][here], columns["length"][here]
                base = int(starts[0])
                text = text_of.read(base, int(starts[-1]) + int(lengths[-1]) - base)
                found[here] = self._lines(text, (starts - base).tolist(), lengths.tolist())
        return found

    def _lines(self, text: bytes, starts: list[int], lengths: list[int]) -> list[bool]:
        """Which lines of a stretch have the text, whole."""
        found = [False] * len(starts)
        if self._plain:
            text = text.lower()
        at = line = 0
        while True:
            begin, end = self._find(text, at)
            if begin < 0:
                return found
            line = bisect_right(starts, begin, line) - 1
            stop = starts[line] + lengths[line] if line >= 0 else 0
            if line >= 0 and end <= stop:
                found[line] = True
                at = stop
            else:
                at = begin + 1  # between lines, or from one into the next
            line = max(line, 0)

    def _find(self, text: bytes, at: int) -> tuple[int, int]:
        if self._plain:
            begin = text.find(self._plain, at)
            return begin, begin + len(self._plain)
        match = self._pattern.search(text, at)
        return match.span() if match else (-1, -1)


def _stretches(offsets: NDArray[Any], lengths: NDArray[Any]) -> Iterator[slice]:
    """Runs of lines that are worth one read."""
    ends = offsets + lengths
    breaks = (np.flatnonzero(offsets[1:] - ends[:-1] > _JUMP) + 1).tolist()
    if not len(offsets):
        return
    for start, stop in zip([0, *breaks], [*breaks, len(offsets)], strict=True):
        begin = start
        while begin < stop:
            end = int(np.searchsorted(offsets[begin:stop], offsets[begin] + _STRETCH)) + begin
            yield slice(begin, max(end, begin + 1))
            begin = max(end, begin + 1)


def _alternatives(char: str) -> bytes:
    """One character as it may stand in a line: either case, as UTF-8 or escaped."""
    if char in '"\\/':
        return rb"\\?" + re.escape(char.encode())
    if char.isascii() and char.isprintable():
        return re.escape(char.encode())
    forms: list[bytes] = []
    for one in dict.fromkeys((char, char.lower(), char.upper())):
        units = one.encode("utf-16-be", "surrogatepass")
        escaped = "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
        forms += [re.escape(one.encode("utf-8", "surrogatepass")), re.escape(escaped.encode())]
    if char in _SHORT:
        forms.append(re.escape(_SHORT[char]))
    return b"(?:" + b"|".join(forms) + b")"


_ESCAPED: Final = re.compile(r'[\\"/\x00-\x1f\x7f]')
_SHORT: Final = {"\n": rb"\n", "\t": rb"\t", "\r": rb"\r", "\b": rb"\b", "\f": rb"\f"}
