"""Events as Arrow columns: the table that SQL sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

import msgspec
import pyarrow as pa
from msgspec import Raw, Struct

from backend.events import Event
from backend.events.vocabulary import ERROR, SYSTEM

_TEXT: Final = pa.string()
_JSON: Final = pa.json_(pa.string())

SCHEMA: Final = pa.schema(
    [
        ("ts", pa.timestamp("us")),
        ("type", _TEXT),
        ("agent", _TEXT),
        ("component", _TEXT),
        ("event_type", _TEXT),
        ("message_type", _TEXT),
        ("severity", _TEXT),
        ("session_id", _TEXT),
        ("user_id", _TEXT),
        ("turn", pa.int64()),
        ("worker_id", _TEXT),
        ("direction", _TEXT),
        ("correlation_id", _TEXT),
        ("data", _JSON),
        ("component_state", _JSON),
        ("id", _TEXT),
        ("cause", _TEXT),
        ("task", _TEXT),
        ("source", _TEXT),
        ("seq", pa.int64()),
        ("timestamp", pa.float64()),
        ("timestamp_ns", pa.int64()),
        ("mono_ns", pa.int64()),
        ("reads", pa.list_(_TEXT)),
        ("writes", pa.list_(_TEXT)),
    ]
)
"""``ts`` is UTC. ``type`` is what happened, in a word: see `type_of`. ``agent``: see `_agent`."""

_COMPUTED: Final = frozenset({"ts", "type", "agent", "data", "component_state"})
_DOTTED: Final = frozenset({"NODE", "EDGE", "GRAPH", "TASK", "PLAN", "PLANNER", "STEP"})
_INT64: Final = (-(2**63), 2**63 - 1)
# Years 1 to 9999: what a clock shows, and every program that reads this can take.
_OLDEST_US: Final = -62_135_596_800_000_000
_NEWEST_US: Final = 253_402_300_799_999_999


class _Agent(Struct):
    agent_id: Any = None
    agent: Any = None
    component: Any = None


_agent_of: Final = msgspec.json.Decoder(_Agent).decode


@lru_cache(maxsize=4096)
def type_of(event_type: str, message_type: str | None) -> str:
    """What happened: the ``event_type``; of a ``system`` event its message, as its stream names it.

    ``NODE_ADD`` is ``node.add`` and ``TASK_COMPLETE`` ``task.complete``, as on the streams of graph
    and tasks; ``MODEL_STATE`` is ``model_state``, as in the dialects of the feed.
    """
    if event_type != SYSTEM or not message_type:
        return event_type
    family, _, rest = message_type.partition("_")
    return f"{family}.{rest}".lower() if family in _DOTTED and rest else message_type.lower()


def table_of(events: Sequence[Event]) -> pa.Table:
    """The events as a table of `SCHEMA`. Never raises for what was decoded from a line.

    What a column cannot hold (a number beyond 64 bits, a time beyond the calendar) is null in it.
    """
    datas = [bytes(event.data) for event in events]  # type: ignore[arg-type] # as decoded: Raw
    columns: dict[str, pa.Array] = {
        "ts": pa.array([_microseconds(event) for event in events], pa.timestamp("us")),
        "type": _array([type_of(event.event_type, event.message_type) for event in events], _TEXT),
        "agent": _array(list(map(_agent, datas, events)), _TEXT),
        "data": _json(datas),
        "component_state": _json(bytes(event.component_state) for event in events),  # type: ignore[arg-type]
    }
    for field in SCHEMA:
        if field.name not in _COMPUTED:
            columns[field.name] = _array(list(map(attrgetter(field.name), events)), field.type)
    return pa.Table.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def nanoseconds(event: Event) -> int:
    """When it happened, since the epoch; 0 where no clock could show it."""
    at = _microseconds(event)
    return 0 if at is None else (event.timestamp_ns or at * 1_000)


def _microseconds(event: Event) -> int | None:
    exact = event.timestamp_ns
    try:
        at = round(event.timestamp * 1e6) if exact is None else exact // 1_000
    except (OverflowError, ValueError):
        return None
    return at if _OLDEST_US <= at <= _NEWEST_US else None


def _agent(data: bytes, event: Event) -> str:
    """Who it is about: the payload's ``agent_id`` or ``agent``, an error's ``component``; else who tells."""
    failed = event.event_type == ERROR
    if not failed and b'"agent' not in data:
        return event.component
    try:
        found = _agent_of(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return event.component
    for name in (found.agent_id, found.agent, found.component if failed else None):
        if isinstance(name, str) and name:
            return name
    return event.component


def _json(payloads: Iterable[bytes | Raw]) -> pa.Array:
    return pa.ExtensionArray.from_storage(_JSON, pa.array(payloads, _TEXT))


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind)
    except (OverflowError, pa.ArrowInvalid, UnicodeEncodeError):
        return pa.array(list(map(_FITTING.get(kind, _text), values)), kind)


def _whole(value: int | None) -> int | None:
    return value if value is not None and _INT64[0] <= value <= _INT64[1] else None


def _text(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return [_text(one) for one in value] if isinstance(value, tuple) else value


_FITTING: Final[dict[pa.DataType, Callable[[Any], Any]]] = {pa.int64(): _whole}
