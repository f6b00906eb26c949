"""What differs at a row, as bits."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MISSING: Final = 1
"""Only the first recording has it."""
EXTRA: Final = 2
"""Only the second recording has it."""
MOVED: Final = 4
"""It overtook others of its component, or they it."""
CROSSED: Final = 8
"""It happened in another order, with others of other components, or because a task did other things."""
CAUSE: Final = 16
SEVERITY: Final = 32
PAYLOAD: Final = 64
STATE: Final = 128
"""A word of its component's state differs, since this event."""
NUMBERS: Final = 256
"""As `STATE`, of a number."""
STREAM: Final = 512
"""With `MISSING` or `EXTRA`: a piece of a stream, which only has another number of them."""

ALONE: Final = MISSING | EXTRA
OUT_OF_PLACE: Final = MOVED | CROSSED
VALUES: Final = SEVERITY | PAYLOAD | STATE
UNREAD: Final = (-1, -1, -1, -1)
"""In place of hashes: the line could not be read. No hash of Python is -1."""

_PAIR: Final = MOVED | CAUSE | VALUES

Flags = NDArray[np.uint16]


def matters(found: Flags) -> NDArray[np.bool_]:
    """Which rows differ in a way that matters."""
    alone = (found & ALONE != 0) & (found & STREAM == 0)
    result: NDArray[np.bool_] = alone | (found & _PAIR != 0)
    return result


def lesser(found: Flags) -> NDArray[np.bool_]:
    """Which rows differ only in a way that tells little."""
    result: NDArray[Any] = (found & (ALONE | CROSSED | NUMBERS) != 0) & ~matters(found)
    return result


def turned(found: Flags) -> Flags:
    """The same from the other side: what was missing is extra."""
    rest = found & ~np.uint16(ALONE)
    missing, extra = (found & MISSING != 0), (found & EXTRA != 0)
    return (rest | np.where(missing, EXTRA, 0) | np.where(extra, MISSING, 0)).astype(np.uint16)
