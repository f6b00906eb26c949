"""A live session under load for as long as one likes: is each event shown or its loss named, is memory flat?

``python -m tests.bench soak [--minutes 10] [--rate 20000] [--keep 1000000]``. The application follows a real
feed on a pseudo-terminal while keys are pressed; half way the feed's program is killed, and another run
of it answers. It is left paused once until its cursor is overtaken by what is forgotten. Every
seq is accounted for in the end: received, or within a gap that the application showed.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from tests.bench.interface_story import FIRST_SEQ
from tests.bench.pty_screen import Screen
from tests.bench.pty_terminal import Terminal, cpu_seconds
from tests.bench.soak_app import Books

SIZE: Final = (200, 56)
SOURCES: Final = ("run_1", "run_2")
EVERY: Final = 5.0
"""Seconds between two samples."""

FLAT: Final = 1.05
"""Memory is flat if it is never more than so many times what it was when the ring was turned over once.

What is forgotten goes in parts, names and snapshots an eighth at a time: before there are only new ones.
"""

_FILLED: Final = 30.0
"""Seconds from then on in which it is looked at: it moves up and down by some MB."""

_STEP_EVERY: Final = 12.0
_FIRST_EVERY: Final = 1.5
"""Seconds between two steps; the first time they are quick, so that a full ring finds all panes in use."""

_REST: Final = 90.0
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_MB: Final = 1e6
_TOTAL: Final = re.compile(r"([\d,]+) (known )?events")
_FORGOTTEN: Final = re.compile(r"([\d.]+)([kMG]?) forgotten")
_UNITS: Final = {"": 1, "k": 1_000, "M": 1_000_000, "G": 1_000_000_000}


class Sample(NamedTuple):
    """What was seen at a time: seconds since the beginning, bytes in memory, numbers of the status line.

    Memory and time of the processor are those of the application and its helper together.
    """

    at: float
    resident: int
    cpu: float
    shown: int
    forgotten: float


class Step(NamedTuple):
    """Keys, and the pattern of what is seen when they have done what they do."""

    name: str
    keys: bytes
    seen: str


STEPS: Final = (
    Step("pause", b" ", "PAUSED"),
    Step("look back", b"\x1b[5~\x1b[5~", "PAUSED"),
    Step("follow", b" ", " LIVE "),
    Step("filter", b"/component=overseer\r", r"\d of [\d,]+ (known )?events"),
    Step("no filter", b"x", " LIVE "),
    Step("search", b"\\LLM_RAW_CHUNK\r", "match"),
    Step("next match", b"N", "PAUSED"),
    Step("no search", b"x", ""),
    Step("follow", b"G", " LIVE "),
    Step("timeline", b"2", "2 Timeline"),
    Step("by cause", b"z", "2 Timeline"),
    Step("panes", b"z", "3 Events"),
    Step("state", b"4", "4 State"),
    Step("turns", b"5", "5 Turns"),
    Step("findings", b"6", "6 Findings"),
    Step("half way", b":50%\r", "PAUSED"),
    Step("cause", b"c", "PAUSED"),
    Step("back to now", b"3G", " LIVE "),
)


class Feed:
    """The process that emits events as `source`."""

    def __init__(self, port: int, source: str, folder: Path) -> None:
        self._counter = folder / source
        self._counter.write_bytes(struct.pack("<q", FIRST_SEQ - 1))
        self.source = source
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.soak_feed", str(port), source, str(self._counter)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environ(),
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def rate(self, events: int) -> None:
        """Emit so many a second from now on."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{events}\n")
        self.process.stdin.flush()

    @property
    def last_seq(self) -> int:
        """Of what it emitted."""
        return int(struct.unpack("<q", self._counter.read_bytes()[:8])[0])

    @property
    def emitted(self) -> int:
        """Events."""
        return self.last_seq - FIRST_SEQ + 1

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


class Account(NamedTuple):
    """Of one source: how many events were emitted, came, were named as lost, and are neither."""

    source: str
    emitted: int
    came: int
    named: int
    unnamed: int
    twice: int


def account(feed: Feed, books: Books) -> Account:
    """Go through the seqs of a source."""
    page = books.pages.get(feed.source)
    came = [] if page is None else page.came
    lost = [] if page is None else page.lost
    known = [(first, last, True) for first, last in came]
    known += [(first, feed.last_seq if last is None else last, False) for first, last in lost]
    next_seq, named, unnamed = FIRST_SEQ, 0, 0
    for first, last, is_there in sorted(known):
        unnamed += max(first - next_seq, 0)
        named += 0 if is_there else max(last - max(first, next_seq) + 1, 0)
        next_seq = max(next_seq, last + 1)
    unnamed += max(feed.last_seq + 1 - next_seq, 0)
    received = sum(last - first + 1 for first, last in came)
    return Account(feed.source, feed.emitted, received, named, unnamed, 0 if page is None else page.twice)


class Soak:
    """The application in its terminal, samples of it, and what keys did not do."""

    def __init__(self, terminal: Terminal, books: Path) -> None:
        self.terminal = terminal
        self.samples: list[Sample] = []
        self.failures: list[str] = []
        self.pressed = 0
        self._books = books
        self._began = time.perf_counter()
        self._next_sample = self._began

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.perf_counter() - self._began

    @property
    def status(self) -> str:
        """The status line."""
        return self.terminal.screen.line(-2)

    def watch(self, seconds: float, holds: Callable[[Screen], bool] = lambda _: False) -> bool:
        """Take in what is painted, and samples, for so long, or until something is seen."""
        ends = time.perf_counter() + seconds
        while not holds(self.terminal.screen):
            now = time.perf_counter()
            if now >= ends:
                return False
            if now >= self._next_sample:
                self._next_sample += EVERY
                self._sample()
            self.terminal.look(min(ends, self._next_sample) - now)
        return True

    def press(self, step: Step) -> None:
        """Do a step; note it if what it does is not seen within 5 seconds."""
        self.terminal.press(step.keys)
        self.pressed += 1
        if not self.watch(5.0, lambda screen: any(re.search(step.seen, line) for line in screen.lines)):
            self.failures.append(
                f"{step.name} at {self.elapsed:.0f} s: no {step.seen!r}; {self.status.strip()}"
            )

    def _sample(self) -> None:
        pid, status = self.terminal.program.pid, self.status
        forgotten, helpers = _FORGOTTEN.search(status), _children(pid)
        self.samples.append(
            Sample(
                self.elapsed,
                sum(map(_resident, (pid, *helpers))),
                sum(map(cpu_seconds, (pid, *helpers))),
                _shown(status),
                float(forgotten[1]) * _UNITS[forgotten[2]] if forgotten else 0.0,
            )
        )

    def books(self) -> Books:
        """What the application has taken in."""
        self._books.unlink(missing_ok=True)
        os.kill(self.terminal.program.pid, signal.SIGUSR1)
        self.watch(20.0, lambda _: self._books.exists())
        return msgspec.json.decode(self._books.read_bytes(), type=Books)


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except OSError:  # a helper that ended
        return 0


def _children(pid: int) -> list[int]:
    """The processes that it started, of which one reads the feed."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def environ() -> dict[str, str]:
    """Of the programs: nothing of the user's own but the way to Python."""
    known = {name: os.environ[name] for name in ("PATH", "VIRTUAL_ENV", "TMPDIR") if name in os.environ}
    known |= {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "LANG": "C.UTF-8"}
    return known | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "HOME": "/nowhere"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _soaking(url: str, keep: int, folder: Path) -> Iterator[Soak]:
    books = folder / "books.json"
    command = [sys.executable, "-m", "tests.bench.soak_app", url, str(keep), str(books)]
    with Terminal(command, environ(), SIZE) as terminal:
        terminal.until(lambda screen: " LIVE " in screen.line(-2), 60.0)
        yield Soak(terminal, books)


def run(minutes: float, rate: int, keep: int) -> bool:
    """Soak, print what was seen, and tell whether it was as it should be."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), _free_port()
        feeds = [Feed(port, SOURCES[0], folder)]
        try:
            with _soaking(feeds[0].url, keep, folder) as soak:
                feeds[0].rate(rate)
                _load(soak, feeds, port, folder, minutes * 60, rate)
                feeds[-1].rate(0)
                _come_to_rest(soak)
                return _report(soak, feeds, soak.books(), keep, rate)
        finally:
            for feed in feeds:
                feed.kill()


def _come_to_rest(soak: Soak) -> None:
    """Show everything, and wait until nothing more comes: what is on its way yet is no loss."""
    soak.press(Step("no filter", b"3xxG", " LIVE "))
    before, ends = -1, soak.elapsed + _REST
    while soak.elapsed < ends and (before < 0 or before != _shown(soak.status)):
        before = _shown(soak.status)
        soak.watch(5.0)


def _shown(status: str) -> int:
    """The events that there were; -1 where the line does not tell, as when it counts the known ones."""
    found = _TOTAL.search(status)
    return int(found[1].replace(",", "")) if found and not found[2] else -1


def _load(soak: Soak, feeds: list[Feed], port: int, folder: Path, seconds: float, rate: int) -> None:
    """Press keys, leave it paused, and kill the feed, until the time is over."""
    step, paused = 0, False
    while soak.elapsed < seconds:
        every = _STEP_EVERY if soak.pressed > len(STEPS) else _FIRST_EVERY
        soak.watch(min(every, max(seconds - soak.elapsed, 0.1)))
        if len(feeds) == 1 and soak.elapsed >= seconds / 2:
            feeds[0].kill()
            soak.watch(3.0)
            feeds.append(Feed(port, SOURCES[1], folder))
            feeds[1].rate(rate)
        elif not paused and soak.elapsed >= seconds / 3:
            paused, step = True, 0
            _be_overtaken(soak)
        else:
            soak.press(STEPS[step % len(STEPS)])
            step += 1


def _be_overtaken(soak: Soak) -> None:
    """Pause until the cursor's event is forgotten."""
    soak.press(Step("follow", b"3xG", " LIVE "))
    soak.press(Step("pause", b" ", "PAUSED"))
    if not soak.watch(120.0, lambda screen: "moves along with" in screen.line(-2)):
        soak.failures.append("the cursor of a paused view was not overtaken within two minutes")
    soak.press(Step("follow", b" ", " LIVE "))


def _report(soak: Soak, feeds: Sequence[Feed], books: Books, keep: int, rate: int) -> bool:
    samples = [sample for sample in soak.samples if sample.shown >= 0]
    for sample in samples[:: max(len(samples) // 24, 1)]:
        print(
            f"soak  {sample.at:>6.0f} s  {sample.resident / _MB:>7.1f} MB  {sample.shown:>12,} events"
            f"  {sample.forgotten:>12,.0f} forgotten"
        )
    accounts = [account(feed, books) for feed in feeds]
    for one in accounts:
        print(
            f"soak  {one.source}: {one.emitted:,} emitted = {one.came:,} received"
            f" + {one.named:,} named as lost + {one.unnamed:,} unnamed; {one.twice:,} twice"
        )
    received = sum(one.came for one in accounts)
    print(
        f"soak  rows {books.rows:,} = {received:,} received + {books.gap_rows:,} gaps; "
        f"first known row {books.first_row:,}; the status line says {_shown(soak.status):,}"
    )
    first, last = samples[0], samples[-1]
    full = next((one for one in samples if one.forgotten), last)
    turned = next((one for one in samples if one.forgotten >= keep), last)
    before = max((one for one in samples if turned.at <= one.at <= turned.at + _FILLED), key=_resident_of)
    most = max((one for one in samples if one.at >= turned.at), key=_resident_of)
    growth = most.resident / before.resident
    used = (last.cpu - first.cpu) / max(last.at - first.at, 1e-9)
    print(
        f"soak  {keep:,} rows were full after {full.at:.0f} s: {full.resident / _MB:.1f} MB; "
        f"turned over after {turned.at:.0f} s: {before.resident / _MB:.1f} MB; "
        f"then at most {most.resident / _MB:.1f} MB at {most.at:.0f} s, x {growth:.3f}"
    )
    print(f"soak  {rate:,} events/s: {used:.0%} of a core; {soak.pressed} steps of keys")
    for failure in soak.failures:
        print(f"soak  NOT {failure}")
    sound = not any(one.unnamed or one.twice for one in accounts)
    sound &= books.rows == received + books.gap_rows == _shown(soak.status)
    flat = turned.forgotten >= keep and growth <= FLAT
    verdicts = f"{'no drop unnamed' if sound else 'DROPS UNNAMED'}, memory {'flat' if flat else 'NOT flat'}"
    print(f"soak  {verdicts}")
    return sound and flat and not soak.failures


def _resident_of(sample: Sample) -> int:
    return sample.resident


def main(arguments: Sequence[str]) -> int:
    """With the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=int, default=20_000, help="events a second")
    parser.add_argument("--keep", type=int, default=1_000_000, help="events that the application keeps")
    options = parser.parse_args(arguments)
    return 0 if run(options.minutes, options.rate, options.keep) else 1
