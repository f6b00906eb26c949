"""From a row to the next one that has the same value somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from numpy.typing import NDArray

from debugger.log.columns import INTERNED, NONE
from debugger.log.interner import ABSENT
from debugger.log.scan import next_match

if TYPE_CHECKING:
    from debugger.log.eventlog import EventLog

_WITHIN_SESSION: Final = frozenset({"turn"})
_ABSENT: Final = {**dict.fromkeys(INTERNED, ABSENT), "turn": NONE, "seq": NONE, "mono_ns": NONE}


def neighbour(log: EventLog, row: int, column: str, step: int) -> int | None:
    """As `EventLog.neighbour`, of a row that there is."""
    first = log.first_row
    if row < first:
        return None
    conditions = [_condition(log, row, column)]
    if column in _WITHIN_SESSION:
        conditions.append(_condition(log, row, "session"))
    if conditions[0][1] == _ABSENT.get(column):
        return None
    for _ in range(abs(step)):
        found = next_match(row, step, *conditions, first=first)
        if found is None:
            return None
        row = found
    return row


def _condition(log: EventLog, row: int, column: str) -> tuple[NDArray[Any], int]:
    values = log.column(column)
    return values, values[row].item()
