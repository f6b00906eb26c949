"""Tells when all audio that a worker made has arrived."""

from __future__ import annotations

from typing import Any


class AudioReceptionTracker:
    """Counts the pieces of one worker's audio against the number it announces at its end."""

    def __init__(self) -> None:
        self.worker_id: str | None = None
        self.count = 0
        self.expected: int | None = None
        self._told = False

    def reset(self) -> None:
        """Forget the worker: a new turn begins."""
        self.__init__()  # type: ignore[misc]  # back to exactly the initial state

    def received(self, worker_id: str) -> None:
        """A piece arrived."""
        self._follow(worker_id)
        self.count += 1

    def announced(self, worker_id: str, expected: int) -> None:
        """The worker says how many pieces there are in all."""
        self._follow(worker_id)
        self.expected = expected

    def completes(self) -> bool:
        """True once, when the last announced piece is in."""
        if self._told or self.expected is None or self.count < self.expected:
            return False
        self._told = True
        return True

    def _follow(self, worker_id: str) -> None:
        if worker_id != self.worker_id:
            self.reset()
            self.worker_id = worker_id

    def get_debug_state(self) -> dict[str, Any]:
        """For the overseer's snapshot."""
        return {"worker_id": self.worker_id, "received": self.count, "expected": self.expected}
