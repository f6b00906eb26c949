"""A live feed that goes on telling the story at so many events a second.

``python -m tests.bench.interface_feed SEQ_OF_FIRST``: writes its URL, then reads a rate a line.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from typing import Final

from backend.tap.batch import Batch
from backend.tap.feed import FeedServer
from backend.tap.hub import Hub
from backend.wire.states import Key
from tests.bench.interface_lines import Piece
from tests.bench.interface_story import FIRST_SEQ, Story

_PIECE: Final = 128
_HISTORY: Final = 16_384


class _Told(Batch):
    """What was encoded beforehand. Nobody comes late here, who would have to be told of states."""

    def states(self) -> dict[Key, int]:
        return {}


class Teller:
    """Writes pieces of the story to a hub, as many as are due."""

    def __init__(self, hub: Hub, story: Story, row: int) -> None:
        self._hub = hub
        self._pieces = story.pieces(_PIECE)
        self._telling, place = divmod(row, len(story))
        if place:
            raise ValueError("it begins with a telling")
        self._next = 0
        self._row = row
        self.rate = 0

    async def tell(self) -> None:
        """Until it is cancelled."""
        due, before = 0.0, time.monotonic()
        while True:
            await asyncio.sleep(_PIECE / max(self.rate, 1_000))
            now = time.monotonic()
            due = due + (now - before) * self.rate if self.rate else 0.0
            before = now
            while due >= 0 and self.rate:
                due -= self._write()

    def _write(self) -> int:
        piece: Piece = self._pieces[self._next]
        self._hub.write(_Told.encoded(piece % self._telling, FIRST_SEQ + self._row, piece.count))
        self._row += piece.count
        self._next += 1
        if self._next == len(self._pieces):
            self._next = 0
            self._telling += 1
        return piece.count


async def _serve(row: int) -> None:
    hub = Hub(history_events=_HISTORY)
    async with FeedServer(hub) as feed:
        teller = Teller(hub, Story(), row)
        telling = asyncio.create_task(teller.tell())
        print(feed.url, flush=True)
        while rate := await asyncio.to_thread(sys.stdin.readline):
            teller.rate = int(rate)
        telling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await telling


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
