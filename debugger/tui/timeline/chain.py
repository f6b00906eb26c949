"""What led to an event, and what it led to."""

from __future__ import annotations

from typing import Final

import numpy as np

from debugger.log import EventLog

MOST_CAUSES: Final = 64
MOST_EFFECTS: Final = 64
_AHEAD: Final = 65_536
"""Rows after an event among which its effects are looked for."""

Way = tuple[int, int]
"""A cause and its effect, as rows."""


def causes(log: EventLog, row: int) -> list[Way]:
    """From the oldest known ancestor down to the event."""
    found: list[Way] = []
    seen = {row}
    while len(found) < MOST_CAUSES:
        cause = log.cause_row(row)
        if cause is None or cause in seen:
            break
        seen.add(cause)
        found.append((cause, row))
        row = cause
    return found[::-1]


def effects(log: EventLog, row: int) -> list[Way]:
    """What names the event as its cause, and what names that: a publish and who received it."""
    named = log.column("cause_row")[row + 1 : row + 1 + _AHEAD]
    first = np.flatnonzero(named == row)[:MOST_EFFECTS] + row + 1
    if not len(first):
        return []
    second = np.flatnonzero(np.isin(named, first))[:MOST_EFFECTS] + row + 1
    rows = np.concatenate((first, second))
    whence = log.column("cause_row")[rows]
    return list(zip(whence.tolist(), rows.tolist(), strict=True))[:MOST_EFFECTS]
