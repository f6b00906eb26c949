"""What waits in a sink, as entries: about `ENTRY_EVENTS` of one source together, cut between lines."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from backend.mux.envelope import About, sealed
from backend.mux.streams import EVENTS, routed

ENTRY_EVENTS: Final = 128
ENTRY_BYTES: Final = 512 << 10
"""Below what NATS and Kafka take by default (1 MiB); an event above it goes alone."""


class Held(NamedTuple):
    """Lines of one source, each ended by a newline."""

    lines: bytes
    source: str
    first: int
    events: int
    since: float
    beside: bool = True
    """Whether some may go into another stream, too."""


class Packed(NamedTuple):
    """An entry to be published."""

    stream: str
    payload: bytes
    events: int
    """Of `EVENTS`; 0 of another stream, where they are a second time."""
    seqs: tuple[str, int, int]


class Packer:
    """Makes the entries of one run of a sink, which it numbers from 1."""

    def __init__(self, run: str, environment: str) -> None:
        self.service = ""
        self.environment = environment
        self.host = socket.gethostname()
        self._run = run
        self._number = 0

    def packed(self, some: Sequence[Held]) -> list[Packed]:
        """Entries of `EVENTS`, in order, then those of other streams."""
        entries: list[Packed] = []
        beside: dict[str, list[bytes]] = {}
        for source, runs in groupby(some, key=lambda held: held.source):
            for first, events, text in _joined(runs):
                for seq, count, part in _cut(first, events, text):
                    seqs = (source, seq, seq + count - 1)
                    entries.append(Packed(EVENTS, self._sealed(count, part), count, seqs))
        for held in some:
            for stream, lines in routed(held.lines).items() if held.beside else ():
                beside.setdefault(stream, []).extend(lines)
        for stream, lines in beside.items():
            for _, count, part in _cut(1, len(lines), b"\n".join((*lines, b""))):
                entries.append(Packed(stream, self._sealed(count, part), 0, ("", 0, 0)))
        return entries

    def _sealed(self, events: int, text: bytes) -> bytes:
        self._number += 1
        now = time.time_ns()
        about = About(self._run, self._number, self.host, self.service, self.environment, now, events)
        return sealed(about, (text,))


def _joined(runs: Iterator[Held]) -> Iterator[tuple[int, int, bytes]]:
    """First seq, number and text of what follows on each other: of what came in drops, too."""
    first = events = 0
    texts: list[bytes] = []
    for held in runs:
        if texts and held.first != first + events:
            yield first, events, b"".join(texts)
            texts = []
        if not texts:
            first, events = held.first, 0
        texts.append(held.lines)
        events += held.events
    yield first, events, b"".join(texts)


def _cut(first: int, events: int, text: bytes) -> Iterator[tuple[int, int, bytes]]:
    """First seq, number and lines (but the last newline) of each part.

    By an average event's size, for to look at each line would take as long as all the rest.
    """
    size = min(-(-len(text) // events) * ENTRY_EVENTS, ENTRY_BYTES)
    at = 0
    while at < len(text):
        stop = text.rfind(b"\n", at, at + size) if at + size < len(text) else len(text) - 1
        if stop < 0:
            stop = text.index(b"\n", at)  # one event is larger
        part = text[at:stop]
        count = part.count(b"\n") + 1
        yield first, count, part
        first += count
        at = stop + 1
