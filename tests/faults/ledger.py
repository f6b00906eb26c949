"""Books of what was emitted and what became of it: there once, named by a gap, or neither."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from backend.events import BrokenLineError, decode_line
from backend.events.vocabulary import GAP
from backend.wire.client import EventsReceived, GapReceived, SourceChanged

Range = tuple[int, int]
_SHOWN = 8


class Account(NamedTuple):
    """Of one source. ``neither``, ``twice`` and ``wrongly`` (named, but there) should be empty."""

    source: str
    emitted: int
    once: int
    named: int
    neither: tuple[Range, ...]
    twice: tuple[Range, ...]
    wrongly: tuple[Range, ...]

    @property
    def sound(self) -> bool:
        """Whether each event is there once, or named."""
        return not (self.neither or self.twice or self.wrongly)


class Verdict(NamedTuple):
    """Of all sources."""

    accounts: tuple[Account, ...]

    @property
    def sound(self) -> bool:
        """Whether each event is there once, or named."""
        return all(one.sound for one in self.accounts)

    @property
    def emitted(self) -> int:
        """Events."""
        return sum(one.emitted for one in self.accounts)

    @property
    def once(self) -> int:
        """Events that are there, and once."""
        return sum(one.once for one in self.accounts)

    @property
    def named(self) -> int:
        """Events that are not there, as is told."""
        return sum(one.named for one in self.accounts)

    def __str__(self) -> str:
        """One line; more where something is wrong."""
        told = f"{self.emitted:,} emitted = {self.once:,} there once + {self.named:,} named by gaps"
        for one in self.accounts:
            for what in ("neither", "twice", "wrongly"):
                ranges: tuple[Range, ...] = getattr(one, what)
                if ranges:
                    told += f"\n  {one.source}: {what.upper()} {_shown(ranges)}"
        return told


class Ledger:
    """Takes what a reader was given, in any order, and accounts for it by what was emitted."""

    def __init__(self) -> None:
        self._came: dict[str, list[Range]] = defaultdict(list)
        self._named: dict[str, list[tuple[int, int | None]]] = defaultdict(list)

    @property
    def sources(self) -> set[str]:
        """Of which there is anything."""
        return {*self._came, *self._named}

    def came(self, source: str, first: int, last: int | None = None) -> None:
        """These events are there."""
        ranges = self._came[source]
        if ranges and ranges[-1][1] + 1 == first:
            ranges[-1] = ranges[-1][0], first if last is None else last
        else:
            ranges.append((first, first if last is None else last))

    def gap(self, source: str, first: int, last: int | None) -> None:
        """These are named as lost; None: and all later ones."""
        self._named[source].append((first, last))

    def hear(self, update: object) -> None:
        """Take in what a `FeedSource` or `FeedClient` told."""
        if isinstance(update, EventsReceived):
            for event in update.events:
                if event.source is not None and event.seq is not None:
                    self.came(event.source, event.seq)
        elif isinstance(update, GapReceived):
            self.gap(update.source or "", update.from_seq, update.to_seq)
        elif isinstance(update, SourceChanged) and not update.ended:
            self.gap(update.old, update.known_seq + 1, None)

    def read(self, path: Path) -> None:
        """Take in a recording."""
        for line in path.read_bytes().splitlines():
            try:
                event = decode_line(line)
            except BrokenLineError:
                continue
            if event.message_type == GAP:
                self._told(event.payload())
            if event.source is not None and event.seq is not None:
                self.came(event.source, event.seq)

    def rows(self, rows: Iterable[tuple[str, int, str | None, str | None]]) -> None:
        """Take in rows of a store: source, seq, message type, data."""
        for source, seq, message_type, data in rows:
            if message_type == GAP:
                self._told(msgspec.json.decode(data or "{}"))
            if source is not None and seq is not None:
                self.came(source, seq)

    def _told(self, data: Mapping[str, Any]) -> None:
        if isinstance(data["from_seq"], int):  # not where nobody knows whose events are gone
            self.gap(str(data["source"]), data["from_seq"], data.get("to_seq"))

    def verdict(self, emitted: Mapping[str, int]) -> Verdict:
        """By the last seq of each source; seqs count from 1."""
        return Verdict(tuple(self._account(source, last) for source, last in sorted(emitted.items())))

    def _account(self, source: str, last: int) -> Account:
        there = _counts(self._came.get(source, ()), last)
        told = _counts(self._named.get(source, ()), last) > 0
        return Account(
            source,
            last,
            int((there == 1).sum()),
            int((told & (there == 0)).sum()),
            _ranges(~told & (there == 0)),
            _ranges(there > 1),
            _ranges(told & (there > 0)),
        )


def _counts(ranges: Iterable[tuple[int, int | None]], last: int) -> NDArray[np.int64]:
    """How many of the ranges each seq from 1 to `last` is in."""
    steps = np.zeros(last + 2, np.int64)
    for first, end in ranges:
        if first <= last:
            steps[max(first, 1)] += 1
            steps[min(last if end is None else end, last) + 1] -= 1
    return np.cumsum(steps)[1 : last + 1]


def _ranges(chosen: NDArray[np.bool_]) -> tuple[Range, ...]:
    seqs = np.flatnonzero(chosen) + 1
    if not len(seqs):
        return ()
    runs = np.split(seqs, np.flatnonzero(np.diff(seqs) != 1) + 1)
    return tuple((int(run[0]), int(run[-1])) for run in runs)


def _shown(ranges: tuple[Range, ...]) -> str:
    shown = ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in ranges[:_SHOWN])
    more = f" and {len(ranges) - _SHOWN} ranges more" if len(ranges) > _SHOWN else ""
    return f"{shown}{more} ({sum(b - a + 1 for a, b in ranges):,} events)"
