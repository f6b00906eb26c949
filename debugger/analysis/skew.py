"""How far the clocks of several sources are apart, as their messages tell.

A message cannot arrive before it was sent. So the least difference of the times of receive and
publish, from A to B, bounds the clock of B against that of A on one side, and the least one from B to A
on the other; half way between is the estimate of NTP (RFC 5905, section 8).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from debugger.log import ABSENT, EventLog

_CHUNK: Final = 1 << 18
_BITS: Final = 32

MOST_PAIRS: Final = 4_096
"""Of sources, sender and receiver, whose messages are compared; of pairs that come later nothing is known."""


class Skew(NamedTuple):
    """The clock of ``ahead`` shows ``ns`` more than that of ``behind``, give or take ``error_ns``.

    Without an ``error_ns`` messages go only one way: then ``ns`` is the least it can be.
    """

    ahead: str
    behind: str
    ns: int
    error_ns: int | None


class Skews:
    """Grows with its log: `advance` looks at new rows. ``overfull``: there are more than `MOST_PAIRS`."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._looked = 0
        self.overfull = False
        self._least: dict[int, int] = {}  # (source of the publish, of the receive) -> least delay in ns

    def advance(self) -> None:
        """Look at the next rows, a quarter of a million at most; does nothing where there is one source."""
        log = self._log
        start = max(self._looked, log.first_row)
        stop = min(start + _CHUNK, len(log))
        self._looked = stop
        if len(log.interner("source")) <= 2 or start == stop:  # noqa: PLR2004 - none, and one
            return
        causes = log.column("cause_row")[start:stop]
        rows = np.flatnonzero(causes >= 0)
        causes = causes[rows].astype(np.int64)
        rows = rows[causes < stop] + start
        causes = causes[causes < stop]
        sources = log.column("source")
        sender, receiver = sources[causes].astype(np.int64), sources[rows].astype(np.int64)
        between = (sender != receiver) & (sender != ABSENT) & (receiver != ABSENT)
        if not between.any():
            return
        times = log.column("timestamp_ns")
        delays = times[rows[between]] - times[causes[between]]
        keys = sender[between] << _BITS | receiver[between]
        order = np.argsort(keys, kind="stable")
        found, starts = np.unique(keys[order], return_index=True)
        for key, least in zip(
            found.tolist(), np.minimum.reduceat(delays[order], starts).tolist(), strict=True
        ):
            if key in self._least or len(self._least) < MOST_PAIRS:
                self._least[key] = min(self._least.get(key, least), least)
            else:
                self.overfull = True

    def all(self) -> list[Skew]:
        """Pairs of sources whose clocks differ by more than what their messages leave open."""
        name = self._log.interner("source").name
        told: list[Skew] = []
        for key, least in self._least.items():
            one, other = key >> _BITS, key & (1 << _BITS) - 1
            back = self._least.get(other << _BITS | one)
            if back is not None:
                if one < other:  # each pair once
                    offset, error = (least - back) // 2, (least + back) // 2
                    if abs(offset) > max(error, 0):
                        ahead, behind = (other, one) if offset > 0 else (one, other)
                        told.append(Skew(name(ahead), name(behind), abs(offset), max(error, 0)))
            elif least < 0:
                told.append(Skew(name(one), name(other), -least, None))
        return told
