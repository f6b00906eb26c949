"""What is remembered of each state: its last snapshot, and who touched each of its keys."""

from __future__ import annotations

from collections import deque
from typing import Any, Final, NamedTuple

import numpy as np
from msgspec import Raw

from debugger.analysis.conflicts.lines import NO_STATE
from debugger.analysis.conflicts.records import Limits, Place, Touch
from debugger.analysis.order.bounded import bounded
from debugger.log import EventLog

_PLACE: Final = ("component", "session", "source")
_HALF: Final = 16
_SHORT: Final = (1 << _HALF) - 1
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
    same: bool
    """The value is what it was."""


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
    """The state of a component in a session, of one process.

    ``raw`` is its last snapshot as it is written, ``value`` what that is, None if there was none.
    """

    __slots__ = ("asked", "cells", "followed", "open", "place", "raw", "seen", "value")

    def __init__(self, place: Place) -> None:
        self.place = place
        self.raw: Raw = NO_STATE
        self.value: dict[str, Any] | None = None
        self.asked: dict[str, Any] = {}  # what was read of it before its first snapshot
        self.open: dict[int, int] = {}  # activations that have shown it and have not ended, with their rows
        self.cells: dict[str, Cell] = {}
        self.followed = False  # whether updates of any key are looked for
        self.seen = 0  # no row after this one was about it

    def cell(self, key: str, most: int) -> Cell:
        """What is known of a key."""
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = Cell()
            bounded(self.cells, most)
        return cell


class States:
    """All states, or those that were seen last."""

    def __init__(self, log: EventLog, limits: Limits) -> None:
        self._log = log
        self._limits = limits
        self._states: dict[tuple[int | str, int, int], State] = {}
        self.dropped = 0

    def all(self, start: int, stop: int) -> list[State]:
        """The states that rows are about."""
        last = stop - 1
        components, sessions, sources = (
            self._log.column(name)[start:stop].astype(np.int64) for name in _PLACE
        )
        if max(int(components.max()), int(sources.max())) > _SHORT:
            places = zip(components.tolist(), sessions.tolist(), sources.tolist(), strict=True)
            return [self.of(component, session, source, last) for component, session, source in places]
        numbers = (sessions << 2 * _HALF | components << _HALF | sources).tolist()
        states = {
            number: self.of(number >> _HALF & _SHORT, number >> 2 * _HALF, number & _SHORT, last)
            for number in dict.fromkeys(numbers)
        }
        return list(map(states.__getitem__, numbers))

    def of(self, component: int, session: int, source: int, row: int) -> State:
        """The state of a component, by the log's numbers, of which rows up to this one tell."""
        at = (component, session, source)
        state = self._states.get(at)
        if state is None:
            state = self._enter(at, Place(self._log.name("component", component), session, source), row)
        state.seen = max(state.seen, row)
        return state

    def named(self, component: str, session: int, source: int, row: int) -> State:
        """The same, of a component that is told by its name, and may have no event."""
        number = self._log.id_of("component", component)
        if number is not None:
            return self.of(number, session, source, row)
        at = (component, session, source)
        state = self._states.get(at) or self._enter(at, Place(component, session, source), row)
        state.seen = max(state.seen, row)
        return state

    def _enter(self, at: tuple[int | str, int, int], place: Place, row: int) -> State:
        state = self._states[at] = State(place)
        state.seen = row
        if len(self._states) > self._limits.places:
            old = sorted(self._states, key=lambda one: self._states[one].seen)
            for one in old[: len(old) // 2]:  # half of them at once, so that it is not often
                if one != at:
                    del self._states[one]
                    self.dropped += 1
        return state

    def retire(self, row: int) -> None:
        """Forget who touched what of states that no row told of for so long that it is ordered anyhow.

        Those that no row told of for much longer are forgotten altogether: their sessions are over.
        """
        reach, idle = row - self._limits.reach, row - self._limits.idle
        gone: list[tuple[int | str, int, int]] = []
        for at, state in self._states.items():
            if state.seen < reach and not state.followed:
                state.cells = {}
            if state.seen < idle:
                gone.append(at)
        for at in gone:
            del self._states[at]

    def __len__(self) -> int:
        return len(self._states)
