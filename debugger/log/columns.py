"""The columns of the log: one numpy array a field, as narrow as its values are."""

from __future__ import annotations

import mmap
import platform
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

NONE: Final = -1
"""In ``turn``, ``seq``, ``mono_ns`` and ``cause_row``: the event has none."""

NOT_IN_LOG: Final = -2
"""In ``cause_row``: a cause is named, but it is not in the log (yet)."""

FORGOTTEN: Final = -3
"""In ``cause_row``: the cause was in the log, but its row is forgotten."""

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
_PAGE: Final = mmap.PAGESIZE

_GIVES_BACK: Final = sys.platform == "linux"
"""Elsewhere ``MADV_DONTNEED`` is a wish, not an order."""

_AHEAD: Final = 1 << 26 if _GIVES_BACK else 1 << 22
"""Rows from which on room grows by as many, no longer by doubling: at 50,000 a second for 22 minutes.

Growing copies what is known. Where pages cannot be given back, only growing frees what is forgotten.
"""

# The kernel would refuse a mapping larger than its memory, although next to nothing of it is used.
# Python names the flag from 3.13 on.
_NORESERVE: Final = (
    getattr(mmap, "MAP_NORESERVE", 0x4000 if platform.machine() in ("x86_64", "aarch64") else 0)
    if _GIVES_BACK
    else 0
)


_FEW: Final = 1024
_FIRST: Final = _AHEAD if _NORESERVE else _FEW
"""Rows for which there is room at first. Where address space costs nothing nothing is copied up to then: all
columns of ten million rows at once took a third of a second, in the middle of a key."""


class Columns:
    """Arrays of the same length, of which `EventLog` publishes a prefix.

    A column is as wide as its values need: when one comes that does not fit, the column is
    copied into a wider array. Pages that were never written cost no memory, so the spare
    part of an array is address space only, and so are rows that were released.
    """

    __slots__ = ("_arrays", "_capacity", "_pages", "_released")

    def __init__(self) -> None:
        self._capacity = _FIRST
        self._released = 0
        self._pages: dict[str, mmap.mmap] = {}
        self._arrays: dict[str, NDArray[Any]] = {}
        try:
            self._begin()
        except OSError:  # address space is limited (`ulimit -v`), or counted as if it were memory
            self._capacity = _FEW
            self._begin()

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The whole array, spare part included."""
        return self._arrays[name]

    @property
    def row_bytes(self) -> int:
        """Bytes of one row, as wide as the columns are now."""
        return sum(array.itemsize for array in self._arrays.values())

    def _begin(self) -> None:
        for name, kind in _NARROWEST.items():
            self._pages[name], self._arrays[name] = self._room(np.dtype(kind))

    def reserve(self, rows: int) -> None:
        """Make room for `rows`; views handed out before keep the old arrays."""
        if rows <= self._capacity:
            return
        used = self._capacity
        while self._capacity < rows:
            self._capacity += min(self._capacity, _AHEAD) if self._released else self._capacity
        for name, old in self._arrays.items():
            self._copied(name, used, old.dtype)
        if self._capacity > np.iinfo(self._arrays["cause_row"].dtype).max:
            self._copied("cause_row", used, np.dtype(np.int64))

    def write(self, start: int, values: Mapping[str, NDArray[Any]]) -> None:
        """Set rows from `start` on; there must be room."""
        for name, column in values.items():
            array = self._arrays[name]
            if not np.can_cast(column.dtype, array.dtype):
                wider = _fitting(array.dtype, column)
                if wider != array.dtype:
                    array = self._copied(name, start, wider)
            array[start : start + len(column)] = column

    def release(self, row: int) -> None:
        """Give back the memory of the rows below `row`, which read as zeros from now on."""
        for name, array in self._arrays.items():
            size = array.itemsize
            whole = row * size // _PAGE * _PAGE
            begin = self._released * size // _PAGE * _PAGE
            if _GIVES_BACK and whole > begin:
                self._pages[name].madvise(mmap.MADV_DONTNEED, begin, whole - begin)
                array[whole // size : row] = 0
            else:
                array[self._released : row] = 0
        self._released = row

    def _copied(self, name: str, used: int, kind: np.dtype[Any]) -> NDArray[Any]:
        pages, array = self._room(kind)
        array[self._released : used] = self._arrays[name][self._released : used]
        self._pages[name], self._arrays[name] = pages, array  # whole, for readers in other threads
        return array

    def _room(self, kind: np.dtype[Any]) -> tuple[mmap.mmap, NDArray[Any]]:
        """An array in small pages: numpy's own large arrays ask for pages of 2 MB, mostly spare here."""
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NORESERVE
        pages = mmap.mmap(-1, self._capacity * kind.itemsize, flags=flags)
        return pages, np.frombuffer(pages, kind)


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
