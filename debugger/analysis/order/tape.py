"""Numbers that grow at one end and are forgotten at the other."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_FIRST: Final = 1024


class Tape:
    """Like an array whose indexes stay what they are when its beginning is dropped."""

    def __init__(self, kind: Any, first: int = 0) -> None:
        self._array: NDArray[Any] = np.zeros(_FIRST, kind)
        self.first = first
        self._stop = first

    def __len__(self) -> int:
        """The index after the last, whatever was dropped."""
        return self._stop

    def append(self, values: NDArray[Any]) -> None:
        """Add numbers at the end."""
        used = self._stop - self.first
        need = used + len(values)
        if need > len(self._array):
            grown = np.zeros(max(need, 2 * len(self._array)), self._array.dtype)
            grown[:used] = self._array[:used]
            self._array = grown
        self._array[used:need] = values
        self._stop += len(values)

    def at(self, index: int) -> int:
        """One number."""
        return int(self._array[index - self.first])

    def take(self, indexes: NDArray[Any]) -> NDArray[Any]:
        """Some numbers."""
        found: NDArray[Any] = self._array[indexes - self.first]
        return found

    def part(self, start: int, stop: int) -> NDArray[Any]:
        """A view of a stretch, to be read at once."""
        return self._array[start - self.first : stop - self.first]

    def drop(self, first: int) -> None:
        """Forget what is before `first`."""
        kept = self._array[first - self.first : self._stop - self.first].copy()
        self._array = np.concatenate((kept, np.zeros(max(len(kept), _FIRST), kept.dtype)))
        self.first = first
