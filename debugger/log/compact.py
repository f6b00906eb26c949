"""Numbers for names of which there are hundreds of thousands, such as tasks."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from debugger.log.ids import IdIndex
from debugger.log.interner import ABSENT, Interner


class CompactInterner(Interner):
    """As `Interner`, at some 50 bytes a name instead of 200: text in one buffer, hashes instead of a dict.

    Each activation has a task of its own, so that one of three events brings a new name.
    Names of equal 64-bit hash would be taken for one; `debugger.log.ids` says how rarely.
    """

    __slots__ = ("_ends", "_index", "_text")

    def __init__(self) -> None:
        super().__init__()
        self._text = bytearray()
        self._ends = array("Q", [0])  # number n ends at _ends[n]; 0 has no name
        self._index = IdIndex()

    def __len__(self) -> int:
        """As of `Interner`."""
        return len(self._ends)

    def intern(self, text: str | None) -> int:
        """As of `Interner`."""
        return int(self.intern_all([text], 1)[0])

    def intern_all(self, texts: Sequence[str | None], count: int) -> NDArray[np.uint32]:
        """As of `Interner`."""
        numbers: dict[str | None, int] = dict.fromkeys(texts, ABSENT)
        numbers.pop(None, None)
        hashes = list(map(hash, numbers))
        found = self._index.find_all(hashes)
        new: dict[int, int] = {}
        for text, key, number in zip(numbers, hashes, found, strict=True):
            if number < 0:
                number = new[key] = self._add(text or "")  # noqa: PLW2901 - now it has one
            numbers[text] = number
        self._index.add(new.keys(), new.values())
        numbers[None] = ABSENT
        return np.fromiter(map(numbers.__getitem__, texts), np.uint32, count)

    def _add(self, text: str) -> int:
        self._text += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._text))
        return len(self._ends) - 1

    def id_of(self, text: str | None) -> int | None:
        """As of `Interner`."""
        if text is None:
            return ABSENT
        number = self._index.find(hash(text))
        return number if number is not None and self.value(number) == text else None

    def value(self, number: int) -> str | None:
        """As of `Interner`."""
        if number == ABSENT:
            return None
        encoded = self._text[self._ends[number - 1] : self._ends[number]]
        return encoded.decode("utf-8", "surrogatepass")

    def name(self, number: int) -> str:
        """As of `Interner`."""
        return self.value(number) or ""

    def names_from(self, start: int) -> list[str | None]:
        """As of `Interner`."""
        return [self.value(number) for number in range(start, len(self))]
