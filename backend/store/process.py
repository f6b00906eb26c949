"""The store's process: batches from standard input to the store, acknowledgements to standard output."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from pathlib import Path

from backend.store.errors import StoreError
from backend.store.frames import FAILED, HURRY, LINES, READY, Frames, frame, lines_in, number_in, stored
from backend.store.writer import Policy, Writer

_READ = 1 << 20
_IDLE_SECONDS = 0.5
_BUSY_SECONDS = 0.5


def serve(folder: Path, policy: Policy, source: int = 0, sink: int = 1) -> int:
    """Write what comes from `source` until it ends, or SIGTERM; returns the exit code.

    Whatever fails is said to the producer, in one line, and on stderr; what was acknowledged is kept.
    """
    stopping: list[int] = []
    # A terminal's Ctrl-C is for the producer, which then closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    try:
        with Writer(folder, policy, _tell) as writer:
            _say(sink, frame(READY, b'{"pid":%d}' % os.getpid()))
            _serve(writer, source, sink, stopping)
    except StoreError as error:
        with contextlib.suppress(OSError):
            _say(sink, frame(FAILED, str(error).encode("utf-8", "replace")))
        _tell(str(error))
        return 2
    except BrokenPipeError:
        return 0  # the producer is gone; what it sent is stored
    return 0


def _serve(writer: Writer, source: int, sink: int, stopping: list[int]) -> None:
    frames = Frames()
    free = time.monotonic()  # when nothing waited
    hurry = False
    while not stopping:
        if not _waits(source, 0) and not (hurry and _waits(source, _BUSY_SECONDS)):
            writer.tick(idle=True)
            free = time.monotonic()
            if not _waits(source, 0 if writer.behind else _IDLE_SECONDS):
                continue
        content = os.read(source, _READ)
        if not content:
            return
        number = 0
        for kind, inside in frames.take(content):
            if kind not in {LINES, HURRY}:
                raise StoreError(f"a producer sends lines, not {kind!r}")
            number, hurry = number_in(inside), kind == HURRY
            # Whoever sends more than can be indexed is not to wait: the lines are what counts.
            index = not hurry and time.monotonic() - free < _BUSY_SECONDS
            taken = writer.write(lines_in(inside), index=index)
            if taken.broken:
                _tell(f"{taken.broken} lines of a batch are no events: left out")
        if number:
            _say(sink, stored(number))
        writer.tick()


def _waits(source: int, seconds: float) -> bool:
    return bool(select.select([source], [], [], seconds)[0])


def _say(sink: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(sink, rest) :]


def _tell(text: str) -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write(f"doubletalk store: {' '.join(text.split())}\n")
        sys.stderr.flush()
