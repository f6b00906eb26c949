"""A program on a pseudo-terminal of its own, and what one would see there."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.bench.pty_screen import Screen

_AT_ONCE: Final = 1 << 16
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM = 11, 12  # fields of /proc/PID/stat behind the name, see proc(5)


class Terminal:
    """Runs `command` in a terminal of ``size`` (columns, rows); use it as ``with``.

    Times are those of `time.perf_counter`. ``written`` is all that the program ever wrote.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], size: tuple[int, int]) -> None:
        self.screen = Screen(*size)
        self.written = bytearray()
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.program = subprocess.Popen(
            command,
            env=dict(environ),
            # Its controlling terminal: when whoever runs this is killed, the program is hung up and ends.
            preexec_fn=partial(os.login_tty, slave),  # noqa: PLW1509 - no threads here
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the program, whatever it does."""
        if self.program.poll() is None:
            os.killpg(self.program.pid, signal.SIGKILL)
        self.program.wait()
        os.close(self._master)

    def press(self, keys: bytes) -> float:
        """Press keys; returns when."""
        pressed = time.perf_counter()
        os.write(self._master, keys)
        return pressed

    def look(self, seconds: float) -> float | None:
        """Take in what is written within `seconds`, the first piece of it; returns when it came."""
        ready, _, _ = select.select([self._master], [], [], max(seconds, 0.0))
        if not ready:
            return None
        try:
            written = os.read(self._master, _AT_ONCE)
        except OSError:  # the program has ended
            raise EOFError(self._last_words()) from None
        came = time.perf_counter()
        self.written += written
        self.screen.feed(written)
        return came

    def until(self, holds: Callable[[Screen], bool], seconds: float) -> float:
        """Look until the screen is as wanted; returns when the piece came that made it so.

        Raises:
            TimeoutError: it never was.
            EOFError: the program ended.
        """
        came, ends = time.perf_counter(), time.perf_counter() + seconds
        while not holds(self.screen):
            left = ends - time.perf_counter()
            if left <= 0:
                raise TimeoutError(self._last_words())
            came = self.look(left) or came
        return came

    def quiet(self, seconds: float, at_most: float) -> float | None:
        """Look until nothing is written for `seconds`; returns when the last piece came, None if none."""
        last, ends = None, time.perf_counter() + at_most
        while time.perf_counter() < ends:
            came = self.look(seconds)
            if came is None:
                break
            last = came
        return last

    def cpu_seconds(self) -> float:
        """Time of the processor that the program used so far."""
        return cpu_seconds(self.program.pid)

    def _last_words(self) -> str:
        seen = [line.rstrip() for line in self.screen.lines if line.strip()]
        return "the terminal shows:\n" + "\n".join(seen)


def cpu_seconds(pid: int) -> float:
    """Time of the processor that a process used so far, its own and the system's for it."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS
