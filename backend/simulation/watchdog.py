"""Ends a step that does not end: a program that never awaits, or blocks its thread.

One thread for the process looks five times a second whether the run in progress has made a step. If not for
too long, it raises an exception in the loop's thread (``PyThreadState_SetAsyncExc``: between two bytecodes),
and if that does not help because the thread is inside a C function, such as taking a lock, interrupts it by a
signal, which only the main thread can take.
"""

from __future__ import annotations

import ctypes
import signal
import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from backend.simulation.errors import NeverYieldsError
from backend.simulation.places import program_line

if TYPE_CHECKING:
    from backend.simulation.loop import SimulatedLoop

_LOOK_SECONDS = 0.2
_sleep, _monotonic = time.sleep, time.monotonic  # the real ones, while a run has virtual ones


class Interrupted(BaseException):
    """Raised in the program's step; no `except Exception` of its own stops it."""


def _interrupt(thread: int) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(Interrupted))


class Watched:
    """A run that is looked after while inside."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self._patience = loop.settings.patience
        self._thread = threading.get_ident()
        self._steps = -1
        self._since = 0.0
        self._warned = 0
        self._fired = False

    def __enter__(self) -> Self:
        _dog.watch(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _dog.watch(None)
        if self._fired:
            self._receive()

    def _receive(self) -> None:
        """Take what is under way and has not arrived.

        Only by being raised is it ever off the interpreter's mind: unset, CPython 3.11 goes round for ever in
        the next function that is profiled.
        """
        try:
            _interrupt(self._thread)  # there is room for one only
            for _ in range(10_000):
                pass
        except Interrupted:
            pass

    def look(self) -> None:
        """Called by the watchdog."""
        now = _monotonic()
        if self._loop.steps != self._steps:
            self._steps, self._since, self._warned = self._loop.steps, now, 0
            return
        if now - self._since < self._patience:
            return
        self._since = now - self._patience + 2 * _LOOK_SECONDS  # look again soon
        frame = sys._current_frames().get(self._thread)  # noqa: SLF001 - documented, in spite of its name
        if frame is not None:
            told = f"a step takes more than {self._patience:g} s of real time: it never awaits"
            self._loop.fail(NeverYieldsError(f"{told}, at {program_line(frame)}"))
        self._warned += 1
        self._fired = True
        _interrupt(self._thread)
        main = threading.main_thread().ident == self._thread
        if self._warned > 1 and main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.pthread_kill(self._thread, signal.SIGINT)


class _Dog:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: Watched | None = None
        self._thread: threading.Thread | None = None

    def watch(self, watched: Watched | None) -> None:
        if watched is not None and (self._thread is None or not self._thread.is_alive()):
            # Not alive in a process that was forked off: then there is a new lock to be had, too.
            self._lock = threading.Lock()
            self._thread = threading.Thread(target=self._run, name="simulation-watchdog", daemon=True)
            self._thread.start()
        with self._lock:
            self._watched = watched

    def _run(self) -> None:
        while True:
            _sleep(_LOOK_SECONDS)
            with self._lock:
                if self._watched is not None:
                    self._watched.look()


_dog = _Dog()
