"""Numbers that grow at one end and are forgotten at the other."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_FIRST: Final = 1024
_MOST: Final = int(np.iinfo(np.int32).max)


class Tape:
    """Like an array whose indexes stay what they are when its beginning is dropped.

    Four bytes a number, eight once there is one that needs them; one for numbers that fit, if asked for.
    """

    def __init__(self, first: int = 0, *, dtype: type[np.int32 | np.int8] = np.int32) -> None:
        self._array: NDArray[Any] = np.zeros(_FIRST, dtype)
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
        self._stop += len(values)
        self._widen(values)
        self._array[used:need] = values

    def _widen(self, values: NDArray[Any]) -> None:
        if self._array.dtype == np.int32 and len(values) and int(values.max()) > _MOST:
            self._array = self._array.astype(np.int64)

    def at(self, index: int) -> int:
        """One number.

        Raises:
            IndexError: it is forgotten, or not there yet.
        """
        if index < self.first:
            raise IndexError(f"{index} is forgotten")
        found: int = self._array.item(index - self.first)
        return found

    def take(self, indexes: NDArray[Any]) -> NDArray[np.int64]:
        """Some numbers."""
        found: NDArray[np.int64] = self._array[indexes - self.first].astype(np.int64)
        return found

    def put(self, indexes: NDArray[Any], values: NDArray[Any]) -> None:
        """Change some numbers; where an index comes twice the later one counts."""
        self._widen(values)
        self._array[indexes - self.first] = values

    def part(self, start: int, stop: int) -> NDArray[Any]:
        """A view of a stretch, to be read at once."""
        return self._array[start - self.first : stop - self.first]

    def drop(self, first: int) -> None:
        """Forget what is before `first`."""
        kept = self._array[first - self.first : self._stop - self.first].copy()
        self._array = np.concatenate((kept, np.zeros(max(len(kept), _FIRST), kept.dtype)))
        self.first = first
