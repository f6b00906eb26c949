"""Recordings that are there, but not where a worker is."""

from __future__ import annotations

from debugger.fleet.tasks import Done, is_there


class Unseen:
    """Told in one line, however many they are: it is one thing that is wrong."""

    def __init__(self) -> None:
        self._count = 0
        self._first = ""

    def take(self, done: Done) -> frozenset[int]:
        """Which recordings of a partition. What this machine does not see either is simply not there."""
        found = {number: path for number, path in reversed(done.unseen) if is_there(path)}
        if found and not self._count:
            self._first = f"{found[min(found)]}: not there where worker {done.worker} is"
        self._count += len(found)
        return frozenset(found)

    def problems(self) -> tuple[str, ...]:
        """The line, if there is one."""
        if not self._count:
            return ()
        others = self._count - 1
        more = f", nor {'is 1 more recording' if others == 1 else f'are {others:,} more recordings'}"
        more = more if others else ""
        return (f"{self._first}{more}; each worker has to see them by the same paths, as on a shared disk",)
