"""Trials run by several processes. Their results come in order, so that it makes no difference how many.

The trials are the same everywhere (`debugger.explore.plan.trials`), so what is handed out are their numbers,
a few at a time. The processes are spawned: forked ones would share locks with threads that run here. They are
in a group of their own, so that Ctrl-C ends the search here, which ends them.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Final

from msgspec import Struct

from debugger.explore.oracle import Oracle
from debugger.explore.plan import trials
from debugger.explore.source import Source
from debugger.explore.trials import Bench, Trial, Tried, seldom_collecting

AT_ONCE: Final = 8
"""Trials that are handed out together."""

_AHEAD: Final = 4
"""Portions that each process may be ahead of the first one that is awaited."""

_PATIENCE: Final = 120.0
"""Real seconds that a portion may take. A step that never ends is ended by the run itself, long before."""

_GOODBYE: Final = 2.0


class Work(Struct, frozen=True):
    """What a process is told at first."""

    source: Source
    variant: str
    oracle: Oracle
    seed: int
    choices: int


class WorkerError(Exception):
    """A process ended, or does not answer; says which of the trials it had, and how it ended."""


Message = tuple[int, list[Tried], str]
"""The number of a portion, what came of it, and a mistake of our own or of the program's import."""


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    portion: int | None = None
    until: float = 0.0


class Crew:
    """Some processes; leave it, and they are gone."""

    def __init__(self, work: Work, processes: int, *, patience: float = _PATIENCE) -> None:
        self._patience = patience
        self._workers: list[_Worker] = []
        context = multiprocessing.get_context("spawn")
        held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            for _ in range(processes):
                ours, theirs = context.Pipe()
                process = context.Process(target=serve, args=(theirs, work), daemon=True)
                process.start()
                theirs.close()
                self._workers.append(_Worker(process, ours))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)

    def results(self, first: int = 0) -> Iterator[Tried]:
        """What comes of trial after trial, without end. After one that finds something the next is unknown.

        They begin with the portion ``first``.

        Raises:
            WorkerError: a process ended, or does not answer.
        """
        done: dict[int, list[Tried]] = {}
        handed = first
        while True:
            for worker in self._workers:
                if worker.portion is None and handed < first + _AHEAD * len(self._workers):
                    self._hand(worker, handed)
                    handed += 1
            self._take(done)
            while first in done:
                yield from done.pop(first)
                first += 1

    def _hand(self, worker: _Worker, portion: int) -> None:
        worker.portion, worker.until = portion, time.monotonic() + self._patience
        with suppress(OSError):  # it ended: that is seen when we wait for it
            worker.pipe.send(portion)

    def _take(self, done: dict[int, list[Tried]]) -> None:
        """Wait for one to answer."""
        busy = [worker for worker in self._workers if worker.portion is not None]
        longest = max(min(worker.until for worker in busy) - time.monotonic(), 0.0)
        answering = wait([worker.pipe for worker in busy], longest)
        for worker in busy:
            if worker.pipe in answering:
                portion, tried, mistake = self._received(worker)
                if mistake:
                    raise WorkerError(mistake)
                done[portion] = tried
                worker.portion = None
            elif time.monotonic() >= worker.until:
                raise WorkerError(
                    f"a process did not answer for {self._patience:g} s and was ended; {_had(worker)}"
                )

    @staticmethod
    def _received(worker: _Worker) -> Message:
        try:
            message: Message = worker.pipe.recv()
        except (EOFError, OSError):
            worker.process.join(_GOODBYE)
            raise WorkerError(f"a process {_ended(worker.process.exitcode)}; {_had(worker)}") from None
        return message

    def close(self) -> None:
        """End them, whatever they do."""
        for worker in self._workers:
            worker.pipe.close()
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.process.close()
        self._workers.clear()


def _ended(code: int | None) -> str:
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name} (for want of memory, perhaps)"
    return f"ended itself with exit code {code}"


def _had(worker: _Worker) -> str:
    first = (worker.portion or 0) * AT_ONCE + 1
    return f"it had schedules {first:,} to {first + AT_ONCE - 1:,} after the guided ones"


# --- in the other process -----------------------------------------------------------------


def serve(pipe: Connection, work: Work) -> None:
    """Answer until nobody asks any more."""
    os.setpgrp()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which the runs' watchdog makes use of
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - for good
    try:
        bench = Bench(work.source.scenario(), work.variant, work.oracle)
        coming = trials(work.seed, work.choices)
    except BaseException as error:  # noqa: BLE001 - of a user's module, when it is imported
        _answer(pipe, (0, [], f"a process cannot import the scenario: {type(error).__name__}: {error}"))
        return
    with seldom_collecting():
        _serve(pipe, bench, coming)


def _serve(pipe: Connection, bench: Bench, coming: Iterator[Trial]) -> None:
    at = 0
    while (portion := _asked(pipe)) is not None:
        # They come in order, but for those that others have.
        portions = list(islice(coming, portion * AT_ONCE - at, (portion + 1) * AT_ONCE - at))
        at = (portion + 1) * AT_ONCE
        try:
            message: Message = (portion, list(bench.attempts(portions)), "")
        except Exception as error:  # noqa: BLE001 - told where somebody reads it
            message = (portion, [], f"a process failed: {type(error).__name__}: {error}")
        if not _answer(pipe, message):
            return


def _asked(pipe: Connection) -> int | None:
    try:
        portion: int = pipe.recv()
    except (EOFError, OSError):
        return None
    return portion


def _answer(pipe: Connection, message: Message) -> bool:
    try:
        pipe.send(message)
    except OSError:
        return False
    return True
