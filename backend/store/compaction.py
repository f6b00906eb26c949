"""Small segments into one, compressed; small parts of the index into one. Nothing is lost in between."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from backend.store.errors import told
from backend.store.index import joined, note_in, write_part
from backend.store.layout import EVENTS, UNFINISHED, Segment, catalogue, segment_name
from backend.store.retention import parts_of
from backend.store.segments import text_of
from backend.store.truth import remove

PART_EVENTS: Final = 1_000_000
"""Events of a part of the index, at most, as compaction makes it."""

_BLOCK: Final = 1 << 20
_LEVEL: Final = 3

Index = Callable[[Segment, int, int], object]
"""Makes the index of a stretch of a segment."""


def compact(folder: Path, segment_bytes: int, index: Index) -> int:
    """Compact all segments but the one that is written to; returns how many files that saved.

    For the one who writes.

    Raises:
        StoreError: a segment is damaged, or the disk is full; the store is as it was.
    """
    before = _files(folder)
    for group in list(_groups(catalogue(folder).segments[:-1], segment_bytes)):
        if len(group) == 1 and group[0].packed:
            continue
        packed = _packed(folder, group)
        for one in group:
            remove(one.path)
        if len(group) > 1:
            index(packed, 0, packed.size)
    there = catalogue(folder)
    for segment in there.segments[:-1]:
        _join_parts(folder, segment)
    _remove_orphans(folder)
    return before - _files(folder)


def _files(folder: Path) -> int:
    there = catalogue(folder)
    return len(there.segments) + len(there.parts)


def _groups(segments: tuple[Segment, ...], segment_bytes: int) -> Iterator[list[Segment]]:
    """Segments that follow upon each other without one missing, and together are about one's size."""
    group: list[Segment] = list(segments[:1])
    for before, after in pairwise(segments):
        follows = after.first == before.last + 1
        if not follows or sum(one.size for one in group) + after.size > segment_bytes:
            yield group
            group = []
        group.append(after)
    if group:
        yield group


def _packed(folder: Path, group: list[Segment]) -> Segment:
    """All of them in one compressed file, blocks of which can be read one by one."""
    import zstandard  # noqa: PLC0415 - only here

    first, last = group[0].first, group[-1].last
    unfinished = folder / EVENTS / (segment_name(first, last, 0) + UNFINISHED)
    size = 0
    try:
        with unfinished.open("wb") as file:
            for one in group:
                for text in text_of(one.path, 0, one.size):
                    size += len(text)
                    for at in range(0, len(text), _BLOCK):
                        file.write(zstandard.ZstdCompressor(level=_LEVEL).compress(text[at : at + _BLOCK]))
            file.flush()
            os.fsync(file.fileno())
        path = folder / EVENTS / segment_name(first, last, size)
        unfinished.rename(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise told(error, "write", unfinished) from None
    return Segment(first, last, path, size)


def _join_parts(folder: Path, segment: Segment) -> None:
    """Parts that touch and together are not too many events, into one."""
    parts = parts_of(catalogue(folder), segment)
    group = parts[:1]
    rows = _rows(group[0].path) if group else 0
    for after in [*parts[1:], None]:
        more = 0 if after is None else _rows(after.path)
        if after is not None and after.start == group[-1].end and rows + more <= PART_EVENTS:
            group.append(after)
            rows += more
            continue
        if len(group) > 1:
            text = group[0].start, group[-1].end
            write_part(folder, segment[:2], text, joined(group))
            for one in group:
                remove(one.path)
        if after is not None:
            group, rows = [after], more


def _rows(path: Path) -> int:
    note = note_in(path)
    return PART_EVENTS if note is None else note.rows


def _remove_orphans(folder: Path) -> None:
    kept = {one.path for one in catalogue(folder).parts}
    for path in folder.glob("index/day=*/*.parquet"):
        if path not in kept:
            remove(path)
