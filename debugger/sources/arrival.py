"""Events of a live feed that came together, made ready for the log wherever there is time for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.events import Event
from debugger.log import EventLog
from debugger.log.lines import LIVE
from debugger.log.pack import Pack, Texts, pack_events
from debugger.log.stores import BLOCK, Sealed, sealed

_WORTH_SEALING: Final = BLOCK // 4
"""Bytes of text, above which it is a block or some of its own; less is added to that of before."""


class Foreign(NamedTuple):
    """An event, by its place, and its cause, which is not among the events before it here."""

    place: int
    cause: str


class Arrival(NamedTuple):
    """One event at least, and the lines: as text, or compressed. ``lengths`` are without newlines."""

    pack: Pack
    lengths: NDArray[np.int64]
    text: bytes
    blocks: list[Sealed]
    foreign: list[Foreign]

    @property
    def events(self) -> int:
        """How many."""
        return len(self.lengths)

    def offsets(self) -> NDArray[np.int64]:
        """Where the lines begin within their text."""
        ends = np.cumsum(self.lengths + 1)
        return ends - self.lengths - 1


def arrival_of(lines: Sequence[bytes], events: Sequence[Event], *, weaving: bool = True) -> Arrival:
    """Events and their lines; without `weaving` nobody asks for ``foreign`` causes."""
    pack = pack_events(events)
    lengths = np.fromiter(map(len, lines), np.int64, len(lines))
    text, blocks = b"\n".join((*lines, b"")), []
    if len(text) >= _WORTH_SEALING:
        parts = -(-len(text) // BLOCK)
        size = -(-len(text) // parts)
        blocks = [sealed(text[at : at + size]) for at in range(0, len(text), size)]
        text = b""
    return Arrival(pack, lengths, text, blocks, _foreign(pack) if weaving else [])


def _foreign(pack: Pack) -> list[Foreign]:
    causes, ids = pack.causes, pack.ids
    place_of: dict[str | int, int] = {}
    if ids.head == causes.head and ids.counts is not None and causes.counts is not None:
        place_of.update(zip(ids.counts.tolist(), ids.places.tolist(), strict=True))
        named: list[str | int] = causes.counts.tolist()
    else:
        place_of.update(zip(_all(ids), ids.places.tolist(), strict=True))
        named = [*_all(causes)]
    return [
        Foreign(place, causes.at(at))
        for at, (place, cause) in enumerate(zip(causes.places.tolist(), named, strict=True))
        if place_of.get(cause, place) >= place
    ]


def _all(texts: Texts) -> list[str]:
    return [texts.at(at) for at in range(len(texts.places))]


class Keeper:
    """Appends arrivals to a log, whole or part by part; their lines are kept with the first part."""

    def __init__(self, log: EventLog, arrival: Arrival) -> None:
        self.arrival = arrival
        self._log = log
        self._offsets: NDArray[np.int64] | None = None

    def append(self, start: int, stop: int) -> None:
        """The events from `start` to `stop`, if there are any."""
        if start == stop:
            return
        arrival = self.arrival
        if self._offsets is None:
            self._offsets = arrival.offsets() + self._log.put_lines(arrival.text, arrival.blocks)
        whole = stop - start == arrival.events
        pack = arrival.pack if whole else arrival.pack.part(start, stop)
        self._log.extend_packed(pack, LIVE, self._offsets[start:stop], arrival.lengths[start:stop])
