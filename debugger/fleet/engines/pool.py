"""Processes of this machine, each with a pipe: who dies is known, and with what it died."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import traceback
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Final, NamedTuple

from backend.errors import UserError
from debugger.fleet.engines.engine import Outcome
from debugger.fleet.tasks import Done, Task, run_task

_END_SECONDS: Final = 5.0


class _Worker(NamedTuple):
    process: SpawnProcess
    pipe: Connection


class Pool:
    """So many processes, each begun when there is something for it."""

    elsewhere = False

    def __init__(self, processes: int) -> None:
        # Forked workers would share locks with the threads that numpy and others began.
        self._context: Final[SpawnContext] = multiprocessing.get_context("spawn")
        self._processes = processes
        self._waiting: deque[tuple[int, Task]] = deque()
        self._idle: list[_Worker] = []
        self._busy: dict[Connection, tuple[_Worker, int]] = {}

    @property
    def width(self) -> int:
        """Its processes."""
        return self._processes

    def submit(self, ticket: int, task: Task) -> None:
        """To a process that is free, or to the next one that is."""
        self._waiting.append((ticket, task))
        self._give()

    def wait(self) -> Sequence[Outcome]:
        """What one or more of them answered; or that they died."""
        outcomes = [self._taken(pipe) for pipe in wait(list(self._busy)) if isinstance(pipe, Connection)]
        self._give()
        return outcomes

    def close(self) -> None:
        """End all of them, at once."""
        self._waiting.clear()
        workers = [*self._idle, *(worker for worker, _ in self._busy.values())]
        for worker, _ in self._busy.values():
            worker.process.terminate()
        for worker in workers:
            worker.pipe.close()  # whoever reads from it goes
        for worker in workers:
            _ended(worker.process)
        self._idle.clear()
        self._busy.clear()

    def notices(self) -> Sequence[str]:
        """None: who died is an outcome."""
        return ()

    # --- its workers ---------------------------------------------------------------------

    def _give(self) -> None:
        while self._waiting and (self._idle or len(self._busy) < self._processes):
            ticket, task = self._waiting.popleft()
            worker = self._idle.pop() if self._idle else self._begun()
            self._busy[worker.pipe] = (worker, ticket)
            with contextlib.suppress(OSError):  # it died while it was idle: the end of its pipe will tell
                worker.pipe.send(task)

    def _begun(self) -> _Worker:
        mine, its = self._context.Pipe()
        process = self._context.Process(target=serve, args=(its,))
        try:
            process.start()
        except OSError as error:
            raise UserError(f"no more processes can be started: {error.strerror}; try --jobs 1") from None
        finally:
            its.close()  # the only other end is the worker's, so that its death closes the pipe
        return _Worker(process, mine)

    def _taken(self, pipe: Connection) -> Outcome:
        worker, ticket = self._busy.pop(pipe)
        try:
            answer = pipe.recv()
        except (EOFError, OSError):
            pipe.close()
            return Outcome(ticket, None, _death(_ended(worker.process)))
        self._idle.append(worker)
        if isinstance(answer, Done):
            return Outcome(ticket, answer)
        raise answer


def _ended(process: SpawnProcess) -> int:
    """Its exit code, by force where it is needed."""
    process.join(_END_SECONDS)
    if process.exitcode is None:
        process.kill()
        process.join()
    code = process.exitcode or 0
    process.close()
    return code


def _death(code: int) -> str:
    if code >= 0:
        return f"ended with {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"killed by {name}{', perhaps for want of memory' if -code == signal.SIGKILL else ''}"


def serve(pipe: Connection) -> None:
    """What a process does: a task after the other, until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is for the driver, which ends us
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):
            return
        answer: Done | Exception
        try:
            answer = run_task(task)
        except Exception as error:  # noqa: BLE001 - the driver raises it
            error.add_note("".join(traceback.format_exception(error)))
            answer = error
        try:
            pipe.send(answer)
        except OSError:
            return
        except Exception as error:  # noqa: BLE001 - what cannot be pickled
            pipe.send(RuntimeError(f"{type(answer).__name__}: {answer}: {error}"))
