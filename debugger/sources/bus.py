"""A stream on a server as a stream of updates, read without a gateway: as `FeedSource`, from its entries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

from msgspec import Raw, json

from backend.events import decode_line, encode_event
from backend.mux.merge import Run
from backend.mux.missing import missing_event
from backend.mux.protocol import START, Transport
from backend.mux.reader import Events, Lost, Missing, Poisoned, Reached, Read, StreamReader
from backend.mux.streams import EVENTS
from backend.mux.transports import transport_of
from backend.wire.client import MOST_SOURCES, EventsReceived, GapReceived, NotUnderstood, Position
from backend.wire.frames import PROTOCOL, Hello, Subscribe
from debugger.sources.feed import FIRST_DELAY, LAST_DELAY, Asked, Connected, Disconnected, Update

_ENTRY_EVENTS: Final = 128
_ALL: Final = Subscribe(since_seq=0, batch=True)


class BusPosition:
    """What is known of each source, and which events are missing. No I/O.

    What was emitted before the stream's oldest entry that is read is told as being before, not as lost.
    """

    def __init__(self, position: Position) -> None:
        self.entry = position.entry
        self.began = position.entry is not None
        """Whether all that was there at the beginning was read."""
        self._known = dict(position.known)
        self._missing = 0

    @property
    def position(self) -> Position:
        """Where this is: all that was told is behind it."""
        return Position(known=dict(self._known), greeted=True, entry=self.entry)

    def events(self, runs: Sequence[Run]) -> list[Update]:
        """The events that are new, and before them what is missing."""
        told: list[Update] = []
        for run in runs:
            lines, events = run.lines, run.events
            if run.source:
                known = self._known.get(run.source)
                expected = 1 if known is None else known + 1
                if run.first_seq > expected:
                    before = known is None and not self.began
                    told.append(GapReceived(run.source, expected, run.first_seq - 1, before))
                elif run.first_seq < expected and run.first_seq != 1:
                    lines = lines[expected - run.first_seq :]
                    events = events[expected - run.first_seq :]
                if known is None and len(self._known) >= MOST_SOURCES:
                    del self._known[next(iter(self._known))]
                self._known[run.source] = max(known or 0, run.first_seq + len(run.lines) - 1)
            if lines:
                told.append(EventsReceived(tuple(lines), tuple(events)))
        return told

    def missing(self, stream: str, entries: int) -> Update:
        """Entries are gone: an event of ours, for nobody knows whose they were."""
        self._missing += 1
        gap = missing_event(stream, entries, f"reader-gap-{self._missing}")
        line = encode_event(gap)
        return EventsReceived((line,), (decode_line(line),))


class BusSource:
    """Iterate over it as over a `FeedSource`. What is read is acknowledged to nobody: it takes nothing away.

    It begins ``history`` events back, about, with all there is if that is None.

    Raises:
        UserError: from the constructor: ``url`` is none, or its client library is missing.
    """

    def __init__(
        self,
        url: str,
        *,
        history: int | None = None,
        first_delay: float = FIRST_DELAY,
        last_delay: float = LAST_DELAY,
        position: Position | None = None,
    ) -> None:
        self._bus: Transport = transport_of(url)
        self.url = self._bus.name
        self.client = BusPosition(position or Position())
        self._given = url
        self._history = history
        self._delays = first_delay, last_delay

    def say(self, frame: str) -> bool:
        """A stream takes no requests of control."""
        del frame
        return False

    @property
    def asked(self) -> Asked:
        """What makes another source that goes on where this one is."""
        first, last = self._delays
        return Asked(self._given, None, _ALL, first, last, self.client.position, history=self._history)

    @classmethod
    def of(cls, asked: Asked) -> BusSource:
        """The source that is meant."""
        return cls(
            asked.url,
            history=asked.history,
            first_delay=asked.first_delay,
            last_delay=asked.last_delay,
            position=asked.position,
        )

    async def __aiter__(self) -> AsyncIterator[Update]:
        """The updates, as they come."""
        async for updates in self.frames():
            for update in updates:
                yield update

    async def frames(self) -> AsyncIterator[list[Update]]:
        """The updates of some entries after the other: in between, ``client.position`` is behind them."""
        try:
            first, last = self._delays
            begin = self.client.entry
            reader = StreamReader(
                self._bus, EVENTS, begin or START, first_delay=first, last_delay=last, begin=self._begin
            )
            async for told in reader:
                updates = self._updates(told)
                self.client.began = self.client.began or reader.passed_mark
                if updates:
                    yield updates
        finally:
            await self._bus.close()

    async def _begin(self, reader: StreamReader) -> str:
        """Where to begin, once the server is there."""
        if self.client.entry is not None:
            return self.client.entry
        reader.mark = await self._bus.newest(EVENTS)
        self.client.began = reader.mark == START
        if self._history is None:
            return START
        return await self._bus.newest(EVENTS, -(-self._history // _ENTRY_EVENTS))

    def _updates(self, told: Read) -> list[Update]:
        match told:
            case Events(runs=runs, position=position):
                updates = self.client.events(runs)
                self.client.entry = position
                return updates
            case Missing(entries=entries):
                return [self.client.missing(EVENTS, entries)]
            case Poisoned(entry=entry, reason=reason):
                return [NotUnderstood(f"entry {entry.id} of the stream is left out: {reason}")]
            case Reached(again=again):
                about = {"stream": {"server": self.url, "name": EVENTS}}
                hello = Hello(PROTOCOL, None, 1, 1, 1, Raw(json.encode(about)))
                return [Connected(self.url, hello, again)]
            case Lost(reason=reason, retry_in=retry_in):
                return [Disconnected(reason, retry_in)]
