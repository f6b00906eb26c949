"""Reads of an event's line what it says of states and locks; tolerant, for lines are foreign."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from debugger.log import EventLog
from debugger.log.fields import decode_value, read_lines

_NONE: Final = Raw(b"")
_EMPTY: Final = (b"", b"{}", b"null")
_BATCH: Final = 1 << 20  # bytes of lines that are held at once


class Said(Struct, gc=False):
    """What a line says. ``reads`` and ``writes`` are declared, ``component.key``."""

    component_state: Raw = _NONE
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()

    @property
    def state(self) -> bytes:
        """The snapshot as it is written; empty for none."""
        written = bytes(self.component_state)
        return b"" if written in _EMPTY else written


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


def read_all(log: EventLog, start: int, stop: int) -> Iterator[tuple[int, bytes, Said | None]]:
    """Rows with their lines, and what those say; None for a line that is gone."""
    lengths = log.column("length")
    row = start
    while row < stop:
        upto, size = row, 0
        while upto < stop and (upto == row or size < _BATCH):
            size += int(lengths[upto])
            upto += 1
        for line in read_lines(log, range(row, upto)):
            yield row, line, _said(log, row, line) if line else None
            row += 1


def _said(log: EventLog, row: int, line: bytes) -> Said:
    try:
        return _decode(line)
    except _WRONG:
        event = log.event(row)  # the log's own reader takes more
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
