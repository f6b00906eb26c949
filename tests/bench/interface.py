"""The interface as its user feels it: through a pseudo-terminal, from a key to what it changes on the screen.

``python -m tests.bench.interface [EVENTS]``, 10 million by default: some 700 MB and four minutes.
A live feed in one process sends events to the application in another; this one presses keys and reads
the screen. It sleeps in between by milliseconds, and how much longer than a millisecond that takes tells
a noisy machine from a slow program.
"""

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
from typing import Final, NamedTuple

import msgspec
import numpy as np
from textual.geometry import Size

from debugger.tui.panes.arrangement import Arrangement
from tests.bench.interface_app import Figures
from tests.bench.interface_story import FIRST_SEQ, Story
from tests.bench.pty_screen import Screen
from tests.bench.pty_terminal import Terminal

EVENTS: Final = 10_000_000
RATE: Final = 50_000
KEYS: Final = 1_040
SEEKS: Final = 200
WIDTH, HEIGHT = 160, 48

_KEY_MS, _SEEK_MS, _SYNC_MS, _IDLE_PERCENT = 50.0, 150.0, 25.0, 2.0
_QUIET: Final = 0.03
"""Seconds in which nothing more may be painted, for a seek to be over."""

_LATER: Final = 0.35
"""Seconds after that in which no pane but the graph, where messages go on moving, may change either."""

_IDLE_SECONDS: Final = 10.0
_START_SECONDS, _SETTLE_SECONDS, _KEY_SECONDS = 240.0, 240.0, 5.0
_ROUND: Final = 52  # keys, then another moment


class Line(NamedTuple):
    """A figure, and what it should be at most."""

    name: str
    figure: float
    unit: str
    target: float | None = None

    def __str__(self) -> str:
        """As it is printed."""
        told = f"interface  {self.name:<44} {self.figure:>10,.1f} {self.unit:<9}"
        if self.target is None:
            return told.rstrip()
        return f"{told} target < {self.target:g}  {'ok' if self.figure < self.target else 'NOT'}"


# --- the three processes -------------------------------------------------------------------------


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
        ends = time.monotonic() + _KEY_SECONDS
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
        return (self.terminal.until(at(row), _KEY_SECONDS) - pressed) * 1e3

    def go_to(self, text: str, row: int) -> float:
        """Type a moment and press Enter: ms until the status line shows its row."""
        self.terminal.press(b":")
        self.terminal.until(lambda screen: "go to" in "\n".join(screen.lines[-6:]), _KEY_SECONDS)
        self.terminal.press(text.encode())
        self.terminal.until(lambda screen: text in "\n".join(screen.lines[-6:]), _KEY_SECONDS)
        self.rest(0.06)
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


# --- what is measured --------------------------------------------------------------------------


def keys(bench: Bench, count: int) -> dict[str, list[float]]:
    """Press as many keys, of all kinds that move; ms of each, by key."""
    took: dict[str, list[float]] = {}
    pressed = 0
    last = bench.row
    while pressed < count:
        middle = bench.random.randrange(len(bench.story), max(last, 2 * len(bench.story)))
        bench.go_to(f"row={middle + 1}", middle)
        page = _page(bench)
        for name, key, row in _walk(bench, page):
            bench.rest(bench.random.uniform(0.005, 0.05))
            took.setdefault(name, []).append(bench.key(key, row))
            pressed += 1
        bench.rest(0.05)
        following = bench.terminal.press(b"G")
        shown = bench.terminal.until(lambda screen: " LIVE " in screen.line(-2), _KEY_SECONDS)
        took.setdefault("G", []).append((shown - following) * 1e3)
        bench.rest(0.3)
        took.setdefault("g", []).append(bench.key(b"g", 0))
        pressed += 2
    return took


def _page(bench: Bench) -> int:
    """By how many rows a page key moves."""
    before = bench.row
    bench.terminal.press(b"\x1b[6~")
    bench.terminal.until(lambda screen: not at(before)(screen) and "#" in screen.line(-2), _KEY_SECONDS)
    page = _shown_row(bench.terminal.screen) - before
    bench.row = before + page
    return page


def _shown_row(screen: Screen) -> int:
    return int(screen.line(-2).rpartition("#")[2].split()[0]) - FIRST_SEQ


def _walk(bench: Bench, page: int) -> Iterator[tuple[str, bytes, int]]:
    """Keys with where they lead, from where one is."""
    story = bench.story
    ways: list[tuple[str, bytes, Callable[[int], int | None]]] = [
        ("j", b"j", lambda row: row + 1),
        ("k", b"k", lambda row: row - 1),
        ("j", b"j", lambda row: row + 1),
        ("down", b"\x1b[B", lambda row: row + 1),
        ("l", b"l", lambda row: story.message(row, 1)),
        ("h", b"h", lambda row: story.message(row, -1)),
        ("pgdn", b"\x1b[6~", lambda row: row + page),
        ("pgup", b"\x1b[5~", lambda row: row - page),
        ("c", b"c", story.cause),
        ("e", b"e", story.effect),
        ("t", b"t", story.in_turn),
    ]
    done = 0
    while done < _ROUND:
        name, key, way = bench.random.choice(ways)
        row = way(bench.row)
        if row is not None:
            done += 1
            yield name, key, row


def seeks(bench: Bench, events: int, count: int) -> tuple[list[float], list[float]]:
    """Go to random moments of a log at rest: ms until the place is shown, and until all panes are."""
    shown, settled = [], []
    for number in range(count):
        row = bench.random.randrange(events)
        text = f"row={row + 1}"
        if number % 3 == 1:
            text = f"seq={FIRST_SEQ + row}"
        elif number % 3 == 2:
            percent = bench.random.randrange(10_000) / 100
            text, row = f"{percent:.2f}%", round(float(f"{percent:.2f}") / 100 * (events - 1))
        shown.append(bench.go_to(text, row))
        entered = time.perf_counter() - shown[-1] / 1e3
        settled.append(max((_settled(bench) - entered) * 1e3, shown[-1]))
        bench.rest(0.02)
    return shown, settled


def _settled(bench: Bench) -> float:
    """When the panes were as they stay."""
    terminal, others = bench.terminal, _beside_graph()
    last = terminal.quiet(_QUIET, 1.0) or time.perf_counter() - _QUIET
    seen = [terminal.screen.part(*part) for part in others]
    ends = time.perf_counter() + _LATER
    while (left := ends - time.perf_counter()) > 0:
        came = terminal.look(left)
        if came is not None:
            now = [terminal.screen.part(*part) for part in others]
            if now != seen:
                seen, last = now, came
    return last


def _beside_graph() -> list[tuple[int, int, int, int]]:
    """The parts of the screen where no message moves: all panes but the graph, with the scrubber."""
    regions = Arrangement().regions(Size(WIDTH, HEIGHT - 3))
    panes = [(one.x, one.y, one.width, one.height) for name, one in regions.items() if name != "graph"]
    return [*panes, (0, HEIGHT - 3, WIDTH, 2)]


def idle(terminal: Terminal) -> float:
    """Percent of a core that a program needs which has nothing to do."""
    terminal.quiet(1.0, 20.0)
    before, began = terminal.cpu_seconds(), time.perf_counter()
    ends = began + _IDLE_SECONDS
    while (left := ends - time.perf_counter()) > 0:
        terminal.look(left)
    return 100 * (terminal.cpu_seconds() - before) / (time.perf_counter() - began)


# --- all of it ---------------------------------------------------------------------------------------


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
    """Wait until all panes have looked at everything; seconds that took."""
    began = time.perf_counter()
    while time.perf_counter() - began < _SETTLE_SECONDS:
        last = bench.terminal.quiet(1.0, 2.0)
        if last is None:
            return time.perf_counter() - began - 1.0
    raise TimeoutError("the panes are never done")


def spread(name: str, took: list[float], target: float) -> list[Line]:
    """Median, 99th percentile and maximum."""
    median, high = np.percentile(took, [50, 99]).tolist()
    return [
        Line(f"{name}, p50 of {len(took):,}", median, "ms"),
        Line(f"{name}, p99", high, "ms", target),
        Line(f"{name}, max", max(took), "ms"),
    ]


def table(figures: Figures, presses: int) -> Iterator[str]:
    """What each pane costs: ms a call, and ms a key."""
    yield f"interface  {'':<30}{'p50 ms':>9}{'p99 ms':>9}{'calls':>9}{'ms a key':>10}"
    for name, (median, high, total, count) in sorted(figures.times.items()):
        yield f"interface  {name:<30}{median:>9.2f}{high:>9.2f}{count:>9,}{total / presses:>10.2f}"


def measure(events: int = EVENTS) -> Iterator[Line | str]:
    """The figures, as they are known."""
    with bench_of(events) as (bench, filled):
        yield Line("all panes have looked at everything after", settle(bench), "s")
        first = bench.figures()
        yield Line("events loaded", float(first.events), "")
        yield Line("making and loading them", first.filling_seconds, "s")
        yield Line("resident for each", first.filled_bytes / filled, "bytes")
        yield Line("idle with all of them", idle(bench.terminal), "% a core", _IDLE_PERCENT)

        bench.feed.rate(RATE)
        bench.rest(3.0)
        before, began, cpu = bench.figures(), time.perf_counter(), bench.terminal.cpu_seconds()
        bench.row = filled
        took = keys(bench, KEYS)
        after, elapsed = bench.figures(), time.perf_counter() - began
        presses = sum(map(len, took.values()))
        yield Line("events arriving", (after.events - before.events) / elapsed, "a second")
        yield Line("gaps", float(after.gaps), "", 1)
        yield from spread("key to paint meanwhile", [one for each in took.values() for one in each], _KEY_MS)
        for name, each in sorted(took.items()):
            median, high = np.percentile(each, [50, 99]).tolist()
            yield f"interface    key {name:<8} p50 {median:6.1f}  p99 {high:6.1f} ms of {len(each)}"
        yield Line("processor", 100 * (bench.terminal.cpu_seconds() - cpu) / elapsed, "% a core")
        yield Line("all panes brought up to date, p99", after.times["sync of all"][1], "ms", _SYNC_MS)
        yield from table(after, presses)

        bench.feed.rate(0)
        settle(bench)
        bench.figures()
        shown, settled = seeks(bench, filled, SEEKS)
        last = bench.figures()
        yield from spread("seek: place shown", shown, _SEEK_MS)
        yield from spread("seek: all panes painted", settled, _SEEK_MS)
        yield from table(last, SEEKS)
        yield Line("peak resident", last.peak_bytes / (1 << 20), "MiB")
        late = bench.probe.late
        yield Line(f"noise: a sleep of 1 ms too long by, p99 of {len(late):,}", _p99(late), "ms")
    yield Line("idle on a recording", idle_replay(), "% a core", _IDLE_PERCENT)
    yield Line("idle on a silent feed", idle_attached(), "% a core", _IDLE_PERCENT)


def _p99(values: list[float]) -> float:
    return float(np.percentile(values, 99))


def idle_replay() -> float:
    """Of `replay` as users run it."""
    recording = Path(__file__).parents[2] / "sample_logs" / "barge_in.jsonl"
    return _idle_of(["replay", str(recording)], " REPLAY ")


def idle_attached() -> float:
    """Of `attach` to a program that says nothing."""
    feed = Feed(0)
    try:
        return _idle_of(["attach", feed.url], " LIVE ")
    finally:
        feed.close()


def _idle_of(arguments: list[str], shown: str) -> float:
    with tempfile.TemporaryDirectory() as home:
        surroundings = environ() | {"HOME": home}
        command = [sys.executable, "-m", "debugger.cli", *arguments]
        with Terminal(command, surroundings, (WIDTH, HEIGHT)) as terminal:
            terminal.until(lambda screen: any(shown in line for line in screen.lines), 30.0)
            terminal.press(b"j")  # takes the hint for newcomers away
            return idle(terminal)


def report() -> None:
    """Print the figures, a line each."""
    for line in measure():
        print(line, flush=True)


if __name__ == "__main__":
    for told in measure(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS):
        print(told, flush=True)
