"""One field of a state: where it is in a snapshot's bytes, and when two values are the same."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Raw, Struct

from debugger.log.eventlog import EventLog

Path = tuple[str | int, ...]
"""The way to a field from the whole state, which is ``()``: keys of objects, places in lists."""

_GAP: Final = 8 << 10  # skipping more than this between two lines costs more than a read of its own
_STRETCH: Final = 256 << 10
_ABSENT: Final = b""
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

Cut = Callable[[bytes], bytes]


class Missing(enum.Enum):
    """The type of `MISSING`."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing.MISSING
"""In place of a value: the field is not there, or nothing is known of it."""


class _Line(Struct):
    component_state: Raw = Raw(_ABSENT)


_decode_line = msgspec.json.Decoder(_Line).decode
_decode_members = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_items = msgspec.json.Decoder(list[Raw]).decode


def state_bytes(line: bytes) -> bytes | None:
    """The undecoded state of an event's line; None for a line that is gone."""
    try:
        return bytes(_decode_line(line).component_state) if line else None
    except _UNREADABLE:
        return None  # another program wrote over the file


@lru_cache(maxsize=256)
def cutter(path: Path) -> Cut:
    """What cuts the value at `path` out of a state's bytes: ``b""`` where there is none."""
    steps = [_member(key) if isinstance(key, str) else _item(key) for key in path]

    def cut(state: bytes) -> bytes:
        try:
            for step in steps:
                state = step(state)
                if not state:
                    return _ABSENT
        except _UNREADABLE:
            return _ABSENT  # on the way is a number where the path has an object
        return state

    return cut


def _member(key: str) -> Cut:
    try:
        holder = msgspec.defstruct("_Holder", [("value", Raw, Raw(_ABSENT))], rename={"value": key})
    except (ValueError, UnicodeEncodeError):  # quotes, backslashes, control characters, half pairs
        return lambda state: bytes(_decode_members(state).get(key, _ABSENT))
    decode: Any = msgspec.json.Decoder(holder).decode  # skips the other members without making anything
    return lambda state: bytes(decode(state).value)


def _item(place: int) -> Cut:
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
    try:
        if type(old) is not type(new) or old != new:
            return False
        if not isinstance(old, dict | list):
            return True
        return msgspec.json.encode(old, order="deterministic") == msgspec.json.encode(
            new, order="deterministic"
        )
    except (RecursionError, ValueError, OverflowError, msgspec.EncodeError):
        return old is new or repr_of(old) == repr_of(new)


def repr_of(value: Any) -> str:
    """``repr``, and for what is nested too deeply for it a word."""
    try:
        return repr(value)
    except (RecursionError, ValueError):
        return "nested too deeply"


def read_lines(log: EventLog, rows: Sequence[int]) -> list[bytes]:
    """The lines of ascending `rows`, as `EventLog.raw` gives each; what is near is read together."""
    at = np.asarray(rows, np.int64)
    stores, offsets, lengths = (log.column(name)[at].tolist() for name in ("store", "offset", "length"))
    lines: list[bytes] = []
    first = 0
    while first < len(rows):
        begin, end, last = offsets[first], offsets[first] + lengths[first], first + 1
        while (
            last < len(rows)
            and stores[last] == stores[first]
            and end <= offsets[last] <= end + _GAP
            and offsets[last] + lengths[last] - begin <= _STRETCH
        ):
            end = offsets[last] + lengths[last]
            last += 1
        text = log.store_of(stores[first]).read(begin, end - begin) if last > first + 1 else _ABSENT
        if len(text) == end - begin:
            lines += [
                text[offset - begin : offset - begin + length]
                for offset, length in zip(offsets[first:last], lengths[first:last], strict=True)
            ]
        else:  # a single one, or some of them are gone
            lines += [log.raw(row) for row in rows[first:last]]
        first = last
    return lines
