"""Which turn a row belongs to."""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from debugger.log import ABSENT, NONE, EventLog
from debugger.log.interner import Interner

NOWHERE: Final = np.int64(-1)
"""The key of a row that belongs to no turn."""

LOOSE: Final = np.int64(1 << 62)
"""Keys from here on are those of correlations that name no turn."""

_MANY: Final = 4_096  # forgotten correlations, for it to be worth a copy of the others
_CORRELATION: Final = re.compile(r"_(\d{1,9})_[A-Za-z][A-Za-z0-9_]*\Z")


class TurnKeys:
    """Keys of turns: session and number, or a correlation that says neither.

    The base format has no ``turn``; there the number is read out of ``{session}_{turn}_{message}``.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._correlations: Interner = log.interner("correlation")
        # By the number of the correlation, from `_base` on: those before are forgotten, but for a few.
        self._numbers: NDArray[np.int64] = np.full(1, NONE, np.int64)
        self._base = 0
        self._older: dict[int, int] = {}

    def of(self, start: int, stop: int) -> NDArray[np.int64]:
        """The keys of rows `start` up to `stop`."""
        column = self._log.column
        turns = column("turn")[start:stop].astype(np.int64)
        sessions = column("session")[start:stop].astype(np.int64)
        keys = (sessions << 32) | (turns & 0xFFFFFFFF)
        bare = np.flatnonzero(turns == NONE)
        if len(bare):
            correlations = column("correlation")[start:stop][bare]
            keys[bare] = self._by_correlation(sessions[bare], correlations)
        return keys

    def _by_correlation(self, sessions: NDArray[np.int64], correlations: NDArray[Any]) -> NDArray[np.int64]:
        correlations = correlations.astype(np.int64)
        self._read(int(correlations.max()))
        if not self._base:
            numbers = self._numbers[correlations]
        else:
            numbers = np.full(len(correlations), NONE, np.int64)
            recent = np.flatnonzero(correlations >= self._base)
            numbers[recent] = self._numbers[correlations[recent] - self._base]
            old = np.flatnonzero((correlations < self._base) & (correlations != ABSENT))
            numbers[old] = [self._of_older(number) for number in correlations[old].tolist()]
        keys = np.where(numbers == NONE, correlations | LOOSE, (sessions << 32) | numbers)
        return np.where(correlations == ABSENT, NOWHERE, keys)

    def _read(self, last: int) -> None:
        """Look for turns in the names of correlations up to the one numbered `last`."""
        names = self._correlations
        if names.first - self._base > _MANY:
            self._numbers = self._numbers[names.first - self._base :].copy()
            self._base = names.first
            self._older.clear()
        known = self._base + len(self._numbers)
        if last < known:
            return
        more = [self._told(number) for number in range(known, last + 1)]
        self._numbers = np.concatenate((self._numbers, np.array(more, np.int64)))

    def _told(self, number: int) -> int:
        match = _CORRELATION.search(self._correlations.name(number))
        return NONE if match is None else int(match[1])

    def _of_older(self, number: int) -> int:
        if number not in self._older:
            self._older[number] = self._told(number)
        return self._older[number]


def number_of(key: int) -> int:
    """The turn's number in a key below `LOOSE`."""
    number = key & 0xFFFFFFFF
    return number - (1 << 32) if number >> 31 else number


def runs(keys: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where runs of equal keys begin, and where they end (exclusive)."""
    starts = np.flatnonzero(keys[1:] != keys[:-1]) + 1
    return np.append(0, starts), np.append(starts, len(keys))
