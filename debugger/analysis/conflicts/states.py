"""What is remembered of each state: its last snapshot, and who touched each of its keys."""

from __future__ import annotations

from collections import deque
from typing import Any, Final, NamedTuple

from debugger.analysis.conflicts.records import Limits, Place, Touch
from debugger.log import EventLog

_HISTORY: Final = 8  # writes of a key, for updates


class Wrote(NamedTuple):
    """A write, and the read of its activation that it may rely on; -1 for none."""

    number: int
    row: int
    segment: int
    task: int
    read: int
    read_segment: int
    locks: frozenset[str]
    """Held from the read to the write."""


class Cell:
    """One key of a state.

    ``writes`` and ``reads`` are the last touches: what comes after all of them comes after all others too,
    but for those that were in a race. ``history`` has the last writes since somebody read it, None if nobody
    did; ``count`` says how many there were.
    """

    __slots__ = ("count", "history", "reads", "writes")

    def __init__(self) -> None:
        self.writes: list[Touch] = []
        self.reads: list[Touch] = []
        self.history: deque[Wrote] | None = None
        self.count = 0

    def followed(self) -> deque[Wrote]:
        """From here on writes are remembered, for somebody read it."""
        if self.history is None:
            self.history = deque(maxlen=_HISTORY)
        return self.history

    def wrote(self, write: Wrote) -> None:
        """Remember a write."""
        self.followed().append(write)
        self.count = write.number


class State:
    """The state of a component in a session, of one process."""

    __slots__ = ("asked", "cells", "open", "place", "raw", "value")

    def __init__(self, place: Place) -> None:
        self.place = place
        self.raw = b""  # as it is written in the last snapshot, and what that is
        self.value: dict[str, Any] | None = None
        self.asked: dict[str, Any] = {}  # what was read of it before its first snapshot
        self.open: dict[int, int] = {}  # activations that have shown it and have not ended, with their rows
        self.cells: dict[str, Cell] = {}

    def cell(self, key: str, most: int) -> Cell:
        """What is known of a key."""
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = Cell()
            if len(self.cells) > most:
                del self.cells[next(iter(self.cells))]
        return cell


class States:
    """All states, or those that were changed last."""

    def __init__(self, log: EventLog, limits: Limits) -> None:
        self._log = log
        self._most = limits.places
        self._states: dict[tuple[int | str, int, int], State] = {}
        self._names: dict[int, str] = {}
        self.dropped = 0

    def of(self, component: int, session: int, source: int) -> State:
        """The state of a component, by the log's numbers."""
        at = (component, session, source)
        state = self._states.get(at)
        if state is None:
            state = self._enter(at, Place(self._log.name("component", component), session, source))
        return state

    def named(self, component: str, session: int, source: int) -> State:
        """The same, of a component that is told by its name, and may have no event."""
        number = self._log.id_of("component", component)
        if number is not None:
            return self.of(number, session, source)
        at = (component, session, source)
        return self._states.get(at) or self._enter(at, Place(component, session, source))

    def _enter(self, at: tuple[int | str, int, int], place: Place) -> State:
        state = self._states[at] = State(place)
        if len(self._states) > self._most:
            # Half of them at once: those that came first, but for what goes on now.
            old = sorted(self._states, key=lambda one: max(self._states[one].open.values(), default=-1))
            for one in old[: len(old) // 2]:
                if one != at:
                    del self._states[one]
                    self.dropped += 1
        return state

    def __len__(self) -> int:
        return len(self._states)
