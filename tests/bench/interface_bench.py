"""The application in a terminal, a feed that it listens to, and hands that press its keys."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from tests.bench.interface_app import Figures
from tests.bench.interface_story import FIRST_SEQ, Story
from tests.bench.pty_screen import Screen
from tests.bench.pty_terminal import Terminal

WIDTH, HEIGHT = 160, 48
KEY_SECONDS: Final = 5.0
"""A key that has not worked by then never will."""

_START_SECONDS, _SETTLE_SECONDS = 240.0, 480.0
_AT_REST: Final = 0.1  # seconds of the processor in one
_IDLE_SECONDS: Final = 10.0
_BEFORE_ENTER: Final = 0.06  # seconds from the last letter of a moment to Enter


class Feed:
    """The process that sends events."""

    def __init__(self, first_row: int) -> None:
        command = [sys.executable, "-m", "tests.bench.interface_feed", str(first_row)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ(), text=True
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()

    def rate(self, events: int) -> None:
        """Send so many a second from now on."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{events}\n")
        self._process.stdin.flush()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


class Probe:
    """Sleeps by milliseconds, and notes how much too long that was."""

    def __init__(self) -> None:
        self.late: list[float] = []

    def sleep(self) -> None:
        """A millisecond."""
        before = time.perf_counter()
        time.sleep(0.001)
        self.late.append((time.perf_counter() - before) * 1e3 - 1.0)


class Bench:
    """The application with its log, in a terminal."""

    def __init__(self, terminal: Terminal, story: Story, feed: Feed, figures: Path) -> None:
        self.terminal = terminal
        self.story = story
        self.feed = feed
        self.probe = Probe()
        self.random = random.Random(7)
        self.row = 0
        self._figures = figures

    def figures(self) -> Figures:
        """What the application tells of itself since the last time."""
        self._figures.unlink(missing_ok=True)
        os.kill(self.terminal.program.pid, signal.SIGUSR1)
        ends = time.monotonic() + KEY_SECONDS
        while not self._figures.exists():
            if time.monotonic() > ends:
                raise TimeoutError("the application does not tell its figures")
            self.terminal.look(0.05)
        return msgspec.json.decode(self._figures.read_bytes(), type=Figures)

    def rest(self, seconds: float) -> None:
        """Let time pass as somebody who reads does; what is written is taken at once, as terminals do."""
        ends = time.perf_counter() + seconds
        while time.perf_counter() < ends:
            self.probe.sleep()
            while self.terminal.look(0) is not None:
                pass

    def key(self, key: bytes, row: int) -> float:
        """Press a key that leads to a row; ms until the status line says so."""
        pressed = self.terminal.press(key)
        self.row = row
        return (self.terminal.until(at(row), KEY_SECONDS) - pressed) * 1e3

    def go_to(self, text: str, row: int) -> float:
        """Type a moment and press Enter: ms until the status line shows its row."""
        self.terminal.press(b":")
        self.terminal.until(lambda screen: "go to" in "\n".join(screen.lines[-6:]), KEY_SECONDS)
        self.terminal.press(text.encode())
        self.terminal.until(lambda screen: text in "\n".join(screen.lines[-6:]), KEY_SECONDS)
        self.rest(_BEFORE_ENTER)
        return self.key(b"\r", row)


def at(row: int) -> Callable[[Screen], bool]:
    """Whether the status line's right end says that the cursor is on a row."""
    place = f"#{FIRST_SEQ + row} "
    return lambda screen: place in screen.line(-2)


def environ() -> dict[str, str]:
    """Of the programs: nothing of the user's own but the way to Python."""
    known = {name: os.environ[name] for name in ("PATH", "VIRTUAL_ENV", "TMPDIR") if name in os.environ}
    known |= {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "LANG": "C.UTF-8"}
    return known | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "HOME": "/nowhere"}


@contextlib.contextmanager
def bench_of(events: int) -> Iterator[tuple[Bench, int]]:
    """The application with so many events, or a few less, and a feed that is silent."""
    story = Story()
    filled = max(events // len(story), 1) * len(story)
    feed = Feed(filled)
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder, "figures.json")
        command = [sys.executable, "-m", "tests.bench.interface_app", feed.url, str(filled), str(figures)]
        try:
            with Terminal(command, environ(), (WIDTH, HEIGHT)) as terminal:
                terminal.until(lambda screen: " LIVE " in screen.line(-2), _START_SECONDS)
                yield Bench(terminal, story, feed, figures), filled
        finally:
            feed.close()


def settle(bench: Bench) -> float:
    """Wait until all is judged, all panes have looked at everything and nothing is worked at; seconds."""
    terminal, began = bench.terminal, time.perf_counter()
    while time.perf_counter() - began < _SETTLE_SECONDS:
        figures = bench.figures()
        if figures.judged < figures.events:
            bench.rest(1.0)
            continue
        before = terminal.cpu_seconds()
        if terminal.quiet(1.0, 2.0) is None and terminal.cpu_seconds() - before < _AT_REST:
            return time.perf_counter() - began - 1.0
    raise TimeoutError("the panes are never done")


def idle(terminal: Terminal) -> float:
    """Percent of a core that a program needs which has nothing to do."""
    terminal.quiet(1.0, 20.0)
    before, began = terminal.cpu_seconds(), time.perf_counter()
    ends = began + _IDLE_SECONDS
    while (left := ends - time.perf_counter()) > 0:
        terminal.look(left)
    return 100 * (terminal.cpu_seconds() - before) / (time.perf_counter() - began)
