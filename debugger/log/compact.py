"""Numbers for names of which there are hundreds of thousands, such as tasks and correlations."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.log.interner import ABSENT, Interner
from debugger.log.series import NOWHERE, numbers_after
from debugger.log.textindex import TextIndex, by_head, listed

RECENT: Final = 4096
"""Names in a dict at 200 bytes each, before they are packed."""

_HEADS: Final = 1 << 16
_TEXT: Final = 0
"""The head of a name that is kept as it is."""


class _Young(NamedTuple):
    """The names that are not packed yet, from the number `first` on."""

    first: int
    texts: list[str]


class CompactInterner(Interner):
    """As `Interner`, at some 10 bytes a name that ends in a count, 50 of any other, instead of 200.

    Each activation has a task of its own, so that one of three events brings a new name.
    Names of equal 64-bit hash would be taken for one; `debugger.log.ids` says how rarely.
    """

    __slots__ = ("_ends", "_heads", "_index", "_known", "_known_before", "_parts", "_text", "_young")

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str | None, int] = {None: ABSENT}
        self._known_before: dict[str | None, int] = {}
        self._young = _Young(1, [])
        # Packed names: a head and a count, or _TEXT and the place of a text in the buffer.
        self._heads: dict[str, int] = {"": _TEXT}
        self._parts = (array("H", [0]), array("I", [0]), [""])
        self._text = bytearray()
        self._ends = array("Q", [0])
        self._index = TextIndex()

    def __len__(self) -> int:
        """As of `Interner`."""
        young = self._young
        return young.first + len(young.texts)

    def intern(self, text: str | None) -> int:
        """As of `Interner`."""
        return int(self.intern_all([text], 1)[0])

    def intern_all(self, texts: Sequence[str | None], count: int) -> NDArray[np.uint32]:
        """As of `Interner`."""
        known = self._known
        unknown = [text for text in dict.fromkeys(texts) if text not in known]
        if unknown:
            self._learn([text for text in unknown if text is not None])
            known = self._known
        numbers = np.fromiter(map(known.__getitem__, texts), np.uint32, count)
        if len(known) > RECENT:
            self._pack()
        return numbers

    def _learn(self, texts: list[str]) -> None:
        """Give numbers to names that are not among the recent ones; most of them are new."""
        known, before, young = self._known, self._known_before, self._young.texts
        missing: list[str] = []
        for text in texts:
            number = before.get(text)
            if number is None:
                missing.append(text)
            else:
                known[text] = number
        packed = (
            self._index.find_all(listed(missing)).tolist()
            if self._young.first > 1
            else [NOWHERE] * len(missing)
        )
        number = self._young.first + len(young)
        for text, found in zip(missing, packed, strict=True):
            if found == NOWHERE:
                young.append(text)
                found, number = number, number + 1  # noqa: PLW2901 - now it has one
            known[text] = found

    def _pack(self) -> None:
        first, texts = self._young
        if texts:
            self._index.add(listed(texts), np.arange(first, first + len(texts), dtype=np.int64))
            heads, counts, _ = self._parts
            own_heads, own_counts = self._taken_apart(texts)
            counts.frombytes(own_counts.tobytes())
            heads.frombytes(own_heads.tobytes())
            self._young = _Young(first + len(texts), [])  # from here on readers look among the packed
        self._known_before, self._known = self._known, {None: ABSENT}

    def _taken_apart(self, texts: list[str]) -> tuple[NDArray[np.uint16], NDArray[np.uint32]]:
        heads, counts = np.full(len(texts), _TEXT, np.uint16), np.zeros(len(texts), np.uint32)
        for head, places in by_head(texts).items():
            mine = [texts[at] for at in places]
            place = self._heads.get(head)
            numbers = numbers_after(head, mine) if head and len(head) < len(mine[0]) else None
            if numbers is not None and place is None and len(self._heads) < _HEADS:
                place = self._heads[head] = len(self._heads)
                self._parts[2].append(head)
            if numbers is not None and place is not None:
                heads[places], counts[places] = place, numbers
                continue
            for at, text in zip(places, mine, strict=True):
                counts[at] = len(self._ends)
                self._text += text.encode("utf-8", "surrogatepass")
                self._ends.append(len(self._text))
        return heads, counts

    def id_of(self, text: str | None) -> int | None:
        """As of `Interner`."""
        number = self._known.get(text)
        if number is None:
            number = self._known_before.get(text)
        if number is None and text is not None:
            number = self._index.find(text)
        return number if number is not None and self.value(number) == text else None

    def value(self, number: int) -> str | None:
        """As of `Interner`."""
        if number == ABSENT:
            return None
        first, texts = self._young
        if number >= first:
            return texts[number - first]
        heads, counts, names = self._parts
        head, count = heads[number], counts[number]
        if head != _TEXT:
            return f"{names[head]}{count}"
        return self._text[self._ends[count - 1] : self._ends[count]].decode("utf-8", "surrogatepass")

    def name(self, number: int) -> str:
        """As of `Interner`."""
        return self.value(number) or ""

    def names_from(self, start: int) -> list[str | None]:
        """As of `Interner`."""
        return [self.value(number) for number in range(start, len(self))]
