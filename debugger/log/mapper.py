"""Reads the topology out of new rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from backend.events.event import as_object
from backend.events.vocabulary import (
    GAP,
    PUBLISHED,
    RECEIVED,
    RECORDING_STARTED,
    SUBSCRIBED,
    SYSTEM,
    UNSUBSCRIBED,
)
from debugger.log.columns import NONE, Columns
from debugger.log.interner import Interner
from debugger.log.tally import Tally
from debugger.log.topology import Topology


class Mapper:
    """Feeds a `Topology`, and counts the gaps on the way. ``synthetic`` is a component to leave out."""

    def __init__(
        self, columns: Columns, names: dict[str, Interner], topology: Topology, tally: Tally, synthetic: int
    ) -> None:
        self._columns = columns
        self._components = names["component"]
        self._messages = names["message_type"]
        event_types = names["event_type"]
        self._topology = topology
        self._tally = tally
        self._synthetic = synthetic
        # Words that are looked for have fixed numbers for the life of the log.
        self._published = event_types.intern(PUBLISHED)
        self._received = event_types.intern(RECEIVED)
        self._system = event_types.intern(SYSTEM)
        self._subscribed = event_types.intern(SUBSCRIBED)
        self._unsubscribed = event_types.intern(UNSUBSCRIBED)

    def add(
        self, telling: list[tuple[int, bytes]], columns: dict[str, NDArray[Any]], start: int, late: list[int]
    ) -> None:
        """New rows from `start` on, and older ones whose cause came only now (`late`)."""
        topology = self._topology
        kinds, components, messages = columns["event_type"], columns["component"], columns["message_type"]
        topology.saw(components[components != self._synthetic])
        sent = kinds == self._published
        topology.published(components[sent], messages[sent])
        self._deliver(np.flatnonzero(kinds == self._received) + start, late)
        places = [at for at, _ in telling]
        rows = zip(*(one[places].tolist() for one in (kinds, components, messages)), telling, strict=True)
        for event_type, component, number, (_, payload) in rows:
            message = self._messages.value(number)
            if event_type == self._system:
                self._frame(message, payload)
                continue
            kind = message or as_object(Raw(payload)).get("message_type")
            if isinstance(kind, str):
                change = topology.subscribe if event_type == self._subscribed else topology.unsubscribe
                change(self._components.name(component), kind)

    def _frame(self, message: str | None, payload: bytes) -> None:
        if message == GAP:
            self._tally.gaps += 1
        elif message == RECORDING_STARTED:
            told = as_object(Raw(payload)).get("topology")
            if isinstance(told, dict):
                self._topology.add_hello(told)

    def _deliver(self, received: NDArray[np.intp], late: list[int]) -> None:
        """Count edges: a receive whose cause is named but not there yet waits until that comes."""
        columns = self._columns
        messages, components, causes = columns["message_type"], columns["component"], columns["cause_row"]
        unnamed = received[causes[received] == NONE]
        self._topology.received(messages[unnamed], components[unnamed])
        before = np.array(late, np.intp)
        rows = np.concatenate((received, before[columns["event_type"][before] == self._received]))
        rows = rows[causes[rows] >= 0]
        rows = rows[columns["event_type"][causes[rows]] == self._published]
        self._topology.delivered(components[causes[rows]], messages[rows], components[rows])
