"""The segment that is written to: whole lines at its end, or nothing."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from backend.store.errors import StoreError, told

_LOOK_BACK: Final = 1 << 20


class Truth:
    """An open JSONL file. What `append` returned from is in the file, whoever is killed then.

    A line that a killed writer tore is cut off: it was never acknowledged. Its length is ``torn``.

    Raises:
        StoreError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn = 0
        self._unsynced = False
        self._fd = -1
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            self._fd = os.open(path, flags, 0o644)
            self.size = self._mend(os.fstat(self._fd).st_size)
            _sync_folder(path.parent)
        except OSError as error:
            self._abandon()
            raise told(error, "write", path) from None

    def _mend(self, size: int) -> int:
        """Cut off what follows the last newline; returns what is left."""
        end = size
        while end > 0:
            start = max(0, end - _LOOK_BACK)
            newline = os.pread(self._fd, end - start, start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        self.torn = size - end
        if self.torn:
            os.ftruncate(self._fd, end)
            os.fsync(self._fd)
        return end

    def append(self, lines: bytes) -> None:
        """Put whole lines at the end.

        Raises:
            StoreError: the disk is full, say; nothing of them is in the file then.
        """
        rest = memoryview(lines)
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self.size)
            raise told(error, "write", self.path) from None
        self.size += len(lines)
        self._unsynced = True

    def read(self, start: int, end: int) -> bytes:
        """The text there."""
        return os.pread(self._fd, end - start, start)

    def sync(self) -> None:
        """Have it on the disk, for when the machine fails.

        Raises:
            StoreError: the disk does not take it.
        """
        if not self._unsynced:
            return
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise told(error, "write", self.path) from None
        self._unsynced = False

    def close(self) -> None:
        """Sync and close. Idempotent."""
        if self._fd < 0:
            return
        try:
            self.sync()
        finally:
            self._abandon()

    def _abandon(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


def _sync_folder(folder: Path) -> None:
    """A new file's name is on the disk only when its folder is."""
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove(path: Path) -> None:
    """Remove a file, if it is there.

    Raises:
        StoreError: it cannot be.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"cannot remove {path}: {error.strerror}") from None
