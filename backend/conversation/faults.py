"""What a conversation can break on purpose, each as a turn begins, and mends when the turn is over."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

from backend.errors import UserError
from backend.tap import Batch

FaultName = Literal["kill_model", "lock_memory"]


class Fault(Protocol):
    """Something that goes wrong from `begin` to `end`. Both may be called again."""

    def begin(self) -> None:
        """Let it go wrong for the turn that comes."""

    def end(self) -> None:
        """The turn is over."""


class ModelKilled:
    """A sink that calls `strike` once, when the next model stream begins."""

    def __init__(self, strike: Callable[[], object]) -> None:
        self._strike = strike
        self._armed = False

    def begin(self) -> None:
        """The next stream is the one."""
        self._armed = True

    def end(self) -> None:
        """A turn without a stream leaves nothing behind for the next."""
        self._armed = False

    def write(self, batch: Batch) -> None:
        """Look for the beginning of a stream."""
        if not self._armed:
            return
        for event in batch.events:
            published = event.event_type == "message_published" and event.message_type == "LLM_EVENT"
            if published and event.payload().get("event") == "stream_started":
                self._armed = False
                self._strike()
                return

    def close(self) -> None:
        """Nothing is held."""


class MemoryLocked:
    """Another program writes to the conversation memory, and does not come to an end with it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._other: sqlite3.Connection | None = None

    def begin(self) -> None:
        """Take the file's write lock.

        Raises:
            UserError: it is not to be had.
        """
        if self._other is None:
            self._other = sqlite3.connect(self._path, isolation_level=None)
        try:
            self._other.execute("begin immediate")
        except sqlite3.Error as error:
            raise UserError(f"cannot lock the conversation memory {self._path}: {error}") from None

    def end(self) -> None:
        """Give the lock back."""
        if self._other is not None:
            self._other.close()
            self._other = None
