"""Events to the values of the log's columns, a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from msgspec.structs import astuple
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


Fields = dict[str, tuple[Any, ...]]
"""A batch of events turned round: for each field of `Event`, the values of all."""


def fields_of(events: Sequence[Event]) -> Fields:
    """Turn a batch, of one event at least, round."""
    columns = zip(*map(astuple, events), strict=True)
    return dict(zip(Event.__struct_fields__, columns, strict=True))


class Encoder:
    """Makes columns of events; numbers their names in the log's interners."""

    def __init__(self, names: dict[str, Interner], directions: Interner) -> None:
        self._names = names
        self._directions = directions
        self._error_type = names["event_type"].intern(ERROR)
        self._family_of_message: NDArray[np.uint8] = np.zeros(0, np.uint8)

    def columns(self, fields: Fields) -> dict[str, NDArray[Any]]:
        """All columns that come from the events alone."""
        count = len(fields["component"])
        names = self._names
        event_types = names["event_type"].intern_all(fields["event_type"], count)
        messages = names["message_type"].intern_all(fields["message_type"], count)
        directions = self._directions.intern_all(fields["direction"], count)
        rank = _SEVERITY_NUMBER.get
        return {
            "timestamp_ns": _timestamps(fields),
            "mono_ns": _numbers(fields["mono_ns"], np.int64),
            "event_type": event_types,
            "component": names["component"].intern_all(fields["component"], count),
            "message_type": messages,
            "session": names["session"].intern_all(fields["session_id"], count),
            "correlation": names["correlation"].intern_all(fields["correlation_id"], count),
            "task": names["task"].intern_all(fields["task"], count),
            "source": names["source"].intern_all(fields["source"], count),
            "worker": names["worker"].intern_all(fields["worker_id"], count),
            "family": self._families(event_types, messages),
            "severity": np.array([rank(one, _INFO) for one in fields["severity"]], np.uint8),
            # A log with hundreds of directions is nonsense; the line itself still tells them.
            "direction": np.minimum(directions, _MAX_DIRECTIONS - 1).astype(np.uint8),
            "turn": _numbers(fields["turn"], np.int32),
            "seq": _numbers(fields["seq"], np.int64),
        }

    def _families(self, event_types: NDArray[np.uint32], messages: NDArray[np.uint32]) -> NDArray[np.uint8]:
        known, interner = self._family_of_message, self._names["message_type"]
        if len(known) < len(interner):
            more = [_FAMILY_NUMBER[family_of(name)] for name in interner.names_from(len(known))]
            self._family_of_message = known = np.concatenate((known, np.array(more, np.uint8)))
        families = known[messages]
        families[event_types == self._error_type] = _FAMILY_NUMBER[Family.ERROR]
        return families


def _numbers(values: tuple[Any, ...], dtype: type[np.signedinteger[Any]]) -> NDArray[Any]:
    """Numbers, some of which may be absent."""
    given = [NONE if one is None else one for one in values] if None in values else values
    return integers(given, dtype)


def _timestamps(fields: Fields) -> NDArray[np.int64]:
    exact = fields["timestamp_ns"]
    if None in exact:
        given = zip(exact, fields["timestamp"], strict=True)
        exact = tuple(_nanoseconds(precise, seconds) for precise, seconds in given)
    return integers(exact, np.int64)


def nanoseconds(event: Event) -> int:
    """The exact time of an event in ns, else the float's, rounded to the microseconds that it holds."""
    return _nanoseconds(event.timestamp_ns, event.timestamp)


def _nanoseconds(exact: int | None, seconds: float) -> int:
    if exact is not None:
        return exact
    try:
        return round(seconds * 1e6) * 1000
    except OverflowError:  # 1e400 reads as infinity
        return _FAR_FUTURE if seconds > 0 else _FAR_PAST
