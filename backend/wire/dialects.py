"""The same event in the words of other dashboards.

========  ================================================  ================================
dialect   from                                              to
========  ================================================  ================================
native    every event                                       itself, byte for byte
system    ``system`` events named in `SYSTEM_TYPES`,        ``{timestamp, type, message,
          and every ``error``                               severity, metadata}``
web       ``system`` events whose message type begins with  ``{type, timestamp, data}``,
          one of `WEB_PREFIXES` (but those of ``system``)   timestamp in ISO 8601, UTC
========  ================================================  ================================

``type`` is the message type in lower case: ``QUERY_ROUTE`` is ``query_route``. What does
not map is left out, so a dialect has no gapless seq. ``metadata`` is the event's data
without ``message``, plus ``component`` and the ids that are set; ``data`` is the event's data
plus the same ids. Keys of the data win over ids of the same name.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from backend.events import BrokenLineError, Event, decode_line
from backend.events.vocabulary import ERROR, SYSTEM
from backend.wire.frames import Dialect

SYSTEM_TYPES: Final = frozenset({"QUERY_ROUTE", "MODEL_STATE", "CGRAG", "CACHE", "PERFORMANCE"})
WEB_PREFIXES: Final = (
    "QUERY_",
    "RETRIEVAL_",
    "OPTIMIZATION_",
    "IMPROVEMENT_",
    "DOCUMENT_",
    "DOCUMENTS_",
)

_IDS = ("component", "session_id", "user_id", "turn", "correlation_id", "id")


def project(event: Event, dialect: Dialect) -> dict[str, Any] | None:
    """The event in `dialect`, or None where it has no form there."""
    if dialect == "system":
        return to_system(event)
    if dialect == "web":
        return to_web(event)
    native: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(event))
    return native


def project_line(line: bytes, dialect: Dialect, types: frozenset[str] | None = None) -> dict[str, Any] | None:
    """An encoded event in `dialect`; None where it has no form there or is not of `types`.

    `types` may name the dialect's types or the native ones.
    """
    try:
        event = decode_line(line)
    except BrokenLineError:
        return None
    projected = project(event, dialect)
    if projected is None or types is None:
        return projected
    named = (projected["type"], event.event_type, event.message_type)
    return projected if any(name in types for name in named) else None


def to_system(event: Event) -> dict[str, Any] | None:
    """``{timestamp, type, message, severity, metadata}``, or None."""
    data = event.payload()
    if event.event_type == ERROR:
        kind = "error"
        told = _error_message(data)
    elif event.event_type == SYSTEM and event.message_type in SYSTEM_TYPES:
        kind = event.message_type.lower()
        told = data.get("message")
    else:
        return None
    metadata = {key: value for key, value in data.items() if key != "message"}
    return {
        "timestamp": event.timestamp,
        "type": kind,
        "message": told if isinstance(told, str) and told else _summary(kind, metadata),
        "severity": event.severity,
        "metadata": _ids(event) | metadata,
    }


def to_web(event: Event) -> dict[str, Any] | None:
    """``{type, timestamp, data}``, or None."""
    name = event.message_type
    if event.event_type != SYSTEM or name is None or name in SYSTEM_TYPES:
        return None
    if not name.startswith(WEB_PREFIXES):
        return None
    return {"type": name.lower(), "timestamp": _iso(event), "data": _ids(event) | event.payload()}


def _ids(event: Event) -> dict[str, Any]:
    return {name: value for name in _IDS if (value := getattr(event, name)) is not None}


def _error_message(data: dict[str, Any]) -> str | None:
    kind, told = data.get("error_type"), data.get("error_message") or data.get("message")
    if kind and told:
        return f"{kind}: {told}"
    return str(told or kind) if told or kind else None


def _summary(kind: str, data: dict[str, Any]) -> str:
    """A line for people out of the scalar values: ``cache: hit=True, key=greeting``."""
    scalars = [f"{key}={value}" for key, value in data.items() if isinstance(value, str | int | float)]
    return f"{kind}: {', '.join(scalars)}" if scalars else kind


def _iso(event: Event) -> str:
    try:
        moment = datetime.fromtimestamp(event.timestamp, UTC)
    except (OverflowError, OSError, ValueError):
        return str(event.timestamp)  # a foreign clock; better odd than absent
    return moment.isoformat(timespec="microseconds")
