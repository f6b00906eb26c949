"""Long files are read by helper processes, so that whoever looks at the screen waits for nothing.

Decoding holds the interpreter's lock; a second process does not. A helper that dies, or
sends anything but the next lines, is not needed: reading goes on where the last good segment ended.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Iterator
from typing import Final

import msgspec

from debugger.sources.headings import Headings
from debugger.sources.pipes import LENGTH_BYTES, output_of, start, worth_a_process
from debugger.sources.segments import (
    Segment,
    bounds,
    read_segment,
    segment_from_wire,
)

MIN_BYTES: Final = 24 << 20
"""A file below this is read in the time that a helper takes to start."""

HELPERS: Final = 2

AHEAD_BYTES: Final = 16 << 20
"""What a helper may be ahead, as it is sent: some 150,000 lines."""

_WAIT_SECONDS: Final = 0.2


def worth_helpers(size: int) -> bool:
    """Whether so many bytes are read sooner by helpers."""
    return size >= MIN_BYTES and worth_a_process()


class Helpers:
    """The processes that read a file between two places; they begin at once. Whoever makes them stops them.

    The first segment, of about `first` bytes, is read by nobody but `segments` itself.
    """

    def __init__(self, fd: int, path: str, start: int, stop: int, first: int) -> None:
        self._fd = fd
        self._path = path
        self._bounds = list(bounds(first, start, stop))
        self._helpers: list[_Helper] = []
        with contextlib.suppress(OSError):  # no process, no pipe: less help, or none
            for turn in range(HELPERS):
                self._helpers.append(_Helper(fd, path, (first, start, stop, turn, HELPERS)))

    def segments(self) -> Iterator[Segment | None]:
        """The segments, in order; None while they let wait.

        Ends early, without an error, when helpers fail: what is missing begins where the last
        segment ended.
        """
        try:
            yield from self._in_order()
        except OSError:
            return  # whoever reads on says so, if it matters
        finally:
            self.stop()

    def _in_order(self) -> Iterator[Segment | None]:
        segment = read_segment(self._fd, self._path, *self._bounds[0], Headings(), aligned=True)
        if segment is None:
            return
        yield segment
        end = segment.end
        for number in range(len(self._bounds) - 1 if len(self._helpers) == HELPERS else 0):
            helper = self._helpers[number % HELPERS]
            while not helper.ready():
                yield None
            segment = helper.segment()
            if segment is None:
                return
            if segment.begin != segment.end:
                if segment.begin != end:  # the file was changed meanwhile
                    return
                end = segment.end
                yield segment

    def stop(self) -> None:
        """End the processes, whatever they do. Idempotent."""
        while self._helpers:
            self._helpers.pop().stop()


class _Helper:
    """A process that reads its share of the segments, and a thread that takes them from its pipe."""

    def __init__(self, fd: int, path: str, share: tuple[int, int, int, int, int]) -> None:
        self._process = start("debugger.sources.segments", [str(fd), path, *map(str, share)], fds=(fd,))
        self._out = output_of(self._process)
        self._news = threading.Condition()
        self._taken: deque[bytes] = deque()
        self._held = 0
        self._over = False
        self._thread = threading.Thread(target=self._take, name="helper", daemon=True)
        self._thread.start()

    def _take(self) -> None:
        """Take what comes, up to a limit ahead of who wants it: the process need not wait meanwhile."""
        read = self._out.read
        while len(length := read(LENGTH_BYTES)) == LENGTH_BYTES:
            size = int.from_bytes(length, "little")
            if len(wire := read(size)) < size:
                break
            with self._news:
                self._taken.append(wire)
                self._held += size
                self._news.notify_all()
                self._news.wait_for(lambda: self._held < AHEAD_BYTES or self._over)
        with self._news:
            self._over = True
            self._news.notify_all()

    def ready(self) -> bool:
        """Whether there is a segment within a while, or will be none."""
        with self._news:
            return bool(self._news.wait_for(lambda: self._taken or self._over, _WAIT_SECONDS))

    def segment(self) -> Segment | None:
        """The next segment; None if there is none that can be used."""
        with self._news:
            if not self._taken:
                return None
            wire = self._taken.popleft()
            self._held -= len(wire)
            self._news.notify_all()
        try:
            return segment_from_wire(wire)
        except msgspec.DecodeError:
            return None

    def stop(self) -> None:
        """End the process, whatever it does, and forget it."""
        with self._news:
            self._over = True
            self._news.notify_all()
        self._process.kill()
        self._process.wait()
        self._thread.join()
        self._out.close()
