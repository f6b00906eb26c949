"""A viewer with the debugger's own client, whose connection can be cut and made again."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from backend.events import Event
from backend.wire import EventsReceived, FeedClient, GapReceived, Received, StatesReceived, Subscribe


class Viewer:
    """Keeps what it was told. `watch` reads until cut off, ended, or nothing is wanted any more."""

    def __init__(self, url: str, **wanted: Any) -> None:
        self.client = FeedClient(Subscribe(**({"since_seq": 0, "batch": True, "states": True} | wanted)))
        self.events: list[Event] = []
        self.gaps: list[GapReceived] = []
        self.states: list[Event] = []
        self.others: list[Received] = []
        self._url = url

    def move_to(self, url: str) -> None:
        """Connect there the next time."""
        self._url = url

    async def watch(self, enough: asyncio.Event | None = None) -> None:
        """One connection's worth."""
        async with connect(self._url, compression=None, max_size=None, proxy=None) as connection:
            await connection.send(self.client.opening().decode())
            stop = asyncio.create_task(enough.wait()) if enough is not None else None
            try:
                while stop is None or not stop.done():
                    reading = asyncio.create_task(connection.recv(decode=False))
                    await asyncio.wait(
                        [reading, *([stop] if stop else [])], return_when=asyncio.FIRST_COMPLETED
                    )
                    if not reading.done():
                        reading.cancel()
                        break
                    self._take(self.client.receive(reading.result()))
            except ConnectionClosed:
                pass
            finally:
                if stop is not None:
                    stop.cancel()

    def _take(self, told: list[Received]) -> None:
        for one in told:
            if isinstance(one, EventsReceived):
                self.events += one.events
            elif isinstance(one, GapReceived):
                self.gaps.append(one)
            elif isinstance(one, StatesReceived):
                self.states += one.events
            else:
                self.others.append(one)

    def seqs(self, source: str) -> list[int]:
        """What came of a source, in order."""
        return [one.seq or 0 for one in self.events if one.source == source]

    def accounts_for(self, source: str, count: int) -> bool:
        """Whether each event of a source came once, in order, or is in one gap."""
        seqs = self.seqs(source)
        told = Counter(seqs)
        for gap in self.gaps:
            if gap.source == source:
                told.update(range(gap.from_seq, gap.to_seq + 1))
        return seqs == sorted(seqs) and told == Counter(range(1, count + 1))
