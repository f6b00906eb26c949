"""Reads the few keys of payloads that turns are made of; tolerant, for payloads are foreign."""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec
from msgspec import Struct

from debugger.log import EventLog


class Payload(Struct, gc=False):
    """The keys that are looked at, of whatever type they came."""

    text: Any = None
    event: Any = None
    finish_reason: Any = None
    status: Any = None
    interrupted: Any = None
    played: Any = None
    is_final: Any = None
    since_speech_end_ms: Any = None
    agent_id: Any = None
    reason: Any = None
    error: Any = None
    error_type: Any = None
    error_message: Any = None


class _Line(Struct, gc=False):
    data: Payload


_DECODER: Final = msgspec.json.Decoder(_Line)
_KEYS: Final = Payload.__struct_fields__
_NOTHING: Final = Payload()
_DAY_MS: Final = 86_400_000


def payload(log: EventLog, row: int) -> Payload:
    """The payload of a row; empty where it has none, or its line is gone."""
    line = log.raw(row)
    if not line:
        return _NOTHING
    try:
        return _DECODER.decode(line).data
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # Not an object, or JSON that only the log's own tolerant reader takes.
        data = log.event(row).get("data")
        if not isinstance(data, dict):
            return _NOTHING
        return Payload(**{key: data[key] for key in _KEYS if key in data})


def words(value: Any, limit: int) -> str:
    """Text of a payload in one line, cut to `limit`, encodable; empty if it is none."""
    if not isinstance(value, str):
        return ""
    cut = value[: 2 * limit]
    line = " ".join(cut.split()).encode("utf-8", "replace").decode()
    return line if len(line) <= limit and len(cut) == len(value) else line[: limit - 1] + "…"


def milliseconds(value: Any) -> int:
    """A duration in ms as ns; 0 for what is no duration of this world."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return 0
    return round(value * 1e6) if 0 < value < _DAY_MS else 0
