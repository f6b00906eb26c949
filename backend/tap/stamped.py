"""An event between its publisher and the record."""

from __future__ import annotations

from msgspec import Raw, Struct

from backend.events import Payload


class Stamped(Struct, gc=False):
    """What the tap holds of an event until it is encoded; its JSON is that of `Event`.

    All events of a scope have the same session, user, turn, correlation and worker, and nearly
    all of a source the same severity and no reads and writes. Encoding these for each of them
    took a third of the drain's time, so two fields hold several members each, encoded
    beforehand: ``session_id`` the scope's, from that one's value on, and ``source`` the rest.
    """

    timestamp: float
    event_type: str
    component: str
    message_type: str | None
    session_id: Raw
    direction: str
    data: Payload
    component_state: Payload
    id: str
    source: Raw
    seq: int
    timestamp_ns: int
    mono_ns: int
    cause: str | None
    task: str | None
