"""What brings events into a session: a live feed, or recordings."""

from __future__ import annotations

import threading
from typing import Final

from textual.worker import Worker

from debugger.sources.feed import FeedSource
from debugger.sources.file import FileSource
from debugger.sources.recording import SourceError
from debugger.tui.app import DebuggerApp
from debugger.tui.live import pump
from debugger.tui.session import Session

POLL_SECONDS: Final = 0.5
"""How often a loaded recording is looked at for having grown."""


class LiveFeeder:
    """Reads a feed in the application's own loop."""

    def __init__(self, source: FeedSource, session: Session) -> None:
        self._source = source
        self._session = session
        self._worker: Worker[None] | None = None

    def start(self, app: DebuggerApp) -> None:
        """Connect, and stay connected."""
        self._worker = app.run_worker(pump(self._source, self._session), name="feed", exit_on_error=True)

    def stop(self) -> None:
        """Disconnect."""
        if self._worker is not None:
            self._worker.cancel()


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

    def _run(self) -> None:
        session = self._session
        try:
            for progress in self._source.load(session.log, should_stop=self._stopping.is_set):
                total = progress.total_bytes
                session.progress = min(progress.done_bytes / total, 1.0) if total else None
            session.progress = None
            for notice in self._source.notices:
                session.say(notice, bad=True)
            self.loaded.set()
            while not self._stopping.wait(POLL_SECONDS):
                self._source.poll(session.log)
        except SourceError as error:
            session.progress = None
            session.say(" · ".join(error.problems), bad=True)
        finally:
            self.loaded.set()
            self._source.close()
