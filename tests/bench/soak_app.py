"""The application as ``doubletalk attach`` runs it, which also keeps books of every seq that it takes in.

``python -m tests.bench.soak_app URL KEEP BOOKS``: after each SIGUSR1 the books are written to the file BOOKS.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

import debugger.tui
from debugger.log import NONE
from debugger.log.pack import Pack
from debugger.sources.feed import FeedSource
from debugger.sources.helped_feed import HelpedFeed
from debugger.tui import launch  # before Textual
from debugger.tui.app import DebuggerApp
from debugger.tui.feeders import LiveFeeder
from debugger.tui.session import Link, Mode, Session


class Page(msgspec.Struct):
    """Of one source: ``ranges`` of seqs that came, and of those that were named as lost (None: and later)."""

    came: list[tuple[int, int]] = []
    lost: list[tuple[int, int | None]] = []
    twice: int = 0

    def take(self, first: int, last: int) -> None:
        """Seqs `first` to `last` came, one after the other."""
        if self.came and first <= self.came[-1][1]:
            self.twice += last - first + 1
        elif self.came and first == self.came[-1][1] + 1:
            self.came[-1] = (self.came[-1][0], last)
        else:
            self.came.append((first, last))


class Books(msgspec.Struct):
    """What the application has taken in, and what it says of it."""

    pages: dict[str, Page]
    rows: int
    first_row: int
    gap_rows: int
    objects: int


class Keeper:
    """Notes what goes into a log: it looks at the events that come, not at what the log makes of them."""

    def __init__(self, session: Session) -> None:
        self.pages: dict[str, Page] = {}
        self._session = session
        log = session.log
        extend_packed, append_gap = log.extend_packed, log.append_gap

        def noted(pack: Pack, store: Any, offsets: Any, lengths: Any) -> int:
            self._came(pack)
            return extend_packed(pack, store, offsets, lengths)

        def named(source: str | None, from_seq: int | None, to_seq: int | None, reason: str) -> int:
            self._page(source).lost.append((from_seq or 0, to_seq))
            return append_gap(source, from_seq, to_seq, reason)

        log.extend_packed = noted  # type: ignore[method-assign] # to look over its shoulder
        log.append_gap = named  # type: ignore[method-assign]

    def _page(self, source: str | None) -> Page:
        return self.pages.setdefault(source or "", Page())

    def _came(self, pack: Pack) -> None:
        names = pack.names["source"]
        for source in dict.fromkeys(names.distinct):  # it may have a name several times
            its_own = np.array([name == source for name in names.distinct])[names.numbers]
            seqs = pack.seqs[its_own & (pack.seqs != NONE)]
            for run in np.split(seqs, np.flatnonzero(np.diff(seqs) != 1) + 1) if len(seqs) else ():
                self._page(source).take(int(run[0]), int(run[-1]))

    def books(self) -> Books:
        """As of now."""
        log = self._session.log
        return Books(self.pages, len(log), log.first_row, log.stats.gaps, len(gc.get_objects()))


class SoakedApp(DebuggerApp):
    """Tells its books when it is asked."""

    CSS_PATH = str(Path(debugger.tui.__file__).with_name("app.tcss"))

    def __init__(self, session: Session, feeder: LiveFeeder, path: Path) -> None:
        super().__init__(session, feeder)
        self._path = path
        self._keeper = Keeper(session)

    def on_ready(self) -> None:
        """From now on it can be asked."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._tell)

    def _tell(self) -> None:
        new = self._path.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(self._keeper.books()))
        new.rename(self._path)


def main(url: str, keep: int, path: Path) -> None:
    """Show the feed."""
    source = FeedSource(url)
    session = Session(Mode.LIVE, Link(""), time.monotonic_ns, keep=keep)
    launch.run(SoakedApp(session, LiveFeeder([HelpedFeed(source)], session), path))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
