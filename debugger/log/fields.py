"""One field of a state: where it is in a snapshot's bytes, and when two values are the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Raw, Struct

from backend.wire.query.nodes import MISSING
from debugger.log.eventlog import EventLog

Path = tuple[str | int, ...]
"""The way to a field from the whole state, which is ``()``: keys of objects, places in lists."""

_GAP: Final = 8 << 10  # skipping more than this between two lines costs more than a read of its own
_STRETCH: Final = 256 << 10
_ABSENT: Final = b""
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

Cut = Callable[[bytes], bytes | None]


class _Line(Struct):
    component_state: Raw = Raw(_ABSENT)


_decode_line = msgspec.json.Decoder(_Line).decode
_decode_members = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_items = msgspec.json.Decoder(list[Raw]).decode


@lru_cache(maxsize=256)
def cutter(path: Path) -> Cut:
    """What cuts the value at `path` of the state out of an event's line: ``b""`` where there is none.

    None for a line that is gone.
    """
    steps = [_member(key) if isinstance(key, str) else _item(key) for key in path]

    def step_by_step(line: bytes) -> bytes | None:
        try:
            value = bytes(_decode_line(line).component_state) if line else None
        except _UNREADABLE:
            return None  # another program wrote over the file
        try:
            for step in steps:
                value = step(value) if value else value
        except _UNREADABLE:
            return _ABSENT  # on the way is a number where the path has an object
        return value

    decode = _decoder_of(path)
    if decode is None:
        return step_by_step

    def at_once(line: bytes) -> bytes | None:
        try:
            value = decode(line)
            while value.__class__ is not Raw:
                value = value.value
            return bytes(value)
        except (*_UNREADABLE, AttributeError):
            return step_by_step(line)

    return at_once


def _decoder_of(path: Path) -> Callable[[bytes], Any] | None:
    """A decoder that makes nothing but the value, and skips all else; None where no such can be made."""
    kind: Any = Raw
    try:
        for key in ("component_state", *path)[::-1]:
            if not isinstance(key, str):
                return None
            # Fields of structs in structs are optional: a null on the way becomes the step's own None.
            field = ("value", kind, Raw(_ABSENT)) if kind is Raw else ("value", kind | None, None)
            kind = msgspec.defstruct("_Holder", [field], rename={"value": key})
    except (ValueError, UnicodeEncodeError):  # quotes, backslashes, control characters, half pairs
        return None
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(kind).decode
    return decode


def _member(key: str) -> Callable[[bytes], bytes]:
    return lambda state: bytes(_decode_members(state).get(key, _ABSENT))


def _item(place: int) -> Callable[[bytes], bytes]:
    def cut(state: bytes) -> bytes:
        items = _decode_items(state)
        return bytes(items[place]) if 0 <= place < len(items) else _ABSENT

    return cut


def decode_value(value: bytes) -> Any:
    """The value that was cut out; `MISSING` for none, a description of what nothing can read."""
    if not value:
        return MISSING
    try:
        return msgspec.json.decode(value)
    except _UNREADABLE:
        pass
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        return {"undecodable": str(error)}


def value_at(state: Any, path: Path) -> Any:
    """The value at `path` of a decoded state, or `MISSING`."""
    for key in path:
        if isinstance(state, dict) and isinstance(key, str):
            state = state.get(key, MISSING)
        elif isinstance(state, list) and isinstance(key, int) and 0 <= key < len(state):
            state = state[key]
        else:
            return MISSING
    return state


def same(old: Any, new: Any) -> bool:
    """Whether two decoded values are the same JSON: 1, 1.0 and true are three."""
    if old is new:
        return True
    try:
        if type(old) is not type(new) or old != new:
            return False
        if not isinstance(old, dict | list):
            return True
        return msgspec.json.encode(old, order="deterministic") == msgspec.json.encode(
            new, order="deterministic"
        )
    except (RecursionError, ValueError, OverflowError, msgspec.EncodeError):
        return repr_of(old) == repr_of(new)


def repr_of(value: Any) -> str:
    """``repr``, and for what is nested too deeply for it a word."""
    try:
        return repr(value)
    except (RecursionError, ValueError):
        return "nested too deeply"


def read_lines(log: EventLog, rows: Sequence[int]) -> list[bytes]:
    """The lines of ascending `rows`, as `EventLog.raw` gives each; what is near is read together.

    Of a file that somebody wrote to since it was opened each line is read and checked by itself.
    """
    if not len(rows):
        return []
    at = np.asarray(rows, np.int64)
    stores, offsets = (np.asarray(log.column(name)[at]).astype(np.int64) for name in ("store", "offset"))
    ends = offsets + log.column("length")[at]
    gaps = offsets[1:] - ends[:-1]
    apart = np.ones(len(at), np.bool_)
    apart[1:] = (stores[1:] != stores[:-1]) | (gaps < 0) | (gaps > _GAP)
    begins = offsets[np.maximum.accumulate(np.where(apart, np.arange(len(at)), 0))]
    pieces = (offsets - begins) // _STRETCH
    apart[1:] |= pieces[1:] != pieces[:-1]
    firsts = np.flatnonzero(apart).tolist()
    lines: list[bytes] = []
    for first, last in zip(firsts, [*firsts[1:], len(at)], strict=True):
        begin, size = int(offsets[first]), int(ends[last - 1] - offsets[first])
        store = int(stores[first])
        text = log.store_of(store).read(begin, size) if last > first + 1 else _ABSENT
        if len(text) == size and log.certain(store):  # in this order: it may be written to just now
            starts = (offsets[first:last] - begin).tolist()
            stops = (ends[first:last] - begin).tolist()
            lines += [text[start:stop] for start, stop in zip(starts, stops, strict=True)]
        else:  # a single one, or some of them are gone, or may be
            lines += [log.raw(row) for row in rows[first:last]]
    return lines
