"""What stands in the place of functions of the machine while a run goes on.

Made once for the process, and put in place for each run. On the loop's own thread they are the simulation's;
on any other thread they are still what they replaced.
"""

from __future__ import annotations

import _thread
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from backend.simulation.settings import EPOCH_NS

if TYPE_CHECKING:
    from backend.simulation.loop import SimulatedLoop

Function = Callable[..., Any]

_PID = 1
INSTEAD_OF_SLEEP = "await asyncio.sleep"
_INSTEAD_OF_THREAD = "use asyncio.to_thread or an executor, which are simulated"
_INSTEAD_OF_SIGNAL = "call what the handler would call"


class _Current:
    """The run that goes on, and whose thread is confined."""

    loop: SimulatedLoop
    thread = 0
    seed = 0
    entropy: random.Random | None = None


_current = _Current()


def begin(loop: SimulatedLoop, seed: int) -> None:
    """A run begins on this thread.

    Raises:
        RuntimeError: another one goes on, on whatever thread.
    """
    if _current.thread:
        raise RuntimeError("a simulated run goes on already: one at a time in a process")
    _current.loop = loop
    _current.seed, _current.entropy = seed, None
    _current.thread = threading.get_ident()


def end() -> None:
    """It is over: every thread has the machine's own functions again."""
    _current.thread = 0


def _here(real: Function, simulated: Function) -> Function:
    """`simulated`, which takes the loop first, on the loop's thread; `real` on others."""
    current, ident = _current, threading.get_ident

    def either(*args: Any, **kwargs: Any) -> Any:
        if ident() == current.thread:
            return simulated(current.loop, *args, **kwargs)
        return real(*args, **kwargs)

    return either


def _wall(loop: SimulatedLoop) -> float:
    return EPOCH_NS / 1e9 + loop.agenda.now


def _wall_ns(loop: SimulatedLoop) -> int:
    return loop.wall_ns()


def _monotonic(loop: SimulatedLoop) -> float:
    return loop.agenda.now


def _monotonic_ns(loop: SimulatedLoop) -> int:
    return loop.mono_ns()


def _sleep(loop: SimulatedLoop, seconds: float) -> None:
    if not loop.jobs.sleep(seconds):
        raise loop.escape("time.sleep", INSTEAD_OF_SLEEP)


def _urandom(_loop: SimulatedLoop, size: int) -> bytes:
    if _current.entropy is None:
        _current.entropy = random.Random(~_current.seed)  # other bits than `random` gives
    return _current.entropy.randbytes(size)


def _pid(_loop: SimulatedLoop) -> int:
    return _PID


def _submitted(loop: SimulatedLoop, pool: ThreadPoolExecutor) -> None:
    loop.jobs.submitted(pool)


def _shutdown(
    loop: SimulatedLoop, pool: ThreadPoolExecutor, wait: bool = True, *, cancel_futures: bool = False
) -> None:
    loop.jobs.shutdown(pool, wait=wait, cancel_futures=cancel_futures)
    _REAL_SHUTDOWN(pool, wait=wait, cancel_futures=cancel_futures)


def _refused(what: str, instead: str) -> Function:
    def refuse(loop: SimulatedLoop, *_args: object, **_kwargs: object) -> Any:
        raise loop.escape(what, instead)

    return refuse


_REAL_SHUTDOWN = ThreadPoolExecutor.shutdown

_SIMULATED: tuple[tuple[Any, str, Function], ...] = (
    (time, "time", _wall),
    (time, "time_ns", _wall_ns),
    (time, "monotonic", _monotonic),
    (time, "monotonic_ns", _monotonic_ns),
    (time, "perf_counter", _monotonic),
    (time, "perf_counter_ns", _monotonic_ns),
    (time, "sleep", _sleep),
    (os, "urandom", _urandom),
    (random, "_urandom", _urandom),  # what secrets and SystemRandom have of it
    (os, "getpid", _pid),
    # Where pools start their threads, and where they wait for them: see `jobs`.
    (ThreadPoolExecutor, "_adjust_thread_count", _submitted),
    (ThreadPoolExecutor, "shutdown", _shutdown),
    (threading, "_start_new_thread", _refused("a thread", _INSTEAD_OF_THREAD)),
    (threading, "_start_joinable_thread", _refused("a thread", _INSTEAD_OF_THREAD)),  # from 3.13 on
    (_thread, "start_new_thread", _refused("a thread", _INSTEAD_OF_THREAD)),
    (signal, "signal", _refused("signal.signal", _INSTEAD_OF_SIGNAL)),
    (signal, "setitimer", _refused("signal.setitimer", _INSTEAD_OF_SIGNAL)),
    (signal, "alarm", _refused("signal.alarm", _INSTEAD_OF_SIGNAL)),
)

SUBSTITUTES: tuple[tuple[Any, str, Function], ...] = tuple(
    (owner, name, _here(getattr(owner, name), simulated))
    for owner, name, simulated in _SIMULATED
    if hasattr(owner, name)
)
"""Owner, name, and what stands there during a run."""
