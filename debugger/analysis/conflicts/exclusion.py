"""What keeps two activations from running at once: locks, and mailboxes that hand out one by one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from debugger.analysis.conflicts.lines import Told
from debugger.analysis.order.bounded import bounded
from debugger.log import NONE, EventLog

_NOTHING: Final[frozenset[str]] = frozenset()


class Held:
    """Locks of each task, by source and name; for each the row in which it was taken.

    A segment that gave a lock back has held it all the same: nothing came between.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[int, dict[str, int]] = {}  # by task
        self._given: dict[int, tuple[int, dict[str, int]]] = {}  # by task: a segment, and what it gave back

    def take(self, task: int, told: Told, source: int, row: int) -> None:
        """A task has a lock now."""
        if isinstance(told.lock, str):
            self._held.setdefault(task, {})[f"{source}:{told.lock}"] = row
            bounded(self._held, self._most)

    def give(self, task: int, segment: int, told: Told, source: int) -> None:
        """It gave it back."""
        held = self._held.get(task, {})
        taken = held.pop(f"{source}:{told.lock}", None)
        if taken is None:
            return
        if not held:
            del self._held[task]
        known = self._given.get(task)
        if known is None or known[0] != segment:
            known = self._given[task] = (segment, {})
            bounded(self._given, self._most)
        known[1][f"{source}:{told.lock}"] = taken

    def of(self, task: int, segment: int, since: int | None = None) -> frozenset[str]:
        """What a segment of a task has held so far; or only what it has had without a break since a row."""
        held, given = self._held.get(task), self._given.get(task)
        if held is None and (given is None or given[0] != segment):
            return _NOTHING
        names: list[str] = []
        for locks in (held, given[1] if given is not None and given[0] == segment else None):
            names += (name for name, taken in (locks or {}).items() if since is None or taken <= since)
        return frozenset(names)

    def end(self, task: int) -> None:
        """A task is over."""
        self._held.pop(task, None)
        self._given.pop(task, None)


Address = tuple[int, int]
"""The log's numbers of a component and a session."""


class Inboxes:
    """Which activations are handlers of one mailbox that hands out one message at a time.

    A component that does not say how it listens is taken to have such a one. ``receipts`` are the rows in
    which handlers began, by task.
    """

    def __init__(self, log: EventLog, receipts: Mapping[int, int], most: int) -> None:
        self._log = log
        self._receipts = receipts
        self._most = most
        self._concurrent: dict[Address, None] = {}

    def subscribed(self, address: Address, told: Told) -> None:
        """A component says how it listens."""
        if told.mode == "concurrent" or (isinstance(told.concurrency, int) and told.concurrency > 1):
            self._concurrent[address] = None
            bounded(self._concurrent, self._most)

    def of(self, task: int) -> Address | None:
        """The mailbox of which a task is a handler; None if it is none, or one that is forgotten."""
        row = self._receipts.get(task, NONE)
        if row < self._log.first_row or row == NONE:
            return None
        return int(self._log.column("component")[row]), int(self._log.column("session")[row])

    def one_by_one(self, address: Address, disproved: Collection[Address]) -> bool:
        """Whether handlers of a mailbox do not overlap, if it is not ``disproved``."""
        return address not in self._concurrent and address not in disproved

    def exclusive(self, one: int, other: int, disproved: Collection[Address]) -> bool:
        """Whether two tasks are handlers of one such mailbox."""
        address = self.of(one)
        return address is not None and address == self.of(other) and self.one_by_one(address, disproved)
