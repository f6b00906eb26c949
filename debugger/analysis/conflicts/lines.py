"""Reads of an event's line what it says of states and locks; tolerant, for lines are foreign."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Raw, Struct

from debugger.log import EventLog
from debugger.log.fields import decode_value, read_lines

NO_STATE: Final = Raw(b"")
_BATCH: Final = 1 << 18  # bytes of lines that are held at once


class Said(Struct, gc=False):
    """What a line says. ``reads`` and ``writes`` are declared, ``component.key``."""

    component_state: Raw = NO_STATE
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
_decode_text: Final = msgspec.json.Decoder(Said).decode_lines
_decode_payload: Final = msgspec.json.Decoder(_Payload).decode
_WRONG: Final = (msgspec.MsgspecError, ValueError, RecursionError)


def read_all(log: EventLog, start: int, stop: int) -> Iterator[Sequence[Said | None]]:
    """What rows say, some at once; None for a line that is gone."""
    lengths = log.column("length")[start:stop].astype(np.int64)
    offsets = log.column("offset")[start:stop].astype(np.int64)
    stores = log.column("store")[start:stop]
    ends = np.cumsum(lengths)
    # Where lines follow each other in a file, with a newline between, they are read and decoded as one text.
    breaks = np.cumsum((offsets[1:] != offsets[:-1] + lengths[:-1] + 1) | (stores[1:] != stores[:-1]))
    at, many = 0, stop - start
    while at < many:
        before = int(ends[at - 1]) if at else 0
        upto = min(max(int(np.searchsorted(ends, before + _BATCH)), at + 1), many)
        found: Sequence[Said] | None = None
        if upto - at < 2 or breaks[upto - 2] == (breaks[at - 1] if at else 0):  # noqa: PLR2004 - a pair
            size = int(offsets[upto - 1] + lengths[upto - 1] - offsets[at])
            found = _text(log, int(stores[at]), int(offsets[at]), size, upto - at)
        yield _one_by_one(log, start + at, start + upto) if found is None else found
        at = upto


def _text(log: EventLog, store: int, offset: int, size: int, lines: int) -> Sequence[Said] | None:
    """What lines in a row say; None where that is not to be had at once."""
    text = log.store_of(store).read(offset, size)
    if len(text) != size or not log.certain(store):
        return None
    try:
        found = _decode_text(text)
    except _WRONG:
        return None
    return found if len(found) == lines else None


def _one_by_one(log: EventLog, start: int, stop: int) -> list[Said | None]:
    found: list[Said | None] = []
    for row, line in enumerate(read_lines(log, range(start, stop)), start):
        if not line:
            found.append(None)
            continue
        try:
            found.append(_decode(line))
        except _WRONG:
            found.append(_said(log, row))
    return found


def _said(log: EventLog, row: int) -> Said:
    """As the log's own reader has it, which takes more."""
    event = log.event(row)
    state = event.get("component_state")
    reads, writes = (_names(event.get(name)) for name in ("reads", "writes"))
    try:
        return Said(Raw(msgspec.json.encode(state)) if state else NO_STATE, reads, writes)
    except (*_WRONG, TypeError, OverflowError):
        return Said(NO_STATE, reads, writes)


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
