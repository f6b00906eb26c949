"""Events to the values of the log's columns, a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from backend.events import Event, Family, family_of
from backend.events.vocabulary import ERROR, SEVERITIES
from debugger.log.columns import NONE, integers
from debugger.log.interner import Interner

FAMILIES: Final = tuple(Family)
"""What the numbers of the ``family`` column mean."""

_FAMILY_NUMBER = {family: number for number, family in enumerate(FAMILIES)}
_SEVERITY_NUMBER = {severity: number for number, severity in enumerate(SEVERITIES)}
_INFO = SEVERITIES.index("info")
_MAX_DIRECTIONS = 256
_FAR_PAST, _FAR_FUTURE = -(2**63), 2**63 - 1


class Encoder:
    """Makes columns of events; numbers their names in the log's interners."""

    def __init__(self, names: dict[str, Interner], directions: Interner) -> None:
        self._names = names
        self._directions = directions
        self._error_type = names["event_type"].intern(ERROR)
        self._family_of_message: NDArray[np.uint8] = np.zeros(0, np.uint8)

    def columns(self, events: Sequence[Event]) -> dict[str, NDArray[Any]]:
        """All columns that come from the events alone."""
        count = len(events)
        names = self._names
        event_types = names["event_type"].intern_all([e.event_type for e in events], count)
        messages = names["message_type"].intern_all([e.message_type for e in events], count)
        directions = self._directions.intern_all([e.direction for e in events], count)
        rank = _SEVERITY_NUMBER.get
        return {
            "timestamp_ns": self._timestamps(events),
            "mono_ns": integers([NONE if e.mono_ns is None else e.mono_ns for e in events], np.int64),
            "event_type": event_types,
            "component": names["component"].intern_all([e.component for e in events], count),
            "message_type": messages,
            "session": names["session"].intern_all([e.session_id for e in events], count),
            "correlation": names["correlation"].intern_all([e.correlation_id for e in events], count),
            "task": names["task"].intern_all([e.task for e in events], count),
            "source": names["source"].intern_all([e.source for e in events], count),
            "worker": names["worker"].intern_all([e.worker_id for e in events], count),
            "family": self._families(event_types, messages),
            "severity": np.array([rank(e.severity, _INFO) for e in events], np.uint8),
            # A log with hundreds of directions is nonsense; the line itself still tells them.
            "direction": np.minimum(directions, _MAX_DIRECTIONS - 1).astype(np.uint8),
            "turn": integers([NONE if e.turn is None else e.turn for e in events], np.int32),
            "seq": integers([NONE if e.seq is None else e.seq for e in events], np.int64),
        }

    def _families(self, event_types: NDArray[np.uint32], messages: NDArray[np.uint32]) -> NDArray[np.uint8]:
        known, interner = self._family_of_message, self._names["message_type"]
        if len(known) < len(interner):
            more = [_FAMILY_NUMBER[family_of(name)] for name in interner.names_from(len(known))]
            self._family_of_message = known = np.concatenate((known, np.array(more, np.uint8)))
        families = known[messages]
        families[event_types == self._error_type] = _FAMILY_NUMBER[Family.ERROR]
        return families

    @staticmethod
    def _timestamps(events: Sequence[Event]) -> NDArray[np.int64]:
        exact = [e.timestamp_ns for e in events]
        if None not in exact:
            return integers(exact, np.int64)  # type: ignore[arg-type]  # no None is in it
        return integers([nanoseconds(e) for e in events], np.int64)


def nanoseconds(event: Event) -> int:
    """The exact time of an event in ns, else the float's, rounded to the microseconds that it holds."""
    if event.timestamp_ns is not None:
        return event.timestamp_ns
    try:
        return round(event.timestamp * 1e6) * 1000
    except OverflowError:  # 1e400 reads as infinity
        return _FAR_FUTURE if event.timestamp > 0 else _FAR_PAST
