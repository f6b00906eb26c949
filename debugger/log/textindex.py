"""Texts to rows: what ends in a count by its series, anything else by its hash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from debugger.log.ids import IdIndex
from debugger.log.series import DIGITS, NOWHERE, Series, numbers_after

_HEADS: Final = 1024
"""Series that are kept: what has a new head each time is random, not counted."""

_EARLY_HEADS: Final = 64
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
        self._usual = ""  # the head that most texts had lately

    def add(self, texts: Sequence[str], rows: NDArray[np.int64]) -> None:
        """Enter texts with their rows."""
        series, numbers = self._all_usual(texts)
        if series is not None and numbers is not None:
            left = series.add(numbers, rows)
            if left is not None:
                self._add_others(texts, rows, np.flatnonzero(left))
            return
        others: list[int] = []
        for head, places in by_head(texts).items():
            series = self._series_for(head, len(places))
            numbers = None if series is None else numbers_after(head, [texts[at] for at in places])
            if series is None or numbers is None:
                others += places
                continue
            self._series[head] = series
            left = series.add(numbers, rows[places])
            if left is not None:
                others += [places[at] for at in np.flatnonzero(left).tolist()]
            self._usual = head
        if others:
            self._add_others(texts, rows, np.array(others, np.int64))

    def _all_usual(self, texts: Sequence[str]) -> tuple[Series | None, NDArray[np.int64] | None]:
        """The usual series, and the counts of the texts if all are of it."""
        head = self._usual
        series = self._series.get(head) if texts else None
        return series, None if series is None else numbers_after(head, texts)

    def _series_for(self, head: str, count: int) -> Series | None:
        known = self._series.get(head)
        if known is None and len(self._series) < (_HEADS if count >= _MANY else _EARLY_HEADS):
            return Series()
        return known

    def _add_others(self, texts: Sequence[str], rows: NDArray[np.int64], places: NDArray[np.int64]) -> None:
        self._others.add([hash(texts[at]) for at in places.tolist()], rows[places].tolist())

    def find_all(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """A row for each text, or `NOWHERE`."""
        usual, numbers = self._all_usual(texts)
        if usual is not None and numbers is not None:
            found = usual.find_all(numbers)
        else:
            found = np.full(len(texts), NOWHERE, np.int64)
            for head, places in by_head(texts).items() if self._series else ():
                series = self._series.get(head)
                numbers = None if series is None else self._counts(head, texts, places)
                if series is not None and numbers is not None:
                    found[places] = series.find_all(numbers)
        missing = np.flatnonzero(found == NOWHERE).tolist() if len(self._others) else []
        if missing:
            found[missing] = self._others.find_all([hash(texts[at]) for at in missing])
        return found

    def _counts(self, head: str, texts: Sequence[str], places: list[int]) -> NDArray[np.int64] | None:
        """The counts of texts with one head; one that is none (``e007``) has what no series holds."""
        mine = [texts[at] for at in places]
        numbers = numbers_after(head, mine)
        if numbers is not None or len(mine) == 1:
            return numbers
        each = [numbers_after(head, [text]) for text in mine]
        return np.array([NOWHERE if one is None else one[0] for one in each], np.int64)


def by_head(texts: Sequence[str]) -> dict[str, list[int]]:
    """Places of texts, by what stands before their last digits."""
    heads: dict[str, list[int]] = {}
    for at, text in enumerate(texts):
        heads.setdefault(text.rstrip(DIGITS), []).append(at)
    return heads
