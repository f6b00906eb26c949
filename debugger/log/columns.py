"""The columns of the log: one numpy array a field, as narrow as its values are, grown by doubling."""

from __future__ import annotations

import mmap
from collections.abc import Mapping, Sequence
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

DRIFT: Final = "drift"
"""The column that ``mono_ns`` is told from; `debugger.log.clocks` says how."""

_NARROWEST: Final[dict[str, Any]] = {
    "timestamp_ns": np.int64,
    DRIFT: np.int8,
    **dict.fromkeys(INTERNED, np.uint8),
    "family": np.uint8,
    "severity": np.uint8,
    "direction": np.uint8,
    "turn": np.int8,
    "seq": np.int32,
    "cause_row": np.int32,
    # Where the line is: in which 4 GiB of which store, from which byte of them, how many.
    "store": np.uint8,
    "offset": np.uint32,
    "length": np.uint16,
}
_WIDER: Final = {
    "u": (np.uint8, np.uint16, np.uint32, np.uint64),
    "i": (np.int8, np.int16, np.int32, np.int64),
}
_FIRST = 1024


class Columns:
    """Arrays of the same length, of which `EventLog` publishes a prefix.

    A column is as wide as its values need: when one comes that does not fit, the column is
    copied into a wider array. Pages that were never written cost no memory, so the spare
    half of a doubled array is address space only.
    """

    __slots__ = ("_arrays", "_capacity")

    def __init__(self) -> None:
        self._capacity = _FIRST
        self._arrays: dict[str, NDArray[Any]] = {
            name: _room(_FIRST, np.dtype(kind)) for name, kind in _NARROWEST.items()
        }

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The whole array, spare part included."""
        return self._arrays[name]

    @property
    def row_bytes(self) -> int:
        """Bytes of one row, as wide as the columns are now."""
        return sum(array.itemsize for array in self._arrays.values())

    def reserve(self, rows: int) -> None:
        """Make room for `rows`; views handed out before keep the old arrays."""
        if rows <= self._capacity:
            return
        used = self._capacity
        while self._capacity < rows:
            self._capacity *= 2
        for name, old in self._arrays.items():
            self._arrays[name] = self._copied(old, used, old.dtype)
        if self._capacity > np.iinfo(self._arrays["cause_row"].dtype).max:
            self._arrays["cause_row"] = self._copied(self._arrays["cause_row"], used, np.dtype(np.int64))

    def write(self, start: int, values: Mapping[str, NDArray[Any]]) -> None:
        """Set rows from `start` on; there must be room."""
        for name, column in values.items():
            array = self._arrays[name]
            if not np.can_cast(column.dtype, array.dtype):
                wider = _fitting(array.dtype, column)
                if wider != array.dtype:
                    self._arrays[name] = array = self._copied(array, start, wider)
            array[start : start + len(column)] = column

    def _copied(self, old: NDArray[Any], used: int, kind: np.dtype[Any]) -> NDArray[Any]:
        array = _room(self._capacity, kind)
        array[:used] = old[:used]
        return array


def _room(rows: int, kind: np.dtype[Any]) -> NDArray[Any]:
    """An array in small pages: numpy's own large arrays ask for pages of 2 MB, mostly spare here."""
    pages = mmap.mmap(-1, rows * kind.itemsize, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return np.frombuffer(pages, kind)


def _fitting(kind: np.dtype[Any], column: NDArray[Any]) -> np.dtype[Any]:
    """`kind`, or the narrowest wider one that holds all of `column`."""
    low, high = (int(column.min()), int(column.max())) if len(column) else (0, 0)
    for wider in _WIDER[kind.kind]:
        limits = np.iinfo(wider)
        if np.dtype(wider).itemsize >= kind.itemsize and limits.min <= low and high <= limits.max:
            return np.dtype(wider)
    raise OverflowError(f"no column holds {low} to {high}")


def narrowed(numbers: NDArray[np.uint32], below: int) -> NDArray[Any]:
    """Numbers that are all less than `below`, as narrow as they can be."""
    if below <= 1 << 8:
        return numbers.astype(np.uint8)
    return numbers.astype(np.uint16) if below <= 1 << 16 else numbers


def integers(values: Sequence[int], dtype: type[np.signedinteger[Any]]) -> NDArray[Any]:
    """Foreign numbers as an array; what does not fit becomes the nearest that does."""
    try:
        return np.array(values, dtype)
    except OverflowError:
        limits = np.iinfo(dtype)
        low, high = int(limits.min), int(limits.max)
        return np.array([min(max(value, low), high) for value in values], dtype)
