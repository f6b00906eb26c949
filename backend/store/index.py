"""Parts of the index: Parquet, each with a word about itself in its footer."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from backend.events import Event
from backend.store.columns import SCHEMA, table_of
from backend.store.errors import told
from backend.store.layout import INDEX, UNFINISHED, Part, part_name
from backend.store.seen import Ranges, Seen

PART_EVENTS: Final = 65_536
"""Events of a part, as the writer makes them. Whoever reads meanwhile decodes up to as many lines itself."""

_NOTE: Final = b"doubletalk"
_DAY_NS: Final = 86_400 * 10**9
_MIXED: Final = "mixed"
# Zstandard's first level: a third of the size of Snappy's for JSON, at the same speed.
_WRITING: Final[dict[str, Any]] = {"compression": "zstd", "compression_level": 1, "version": "2.6"}


class Note(Struct, frozen=True):
    """What a part says of itself, so that a writer that begins need not read it."""

    rows: int
    oldest_us: int | None
    newest_us: int | None
    sources: dict[str, list[tuple[int, int]]]
    """The seqs that are in it."""
    unnumbered: int
    """Events without a seq."""
    untimed: int
    """Events without a time."""


def note_of(table: pa.Table) -> Note:
    """What there is to say about a table."""
    import pyarrow.compute as pc  # noqa: PLC0415 - 40 ms, which readers do without

    times = pc.min_max(table["ts"].cast(pa.int64()))
    numbered = table.select(["source", "seq"]).filter(
        pc.and_(pc.is_valid(table["seq"]), pc.is_valid(table["source"]))
    )
    sources: dict[str, Ranges] = {}
    for name in pc.unique(numbered["source"]).to_pylist():
        seqs = numbered["seq"].filter(pc.equal(numbered["source"], name))
        for start, end in _runs(seqs.sort().to_numpy()):
            sources.setdefault(name, Ranges()).add(start, end)
    return Note(
        table.num_rows,
        times["min"].as_py(),
        times["max"].as_py(),
        {name: list(ranges) for name, ranges in sources.items()},
        table.num_rows - numbered.num_rows,
        table["ts"].null_count,
    )


def _runs(numbers: Any) -> Iterator[tuple[int, int]]:
    """Sorted numbers as ranges."""
    import numpy as np  # noqa: PLC0415 - as above

    breaks = np.flatnonzero(np.diff(numbers) > 1) + 1
    for run in np.split(numbers, breaks):
        yield int(run[0]), int(run[-1])


def write_part(folder: Path, span: tuple[int, int], text: tuple[int, int], table: pa.Table) -> Part:
    """Write the index of the text of a segment, whole or not at all.

    Raises:
        StoreError: it cannot be written.
    """
    note = note_of(table)
    home = folder / INDEX / f"day={_day(note)}"
    times = _milliseconds(note)
    path = home / part_name(span, text, times)
    unfinished = path.with_name(path.name + UNFINISHED)
    noted = table.replace_schema_metadata({_NOTE: msgspec.json.encode(note)})
    try:
        home.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            pq.write_table(noted, file, **_WRITING)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise told(error, "write", path) from None
    return Part(*span, *text, path, times)


def _milliseconds(note: Note) -> tuple[int, int] | None:
    """The times that hold all its events; None if one of them has none."""
    if note.untimed or note.oldest_us is None or note.newest_us is None:
        return None
    return note.oldest_us // 1_000, note.newest_us // 1_000


def _day(note: Note) -> str:
    """The day of all its events, else `_MIXED`: whoever reads only ``day=2026-11-21`` must find no other."""
    import datetime as dt  # noqa: PLC0415 - with its one use

    if note.untimed or note.oldest_us is None or note.newest_us is None:
        return _MIXED
    first, last = note.oldest_us * 1_000 // _DAY_NS, note.newest_us * 1_000 // _DAY_NS
    return str(dt.date(1970, 1, 1) + dt.timedelta(days=first)) if first == last else _MIXED


def note_in(path: Path) -> Note | None:
    """What a part says of itself; None of one that is damaged or not ours."""
    try:
        metadata = pq.read_schema(path).metadata or {}
        return msgspec.json.decode(metadata[_NOTE], type=Note)
    except (OSError, KeyError, pa.ArrowException, msgspec.MsgspecError):
        return None


def learn(seen: Seen, part: Part, note: Note) -> None:
    """Let `seen` know the events of a part."""
    for name, ranges in note.sources.items():
        known = seen.sources.setdefault(name, Ranges())
        for start, end in ranges:
            known.add(start, end)
    if note.unnumbered:
        table = pq.read_table(part.path, columns=["id", "source", "seq"])
        for row in table.to_pylist():
            if (row["seq"] is None or row["source"] is None) and row["id"] is not None:
                seen.know_id(row["id"])


class Pending:
    """Events that are in a segment, and not in its index yet."""

    def __init__(self, start: int) -> None:
        self.start = self.end = start
        self._tables: list[pa.Table] = []
        self.rows = 0

    def add(self, events: Sequence[Event], end: int) -> None:
        """The next events, whose lines end at `end`."""
        table = table_of(events)
        self._tables.append(table)
        self.rows += len(events)
        self.end = end

    def taken(self) -> pa.Table:
        """All of them, which are then pending no more."""
        table = pa.concat_tables(self._tables) if self._tables else SCHEMA.empty_table()
        self._tables, self.rows, self.start = [], 0, self.end
        return table.combine_chunks()


def joined(parts: Iterable[Part]) -> pa.Table:
    """The events of several parts.

    Raises:
        StoreError: one cannot be read.
    """
    tables = []
    for part in parts:
        try:
            tables.append(pq.read_table(part.path).replace_schema_metadata(None).cast(SCHEMA))
        except OSError as error:
            raise told(error, "read", part.path) from None
    return pa.concat_tables(tables)
