"""An event between its publisher and the record."""

from __future__ import annotations

from msgspec import Raw, Struct

from backend.events import Payload


class Stamped(Struct, gc=False):
    """What the tap holds of an event until it is encoded; its JSON is that of `Event`.

    All events of a scope have the same session, user, turn, correlation and worker. Encoding
    these for each of them took a quarter of the drain's time, so ``session_id`` holds the
    scope's members from that one's value on, encoded when the scope was made.
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
    source: str
    seq: int
    timestamp_ns: int
    mono_ns: int
    cause: str | None
    task: str | None
    severity: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
