"""How much is kept: whole segments go, the oldest first, and what is gone is gone everywhere."""

from __future__ import annotations

import time
from pathlib import Path

from msgspec import Struct

from backend.store.layout import Catalogue, Part, Segment, catalogue
from backend.store.truth import remove


class Limits(Struct, frozen=True):
    """Of a store; None for none. The segment that is written to always stays."""

    seconds: float | None = None
    """Since the newest event of a segment."""
    size: int | None = None
    """Bytes of segments and index together, on the disk."""


def retain(folder: Path, limits: Limits, now: float | None = None) -> list[Segment]:
    """Remove what is beyond the limits; returns which segments that was. For the one who writes.

    Raises:
        StoreError: it cannot be removed.
    """
    if limits.seconds is None and limits.size is None:
        return []
    there = catalogue(folder)
    sizes = {path: _size(path) for path in paths_of(there)}
    total = sum(sizes.values())
    oldest_ms = None
    if limits.seconds is not None:
        oldest_ms = ((time.time() if now is None else now) - limits.seconds) * 1e3
    gone: list[Segment] = []
    for segment in there.segments[:-1]:
        parts = parts_of(there, segment)
        if not (limits.size is not None and total > limits.size) and not (
            oldest_ms is not None and _newest_ms(parts) < oldest_ms
        ):
            break
        # The segment first: parts of none are not looked at.
        for path in (segment.path, *(one.path for one in parts)):
            remove(path)
            total -= sizes[path]
        gone.append(segment)
    return gone


def paths_of(there: Catalogue) -> list[Path]:
    """The files of a store that are looked at."""
    return [one.path for one in there.segments] + [one.path for one in there.parts]


def parts_of(there: Catalogue, segment: Segment) -> list[Part]:
    """The index of a segment."""
    return [one for one in there.parts if one[:2] == segment[:2]]


def _newest_ms(parts: list[Part]) -> float:
    """Of a segment; without a complete answer it is not old."""
    if not parts or any(one.times is None for one in parts):
        return float("inf")
    return max(one.times[1] for one in parts if one.times is not None)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
