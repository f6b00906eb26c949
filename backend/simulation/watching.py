"""Sees what leaves the simulation by a way that is not replaced: audit events, C functions, stdin."""

from __future__ import annotations

import datetime as dt
import sys
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING, Any

from backend.simulation.places import program_file
from backend.simulation.refused import INSTEAD_OF_IO
from backend.simulation.substitutes import INSTEAD_OF_SLEEP

if TYPE_CHECKING:
    from backend.simulation.loop import SimulatedLoop

_REFUSED = ("socket.", "subprocess.", "pty.", "os.system", "os.fork", "os.exec", "os.posix_spawn", "os.spawn")
_REFUSED_NAMES = {"builtins.input": "input()", "signal.pthread_kill": "signal.pthread_kill"}
_STDIN = {0, "/dev/stdin", "/dev/tty"}
_INSTEAD_OF_STDIN = "give the program its input as an argument"
_INSTEAD_OF_CLOCK = (
    "look it up when it is read, as in `time.monotonic()`, or take the tap's clock or loop.time()"
)

_SLEEP = time.sleep
_CLOCKS: dict[Any, str] = {
    getattr(time, name): f"time.{name}"
    for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")
} | {
    dt.datetime.now: "datetime.now",
    dt.datetime.utcnow: "datetime.utcnow",
    dt.datetime.today: "datetime.today",
    dt.date.today: "date.today",
}
# What these read goes into their own lines, and never back to the program.
_TELLERS = ("loguru", "structlog")

_watcher: Watcher | None = None
_hooked = False


class Watcher:
    """Of one run, on the thread that makes it."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self._thread = threading.get_ident()

    def begin(self) -> None:
        """Look from now on."""
        global _watcher  # noqa: PLW0603 - audit hooks are the process's
        _hook()
        _watcher = self

    def end(self) -> None:
        """Look no more."""
        global _watcher  # noqa: PLW0603 - see begin
        _watcher = None

    def audited(self, event: str, args: tuple[Any, ...]) -> None:
        """An audit event that may be one of the program's (PEP 578): raising refuses it."""
        if threading.get_ident() != self._thread:
            return
        if event != "open":
            raise self._loop.escape(_REFUSED_NAMES.get(event, event), INSTEAD_OF_IO)
        if isinstance(args[0], int | str) and args[0] in _STDIN:
            raise self._loop.escape("reading stdin", _INSTEAD_OF_STDIN)

    def called(self, frame: FrameType, event: str, called: Any) -> None:
        """A profile function: which C functions are called, by whatever name they were bound to."""
        if event != "c_call":
            return
        name = "time.sleep" if called is _SLEEP else _CLOCKS.get(called)
        if name is None or not program_file(frame.f_code.co_filename):
            return
        if str(frame.f_globals.get("__name__", "")).startswith(_TELLERS):
            return
        instead = INSTEAD_OF_SLEEP if called is _SLEEP else _INSTEAD_OF_CLOCK
        raise self._loop.escape(f"{name} itself, bound before the run,", instead)


def _hook() -> None:
    """Have the process audited from now on: a hook cannot be removed, so it is one for all runs."""
    global _hooked  # noqa: PLW0603 - once a process
    if _hooked:
        return
    _hooked = True

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if _watcher is not None and (
            event == "open" or event.startswith(_REFUSED) or event in _REFUSED_NAMES
        ):
            _watcher.audited(event, args)

    sys.addaudithook(hook)


class NoStdin:
    """What stands in the place of ``sys.stdin``: whatever would read it is refused."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        if name in {"read", "readline", "readlines", "buffer", "fileno"}:
            raise self._loop.escape(f"sys.stdin.{name}", _INSTEAD_OF_STDIN)
        raise AttributeError(name)

    def __iter__(self) -> Any:
        raise self._loop.escape("reading sys.stdin", _INSTEAD_OF_STDIN)
