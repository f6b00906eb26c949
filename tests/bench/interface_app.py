"""The application on a live feed, with millions of events in its log already; times its panes.

``python -m tests.bench.interface_app URL EVENTS FIGURES``: after each SIGUSR1 the times since the one
before are written to the file FIGURES.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import os
import resource
import signal
import sys
import time
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

import debugger.tui
from backend.wire.frames import Subscribe
from debugger.judging import Asked, Elsewhere
from debugger.judging.elsewhere import KEEP
from debugger.sources.feed import FeedSource
from debugger.sources.helped_feed import HelpedFeed
from debugger.tui import launch  # before Textual
from debugger.tui.app import DebuggerApp
from debugger.tui.feeders import LiveFeeder
from debugger.tui.live import short
from debugger.tui.session import Link, Mode, Session
from tests.bench.interface_story import Story

_MORE: Final = 40_000_000  # events that may come before the first ones are forgotten
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Spread(NamedTuple):
    """What calls took, in ms of the processor: a machine that is busy elsewhere does not change it."""

    median: float
    high: float
    """The 99th percentile."""
    most: float
    total: float
    count: int


class Figures(msgspec.Struct):
    """What the application tells of itself; times by name."""

    times: dict[str, Spread]
    events: int
    judged: int
    """Rows that are judged, or are left out of it; never less than before."""
    gaps: int
    filling_seconds: float
    filled_bytes: int
    resident_bytes: int
    peak_bytes: int


class Times:
    """How long the processor works for calls, by name."""

    def __init__(self) -> None:
        self._took: dict[str, array[float]] = {}

    def time(self, owner: Any, method: str, name: str) -> None:
        """From now on, time a method of an object or a class."""
        call: Callable[..., Any] = getattr(owner, method)
        took = self._took.setdefault(name, array("d"))

        def timed(*arguments: Any, **named: Any) -> Any:
            began = time.thread_time()
            try:
                return call(*arguments, **named)
            finally:
                took.append(time.thread_time() - began)

        setattr(owner, method, timed)

    def collections(self) -> None:
        """From now on, time the garbage collector."""
        began = 0.0

        def timed(phase: str, about: dict[str, int]) -> None:
            nonlocal began
            if phase == "start":
                began = time.thread_time()
            else:
                took = self._took.setdefault(f"garbage, generation {about['generation']}", array("d"))
                took.append(time.thread_time() - began)

        gc.callbacks.append(timed)

    def take(self) -> dict[str, Spread]:
        """What each took, and begin anew."""
        told = {}
        for name, took in self._took.items():
            if took:
                each = np.array(took) * 1e3
                median, high = np.percentile(each, [50, 99]).tolist()
                told[name] = Spread(median, high, float(each.max()), float(each.sum()), len(each))
                del took[:]
        return told


class TimedApp(DebuggerApp):
    """Times what it does, and tells when it is asked."""

    CSS_PATH = str(Path(debugger.tui.__file__).with_name("app.tcss"))

    def __init__(self, session: Session, feeder: LiveFeeder, path: Path, filling: tuple[float, int]) -> None:
        super().__init__(session, feeder)
        self._path = path
        self._filling = filling
        self._times = Times()

    def on_ready(self) -> None:
        """Everything is there: time it from now on."""
        screen, times = self.main_screen, self._times
        for name, pane in screen.panes.items():
            times.time(pane, "sync", f"sync {name}")
            times.time(pane, "render_lines", f"paint {name}")
        for line in screen._lines:
            times.time(line, "sync", f"sync {line.id}")
            times.time(line, "render_lines", f"paint {line.id}")
        times.time(screen, "sync", "sync of all")
        times.time(self.session, "tick", "tick of the session")
        times.time(self.session.log, "extend_packed", "append")
        times.collections()
        times.time(asyncio.events.Handle, "_run", "the loop, at once")
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._tell)

    def _tell(self) -> None:
        figures = Figures(
            self._times.take(),
            len(self.session.log),
            0 if self.session.judging is None else self.session.judging.upto,
            self.session.log.stats.gaps,
            *self._filling,
            resident(),
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        )
        new = self._path.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(figures))
        new.rename(self._path)


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE


def main(url: str, events: int, path: Path) -> None:
    """Fill the log, then show it."""
    source = HelpedFeed(FeedSource(url, wanted=Subscribe(batch=True)))
    session = Session(Mode.LIVE, Link(short(source.url)), time.monotonic_ns, keep=events + _MORE)
    today = dt.datetime.now().astimezone().date()
    session.judging = Elsewhere(session.log, Asked(today, live=True, keep=KEEP))  # as `attach` has it
    story = Story()
    before, began = resident(), time.perf_counter()
    story.fill(session.log, events // len(story))
    filling = (time.perf_counter() - began, resident() - before)
    launch.run(TimedApp(session, LiveFeeder([source], session), path, filling))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
