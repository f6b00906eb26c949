"""A program on a terminal of its own: when what appears on it, and the memory of it and its children."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.bench.pty_screen import Screen

ROWS, COLUMNS = 36, 120
_LOOK_SECONDS = 0.02


class Watched:
    """What was seen: seconds until each mark appeared on the screen (None: never), and the peak memory."""

    def __init__(self, marks: Sequence[str]) -> None:
        self.seconds: dict[str, float | None] = dict.fromkeys(marks)
        self.peak_bytes = 0


def watch(
    command: Sequence[str],
    marks: Mapping[str, Callable[[str], bool]],
    *,
    limit: float,
    environment: Mapping[str, str],
) -> Watched:
    """Run `command` until all `marks` were seen, or for `limit` seconds; then it is killed.

    A mark looks at what is on the screen. Peak memory is that of the resident pages of the process and
    its children together, shared ones counted each time, looked at 50 times a second.
    """
    seen = Watched(list(marks))
    process, terminal = pty.fork()
    if process == 0:
        os.execvpe(command[0], list(command), {**os.environ, **environment})  # noqa: S606 - a benchmark
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    began, screen = time.perf_counter(), Screen(COLUMNS, ROWS)
    try:
        while None in seen.seconds.values() and time.perf_counter() - began < limit:
            if select.select([terminal], [], [], _LOOK_SECONDS)[0]:
                written = os.read(terminal, 65536)
                now = time.perf_counter() - began
                screen.feed(written)
                shown = "\n".join(screen.lines)
                for name, appeared in marks.items():
                    if seen.seconds[name] is None and appeared(shown):
                        seen.seconds[name] = now
            seen.peak_bytes = max(seen.peak_bytes, sum(map(_resident, _family(process))))
    except OSError:
        pass  # it ended by itself
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(terminal)
    return seen


def _family(process: int) -> list[int]:
    """A process and those that it started."""
    family = [process]
    for one in family:
        try:
            tasks = list(Path(f"/proc/{one}/task").iterdir())
            family += [int(child) for task in tasks for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return family


def _resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]) * 4096
    except (OSError, IndexError):
        return 0
