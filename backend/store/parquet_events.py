"""Events out of Parquet: what `columns` made of them, made events again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Raw

from backend.events import Event, encode_lines
from backend.store.columns import SCHEMA
from backend.store.errors import StoreError

_FIELDS: Final = tuple(name for name in Event.__struct_fields__ if name in SCHEMA.names)
_NEEDED: Final = ("timestamp", "event_type", "component")
_JSON: Final = ("data", "component_state")
_LISTS: Final = ("reads", "writes")
_AT_ONCE: Final = 16_384


def lines_in(path: Path) -> Iterator[bytes]:
    """The events as JSONL, some thousands at a time; columns that no event has are left out.

    Raises:
        StoreError: it is no Parquet, or not of events.
    """
    try:
        file = pq.ParquetFile(path)
        if missing := [name for name in _NEEDED if name not in file.schema_arrow.names]:
            raise StoreError(f"{path}: not of events: it has no column {missing[0]}")
        columns = [name for name in _FIELDS if name in file.schema_arrow.names]
        for batch in file.iter_batches(_AT_ONCE, columns=columns):
            yield encode_lines([_event(row, path) for row in batch.to_pylist()])
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror or error}") from None
    except pa.ArrowException as error:
        raise StoreError(f"{path}: not Parquet, or damaged ({str(error).splitlines()[0]})") from None


def _event(row: dict[str, Any], path: Path) -> Event:
    fields = {name: value for name, value in row.items() if value is not None}
    for name in _JSON:
        if name in fields:
            fields[name] = Raw(str(fields[name]).encode())
    for name in _LISTS:
        fields[name] = tuple(fields.get(name, ()))
    try:
        return msgspec.convert(fields, Event)
    except msgspec.ValidationError as error:
        raise StoreError(f"{path}: a row is no event: {error}") from None
