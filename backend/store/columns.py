"""Events as Arrow columns: the table that SQL sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct
from msgspec.structs import astuple

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
    """The events, one at least, as a table of `SCHEMA`. Never raises for what was decoded from a line.

    What a column cannot hold (a number beyond 64 bits, a time beyond the calendar) is null in it.
    """
    # Turned round at once: 22 times an attribute of each takes three times as long.
    found = dict(zip(Event.__struct_fields__, zip(*map(astuple, events), strict=True), strict=True))
    columns = {
        field.name: _array(found[field.name], field.type) for field in SCHEMA if field.name not in _COMPUTED
    }
    columns["ts"] = _timestamps(events, columns["timestamp_ns"])
    columns["type"] = columns["event_type"]
    if SYSTEM in found["event_type"]:
        columns["type"] = _array([type_of(event.event_type, event.message_type) for event in events], _TEXT)
    data = pa.array(list(map(bytes, found["data"])), _TEXT)
    columns["agent"] = _agents(events, data, columns["component"])
    columns["data"] = pa.ExtensionArray.from_storage(_JSON, data)
    states = pa.array(list(map(bytes, found["component_state"])), _TEXT)
    columns["component_state"] = pa.ExtensionArray.from_storage(_JSON, states)
    return pa.Table.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def _timestamps(events: Sequence[Event], exact: pa.Array) -> pa.Array:
    """When each was, in µs."""
    if not exact.null_count and pc.min(exact).as_py() >= 0:  # before 1970 a division would round up
        return pc.divide(exact, 1_000).cast(pa.timestamp("us"))
    return pa.array(list(map(_microseconds, events)), pa.timestamp("us"))


def _agents(events: Sequence[Event], data: pa.Array, components: pa.Array) -> pa.Array:
    """Whom each is about: its component, but for those whose payload may say more."""
    said = pc.match_substring(data, '"agent').to_numpy(zero_copy_only=False)
    places = [place for place, event in enumerate(events) if event.event_type == ERROR]
    places += said.nonzero()[0].tolist()
    if not places:
        return components
    found = [event.component for event in events]
    for place in places:
        found[place] = _agent(events[place])
    return _array(found, _TEXT)


def _microseconds(event: Event) -> int | None:
    exact = event.timestamp_ns
    try:
        at = round(event.timestamp * 1e6) if exact is None else exact // 1_000
    except (OverflowError, ValueError):
        return None
    return at if _OLDEST_US <= at <= _NEWEST_US else None


def _agent(event: Event) -> str:
    """The payload's ``agent_id`` or ``agent``, an error's ``component``; else who tells."""
    try:
        found = _agent_of(event.data)  # type: ignore[arg-type] # as decoded: Raw
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return event.component
    failed = event.event_type == ERROR
    for name in (found.agent_id, found.agent, found.component if failed else None):
        if isinstance(name, str) and name:
            return name
    return event.component


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
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
