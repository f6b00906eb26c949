"""Texts to rows: what ends in a count by its series, anything else by its hash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from debugger.log.ids import IdIndex
from debugger.log.pack import Texts
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

    def add(self, texts: Texts, rows: NDArray[np.int64]) -> None:
        """Enter texts with their rows."""
        if texts.counts is not None:
            others = self._add_counted(texts.head, texts.counts, rows).tolist()
        else:
            others = []
            for head, places in by_head(texts.texts).items():
                counts = numbers_after(head, [texts.texts[at] for at in places])
                if counts is None:
                    others += places
                else:
                    left = self._add_counted(head, counts, rows[places])
                    others += [places[at] for at in left.tolist()]
        if others:
            self._others.add([hash(texts.at(at)) for at in others], rows[others].tolist())

    def _add_counted(self, head: str, counts: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.intp]:
        """Enter texts of one head in its series; the indexes of those that it does not take."""
        series = self._series.get(head)
        if series is None:
            if len(self._series) >= (_HEADS if len(counts) >= _MANY else _EARLY_HEADS):
                return np.arange(len(counts))
            series = self._series[head] = Series()
        left = series.add(counts, rows)
        return np.zeros(0, np.intp) if left is None else np.flatnonzero(left)

    def find_all(self, texts: Texts) -> NDArray[np.int64]:
        """A row for each text, or `NOWHERE`."""
        found = np.full(len(texts.places), NOWHERE, np.int64)
        if texts.counts is not None:
            series = self._series.get(texts.head)
            if series is not None:
                found = series.find_all(texts.counts)
        elif self._series:
            for head, places in by_head(texts.texts).items():
                series = self._series.get(head)
                if series is not None:
                    found[places] = series.find_all(_counts(head, [texts.texts[at] for at in places]))
        missing = np.flatnonzero(found == NOWHERE).tolist() if len(self._others) else []
        if missing:
            found[missing] = self._others.find_all([hash(texts.at(at)) for at in missing])
        return found

    def find(self, text: str) -> int | None:
        """The row of one text."""
        row = int(self.find_all(listed([text]))[0])
        return None if row == NOWHERE else row


def listed(texts: Sequence[str]) -> Texts:
    """Texts of any kind."""
    return Texts(np.arange(len(texts)), "", None, list(texts))


def _counts(head: str, texts: list[str]) -> NDArray[np.int64]:
    """The counts of texts with one head; one that is none (``e007``) has what no series holds."""
    counts = numbers_after(head, texts)
    if counts is not None:
        return counts
    each = [numbers_after(head, [text]) for text in texts] if len(texts) > 1 else [None]
    return np.array([NOWHERE if one is None else one[0] for one in each], np.int64)


def by_head(texts: Sequence[str]) -> dict[str, list[int]]:
    """Places of texts, by what stands before their last digits."""
    heads: dict[str, list[int]] = {}
    for at, text in enumerate(texts):
        heads.setdefault(text.rstrip(DIGITS), []).append(at)
    return heads
