"""The fields that a query can name, and what was perhaps meant by others."""

from __future__ import annotations

import difflib
from typing import Final

from backend.wire.query.nodes import Field, Kind
from debugger.log.query.errors import QueryError

_NAMED: Final = (
    ("component", Kind.NAME, "component", "who it happened in"),
    ("type", Kind.NAME, "event_type", "what happened: message_published, state_change, …"),
    ("message", Kind.NAME, "message_type", "which message"),
    ("session", Kind.NAME, "session", "session_id"),
    ("turn", Kind.NUMBER, "turn", "turn of the conversation"),
    ("severity", Kind.SEVERITY, "severity", "debug < info < warning < error"),
    ("family", Kind.FAMILY, "family", "stt, llm, tts, queue, error, system"),
    ("correlation", Kind.NAME, "correlation", "all that a turn caused"),
    ("task", Kind.NAME, "task", "one run of a handler"),
    ("worker", Kind.NAME, "worker", "worker_id"),
    ("source", Kind.NAME, "source", "the process that wrote it"),
    ("seq", Kind.NUMBER, "seq", "its count in its source"),
    ("row", Kind.NUMBER, "row", "its place in the log, from 1"),
    ("direction", Kind.NAME, "direction", "publish, subscribe, internal"),
    ("id", Kind.TEXT, "id", "of the event"),
    ("cause", Kind.TEXT, "cause", "id of the event that caused it"),
    ("user", Kind.TEXT, "user_id", "user_id"),
    ("reads", Kind.LIST, "reads", "state that was read: component.key"),
    ("writes", Kind.LIST, "writes", "state that was written: component.key"),
    ("time", Kind.TIME, "timestamp_ns", "14:03:22.5 on any day, or 2025-10-09T14:03"),
    ("timestamp_ns", Kind.NUMBER, "timestamp_ns", "wall clock, ns since the epoch"),
    ("mono_ns", Kind.NUMBER, "mono_ns", "the source's monotonic clock"),
    ("delta", Kind.SPAN, "delta", "time since the row before"),
    ("lag", Kind.SPAN, "lag", "time since its cause"),
)
DURATION: Final = Field("duration", Kind.DURATION, "data", ("duration_us",))

FIELDS: Final = {name: Field(name, kind, source) for name, kind, source, _ in _NAMED} | {"duration": DURATION}
"""By short name."""

ABOUT: Final = {name: about for name, _, _, about in _NAMED} | {"duration": "how long a handler ran"}
"""A few words about each."""

ALIASES: Final = {
    "event_type": "type",
    "message_type": "message",
    "session_id": "session",
    "correlation_id": "correlation",
    "worker_id": "worker",
    "user_id": "user",
    "timestamp": "time",
}
"""Names of the event format that are not the short ones."""

ROOTS: Final = {"data": "data", "state": "component_state", "component_state": "component_state"}
"""What a path into the payload begins with, and its name in the line."""

ORDERED: Final = frozenset({Kind.NUMBER, Kind.SEVERITY, Kind.TIME, Kind.SPAN, Kind.DURATION, Kind.PAYLOAD})
"""Kinds of which one value is more than another."""

NAMES: Final = frozenset({Kind.NAME, Kind.TEXT, Kind.LIST})
"""Kinds whose values are names."""


def named(name: str) -> Field | None:
    """The field of that name, whatever its case."""
    name = name.lower()
    return FIELDS.get(ALIASES.get(name, name))


def in_payload(root: str, path: tuple[str | int, ...]) -> Field:
    """The field at a path of one key at least; ``root`` is one of `ROOTS`."""
    short = "data" if root == "data" else "state"
    return Field(".".join((short, *map(str, path))), Kind.PAYLOAD, ROOTS[root], path)


def near(name: str) -> str | None:
    """The field that was perhaps meant."""
    root, dot, rest = name.lower().partition(".")
    if dot:
        found = difflib.get_close_matches(root, ROOTS, 1)
        return f"{found[0]}.{name[len(root) + 1 :]}" if found and rest else None
    found = difflib.get_close_matches(root, [*FIELDS, *ALIASES], 1)
    return found[0] if found else None


def unknown(name: str, position: int) -> QueryError:
    """The error for a field that there is not."""
    meant = near(name)
    if meant is not None:
        return QueryError(f"unknown field {name!r}", position, meant)
    message = (
        f"unknown field {name!r}; fields are {', '.join(FIELDS)}, and data.… and state.… in the payload; "
        "text with a colon needs quotes"
    )
    return QueryError(message, position)
