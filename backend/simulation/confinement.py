"""Holds a run inside the simulation: what it may see of the machine, and what it may not do.

Three nets, the coarse ones cheap and always there:

- functions of modules are replaced while a run goes on: time is virtual, entropy is seeded, `time.sleep`,
  threads, signals and reading stdin are refused;
- an audit hook (PEP 578) sees sockets and processes, whoever bound which name when;
- ``Settings.thorough`` looks at each C function that is called, for what was bound before the run began.

Only the loop's own thread is confined; other threads of the process see the machine as it is.
"""

from __future__ import annotations

import _thread
import datetime as dt
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from backend.simulation.places import program_file
from backend.simulation.settings import EPOCH_NS

if TYPE_CHECKING:
    from backend.simulation.loop import SimulatedLoop

_PID = 1
_AUDITED = ("socket.", "subprocess.", "pty.", "os.system", "os.fork", "os.exec", "os.posix_spawn", "os.spawn")
_AUDITED_NAMES = {
    "os.forkpty": "a process",
    "_thread.start_new_thread": "a thread",
    "_thread.start_joinable_thread": "a thread",
    "builtins.input": "reading stdin",
    "signal.pthread_kill": "a signal",
}
_INSTEAD_IO = "simulate what is outside: `backend.simulation.duplex` for a connection, `takes` for its time"
_INSTEAD_SLEEP = "await asyncio.sleep"
_INSTEAD_THREAD = "use asyncio.to_thread or an executor, which are simulated"
_INSTEAD_TIME = "look it up when it is read, as in `time.monotonic()`, or take the tap's clock or loop.time()"
_INSTEAD_SIGNAL = "call what the handler would call"
_INSTEAD_STDIN = "give the program its input as an argument"

_REAL_SLEEP = time.sleep
_REAL_CLOCKS = {
    getattr(time, name): f"time.{name}"
    for name in [
        "time",
        "time_ns",
        "monotonic",
        "monotonic_ns",
        "perf_counter",
        "perf_counter_ns",
        "process_time",
        "process_time_ns",
        "thread_time",
        "thread_time_ns",
    ]
}
_MODULES_OF_OURS = ("backend.simulation",)
_confined: Confinement | None = None
_hooked = False


class Confinement:
    """One run's. Not to be nested."""

    def __init__(self, loop: SimulatedLoop, seed: int) -> None:
        self._loop = loop
        self._seed = seed
        self._thread = threading.get_ident()
        self._replaced: list[tuple[Any, str, Any]] = []
        self._random_state: Any = None
        self._entropy: random.Random | None = None
        self._stdin: Any = None
        self._profile: Any = None

    def __enter__(self) -> Self:
        global _confined  # noqa: PLW0603 - audit hooks are the process's
        if _confined is not None:
            raise RuntimeError("a simulation runs already; they do not nest")
        _hook()
        self._random_state = random.getstate()
        random.seed(self._seed)
        self._stdin, sys.stdin = sys.stdin, _NoStdin(self._loop)
        self._replace()
        _confined = self
        if self._loop.settings.thorough:
            self._profile = sys.getprofile()
            sys.setprofile(self._look)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _confined  # noqa: PLW0603 - see __enter__
        if self._loop.settings.thorough:
            sys.setprofile(self._profile)
        _confined = None
        for owner, name, before in reversed(self._replaced):
            setattr(owner, name, before)
        sys.stdin = self._stdin
        random.setstate(self._random_state)

    # --- what is seen instead -----------------------------------------------------

    def _replace(self) -> None:
        loop = self._loop
        agenda = loop.agenda
        clocks: dict[str, Callable[[], float]] = {
            "time": lambda: EPOCH_NS / 1e9 + agenda.now,
            "time_ns": loop.wall_ns,
            "monotonic": loop.time,
            "monotonic_ns": loop.mono_ns,
            "perf_counter": loop.time,
            "perf_counter_ns": loop.mono_ns,
        }
        for name, virtual in clocks.items():
            self._set(time, name, self._here(virtual, getattr(time, name)))
        self._set(time, "sleep", self._here(self._sleep, time.sleep))
        self._set(os, "urandom", self._here(self._urandom, os.urandom))
        self._set(random, "_urandom", os.urandom)
        self._set(os, "getpid", self._here(lambda: _PID, os.getpid))
        refused = [
            (threading, "_start_new_thread", "a thread", _INSTEAD_THREAD),
            (_thread, "start_new_thread", "a thread", _INSTEAD_THREAD),
            (signal, "signal", "signal.signal", _INSTEAD_SIGNAL),
        ]
        for owner, name, what, instead in refused:
            if hasattr(owner, name):
                self._set(owner, name, self._here(self._refusing(what, instead), getattr(owner, name)))
        jobs = loop.jobs
        start, shutdown = ThreadPoolExecutor._adjust_thread_count, ThreadPoolExecutor.shutdown  # noqa: SLF001 - where threads begin

        def adjust_thread_count(pool: ThreadPoolExecutor) -> None:
            (jobs.submitted if jobs.on_loop_thread() else start)(pool)

        def shut_down(pool: ThreadPoolExecutor, wait: bool = True, *, cancel_futures: bool = False) -> None:
            if jobs.on_loop_thread():
                jobs.shutdown(pool, wait=wait, cancel_futures=cancel_futures)
            shutdown(pool, wait=wait, cancel_futures=cancel_futures)

        self._set(ThreadPoolExecutor, "_adjust_thread_count", adjust_thread_count)
        self._set(ThreadPoolExecutor, "shutdown", shut_down)

    def _set(self, owner: Any, name: str, value: Any) -> None:
        self._replaced.append((owner, name, getattr(owner, name)))
        setattr(owner, name, value)

    def _here(self, inside: Callable[..., Any], outside: Callable[..., Any]) -> Callable[..., Any]:
        """`inside` on the loop's thread, `outside` on any other."""
        thread, ident = self._thread, threading.get_ident

        def either(*args: Any, **kwargs: Any) -> Any:
            return inside(*args, **kwargs) if ident() == thread else outside(*args, **kwargs)

        return either

    def _sleep(self, seconds: float) -> None:
        if not self._loop.jobs.sleep(seconds):
            raise self._loop.escape("time.sleep", _INSTEAD_SLEEP)

    def _urandom(self, size: int) -> bytes:
        if self._entropy is None:
            self._entropy = random.Random(f"entropy {self._seed}")
        return self._entropy.randbytes(size)

    def _refusing(self, what: str, instead: str) -> Callable[..., Any]:
        def refuse(*_args: object, **_kwargs: object) -> Any:
            raise self._loop.escape(what, instead)

        return refuse

    # --- what is seen of the rest -------------------------------------------------

    def audited(self, event: str, args: tuple[Any, ...]) -> None:
        """An audit event that may be one of the program's."""
        if threading.get_ident() != self._thread:
            return
        if event == "open":
            if args[0] in {0, "/dev/stdin", "/dev/tty"}:
                raise self._loop.escape("reading stdin", _INSTEAD_STDIN)
        else:
            raise self._loop.escape(_AUDITED_NAMES.get(event) or event, _INSTEAD_IO)

    def _look(self, frame: FrameType, event: str, called: Any) -> None:
        """A profile function: which C functions are called."""
        if event != "c_call":
            return
        if called is _REAL_SLEEP or called == _NOW or called in (_UTCNOW, _TODAY) or called in _REAL_CLOCKS:
            self._real_time(frame, called)

    def _real_time(self, frame: FrameType, called: Any) -> None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(_MODULES_OF_OURS) or not program_file(frame.f_code.co_filename):
            return  # the library's own: what it reads, it does not tell the program
        if called is _REAL_SLEEP:
            raise self._loop.escape("time.sleep, bound before the run", _INSTEAD_SLEEP)
        name = _REAL_CLOCKS.get(called) or f"datetime.{called.__name__}"
        raise self._loop.escape(f"{name}, the machine's own clock,", _INSTEAD_TIME)


_NOW, _UTCNOW, _TODAY = dt.datetime.now, dt.datetime.utcnow, dt.date.today


class _NoStdin:
    """What stands in the place of ``sys.stdin``: whatever is asked of it is refused."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        if name in {"read", "readline", "readlines", "buffer", "fileno", "__iter__", "__next__"}:
            raise self._loop.escape(f"sys.stdin.{name}", _INSTEAD_STDIN)
        raise AttributeError(name)

    def __iter__(self) -> Any:
        raise self._loop.escape("reading stdin", _INSTEAD_STDIN)


def _hook() -> None:
    """Have the process audited from now on: a hook cannot be removed, so it is one for all runs."""
    global _hooked  # noqa: PLW0603 - once a process
    if _hooked:
        return
    _hooked = True

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if _confined is not None and (
            event == "open" or event in _AUDITED_NAMES or event.startswith(_AUDITED)
        ):
            _confined.audited(event, args)

    sys.addaudithook(hook)
