"""Numbers for names of which there are hundreds of thousands, such as tasks and correlations."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from debugger.log.interner import ABSENT, LONGEST, Interner, bounded
from debugger.log.pack import Texts
from debugger.log.series import NOWHERE, numbers_after, taken_apart
from debugger.log.textindex import TextIndex, by_head, listed

RECENT: Final = 4096
"""Names in a dict at 200 bytes each; older ones are looked up where they are packed."""

_HEADS: Final = 1 << 14
"""Heads are kept for ever: what has a new one each time is random, not counted, and is kept as a text."""

_EARLY_HEADS: Final = 64
_LONGEST_HEAD: Final = 256
_MANY: Final = 8  # names of one head at once, for it to be worth numpy's overhead, and a head late
_TEXT: Final = 0
"""The head of a name that is kept as it is."""


class CompactInterner(Interner):
    """As `Interner`, at some 10 bytes a name that ends in a count, 50 of any other, instead of 200.

    Each activation has a task of its own, so that one of three events brings a new name.
    Names of equal 64-bit hash would be taken for one; `debugger.log.ids` says how rarely.
    `forget` drops old names; one that comes again gets a new number.
    """

    __slots__ = (
        "_counts",
        "_ends",
        "_head_names",
        "_head_numbers",
        "_heads",
        "_index",
        "_kept",
        "_kept_numbers",
        "_known",
        "_older",
        "_text",
        "_text_start",
        "_texts_gone",
        "first",
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
        # What was forgotten: the numbers below `first`, and texts with them; those still in use are apart.
        self.first = 0
        self._texts_gone = 0
        self._text_start = 0
        self._kept: dict[int, str] = {}
        self._kept_numbers: dict[str, int] = {}

    def __len__(self) -> int:
        """As of `Interner`."""
        return self.first + len(self._heads)

    def intern(self, text: str | None) -> int:
        """As of `Interner`."""
        return int(self.intern_all([text], 1)[0])

    def intern_all(self, texts: Sequence[str | None], count: int) -> NDArray[np.uint32]:
        """As of `Interner`."""
        if max(map(len, filter(None, texts)), default=0) > LONGEST:
            texts = [text if text is None else bounded(text) for text in texts]
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
        for before in (self._older, self._kept_numbers):
            again = [text for text in texts if text in before]
            if again:
                self._known.update((text, before[text]) for text in again)
                texts = [text for text in texts if text not in before]
        few: list[str] = []
        for head, places in by_head(texts).items():
            if len(places) < _MANY or not head:
                few += [texts[at] for at in places]
                continue
            mine = [texts[at] for at in places]
            counts = numbers_after(head, mine)
            place = None if counts is None else self._place(head, _HEADS)
            if counts is None or place is None:
                few += mine
            else:
                self._learn_counted(head, place, counts, mine)
        if few:
            self._learn_few(few)

    def _place(self, head: str, most: int) -> int | None:
        """The number of a head, a new one if there are fewer than `most`."""
        place = self._head_numbers.get(head)
        if place is None and len(self._head_names) < most and len(head) <= _LONGEST_HEAD:
            place = self._head_numbers[head] = len(self._head_names)
            self._head_names.append(head)
        return place

    def _learn_counted(self, head: str, place: int, counts: NDArray[np.int64], texts: list[str]) -> None:
        named = Texts(np.arange(len(counts)), head, counts, texts)
        numbers = self._index.find_all(named)
        new = np.flatnonzero(numbers == NOWHERE)
        if len(new):
            first = len(self)
            numbers[new] = np.arange(first, first + len(new))
            mine = texts if len(new) == len(texts) else [texts[at] for at in new.tolist()]
            self._index.add(Texts(new, head, counts[new], mine), numbers[new])
            self._counts.frombytes(counts[new].astype(np.uint32).tobytes())
            self._heads.frombytes(np.full(len(new), place, np.uint16).tobytes())
        self._known.update(zip(texts, numbers.tolist(), strict=True))

    def _learn_few(self, texts: list[str]) -> None:
        numbers = self._index.find_all(listed(texts))
        new = np.flatnonzero(numbers == NOWHERE)
        for at in new.tolist():
            numbers[at] = len(self)
            self._keep(texts[at])
        if len(new):
            self._index.add(listed([texts[at] for at in new.tolist()]), numbers[new])
        self._known.update(zip(texts, numbers.tolist(), strict=True))

    def _keep(self, text: str) -> None:
        head, count = taken_apart(text)
        place = self._place(head, _EARLY_HEADS) if head and count != NOWHERE else None
        if place is None:
            self._text += text.encode("utf-8", "surrogatepass")
            place, count = _TEXT, self._texts_gone + len(self._ends)
            self._ends.append(self._text_start + len(self._text))
        self._counts.append(count)
        self._heads.append(place)  # from here on readers see it

    def id_of(self, text: str | None) -> int | None:
        """As of `Interner`."""
        text = text if text is None else bounded(text)
        number = self._known.get(text)
        if number is None and text is not None:
            number = self._kept_numbers.get(text)
            number = self._index.find(text) if number is None else number
        return number if number is not None and self.value(number) == text else None

    def value(self, number: int) -> str | None:
        """As of `Interner`."""
        if number == ABSENT:
            return None
        at = number - self.first
        if at < 0:
            return self._kept.get(number)
        head, count = self._heads[at], self._counts[at]
        if head != _TEXT:
            return f"{self._head_names[head]}{count}"
        place = count - self._texts_gone
        begin, end = (one - self._text_start for one in self._ends[place - 1 : place + 1])
        return self._text[begin:end].decode("utf-8", "surrogatepass")

    def name(self, number: int) -> str:
        """As of `Interner`."""
        return self.value(number) or ""

    def names_from(self, start: int) -> list[str | None]:
        """As of `Interner`."""
        kept = sorted(number for number in self._kept if number >= start)
        return [self.value(number) for number in (*kept, *range(max(start, self.first), len(self)))]

    def forget(self, first: int, in_use: Sequence[int]) -> None:
        """Names numbered below `first` go, but for those that are still in use. No other thread may read."""
        kept = {number: self.value(number) for number in in_use if ABSENT < number < first}
        self._kept = {number: text for number, text in kept.items() if text is not None}
        self._kept_numbers = {text: number for number, text in self._kept.items()}
        gone = first - self.first
        self._drop_texts(np.array(self._heads[:gone], np.uint16))
        del self._heads[:gone], self._counts[:gone]
        self.first = first
        self._index.forget(first)
        for names in (self._known, self._older):
            stale = [text for text, number in names.items() if ABSENT < number < first and number not in kept]
            for text in stale:
                del names[text]

    def _drop_texts(self, heads: NDArray[np.uint16]) -> None:
        """Drop the texts of names that go, which are the oldest."""
        gone = int((heads == _TEXT).sum()) - (not self.first)  # the absent name has no text
        if gone > 0:
            end = self._ends[gone]
            del self._text[: end - self._text_start], self._ends[:gone]
            self._text_start = end
            self._texts_gone += gone
