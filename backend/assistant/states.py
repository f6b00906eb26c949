"""The assistant's state machines, as tables.

The laws: an edge that is not in the table is not taken; every taken edge is recorded;
``→ IDLE`` needs a reason, since it is also how errors and cancellations end.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from backend.assistant.conditions import ORDINARY, Conditions
from backend.assistant.guards import Guard
from backend.tap import Probe

IDLE: Final = "IDLE"
HUMAN_SPEAKING: Final = "HUMAN_SPEAKING"
THINKING: Final = "THINKING"
BOT_SPEAKING: Final = "BOT_SPEAKING"
ACTIVE: Final = "ACTIVE"
STOPPING: Final = "STOPPING"
PLAYING: Final = "PLAYING"

Table = Mapping[str, frozenset[str]]

CONVERSATION: Final[Table] = MappingProxyType(
    {
        IDLE: frozenset({HUMAN_SPEAKING}),
        HUMAN_SPEAKING: frozenset({THINKING, IDLE}),
        THINKING: frozenset({BOT_SPEAKING, IDLE}),
        BOT_SPEAKING: frozenset({IDLE, HUMAN_SPEAKING}),  # the second is barge-in
    }
)
WORKER: Final[Table] = MappingProxyType(
    {
        IDLE: frozenset({ACTIVE}),
        ACTIVE: frozenset({STOPPING, IDLE}),
        STOPPING: frozenset({IDLE}),
    }
)
PLAYBACK: Final[Table] = MappingProxyType({IDLE: frozenset({PLAYING}), PLAYING: frozenset({IDLE})})


class IllegalTransitionError(RuntimeError):
    """An edge outside the table was asked for; the state stays what it was."""


class StateMachine:
    """Walks a table and records each step through `probe`, after it is made.

    Without the guard `listed-edges-only` it goes wherever it is sent.
    """

    def __init__(self, table: Table, probe: Probe, conditions: Conditions = ORDINARY) -> None:
        self.state = IDLE
        self._table = table
        self._probe = probe
        self._guarded = conditions.guarded(Guard.LISTED_EDGES_ONLY)

    def to(self, new: str, reason: str) -> None:
        """Take the edge to `new`.

        Raises:
            IllegalTransitionError: the table has no such edge.
        """
        if not self.can(new):
            raise IllegalTransitionError(f"{self._probe.component} cannot go from {self.state} to {new}")
        old, self.state = self.state, new
        self._probe.state_changed(old, new, reason)

    def can(self, new: str) -> bool:
        """Whether the table has an edge to `new` from here."""
        return new in self._table[self.state] or not self._guarded

    def end(self, reason: str) -> None:
        """To IDLE from wherever it is: error, cancellation or end. Nothing if it is there."""
        if self.state != IDLE:
            self.to(IDLE, reason)
