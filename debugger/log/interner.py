"""Names as small numbers: one table per column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

ABSENT: Final = 0
"""The number of a name that an event does not have (`None`)."""


class _Numbers(dict[str | None, int]):
    """Text to number; an unknown text gets the next one. Filled in C but for the first sight."""

    def __init__(self, names: list[str | None]) -> None:
        super().__init__({None: ABSENT})
        self._names = names

    def __missing__(self, text: str | None) -> int:
        number = len(self._names)
        self._names.append(text)  # first the name, so that a reader of the number finds it
        self[text] = number
        return number


class Interner:
    """Numbers names from 1 in the order of first sight; 0 is 'no name'.

    One thread may intern while others look names up.
    """

    __slots__ = ("_names", "_numbers")

    first: int = 0
    """Names with a lower number are forgotten, but for those that were still in use then."""

    def __init__(self) -> None:
        self._names: list[str | None] = [None]
        self._numbers = _Numbers(self._names)

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
        return self._numbers.get(text)

    def value(self, number: int) -> str | None:
        """The name as the event has it; None too for a name that is forgotten."""
        return self._names[number]

    def name(self, number: int) -> str:
        """The name for people: empty for the absent one."""
        return self._names[number] or ""

    def names_from(self, start: int) -> list[str | None]:
        """The names numbered `start` and above, as far as they are known."""
        return self._names[start:]
