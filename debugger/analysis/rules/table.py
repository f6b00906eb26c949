"""The rows that are looked at in a piece of a log: their columns as lists, their payloads read together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from debugger.analysis.rules.deliveries import Lane
from debugger.analysis.rules.facts import Fact
from debugger.analysis.turns.keys import LOOSE, NOWHERE, TurnKeys, number_of
from debugger.log import EventLog
from debugger.log.query.joint import Piece


class Table:
    """Ascending rows, the same one several times where it is several things."""

    def __init__(
        self, log: EventLog, turns: TurnKeys, rows: NDArray[np.intp], piece: Piece, start: int, stop: int
    ) -> None:
        self._log = log
        self.rows: list[int] = rows.tolist()
        column = self._column
        self._kinds, self._kind_names = column("event_type", rows)
        self.components, self._component_names = column("component", rows)
        self.messages, self._message_names = column("message_type", rows)
        self.session_ids, self._session_names = column("session", rows)
        self._workers, self._worker_names = column("worker", rows)
        self.tasks, self._task_names = column("task", rows)
        self._correlations, self._correlation_names = column("correlation", rows)
        self.sources: list[int] = log.column("source")[rows].tolist()
        self.causes: list[int] = log.column("cause_row")[rows].tolist()
        self._times: list[int] = log.column("steady_ns")[rows].tolist()
        self._turn_keys: list[int] = turns.of(start, stop)[rows - start].tolist()
        self._record_of = piece.record
        self._start = start
        self._fact: Fact | None = None

    def _column(self, name: str, rows: NDArray[np.intp]) -> tuple[list[int], dict[int, str | None]]:
        numbers: list[int] = self._log.column(name)[rows].tolist()
        value = self._log.interner(name).value
        return numbers, {number: value(number) for number in set(numbers)}

    def kind(self, at: int) -> str:
        """The event type, by a place in the table."""
        return self._kind_names[self._kinds[at]] or ""

    def lane(self, at: int) -> Lane:
        """Where its handler runs."""
        return Lane(self.components[at], self.session_ids[at], self.messages[at])

    def record(self, row: int) -> Any:
        """What was read of any row of the piece."""
        return self._record_of(row - self._start)

    def fact(self, at: int) -> Fact:
        """The row as rules see it."""
        row, fact = self.rows[at], self._fact
        if fact is None or fact.row != row:
            correlation = self._correlation_names[self._correlations[at]]
            fact = self._fact = Fact(
                self._log,
                row,
                row,
                self._times[at],
                self.kind(at),
                self._component_names[self.components[at]] or "",
                self._message_names[self.messages[at]],
                self._session_names[self.session_ids[at]],
                _turn(self._turn_keys[at], correlation),
                self._worker_names[self._workers[at]],
                self._task_names[self.tasks[at]],
                correlation,
                self._record_of(row - self._start),
                None,
                {},
            )
        return fact


def _turn(key: int, correlation: str | None) -> Any:
    if key == NOWHERE:
        return None
    return correlation if key >= LOOSE else number_of(key)
