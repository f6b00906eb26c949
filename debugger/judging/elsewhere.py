"""The log, judged in a process of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final

from msgspec import structs

from debugger.analysis.ranking import Key, key_of
from debugger.analysis.told import Story
from debugger.judging.asked import Asked
from debugger.judging.found import Found
from debugger.judging.here import Here
from debugger.judging.messages import Piece, Report, Request
from debugger.judging.sending import Sender
from debugger.judging.worker import Worker
from debugger.log import EventLog
from debugger.sources.pipes import worth_a_process

AHEAD: Final = 200_000
"""Rows that may be sent before they are judged: the log is the queue, and what is sent is held twice."""

AHEAD_BYTES: Final = 16 << 20
"""Bytes that may wait for the pipe."""

MOST_DEATHS: Final = 3
"""Processes that may die one after the other without having come any further."""

KEEP: Final = 1_000_000
"""Rows of a live log that the process knows, at most."""

_BEHIND: Final = 0.9
"""Rows that wait, as a part of those that the log keeps, from which on some are left out."""


class Elsewhere:
    """Judges `log`, which one thread reads: whoever calls `advance`.

    ``upto`` rows are judged; ``skipped`` are never, for they came faster than they could be. ``trouble`` is
    set when judging has stopped for good. A process that dies is replaced, and judges anew what is still
    known: what was found before stays.
    """

    def __init__(self, log: EventLog, asked: Asked) -> None:
        self.found: Final = Found()
        self.upto = 0
        self.whole = False
        self.skipped = 0
        self.unread = 0
        self.trouble = ""
        self._log = log
        self._asked = asked
        self._sender: Sender | None = None
        self._worker: Worker | None = None
        self._here: Here | None = None
        self._next = self._from = 0  # of those that are sent, the first that is not left out
        self._wants_whole = self._told_whole = False
        self._asking: list[Key] = []
        self._deaths = 0
        self._furthest = 0
        self._stale: frozenset[Key] = frozenset()  # found by a process that died, and not found again yet
        self._stale_rows = (0, 0)
        self._news: list[str] = []

    # --- what is asked ---------------------------------------------------------------------------

    def finish(self, whole: bool) -> None:
        """Whether the log is all there, as far as anybody knows."""
        self._wants_whole = whole

    def story(self, key: Key) -> Story | None:
        """The story of a finding; None if it is not there yet: it was asked for."""
        if self._here is not None:
            return self._here.story(key)
        story = self.found.stories.get(key)
        if story is None and key not in self._asking:
            self._asking.append(key)
        return story

    def news(self) -> list[str]:
        """What is to be said, a line each; once."""
        news, self._news = self._news, []
        return news

    def stop(self) -> None:
        """End the process, whatever it does. Idempotent."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.stop()

    # --- going on --------------------------------------------------------------------------------

    def advance(self, clock: Callable[[], int], budget_ns: int) -> bool:
        """Send what came, for about ``budget_ns`` of `clock`; take what was found, if anything was."""
        if self._here is not None:
            return self._advance_here(self._here, clock, budget_ns)
        if self.trouble or not len(self._log):
            return False
        if self._worker is None and not self._begin():
            return False
        changed = self._worker is not None and self._take_reports(self._worker)
        if self._worker is not None and not self._worker.over:
            self._send(self._worker, clock, clock() + budget_ns)
        return changed

    def _begin(self) -> bool:
        """Start a process; where there is none to be had, judge here."""
        if self._sender is None:  # once: later there may be millions of rows to look through
            self._sender = Sender(self._log)
            self._sender.look()
        keep = min(self._asked.keep, KEEP) if self._asked.keep is not None else None
        asked = structs.replace(self._asked, keep=keep)
        if worth_a_process():
            with contextlib.suppress(OSError):
                self._worker = Worker(self._sender, asked)
        if self._worker is None:
            self._here = Here(self._log, self._asked, self.found)
            return False
        self._next, self._from, self._told_whole = 0, 0, False
        return True

    def _advance_here(self, here: Here, clock: Callable[[], int], budget_ns: int) -> bool:
        here.finish(self._wants_whole)
        changed = here.advance(clock, budget_ns)
        self.upto, self.whole, self.trouble = here.upto, here.whole, here.trouble
        return changed

    # --- to the process ----------------------------------------------------------------------------

    def _send(self, worker: Worker, clock: Callable[[], int], until: int) -> None:
        log = self._log
        while True:
            stop = len(log)
            skip_to = self._skip_to(stop)
            if skip_to >= 0:
                self.skipped += skip_to - self._next
                self._next = self._from = skip_to
            pieces: list[Piece] = []
            if self._next < min(stop, max(self.upto, self._from) + AHEAD) and worker.waiting < AHEAD_BYTES:
                pieces.append(worker.sender.piece(self._next, stop))
                self._next += len(pieces[0].lengths)
            whole = self._wants_whole and self._next >= len(log)
            if not pieces and skip_to < 0 and not self._asking and whole == self._told_whole:
                return
            self._told_whole = whole
            asking, self._asking = self._asking, []
            worker.send(Request(skip_to, pieces, whole, asking))
            if not pieces or clock() >= until:
                return

    def _skip_to(self, rows: int) -> int:
        """Where to go on, if rows are forgotten already, or soon will be; -1 where nothing is left out."""
        log, keep = self._log, self._asked.keep
        if keep is not None and rows - self._next > keep * _BEHIND:
            return max(rows - keep // 2, log.first_row)
        return log.first_row if self._next < log.first_row else -1

    # --- from the process --------------------------------------------------------------------------

    def _take_reports(self, worker: Worker) -> bool:
        over = worker.over  # before the last reports are taken
        changed = False
        while worker.reports:
            changed |= self._take(worker.reports.popleft())
        if over and not worker.reports and self._worker is not None:
            self._died(worker)
            changed = True
        return changed

    def _take(self, report: Report) -> bool:
        if report.error:
            self._stop(f"judging stopped at event {self.upto + 1:,}: {report.error}")
            return True
        moved = (report.upto, report.whole) != (self.upto, self.whole)
        self.upto, self.whole, self.unread = report.upto, report.whole, report.unread
        if self.upto > self._furthest:
            self._furthest, self._deaths = self.upto, 0
        gone = [*report.gone]
        if self._stale:
            self._stale -= set(map(key_of, report.changed))
            first, last = self._stale_rows
            if self.upto >= last:
                gone += [key for key in self._stale if key[2] >= first]
                self._stale = frozenset()
        found = self.found.change(report.changed, gone)
        self.found.texts |= report.texts
        self.found.stories.update(report.stories)
        return found or moved or bool(report.stories)

    def _died(self, worker: Worker) -> None:
        """Another one begins anew, unless it comes no further either."""
        how = worker.end
        self.stop()
        self._deaths += 1
        if self._deaths >= MOST_DEATHS:
            self._stop(f"judging stopped at event {self._furthest:,}: its process {how} {MOST_DEATHS} times")
            return
        self._news.append(f"the process that judges {how}; another one begins anew, nothing is lost")
        self._stale = self.found.keys
        self._stale_rows = (self._log.first_row, self.upto)
        self.upto, self.whole = 0, False

    def _stop(self, why: str) -> None:
        self.trouble = why
        self._news.append(why)
        self.stop()
