"""Long files are read by helper processes, so that whoever looks at the screen waits for nothing.

Decoding holds the interpreter's lock; a second process does not. A helper that dies, or
sends anything but the next lines, is not needed: reading goes on where the last good segment ended.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from typing import IO, Final, cast

import msgspec

from debugger.sources.headings import Headings
from debugger.sources.segments import (
    LENGTH_BYTES,
    Segment,
    bounds,
    read_segment,
    segment_from_wire,
)

MIN_BYTES: Final = 24 << 20
"""A file below this is read in the time that a helper takes to start."""

HELPERS: Final = 2
_ENVIRONMENT: Final = {
    # A piece of the file is freed and allocated again for each piece: not from the kernel each time.
    "MALLOC_MMAP_THRESHOLD_": str(64 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
    "OPENBLAS_NUM_THREADS": "1",  # or numpy starts one for each core, which then spin
}
_WAIT_SECONDS: Final = 0.2
_PIPE_BYTES: Final = 1 << 20
_READ_BYTES: Final = 1 << 20


def worth_helpers(size: int) -> bool:
    """Whether so many bytes are read sooner by helpers."""
    return size >= MIN_BYTES and len(os.sched_getaffinity(0)) > 1 and bool(sys.executable)


def read_with_helpers(fd: int, path: str, start: int, stop: int, first: int) -> Iterator[Segment | None]:
    """The segments of a file between two places, in order; None while they let wait.

    The first segment, of about `first` bytes, comes at once. Ends early, without an error, when
    helpers fail: what is missing begins where the last segment ended. Ends its processes itself.
    """
    helpers: list[_Helper] = []
    try:
        helpers.extend(_Helper(fd, path, (first, start, stop, turn, HELPERS)) for turn in range(HELPERS))
        opening = read_segment(fd, path, start, min(start + first, stop), Headings(), aligned=True)
        if opening is None:
            return
        yield opening
        yield from _in_order(helpers, opening.end, len(list(bounds(first, start, stop))))
    except OSError:
        return  # no process, no pipe, no file: whoever reads on says so, if it matters
    finally:
        for one in helpers:
            one.stop()


def _in_order(helpers: list[_Helper], end: int, count: int) -> Iterator[Segment | None]:
    for number in range(1, count):
        helper = helpers[(number - 1) % len(helpers)]
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


class _Helper:
    """A process that reads its share of the segments, and its pipe."""

    def __init__(self, fd: int, path: str, share: tuple[int, int, int, int, int]) -> None:
        command = [sys.executable, "-m", "debugger.sources.segments", str(fd), path, *map(str, share)]
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            command,
            pass_fds=(fd,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        self._out = cast("IO[bytes]", self._process.stdout)
        self._pipe = self._out.fileno()
        self._read = bytearray()
        with contextlib.suppress(OSError, AttributeError):  # a shallow pipe is slower, no more
            fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def ready(self) -> bool:
        """Whether something can be read within a while."""
        return bool(select.select([self._pipe], [], [], _WAIT_SECONDS)[0])

    def segment(self) -> Segment | None:
        """The next segment; None if there is none that can be used."""
        length = int.from_bytes(self._take(LENGTH_BYTES), "little")
        try:
            return segment_from_wire(self._take(length)) if length else None
        except msgspec.DecodeError:
            return None

    def _take(self, size: int) -> bytes:
        while len(self._read) < size:
            found = os.read(self._pipe, _READ_BYTES)
            if not found:
                return b""
            self._read += found
        taken = bytes(self._read[:size])
        del self._read[:size]
        return taken

    def stop(self) -> None:
        """End the process, whatever it does, and forget it."""
        self._process.kill()
        self._out.close()
        self._process.wait()
