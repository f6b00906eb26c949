"""Conditions on what is in the lines: each line is read and decoded once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from backend.events import BrokenLineError, decode_line
from debugger.log.eventlog import EventLog
from debugger.log.fields import MISSING, read_lines
from debugger.log.query.fields import NAMES
from debugger.log.query.globs import longest_part
from debugger.log.query.matching import Conditional, Test, list_test, name_test, payload_test, walk
from debugger.log.query.nodes import Compare, Field, Kind, Word

Mask = NDArray[np.bool_]

_PAYLOADS: Final = ("data", "component_state")
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_ESCAPE: Final = b"\\u"
_HARMLESS: Final = frozenset(map(chr, range(0x20, 0x7F))) - set('"\\/')
"""Characters that JSON can only hide behind ``\\u``."""


class Reader:
    """Decodes from a line what some fields need, and goes over the rest of it."""

    def __init__(self, fields: Sequence[Field]) -> None:
        members: list[tuple[str, Any, Any]] = [
            (field.source, Any, MISSING) for field in fields if field.source not in _PAYLOADS
        ]
        self._payloads: dict[str, type[Struct] | None] = {}
        for payload in _PAYLOADS:
            keys = list(dict.fromkeys(str(field.path[0]) for field in fields if field.source == payload))
            if keys:
                holder = self._payloads[payload] = _holder(keys)
                members.append((payload, (holder or dict[str, Any]) | None, None))
        unique = {member[0]: member for member in members}
        self._names = [name for name in unique if name not in _PAYLOADS]
        self._line = msgspec.defstruct("Line", unique.values(), gc=False)
        self._decode: Any = msgspec.json.Decoder(self._line).decode
        self._keys = {payload: _keys_of(holder) for payload, holder in self._payloads.items()}

    def record(self, line: bytes) -> Struct | None:
        """What `getter` reads from; None for a line that is gone."""
        if not line:
            return None
        try:
            record: Struct = self._decode(line)
        except _UNREADABLE:
            return self._patient(line)
        return record

    def _patient(self, line: bytes) -> Struct | None:
        """The same of a line with numbers that only the standard library reads."""
        try:
            event = decode_line(line)
        except BrokenLineError:
            return None  # another program wrote over the file
        values = {name: _as_json(getattr(event, name)) for name in self._names}
        for payload, holder in self._payloads.items():
            found = event.payload() if payload == "data" else event.state()
            if holder is None:
                values[payload] = found
            else:
                keys = self._keys[payload]
                values[payload] = holder(**{keys[key]: found[key] for key in keys if key in found})
        return self._line(**values)

    def getter(self, field: Field) -> Callable[[Any], Any]:
        """What gets the value of a field, one of those given, out of a record."""
        source = field.source
        if source not in _PAYLOADS:
            return lambda record: getattr(record, source)
        first, *rest = field.path
        name = self._keys[source].get(str(first))

        def value(record: Any) -> Any:
            found = getattr(record, source)
            if found is None:
                return MISSING
            found = found.get(str(first), MISSING) if name is None else getattr(found, name)
            return walk(found, rest) if rest else found

        return value


def _holder(keys: list[str]) -> type[Struct] | None:
    """A struct of some keys; None if one of them cannot be the name of a member."""
    members = [(f"key{at}", Any, MISSING) for at in range(len(keys))]
    names = {f"key{at}": key for at, key in enumerate(keys)}
    try:
        holder = msgspec.defstruct("Payload", members, rename=names, gc=False)
        msgspec.json.Decoder(holder)
    except (ValueError, UnicodeEncodeError):  # quotes, backslashes, control characters, half pairs
        return None
    return holder


def _keys_of(holder: type[Struct] | None) -> dict[str, str]:
    if holder is None:
        return {}
    return dict(zip(holder.__struct_encode_fields__, holder.__struct_fields__, strict=True))


def _as_json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


class Batch:
    """Some rows of a log, in order. A line is read, and decoded, when the first condition needs it."""

    def __init__(self, log: EventLog, rows: NDArray[np.intp], reader: Reader | None) -> None:
        self.log = log
        self.rows = rows
        self._reader = reader
        self._lines: list[bytes | None] = [None] * len(rows)
        self._records: dict[int, Struct | None] = {}

    def lines(self, places: list[int]) -> list[bytes]:
        """The lines of some rows, by their places in the batch."""
        unread = [place for place in places if self._lines[place] is None]
        if unread:
            for place, line in zip(unread, read_lines(self.log, self.rows[unread].tolist()), strict=True):
                self._lines[place] = line
        return [self._lines[place] or b"" for place in places]

    def record(self, place: int, line: bytes) -> Struct | None:
        """The decoded line of a row."""
        records = self._records
        if place not in records:
            records[place] = self._reader.record(line) if self._reader is not None else None
        return records[place]


class LineTest:
    """A condition on a field of the line; a line whose bytes rule it out is not decoded."""

    def __init__(self, condition: Conditional, reader: Reader) -> None:
        field = condition.field
        self._get = reader.getter(field)
        self._test = _test_of(condition)
        self._may = _clues(condition) if not self._test(MISSING) else _any_line

    def rows(self, batch: Batch, places: NDArray[np.intp]) -> Mask:
        """Which of some rows, by their places in the batch, it holds for."""
        wanted = places.tolist()
        holds = np.zeros(len(wanted), np.bool_)
        may, get, test = self._may, self._get, self._test
        for at, (place, line) in enumerate(zip(wanted, batch.lines(wanted), strict=True)):
            if may(line):
                record = batch.record(place, line)
                if record is not None and test(get(record)):
                    holds[at] = True
        return holds


def _test_of(condition: Conditional) -> Test:
    kind = condition.field.kind
    if kind is Kind.LIST:
        return list_test(condition)
    if kind is Kind.TEXT:
        test = name_test(condition)
        return lambda name: test(None if name is MISSING else name)
    return payload_test(condition)


# --- what bytes tell ------------------------------------------------------------------


def _any_line(line: bytes) -> bool:
    return line != b""


def _clues(condition: Conditional) -> Callable[[bytes], bool]:
    """Whether a line may be one that the condition holds for.

    It has the key, and the text if one is asked for, as they are, unless an escape hides them.
    Letters beyond ASCII may have these as their small letters.
    """
    key, text = _key_clue(condition.field), _text_clue(condition)
    if key and text:
        return lambda line: (key in line and (text in line.lower() or not line.isascii())) or _ESCAPE in line
    return (lambda line: key in line or _ESCAPE in line) if key else _any_line


def _key_clue(field: Field) -> bytes:
    keys = [field.source] if field.kind in NAMES else [key for key in field.path if isinstance(key, str)]
    plain = [key for key in keys if key and set(key) <= _HARMLESS]
    return b'"%b"' % max(plain, key=len).encode() if plain else b""


def _text_clue(condition: Conditional) -> bytes:
    if not isinstance(condition, Compare) or not isinstance(condition.value, Word):
        return b""
    word = condition.value
    text = (word.text if word.literal else longest_part(word.text)).lower()
    return text.encode() if set(text) <= _HARMLESS else b""
