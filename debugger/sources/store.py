"""A store as a recording, or a time range of it: ``DIR@2026-11-21T10:00..2026-11-21T11:00``.

Only what may be in the range is read: the names of a store's index tell where that is. The range
may be of a plain recording too, which then is read as a whole.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from backend.errors import UserError
from backend.store.layout import Catalogue, Segment, catalogue, is_store
from debugger.log.pack import nanoseconds
from debugger.sources.errors import SourceError
from debugger.sources.linereader import Batch
from debugger.sources.recording import Placed, Recording

_RANGED: Final = re.compile(r"(?P<path>.+)@(?P<since>[^@]*)\.\.(?P<until>[^@]*)")
_MS: Final = 1_000_000


class Window(NamedTuple):
    """From one time to before another, in ns since the epoch; None: without bound."""

    since: int | None = None
    until: int | None = None

    def has_any(self, times_ms: tuple[int, int] | None) -> bool:
        """Whether something between two times, both of them too, may be in it."""
        if times_ms is None:
            return True
        oldest, newest = times_ms[0] * _MS, times_ms[1] * _MS + _MS - 1
        return (self.since is None or newest >= self.since) and (self.until is None or oldest < self.until)


ALWAYS: Final = Window()


class Opened(NamedTuple):
    """Recordings that follow upon each other, what they are together, and what is to be said of them."""

    recordings: list[Recording]
    name: str
    notices: list[str]


def with_range(paths: Sequence[str], since: str | None, until: str | None) -> list[str]:
    """Recordings and stores, each with the range that was asked for, to be opened.

    Raises:
        UserError: one of the times is none, or the range is empty.
    """
    if not since and not until:
        return list(paths)
    if _window(since or "", until or "") is ALWAYS or "-" in paths:
        raise UserError("--from and --to are of stores and files, not of standard input")
    return [f"{path}@{since or ''}..{until or ''}" for path in paths]


def is_ranged(path: str) -> bool:
    """Whether it is a store, or a range of a store or a recording; a file of that very name is a file."""
    if is_store(path):
        return True
    named = _RANGED.fullmatch(path)
    return named is not None and not _exists(path) and _exists(named["path"])


def opened_range(path: str) -> Opened:
    """Open a store or a range.

    Raises:
        SourceError: it cannot be read, or the range is none.
    """
    named = None if is_store(path) else _RANGED.fullmatch(path)
    try:
        window = ALWAYS if named is None else _window(named["since"], named["until"])
        path = path if named is None else named["path"]
        if not is_store(path):
            return Opened([Stretch(path, window)], path, [])
        there = catalogue(Path(path))
    except UserError as error:
        raise SourceError(str(error)) from None
    name = path.rstrip("/") or path
    recordings = [
        Stretch(str(segment.path), window, start, end) for segment, start, end in _stretches(there, window)
    ]
    notices = [f"{name}: {told}" for told in _missing(there.segments)]
    if not recordings:
        notices.append(f"{name}: no events in it" if window == ALWAYS else f"{name}: nothing in this range")
    return Opened(list(recordings), name, notices)


def _stretches(there: Catalogue, window: Window) -> Iterator[tuple[Segment, int, int | None]]:
    """Where events of the window may be, in the order in which they were stored."""
    for segment in there.segments:
        own = [
            (one.start, one.end)
            for one in there.parts
            if one[:2] == segment[:2] and window.has_any(one.times)
        ]
        own += [(one.start, one.end) for one in there.holes if one.segment == segment]
        if not own:
            continue
        if segment.packed:
            yield segment, 0, None
            continue
        own.sort()
        start, end = own[0]
        for low, high in own[1:]:
            if low > end:
                yield segment, start, end
                start = low
            end = high
        follows = segment is there.segments[-1] and end == segment.size and window.until is None
        yield segment, start, None if follows else end


def _missing(segments: Sequence[Segment]) -> Iterator[str]:
    for before, after in pairwise(segments):
        if after.first > before.last + 1:
            lost = f"{before.last + 1:06}" if after.first == before.last + 2 else "segments"
            yield f"{lost} between {before.path.name} and {after.path.name} is missing: its events are a gap"


class Stretch(Recording):
    """A part of a segment, of which only what is in the window is given."""

    def __init__(self, path: str, window: Window, start: int = 0, end: int | None = None) -> None:
        super().__init__(path, start, end)
        self._window = window

    def packs(self) -> Iterator[Placed]:
        """As `Recording.packs`."""
        if self._window == ALWAYS:
            yield from super().packs()
            return
        for batch in self.batches():
            yield Placed(batch.packed() if batch.events else None, batch.offsets, batch.lengths)

    def batches(self) -> Iterator[Batch]:
        """As `Recording.batches`."""
        for batch in super().batches():
            yield batch if self._window == ALWAYS else _within(batch, self._window)

    def prepare(self) -> None:
        """As `Recording.prepare`; helpers know of no window."""
        if self._window == ALWAYS:
            super().prepare()


def _within(batch: Batch, window: Window) -> Batch:
    times = np.array([nanoseconds(event) for event in batch.events], np.int64)
    inside = np.ones(len(times), bool)
    if window.since is not None:
        inside &= times >= window.since
    if window.until is not None:
        inside &= times < window.until
    if inside.all():
        return batch
    kept = np.flatnonzero(inside)
    places = {old: new for new, old in enumerate(kept.tolist())}
    return batch._replace(
        events=[batch.events[old] for old in places],
        offsets=batch.offsets[kept],
        lengths=batch.lengths[kept],
        states=[places[old] for old in batch.states if old in places],
    )


def window_of(since: str | None, until: str | None) -> Window:
    """The window between two times as they are written.

    Raises:
        UserError: one of the times is none, or the first is not before the second.
    """
    return _window(since or "", until or "")


def _window(since: str, until: str) -> Window:
    window = Window(_nanoseconds(since), _nanoseconds(until))
    if window.since is not None and window.until is not None and window.since >= window.until:
        raise UserError(f"--from {since} is not before --to {until}")
    return ALWAYS if window == ALWAYS else window


def _nanoseconds(text: str) -> int | None:
    if not text:
        return None
    try:
        return round(dt.datetime.fromisoformat(text).timestamp() * 1e6) * 1_000
    except (ValueError, OverflowError, OSError):
        raise UserError(
            f"{text!r} is no time: write 2026-11-21T10:00, or 2026-11-21T09:00Z for UTC"
        ) from None


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False
