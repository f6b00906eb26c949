"""The columns of the log: one numpy array a field, grown by doubling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

NONE: Final = -1
"""In ``turn``, ``seq``, ``mono_ns`` and ``cause_row``: the event has none."""

NOT_IN_LOG: Final = -2
"""In ``cause_row``: a cause is named, but it is not in the log (yet)."""

INTERNED: Final = (
    "event_type",
    "component",
    "message_type",
    "session",
    "correlation",
    "task",
    "source",
    "worker",
)
"""Columns that hold the number of a name; `EventLog.name` gives it back."""

_DTYPES: Final[dict[str, Any]] = {
    "timestamp_ns": np.int64,
    "mono_ns": np.int64,
    **dict.fromkeys(INTERNED, np.uint32),
    "family": np.uint8,
    "severity": np.uint8,
    "direction": np.uint8,
    "turn": np.int32,
    "seq": np.int64,
    "cause_row": np.int64,
    # Where the line is: which store, from which byte, how many.
    "store": np.uint16,
    "offset": np.int64,
    "length": np.uint32,
}
NAMES: Final = tuple(_DTYPES)
BYTES_PER_ROW: Final = sum(np.dtype(dtype).itemsize for dtype in _DTYPES.values())

_FIRST = 1024


class Columns:
    """Arrays of the same length, of which `EventLog` publishes a prefix.

    Pages that were never written cost no memory, so the spare half of a doubled
    array is address space only.
    """

    __slots__ = ("_arrays", "_capacity")

    def __init__(self) -> None:
        self._capacity = _FIRST
        self._arrays: dict[str, NDArray[Any]] = {
            name: np.empty(_FIRST, dtype) for name, dtype in _DTYPES.items()
        }

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The whole array, spare part included."""
        return self._arrays[name]

    def reserve(self, rows: int) -> None:
        """Make room for `rows`; views handed out before keep the old arrays."""
        if rows <= self._capacity:
            return
        while self._capacity < rows:
            self._capacity *= 2
        for name, old in self._arrays.items():
            grown = np.empty(self._capacity, old.dtype)
            grown[: len(old)] = old
            self._arrays[name] = grown

    def write(self, start: int, values: dict[str, Any]) -> None:
        """Set rows from `start` on, all columns given; there must be room."""
        for name, column in values.items():
            self._arrays[name][start : start + len(column)] = column


def integers(values: Sequence[int], dtype: type[np.signedinteger[Any]]) -> NDArray[Any]:
    """Foreign numbers as an array; what does not fit becomes the nearest that does."""
    try:
        return np.array(values, dtype)
    except OverflowError:
        limits = np.iinfo(dtype)
        low, high = int(limits.min), int(limits.max)
        return np.array([min(max(value, low), high) for value in values], dtype)
