"""Where an activation begins and ends."""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct

from backend.events import vocabulary as words
from debugger.analysis.conflicts.labels import Labels
from debugger.analysis.order import Order
from debugger.log import ABSENT, EventLog

_FAR: Final = 1 << 16  # rows to either side in which the rest of an activation is looked for
_ENDS: Final = (words.HANDLED, words.TASK_FINISHED)


class Activation(Struct, frozen=True):
    """The activation of an event, as far as the log shows it near by.

    ``begin`` and ``end`` are rows, None where they are not seen; ``handler`` says that a message began it,
    and ``mailbox`` to whom that came.
    """

    name: str
    task: int | None
    begin: int | None
    end: int | None
    handler: bool
    mailbox: tuple[int, int]


def activation_of(log: EventLog, order: Order, row: int) -> Activation:
    """The activation that an event belongs to."""
    task = order.task(row)
    label = Labels(log).of(row, -1 if task is None else task)
    component = log.name("component", int(log.column("component")[row]))
    mailbox = (int(log.column("component")[row]), int(log.column("session")[row]))
    if task is None:
        return Activation(label.beside(""), None, row, row, handler=False, mailbox=mailbox)
    rows = [one for one in _named_rows(log, order, row) if order.task(one) == task] or [row]
    kinds = [log.name("event_type", int(log.column("event_type")[one])) for one in (rows[0], rows[-1])]
    first = rows[0]
    handler = kinds[0] == words.RECEIVED
    if handler:
        mailbox = (int(log.column("component")[first]), int(log.column("session")[first]))
        component = log.name("component", mailbox[0])
        label = Labels(log).of(first, task)
    spawned = log.cause_row(first) is not None
    name = f"{label.name} of {component}" if label.name else component
    return Activation(
        name,
        task,
        first if handler or spawned else None,
        rows[-1] if kinds[1] in _ENDS else None,
        handler=handler,
        mailbox=mailbox,
    )


def _named_rows(log: EventLog, order: Order, row: int) -> list[int]:
    """The first and the last row near by of the same task name and source, of those that are looked at."""
    tasks, sources = log.column("task"), log.column("source")
    if tasks[row] == ABSENT:
        return [row]
    start, stop = max(row - _FAR, order.first_row, log.first_row), min(row + _FAR, order.looked_at)
    same = (tasks[start:stop] == tasks[row]) & (sources[start:stop] == sources[row])
    found = np.flatnonzero(same) + start
    return [int(found[0]), int(found[-1])]
