"""One writer at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Self

from backend.store.errors import StoreError, told
from backend.store.layout import LOCK


class WriterLock:
    """Held from the constructor to `close`, or the end of the process, however that comes.

    Raises:
        StoreError: another process has it, which is named; or it cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / LOCK
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            raise told(error, "write", path) from None
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pid = os.read(self._fd, 32).decode("ascii", "replace").strip()
            os.close(self._fd)
            raise StoreError(
                f"{folder} is being written by another process (pid {pid or 'unknown'}); "
                "a store has one writer: end that one, or name another folder"
            ) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, b"%d\n" % os.getpid(), 0)

    def close(self) -> None:
        """Let the next writer in. Idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
