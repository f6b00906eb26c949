"""Reads of an event's line what it says of states and locks; tolerant, for lines are foreign."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Raw, Struct

from debugger.log import EventLog
from debugger.log.fields import decode_value, read_lines

_NONE: Final = Raw(b"")
_BATCH: Final = 1 << 20  # bytes of lines that are held at once


class Said(Struct, gc=False):
    """What a line says. ``reads`` and ``writes`` are declared, ``component.key``."""

    component_state: Raw = _NONE
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


class Told(Struct, gc=False):
    """The keys of payloads that are looked at, of whatever type they came."""

    lock: Any = None
    keys: Any = None
    mode: Any = None
    concurrency: Any = None
    message_type: Any = None
    name: Any = None


class _Payload(Struct, gc=False):
    data: Told


_decode: Final = msgspec.json.Decoder(Said).decode
_decode_payload: Final = msgspec.json.Decoder(_Payload).decode
_WRONG: Final = (msgspec.MsgspecError, ValueError, RecursionError)


def read_all(log: EventLog, start: int, stop: int) -> Iterator[tuple[bytes, Said | None]]:
    """The lines of rows, and what they say; None for a line that is gone."""
    lengths = np.cumsum(log.column("length")[start:stop], dtype=np.int64)
    row = start
    while row < stop:
        before = int(lengths[row - start - 1]) if row > start else 0
        upto = start + max(int(np.searchsorted(lengths, before + _BATCH)), row - start + 1)
        for at, line in enumerate(read_lines(log, range(row, upto)), row):
            if not line:
                yield line, None
                continue
            try:
                yield line, _decode(line)
            except _WRONG:
                yield line, _said(log, at)
        row = upto


def _said(log: EventLog, row: int) -> Said:
    """As the log's own reader has it, which takes more."""
    event = log.event(row)
    state = event.get("component_state")
    reads, writes = (_names(event.get(name)) for name in ("reads", "writes"))
    try:
        return Said(Raw(msgspec.json.encode(state)) if state else _NONE, reads, writes)
    except (*_WRONG, TypeError, OverflowError):
        return Said(_NONE, reads, writes)


def _names(names: Any) -> tuple[str, ...]:
    return tuple(name for name in names if isinstance(name, str)) if isinstance(names, list | tuple) else ()


def payload(log: EventLog, row: int, line: bytes) -> Told:
    """The payload of an event."""
    try:
        return _decode_payload(line).data
    except _WRONG:
        data = log.event(row).get("data")
        known = data if isinstance(data, dict) else {}
        return Told(**{key: known[key] for key in Told.__struct_fields__ if key in known})


def decoded(state: bytes) -> dict[str, Any]:
    """A snapshot as an object."""
    value = decode_value(state)
    return value if isinstance(value, dict) else {"value": value}
