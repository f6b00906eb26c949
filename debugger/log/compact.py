"""Numbers for names of which there are hundreds of thousands, such as tasks and correlations."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from debugger.log.interner import ABSENT, Interner
from debugger.log.pack import Texts
from debugger.log.series import NOWHERE, numbers_after, taken_apart
from debugger.log.textindex import TextIndex, by_head, listed

RECENT: Final = 4096
"""Names in a dict at 200 bytes each; older ones are looked up where they are packed."""

_HEADS: Final = 1 << 16
_MANY: Final = 8  # names of one head at once, for it to be worth numpy's overhead
_TEXT: Final = 0
"""The head of a name that is kept as it is."""


class CompactInterner(Interner):
    """As `Interner`, at some 10 bytes a name that ends in a count, 50 of any other, instead of 200.

    Each activation has a task of its own, so that one of three events brings a new name.
    Names of equal 64-bit hash would be taken for one; `debugger.log.ids` says how rarely.
    """

    __slots__ = (
        "_counts",
        "_ends",
        "_head_names",
        "_head_numbers",
        "_heads",
        "_index",
        "_known",
        "_older",
        "_text",
    )

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str | None, int] = {None: ABSENT}
        self._older: dict[str | None, int] = {}
        # A name is a head and a count, or _TEXT and the place of a text in the buffer.
        self._head_numbers: dict[str, int] = {}
        self._head_names = [""]
        self._heads = array("H", [_TEXT])
        self._counts = array("I", [0])
        self._text = bytearray()
        self._ends = array("Q", [0])
        self._index = TextIndex()

    def __len__(self) -> int:
        """As of `Interner`."""
        return len(self._heads)

    def intern(self, text: str | None) -> int:
        """As of `Interner`."""
        return int(self.intern_all([text], 1)[0])

    def intern_all(self, texts: Sequence[str | None], count: int) -> NDArray[np.uint32]:
        """As of `Interner`."""
        known = self._known
        unknown = [text for text in dict.fromkeys(texts) if text is not None and text not in known]
        if unknown:
            self._learn(unknown)
        numbers = np.fromiter(map(known.__getitem__, texts), np.uint32, count)
        if len(known) > RECENT:
            self._known, self._older = {None: ABSENT}, known
        return numbers

    def _learn(self, texts: list[str]) -> None:
        """Give numbers to names that are not among the recent ones; most of them are new."""
        older = self._older
        again = [text for text in texts if text in older]
        if again:
            self._known.update((text, older[text]) for text in again)
            texts = [text for text in texts if text not in older]
        few: list[str] = []
        for head, places in by_head(texts).items():
            if len(places) < _MANY or not head:
                few += [texts[at] for at in places]
                continue
            mine = [texts[at] for at in places]
            counts = numbers_after(head, mine)
            place = None if counts is None else self._place(head)
            if counts is None or place is None:
                few += mine
            else:
                self._learn_counted(head, place, counts, mine)
        if few:
            self._learn_few(few)

    def _place(self, head: str) -> int | None:
        place = self._head_numbers.get(head)
        if place is None and len(self._head_names) < _HEADS:
            place = self._head_numbers[head] = len(self._head_names)
            self._head_names.append(head)
        return place

    def _learn_counted(self, head: str, place: int, counts: NDArray[np.int64], texts: list[str]) -> None:
        named = Texts(np.arange(len(counts)), head, counts, [])
        numbers = self._index.find_all(named)
        new = np.flatnonzero(numbers == NOWHERE)
        if len(new):
            first = len(self._heads)
            numbers[new] = np.arange(first, first + len(new))
            self._index.add(Texts(new, head, counts[new], []), numbers[new])
            self._counts.frombytes(counts[new].astype(np.uint32).tobytes())
            self._heads.frombytes(np.full(len(new), place, np.uint16).tobytes())
        self._known.update(zip(texts, numbers.tolist(), strict=True))

    def _learn_few(self, texts: list[str]) -> None:
        numbers = self._index.find_all(listed(texts))
        new = np.flatnonzero(numbers == NOWHERE)
        for at in new.tolist():
            numbers[at] = len(self._heads)
            self._keep(texts[at])
        if len(new):
            self._index.add(listed([texts[at] for at in new.tolist()]), numbers[new])
        self._known.update(zip(texts, numbers.tolist(), strict=True))

    def _keep(self, text: str) -> None:
        head, count = taken_apart(text)
        place = self._place(head) if head and count != NOWHERE else None
        if place is None:
            self._text += text.encode("utf-8", "surrogatepass")
            place, count = _TEXT, len(self._ends)
            self._ends.append(len(self._text))
        self._counts.append(count)
        self._heads.append(place)  # from here on readers see it

    def id_of(self, text: str | None) -> int | None:
        """As of `Interner`."""
        number = self._known.get(text)
        if number is None and text is not None:
            number = self._index.find(text)
        return number if number is not None and self.value(number) == text else None

    def value(self, number: int) -> str | None:
        """As of `Interner`."""
        if number == ABSENT:
            return None
        head, count = self._heads[number], self._counts[number]
        if head != _TEXT:
            return f"{self._head_names[head]}{count}"
        return self._text[self._ends[count - 1] : self._ends[count]].decode("utf-8", "surrogatepass")

    def name(self, number: int) -> str:
        """As of `Interner`."""
        return self.value(number) or ""

    def names_from(self, start: int) -> list[str | None]:
        """As of `Interner`."""
        return [self.value(number) for number in range(start, len(self))]
