"""Whether an open file is still the one that was read: cut, written over, or replaced."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

MARK: Final = 256
"""Bytes at the end of what was read that are compared: a line's time and count are among them."""


class Changes:
    """Looks at a file that was read up to some place.

    What was seen to be cut or written over stays so: the places of its lines are worth nothing any more.
    """

    def __init__(self, path: str, fd: int) -> None:
        self._path = path
        self._mark = b""
        self._end = 0
        self._seen = _stamp(fd)
        self._spoilt: str | None = None

    def read(self, text: bytes, end: int) -> None:
        """`text` was read, up to the place `end`."""
        self._mark = (self._mark + text)[-MARK:] if len(text) < MARK else text[-MARK:]
        self._end = end

    def must_stop(self, fd: int) -> bool:
        """Whether what comes after the place is no continuation of what was read."""
        self._look_inside(fd)
        return self._spoilt is not None

    def look(self, fd: int) -> str | None:
        """What happened to it, in a few words; None if nothing but growth."""
        self._look_inside(fd)
        if self._spoilt is not None or self._path == "-":
            return self._spoilt
        try:
            there, own = Path(self._path).stat(), os.fstat(fd)
        except OSError:
            return "was deleted or moved while open; what was read can still be looked at"
        if (there.st_dev, there.st_ino) != (own.st_dev, own.st_ino):
            return "was replaced by another file while open; the old one is shown, open it again for the new"
        return None

    def _look_inside(self, fd: int) -> None:
        if self._spoilt is not None:
            return
        size, stamp = os.fstat(fd).st_size, _stamp(fd)
        if size < self._end:
            self._spoilt = f"was cut from {self._end} to {size} bytes while open; open it again"
        elif stamp != self._seen:
            self._seen = stamp
            if os.pread(fd, len(self._mark), self._end - len(self._mark)) != self._mark:
                self._spoilt = "was written over while open; open it again"


def _stamp(fd: int) -> tuple[int, int]:
    status = os.fstat(fd)
    return status.st_size, status.st_mtime_ns
