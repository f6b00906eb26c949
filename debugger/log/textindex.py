"""Texts to rows: what ends in a count by its series, anything else by its hash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from debugger.log.ids import IdIndex
from debugger.log.pack import Texts
from debugger.log.series import DIGITS, LARGEST, NOWHERE, Series, numbers_after, taken_apart

_HEADS: Final = 1024
"""Series that are kept: what has a new head each time is random, not counted."""

_EARLY_HEADS: Final = 64
_LONGEST_HEAD: Final = 256
_MANY: Final = 8  # texts of a new head at once, for it to be worth a series once there are some


class TextIndex:
    """Ids of one recording, or names, to rows. Of a text that comes twice, any of its rows may be found.

    Our own ids are a source and a count, so that most of them cost nothing. Foreign ones
    cost 12 bytes; `debugger.log.ids` says how rarely two of them are taken for one.
    One thread adds while others look up.
    """

    def __init__(self) -> None:
        self._series: dict[str, Series] = {}
        self._others = IdIndex()
        self._late: dict[str, int] = {}  # of a series, the highest count that it did not take
        self._unserved = False  # there are counts of heads that had no series then
        self._first = 0

    def add(self, texts: Texts, rows: NDArray[np.int64]) -> None:
        """Enter texts with their rows."""
        if texts.counts is not None:
            others = self._add_counted(texts.head, texts.counts, rows).tolist()
        else:
            others = []
            for head, places in by_head(texts.texts).items():
                if len(places) < _MANY:
                    others += [at for at in places if not self._add_one(texts.texts[at], int(rows[at]))]
                    continue
                counts = numbers_after(head, [texts.texts[at] for at in places])
                if counts is None:
                    self._refused(head, LARGEST)
                    others += places
                else:
                    left = self._add_counted(head, counts, rows[places])
                    others += [places[at] for at in left.tolist()]
        if others:
            self._others.add([hash(texts.at(at)) for at in others], rows[others].tolist())

    def _add_one(self, text: str, row: int) -> bool:
        head, count = taken_apart(text)
        if count == NOWHERE:
            return False
        series = self._series_of(head, 1)
        taken = series is not None and series.add_one(count, row)
        if not taken:
            self._refused(head, count)
        return taken

    def _add_counted(self, head: str, counts: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.intp]:
        """Enter texts of one head in its series; the indexes of those that it does not take."""
        series = self._series_of(head, len(counts))
        left = np.ones(len(counts), np.bool_) if series is None else series.add(counts, rows)
        if left is None:
            return np.zeros(0, np.intp)
        self._refused(head, int(counts[left].max()))
        return np.flatnonzero(left)

    def _series_of(self, head: str, count: int) -> Series | None:
        series = self._series.get(head)
        most = _HEADS if count >= _MANY else _EARLY_HEADS
        if series is None and len(self._series) < most and len(head) <= _LONGEST_HEAD:
            if self._unserved:
                self._late[head] = LARGEST
            series = self._series[head] = Series()
        return series

    def _refused(self, head: str, highest: int) -> None:
        if head in self._series:
            self._late[head] = max(self._late.get(head, NOWHERE), highest)
        else:
            self._unserved = True

    def forget(self, first: int) -> None:
        """Rows below `first` are no longer there. Not while others look up."""
        self._first = first
        self._others.forget(first)
        for head in [head for head, series in self._series.items() if series.forget(first)]:
            del self._series[head]
            self._unserved |= self._late.pop(head, None) is not None

    def find_all(self, texts: Texts) -> NDArray[np.int64]:
        """A row for each text, or `NOWHERE`."""
        series = self._series.get(texts.head)
        if texts.counts is None:
            found = self._found_each(texts.texts)
            found[found < self._first] = NOWHERE
        elif series is None:
            found = np.full(len(texts.places), NOWHERE, np.int64)
        else:
            found = series.find_all(texts.counts)
            found[found < self._first] = NOWHERE
            if int(texts.counts.min()) > self._late.get(texts.head, NOWHERE):
                return found
        missing = np.flatnonzero(found == NOWHERE).tolist() if len(self._others) else []
        if missing:
            found[missing] = self._others.find_all([hash(texts.at(at)) for at in missing])
        return found

    def _found_each(self, texts: list[str]) -> NDArray[np.int64]:
        """As far as series tell it."""
        found = np.full(len(texts), NOWHERE, np.int64)
        for head, places in by_head(texts).items() if self._series else ():
            series = self._series.get(head)
            if series is None:
                continue
            mine = [texts[at] for at in places]
            counts = numbers_after(head, mine) if len(mine) >= _MANY else None
            if counts is not None:
                found[places] = series.find_all(counts)
                continue
            for at, text in zip(places, mine, strict=True):
                its_head, count = taken_apart(text)
                if its_head == head and count != NOWHERE:
                    found[at] = series.find(count)
        return found

    def find(self, text: str) -> int | None:
        """The row of one text."""
        row = int(self.find_all(listed([text]))[0])
        return None if row == NOWHERE else row


def listed(texts: Sequence[str]) -> Texts:
    """Texts of any kind."""
    return Texts(np.arange(len(texts)), "", None, list(texts))


def by_head(texts: Sequence[str]) -> dict[str, list[int]]:
    """Places of texts, by what stands before their last digits."""
    heads: dict[str, list[int]] = {}
    for at, text in enumerate(texts):
        heads.setdefault(text.rstrip(DIGITS), []).append(at)
    return heads
