"""Packed events to the values of the log's columns: names get the log's numbers."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from backend.events import Family, family_of
from backend.events.vocabulary import ERROR
from debugger.log.clocks import Drifts
from debugger.log.columns import DRIFT, INTERNED, narrowed
from debugger.log.interner import Interner
from debugger.log.pack import Names, Pack

FAMILIES: Final = tuple(Family)
"""What the numbers of the ``family`` column mean."""

_FAMILY_NUMBER = {family: number for number, family in enumerate(FAMILIES)}
MOST_DIRECTIONS: Final = 255
"""A log with hundreds of directions is nonsense; the line itself still tells them."""


class Encoder:
    """Makes columns of events; numbers their names in the log's interners."""

    def __init__(self, names: dict[str, Interner], directions: Interner, drifts: Drifts) -> None:
        self._names = names
        self._directions = directions
        self._drifts = drifts
        self._error_type = names["event_type"].intern(ERROR)
        self._family_of_message: NDArray[np.uint8] = np.zeros(0, np.uint8)

    def columns(self, pack: Pack) -> dict[str, NDArray[Any]]:
        """All columns that come from the events alone."""
        columns = {name: _numbered(self._names[name], pack.names[name]) for name in INTERNED}
        columns["direction"] = _numbered(self._directions, pack.names["direction"]).astype(np.uint8)
        columns["severity"] = pack.severities
        columns["family"] = self._families(columns["event_type"], columns["message_type"])
        columns["turn"] = pack.turns
        columns["seq"] = pack.seqs
        columns["timestamp_ns"] = pack.times
        columns[DRIFT] = self._drifts.encoded(pack.times, pack.monos, columns["source"])
        return columns

    def _families(self, event_types: NDArray[Any], messages: NDArray[Any]) -> NDArray[np.uint8]:
        known, interner = self._family_of_message, self._names["message_type"]
        if len(known) < len(interner):
            more = [_FAMILY_NUMBER[family_of(name)] for name in interner.names_from(len(known))]
            self._family_of_message = known = np.concatenate((known, np.array(more, np.uint8)))
        families: NDArray[np.uint8] = known[messages]
        families[event_types == self._error_type] = _FAMILY_NUMBER[Family.ERROR]
        return families


def _numbered(interner: Interner, names: Names) -> NDArray[Any]:
    numbers = narrowed(interner.intern_all(names.distinct, len(names.distinct)), len(interner))
    taken: NDArray[Any] = numbers[names.numbers]
    return taken
