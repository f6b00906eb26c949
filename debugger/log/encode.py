"""Events to the values of the log's columns, a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from backend.events import Event, Family, family_of
from backend.events.vocabulary import ERROR, SEVERITIES
from debugger.log.clocks import Drifts
from debugger.log.columns import DRIFT, INTERNED, NONE, integers, narrowed
from debugger.log.interner import Interner

FAMILIES: Final = tuple(Family)
"""What the numbers of the ``family`` column mean."""

_FAMILY_NUMBER = {family: number for number, family in enumerate(FAMILIES)}
_INFO = SEVERITIES.index("info")
_MAX_DIRECTIONS = 256
_FAR_PAST, _FAR_FUTURE = -(2**63), 2**63 - 1


Fields = dict[str, list[Any]]
"""A batch of events turned round: for each field that the columns need, the values of all."""


def fields_of(events: Sequence[Event]) -> Fields:
    """Turn a batch, of one event at least, round."""
    # One comprehension a field takes half the time of turning tuples of all fields round.
    return {
        "timestamp_ns": [event.timestamp_ns for event in events],
        "mono_ns": [event.mono_ns for event in events],
        "event_type": [event.event_type for event in events],
        "component": [event.component for event in events],
        "message_type": [event.message_type for event in events],
        "session": [event.session_id for event in events],
        "correlation": [event.correlation_id for event in events],
        "task": [event.task for event in events],
        "source": [event.source for event in events],
        "worker": [event.worker_id for event in events],
        "direction": [event.direction for event in events],
        "severity": [event.severity for event in events],
        "turn": [event.turn for event in events],
        "seq": [event.seq for event in events],
        "id": [event.id for event in events],
        "cause": [event.cause for event in events],
        "component_state": [event.component_state for event in events],
    }


class _SeverityNumbers(dict[str, int]):
    """As `severity_rank`: a foreign severity counts as ``info``."""

    def __missing__(self, severity: str) -> int:
        return _INFO


class Encoder:
    """Makes columns of events; numbers their names in the log's interners."""

    def __init__(self, names: dict[str, Interner], directions: Interner, drifts: Drifts) -> None:
        self._names = names
        self._directions = directions
        self._drifts = drifts
        self._error_type = names["event_type"].intern(ERROR)
        self._severities = _SeverityNumbers(zip(SEVERITIES, range(len(SEVERITIES)), strict=True))
        self._family_of_message: NDArray[np.uint8] = np.zeros(0, np.uint8)

    def columns(self, events: Sequence[Event], fields: Fields) -> dict[str, NDArray[Any]]:
        """All columns that come from the events alone."""
        count = len(events)
        columns: dict[str, NDArray[Any]] = {}
        for name in INTERNED:
            interner = self._names[name]
            numbers = interner.intern_all(fields[name], count)
            columns[name] = narrowed(numbers, len(interner))
        # A log with hundreds of directions is nonsense; the line itself still tells them.
        directions = self._directions.intern_all(fields["direction"], count)
        columns["direction"] = np.minimum(directions, _MAX_DIRECTIONS - 1).astype(np.uint8)
        columns["severity"] = np.frombuffer(
            bytes(map(self._severities.__getitem__, fields["severity"])), np.uint8
        )
        columns["family"] = self._families(columns["event_type"], columns["message_type"])
        columns["turn"] = _numbers(fields["turn"], np.int32)
        columns["seq"] = _numbers(fields["seq"], np.int64)
        times = columns["timestamp_ns"] = _timestamps(events, fields)
        monos = _numbers(fields["mono_ns"], np.int64)
        columns[DRIFT] = self._drifts.encoded(times, monos, columns["source"])
        return columns

    def _families(self, event_types: NDArray[Any], messages: NDArray[Any]) -> NDArray[np.uint8]:
        known, interner = self._family_of_message, self._names["message_type"]
        if len(known) < len(interner):
            more = [_FAMILY_NUMBER[family_of(name)] for name in interner.names_from(len(known))]
            self._family_of_message = known = np.concatenate((known, np.array(more, np.uint8)))
        families: NDArray[np.uint8] = known[messages]
        families[event_types == self._error_type] = _FAMILY_NUMBER[Family.ERROR]
        return families


def _numbers(values: list[Any], dtype: type[np.signedinteger[Any]]) -> NDArray[Any]:
    """Numbers, some of which may be absent."""
    try:
        return integers(values, dtype)
    except TypeError:
        return integers([NONE if one is None else one for one in values], dtype)


def _timestamps(events: Sequence[Event], fields: Fields) -> NDArray[Any]:
    try:
        return integers(fields["timestamp_ns"], np.int64)
    except TypeError:
        return integers([nanoseconds(event) for event in events], np.int64)


def nanoseconds(event: Event) -> int:
    """The exact time of an event in ns, else the float's, rounded to the microseconds that it holds."""
    if event.timestamp_ns is not None:
        return event.timestamp_ns
    try:
        return round(event.timestamp * 1e6) * 1000
    except OverflowError:  # 1e400 reads as infinity
        return _FAR_FUTURE if event.timestamp > 0 else _FAR_PAST
