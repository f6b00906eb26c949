"""What a feed says to who comes late: states of components whose events are gone, as rows of the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from backend.events import Event, decode_line, encode_event
from backend.events.vocabulary import SYSTEM
from debugger.log import EventLog

SNAPSHOT: Final = "SNAPSHOT"
"""The message type of such a row: a component's state as it was before the first event that came."""


class LateStates:
    """Holds them until the first events come: their rows stand before those, and at their time.

    A component that the log knows in a session is left alone: what it does next would look as if it had
    changed the snapshot.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._waiting: list[Event] = []

    @property
    def wait(self) -> bool:
        """Whether there are any that wait."""
        return bool(self._waiting)

    def add(self, events: Sequence[Event]) -> None:
        """Take snapshots, as the feed tells them."""
        self._waiting += events

    def append(self, before_ns: int) -> None:
        """Add the rows, before events of that time, if there are any to add."""
        waiting, self._waiting = self._waiting, []
        lines = [
            encode_event(_row_of(event, before_ns))
            for event in waiting
            if event.session_id not in self._log.state_sessions(event.component)
        ]
        if lines:
            self._log.append_many(lines, [decode_line(line) for line in lines])


def _row_of(event: Event, at_ns: int) -> Event:
    return Event(
        at_ns / 1e9,
        SYSTEM,
        event.component,
        SNAPSHOT,
        session_id=event.session_id,
        user_id=event.user_id,
        data={
            "told_by": event.id,
            "source": event.source,
            "seq": event.seq,
            "event_type": event.event_type,
            "timestamp": event.timestamp,
            "reason": "its last state; the event that told it is no longer kept by the feed",
        },
        component_state=event.component_state,
        source=event.source,
        timestamp_ns=at_ns,
    )
