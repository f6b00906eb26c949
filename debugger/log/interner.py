"""Names as small numbers: one table per column."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

ABSENT: Final = 0
"""The number of a name that an event does not have (`None`)."""


LONGEST: Final = 1_024
"""Characters of a name. A longer one is cut, and 16 hexadecimal digits of a digest of it are put behind."""

OTHERS: Final = "…"
"""The name of all names beyond those that a table has room for."""

_HEAD: Final = 1_000
_DIGEST_BYTES: Final = 8


def bounded(text: str) -> str:
    """`text`, or its beginning and a digest; equal for equal texts, and for others next to never."""
    if len(text) <= LONGEST:
        return text
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).hexdigest()
    return f"{text[:_HEAD]}…{digest}"


class _Numbers(dict[str | None, int]):
    """Text to number; an unknown text gets the next one. Filled in C but for the first sight."""

    def __init__(self, names: list[str | None], most: int | None) -> None:
        super().__init__({None: ABSENT})
        self._names = names
        self._most = most

    def __missing__(self, text: str | None) -> int:
        if text is not None and len(text) > LONGEST:
            return self[bounded(text)]
        number = len(self._names)
        if self._most is not None and number >= self._most and text != OTHERS:
            return self[OTHERS]
        self._names.append(text)  # first the name, so that a reader of the number finds it
        self[text] = number
        return number


class Interner:
    """Numbers names from 1 in the order of first sight; 0 is 'no name'.

    Beyond `most` names all new ones are `OTHERS`: in a log that goes on for ever, a program that
    makes up names as it goes would fill the memory. One thread may intern while others look names up.
    """

    __slots__ = ("_names", "_numbers", "most")

    first: int = 0
    """Names with a lower number are forgotten, but for those that were still in use then."""

    def __init__(self, most: int | None = None) -> None:
        self.most: Final = most
        self._names: list[str | None] = [None]
        self._numbers = _Numbers(self._names, most)

    @property
    def overfull(self) -> bool:
        """Whether there are names that have no number of their own."""
        return self.most is not None and len(self._names) > self.most

    def __len__(self) -> int:
        """Names known, with the absent one: numbers are below this."""
        return len(self._names)

    def intern(self, text: str | None) -> int:
        """The number of `text`, a new one if need be."""
        return self._numbers[text]

    def intern_all(self, texts: Sequence[str | None], count: int) -> NDArray[np.uint32]:
        """The numbers of `count` texts."""
        return np.fromiter(map(self._numbers.__getitem__, texts), np.uint32, count)

    def id_of(self, text: str | None) -> int | None:
        """The number of `text`; None if no event has it."""
        return self._numbers.get(text if text is None else bounded(text))

    def value(self, number: int) -> str | None:
        """The name as the event has it; None too for a name that is forgotten."""
        return self._names[number]

    def name(self, number: int) -> str:
        """The name for people: empty for the absent one."""
        return self._names[number] or ""

    def names_from(self, start: int) -> list[str | None]:
        """The names numbered `start` and above, as far as they are known."""
        return self._names[start:]
