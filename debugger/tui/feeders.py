"""What brings events into a session: a live feed, or recordings."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import structs
from textual.worker import Worker

from debugger.sources.file import FileSource
from debugger.sources.helped_feed import HelpedFeed
from debugger.sources.opening import Source
from debugger.sources.recording import SourceError
from debugger.tui.app import DebuggerApp
from debugger.tui.control.model import Control
from debugger.tui.live import Intake, short
from debugger.tui.session import Session

TOGETHER_SECONDS: Final = 0.02
"""Events wait that long for those behind them, to be appended together."""

FLUSH_SECONDS: Final = 0.05
"""How often events that wait for a cause in another feed are looked at."""

POLL_SECONDS: Final = 0.5
"""How often a loaded recording is looked at for having grown."""


class LiveFeeder:
    """Takes in one feed or several in the application's own loop."""

    def __init__(self, sources: Sequence[Source | HelpedFeed], session: Session) -> None:
        self._sources = {short(source.url): source for source in sources}
        session.control = Control(session, {name: source.say for name, source in self._sources.items()})
        self._intake = Intake(session, tuple(self._sources), _soon)
        self._workers: list[Worker[None]] = []

    def start(self, app: DebuggerApp) -> None:
        """Connect, and stay connected."""
        for name, source in self._sources.items():
            pumping = self._intake.pump(name, source)
            self._workers.append(app.run_worker(pumping, name=name, exit_on_error=True))
        if len(self._sources) > 1:
            app.set_interval(FLUSH_SECONDS, self._intake.flush)

    def stop(self) -> None:
        """Disconnect."""
        for worker in self._workers:
            worker.cancel()
        for source in self._sources.values():
            if isinstance(source, HelpedFeed):
                source.stop()


def _soon(call: Callable[[], None]) -> object:
    return asyncio.get_running_loop().call_later(TOGETHER_SECONDS, call)


class FileFeeder:
    """Loads recordings in a thread, then watches them grow until the end."""

    def __init__(self, source: FileSource, session: Session) -> None:
        self._source = source
        self._session = session
        self._stopping = threading.Event()
        self.loaded = threading.Event()

    def start(self, app: DebuggerApp) -> None:
        """Begin to load."""
        self._session.progress = 0.0
        app.run_worker(self._run, name="load", thread=True, exit_on_error=True)

    def stop(self) -> None:
        """Stop loading; takes effect within a step."""
        self._stopping.set()

    def _should_stop(self) -> bool:
        return self._stopping.is_set() or self._session.loading_stopped

    def _stopped(self) -> None:
        """The user has seen enough: what is not here stays told for as long as this is open."""
        session = self._session
        share = "" if session.progress is None else f" at {session.progress:.0%}"
        detail = f"loading was stopped{share}; later events are not here"
        session.link = structs.replace(session.link, partly=True, detail=detail)
        session.progress = None

    def _run(self) -> None:
        session = self._session
        try:
            for progress in self._source.load(session.log, should_stop=self._should_stop):
                total = progress.total_bytes
                session.progress = min(progress.done_bytes / total, 1.0) if total else None
            if session.loading_stopped:
                self._stopped()
                return
            session.progress = None
            told = self._source.notices
            for notice in told:
                session.say(notice, bad=True)
            self.loaded.set()
            while not self._stopping.wait(POLL_SECONDS):
                self._source.poll(session.log)
                for change in self._source.changes:
                    if change not in told:
                        told = (*told, change)
                        session.say(change, bad=True)
        except SourceError as error:
            session.progress = None
            session.say(" · ".join(error.problems), bad=True)
        finally:
            self.loaded.set()
            self._source.close()
