"""The order of several recordings as one: by time, but never an effect before its cause."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.log.ids import IdIndex
from debugger.log.pack import Heading, nanoseconds


class Keys:
    """What the order depends on, of the events of one file: 24 bytes each."""

    def __init__(self) -> None:
        self._times: list[NDArray[np.int64]] = []
        self._ids: list[NDArray[np.int64]] = []
        self._causes: list[NDArray[np.int64]] = []

    def add(self, events: Sequence[Heading]) -> None:
        """The next events of the file."""
        limits = np.iinfo(np.int64)
        low, high = int(limits.min), int(limits.max)
        self._times.append(np.array([min(max(nanoseconds(e), low), high) for e in events], np.int64))
        self._ids.append(np.array([_hash(e.id) for e in events], np.int64))
        self._causes.append(np.array([_hash(e.cause) for e in events], np.int64))

    def times(self) -> NDArray[np.int64]:
        """Times that never run backwards: a file's own order comes first."""
        return np.maximum.accumulate(_joined(self._times))

    def ids(self) -> NDArray[np.int64]:
        """Hashes of the ids; 0 for none."""
        return _joined(self._ids)

    def causes(self) -> NDArray[np.int64]:
        """Hashes of the causes; 0 for none."""
        return _joined(self._causes)


class Place(NamedTuple):
    """An event by its file and its number within it."""

    file: int
    number: int


def merged(files: Sequence[Keys]) -> list[int]:
    """The file that each next event comes from.

    Each file keeps its order. An event whose cause is in another file waits for it, even if
    clocks disagree; where causes run in a circle, time decides.
    """
    merge = _Merge([keys.times().tolist() for keys in files], _needs(files))
    merge.run()
    return merge.order


class _Merge:
    """A merge of files by the time of their next events, with files that wait for others."""

    def __init__(self, times: list[list[int]], needs: list[dict[int, Place]]) -> None:
        self.order: list[int] = []
        self._times = times
        self._needs = needs
        self._at = [0] * len(times)
        self._ready: list[tuple[int, int]] = []
        self._waiting: dict[int, Place] = {}

    def run(self) -> None:
        for file in range(len(self._times)):
            self._queue(file)
        while self._ready or self._waiting:
            if self._ready:
                self._emit(heapq.heappop(self._ready)[1])
            else:  # a circle: the earliest event goes first, though its cause does not
                file = min(self._waiting, key=lambda one: (self._times[one][self._at[one]], one))
                del self._waiting[file]
                self._emit(file)

    def _emit(self, file: int) -> None:
        """Take events of one file for as long as they are the next."""
        own, needs, ready = self._times[file], self._needs[file], self._ready
        number, end = self._at[file], len(own)
        while True:
            self.order.append(file)
            number += 1
            if self._waiting:
                self._at[file] = number
                self._release()
            if number == end or number in needs or (ready and (own[number], file) > ready[0]):
                break
        self._at[file] = number
        self._queue(file)

    def _queue(self, file: int) -> None:
        """Put a file's next event among those that are ready, or that wait."""
        number = self._at[file]
        if number == len(self._times[file]):
            return
        need = self._needs[file].get(number)
        if need is not None and self._at[need.file] <= need.number:
            self._waiting[file] = need
        else:
            heapq.heappush(self._ready, (self._times[file][number], file))

    def _release(self) -> None:
        for file, need in tuple(self._waiting.items()):
            if self._at[need.file] > need.number:
                del self._waiting[file]
                heapq.heappush(self._ready, (self._times[file][self._at[file]], file))


def _needs(files: Sequence[Keys]) -> list[dict[int, Place]]:
    """For each file, which of its events have their cause in another file, and where."""
    indexes = []
    for keys in files:
        index = IdIndex()
        ids = keys.ids()
        numbers = np.flatnonzero(ids)
        index.add(ids[numbers].tolist(), numbers.tolist())
        indexes.append(index)
    needs: list[dict[int, Place]] = []
    for file, keys in enumerate(files):
        causes = keys.causes()
        numbers = np.flatnonzero(causes)
        need: dict[int, Place] = {}
        # Ids are unique within a recording: a cause that the own file has is meant.
        for other in [file, *(one for one in range(len(files)) if one != file)]:
            found = np.array(indexes[other].find_all(causes[numbers].tolist()), np.int64)
            if other != file:
                for number, place in zip(
                    numbers[found >= 0].tolist(), found[found >= 0].tolist(), strict=True
                ):
                    need[number] = Place(other, place)
            numbers = numbers[found < 0]
        needs.append(need)
    return needs


def _hash(text: str | None) -> int:
    return 0 if text is None else hash(text)


def _joined(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)
