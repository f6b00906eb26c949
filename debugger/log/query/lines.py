"""Conditions on what is in the lines: each line is read and decoded once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from backend.events import BrokenLineError, decode_line
from backend.wire.query.matching import Conditional, Test, list_test, name_test, payload_test, walk
from backend.wire.query.nodes import MISSING, Field, Kind
from debugger.log.eventlog import EventLog
from debugger.log.fields import read_lines

Mask = NDArray[np.bool_]

_PAYLOADS: Final = ("data", "component_state")
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_UNREAD: Final = Struct()


class Reader:
    """Decodes from a line what some fields need, and goes over the rest of it.

    That takes half a microsecond: less than to search the line for a key, and for the
    escapes that could hide it.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        members: dict[str, tuple[str, Any, Any]] = {
            field.source: (field.source, Any, MISSING) for field in fields if field.source not in _PAYLOADS
        }
        self._names = list(members)
        self._payloads: dict[str, type[Struct] | None] = {}
        for payload in _PAYLOADS:
            keys = list(dict.fromkeys(str(field.path[0]) for field in fields if field.source == payload))
            if keys:
                holder = self._payloads[payload] = _holder(keys)
                kind: Any = dict[str, Any] if holder is None else holder
                empty = msgspec.field(default_factory=dict if holder is None else holder)
                members[payload] = (payload, kind, empty)
        self._line = msgspec.defstruct("Line", members.values(), gc=False)
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
        """The same of a line with a payload of null, or with numbers that only the standard library reads."""
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
            return attrgetter(source)
        first, *rest = field.path
        name = self._keys[source].get(str(first))
        path: Sequence[str | int] = rest
        get: Callable[[Any], Any] = attrgetter(f"{source}.{name}")
        if name is None:
            get, path = attrgetter(source), field.path
        return (lambda record: walk(get(record), path)) if path else get


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
    """Some rows of a log, in order. A line is read and decoded when the first condition needs it."""

    def __init__(self, log: EventLog, rows: NDArray[np.intp], reader: Reader | None) -> None:
        self.rows = rows
        self._log = log
        self._reader = reader
        self._records: list[Struct | None] = [_UNREAD] * len(rows)

    def records(self, places: list[int]) -> list[Struct | None]:
        """The decoded lines of some rows, by their places in the batch; None for those that are gone."""
        records, reader = self._records, self._reader
        unread = [place for place in places if records[place] is _UNREAD]
        if unread and reader is not None:
            lines = read_lines(self._log, self.rows[unread].tolist())
            for place, line in zip(unread, lines, strict=True):
                records[place] = reader.record(line)
        return [records[place] for place in places]

    def record(self, place: int) -> Struct | None:
        """The same of one row."""
        record = self._records[place]
        return self.records([place])[0] if record is _UNREAD else record


class LineTest:
    """A condition on a field of the line."""

    def __init__(self, condition: Conditional, reader: Reader) -> None:
        self._get = reader.getter(condition.field)
        self._test = _test_of(condition)

    def rows(self, batch: Batch, places: NDArray[np.intp]) -> Mask:
        """Which of some rows, by their places in the batch, it holds for."""
        get, test = self._get, self._test
        records = batch.records(places.tolist())
        answers = [record is not None and test(get(record)) for record in records]
        return np.array(answers, np.bool_)


def _test_of(condition: Conditional) -> Test:
    kind = condition.field.kind
    if kind is Kind.LIST:
        return list_test(condition)
    if kind is Kind.TEXT:
        test = name_test(condition)
        return lambda name: test(None if name is MISSING else name)
    return payload_test(condition)
