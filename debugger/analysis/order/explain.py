"""Puts edges into the words of the rules, as frozen values."""

from __future__ import annotations

from typing import Final

import numpy as np

from debugger.analysis.order import kinds as kind_of
from debugger.analysis.order.chains import Pred
from debugger.analysis.order.intake import Intake
from debugger.analysis.order.paths import Step
from debugger.analysis.order.records import Edge
from debugger.analysis.order.rules import (
    BY_ITEM,
    BY_PUBLISH,
    BY_SIGNAL,
    BY_SPAWN,
    BY_TASK,
    CANCEL_SEEN,
    FIFO_ASSUMED,
    FIFO_DECLARED,
    JOINED_CHILD,
    MATCHED_PUBLISH,
    MATCHED_PUT,
    MEANINGS,
    SPAWNED_CHILD,
    TIMER_FIRED,
    Confidence,
    Rule,
)
from debugger.log import EventLog

_TELLING: Final = (
    BY_PUBLISH,
    MATCHED_PUBLISH,
    BY_ITEM,
    MATCHED_PUT,
    BY_SIGNAL,
    BY_SPAWN,
    JOINED_CHILD,
    SPAWNED_CHILD,
    CANCEL_SEEN,
    TIMER_FIRED,
    BY_TASK,
    FIFO_DECLARED,
    FIFO_ASSUMED,
)
"""What of a segment's past says most about how it came about, first of all."""

_FAR: Final = 10_000  # segments of one handler


class Explainer:
    """Makes `Edge` out of what the order keeps."""

    def __init__(self, log: EventLog, intake: Intake) -> None:
        self._log = log
        self._intake = intake

    def why(self, before: int, after: int) -> tuple[Edge, ...]:
        """The edges of a way from a row to a later one that it happens before."""
        return self._told(self._intake.paths.path(before, after), before, after)

    def history(self, row: int, most: int, since: int) -> tuple[Edge, ...]:
        """The edges of the line of causes that led to a row, back to what began in `since` or before."""
        steps = self._intake.paths.line(row, most, self._most_telling, since)
        return self._told(steps, self._first(steps[0].pred[0]), row) if steps else self._told([], row, row)

    def _most_telling(self, preds: list[Pred]) -> Pred:
        if len(preds) == 1:
            return preds[0]
        # A task that went on names its spawn in all that it does.
        goes_on = preds[0][2] == BY_TASK
        return min(
            preds, key=lambda pred: _TELLING.index(BY_TASK if goes_on and pred[2] == BY_SPAWN else pred[2])
        )

    def _first(self, segment: int) -> int:
        return self._intake.segments.first.at(segment)

    def _told(self, steps: list[Step], before: int, after: int) -> tuple[Edge, ...]:
        """Steps as edges, with what a task does on the way between them."""
        edges: list[Edge] = []
        here = before
        for (_, _, code, event), segment in steps:
            there = self._first(segment)
            if code == BY_TASK:
                _go_on(edges, here, there)
            else:
                _go_on(edges, here, event)
                rule, confidence = self._rule(code, event, there)
                start = max(here, event)
                edges.append(Edge(rule, start, there, confidence, event if start > event else None))
            here = there
        _go_on(edges, here, after)
        return tuple(edges)

    def _rule(self, code: int, event: int, row: int) -> tuple[Rule, Confidence]:
        rule, confidence = MEANINGS[code]
        if rule is Rule.MAILBOX and self._caused(event, row):
            rule = Rule.MAILBOX_CAUSED
        return rule, confidence

    def _caused(self, handled: int, received: int) -> bool:
        """Whether a message was published because of what an earlier handler did."""
        publish = self.publish_of(received)
        segment = self._intake.segments.of_row.at(handled)
        for _ in range(_FAR):
            own = [pred[0] for pred in self._intake.preds_of(segment) if pred[2] == BY_TASK]
            if not own:
                break
            segment = own[0]
        return publish is not None and bool(self._intake.paths.reaches(self._first(segment), publish))

    def publish_of(self, row: int) -> int | None:
        """The publish that a receive is of."""
        cause = int(self._log.column("cause_row")[row])
        kinds, segments = self._intake.kinds, self._intake.segments
        if not segments.of_row.first <= cause < row:
            matched = self._intake.preds_of(segments.of_row.at(row))
            return next((event for _, _, code, event in matched if code == MATCHED_PUBLISH), None)
        told = kinds.at(np.array([cause, row]))
        return cause if tuple(told) == (kind_of.PUBLISHED, kind_of.RECEIVED) else None


def _go_on(edges: list[Edge], here: int, there: int) -> None:
    """Go on in program order; two such edges in a row are one."""
    if there <= here:
        return
    if edges and edges[-1].rule is Rule.PROGRAM:
        here = edges.pop().before
    edges.append(Edge(Rule.PROGRAM, here, there))
