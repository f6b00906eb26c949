"""What is where in a store, told by names alone: no list that could disagree with the files.

    DIR/store.json                                    which format this is
    DIR/writer.lock                                   held by the one writer, whose pid is in it
    DIR/events/000001.jsonl                           the truth; the highest number is written to
    DIR/events/000001-000004.8388608.jsonl.zst        four of them, compacted: 8 MiB of text
    DIR/index/day=2026-11-21/000005.0-1048576.1795257000000-1795257060000.parquet
        the first MiB of 000005: from and to when, in ms since the epoch (``none`` where no clock could say)

What is contained in something wider is not looked at: so compaction needs one renaming to be
done, and whoever is killed before or after it leaves a store that says the same.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from backend.store.errors import StoreError, told

FORMAT: Final = "doubletalk.store/1"
ABOUT: Final = "store.json"
LOCK: Final = "writer.lock"
EVENTS: Final = "events"
INDEX: Final = "index"
UNFINISHED: Final = ".tmp"

_SPAN: Final = r"(?P<first>\d{6,12})(?:-(?P<last>\d{6,12}))?"
_SEGMENT: Final = re.compile(rf"{_SPAN}(?:\.(?P<size>\d{{1,18}}))?\.jsonl(?P<packed>\.zst)?")
_PART: Final = re.compile(
    rf"{_SPAN}\.(?P<start>\d{{1,18}})-(?P<end>\d{{1,18}})\."
    r"(?:none|(?P<oldest>-?\d{1,15})-(?P<newest>-?\d{1,15}))\.parquet"
)


class Segment(NamedTuple):
    """A file of events: number `first` of all that were begun, or those up to `last` in one."""

    first: int
    last: int
    path: Path
    size: int
    """Bytes of text, also where it is packed. Of the one that is written to: as it is now."""

    @property
    def packed(self) -> bool:
        """Whether it is compressed, and so complete."""
        return self.path.name.endswith(".zst")


class Part(NamedTuple):
    """The index of the text from `start` to `end` of the segment of these numbers."""

    first: int
    last: int
    start: int
    end: int
    path: Path
    times: tuple[int, int] | None
    """Of its oldest and its newest event, in ms since the epoch; None: unknown."""


class Hole(NamedTuple):
    """Text that no part covers: to be read from the segment itself."""

    segment: Segment
    start: int
    end: int


class Catalogue(NamedTuple):
    """All of a store at a moment, each event in it once: in parts, or in holes."""

    segments: tuple[Segment, ...]
    parts: tuple[Part, ...]
    holes: tuple[Hole, ...]


def segment_name(first: int, last: int, size: int | None = None) -> str:
    """Of a plain segment, or with the `size` of its text of a packed one."""
    span = f"{first:06}" if first == last else f"{first:06}-{last:06}"
    return f"{span}.jsonl" if size is None else f"{span}.{size}.jsonl.zst"


def part_name(span: tuple[int, int], text: tuple[int, int], times: tuple[int, int] | None) -> str:
    """Of a part of the index, within the folder of its day."""
    first, last = span
    numbers = f"{first:06}" if first == last else f"{first:06}-{last:06}"
    when = "none" if times is None else f"{times[0]}-{times[1]}"
    return f"{numbers}.{text[0]}-{text[1]}.{when}.parquet"


def is_store(path: str | Path) -> bool:
    """Whether a folder says that it is a store, of whichever version."""
    try:
        return (Path(path) / ABOUT).is_file()
    except (OSError, ValueError):
        return False


def check_format(folder: Path) -> None:
    """See that it is a store that this version can read.

    Raises:
        StoreError: it is none, or of another version.
    """
    try:
        about = json.loads((folder / ABOUT).read_bytes())
        form = about.get("format") if isinstance(about, dict) else None
    except FileNotFoundError:
        raise StoreError(f"{folder}: no store here (it has no {ABOUT})") from None
    except OSError as error:
        raise told(error, "read", folder / ABOUT) from None
    except ValueError:
        raise StoreError(f"{folder / ABOUT} is damaged: it should be {_about().decode().strip()}") from None
    if form != FORMAT:
        raise StoreError(
            f"{folder} is a store of another version ({str(form)[:60]!r}, this reads {FORMAT!r}): "
            "export it with the version that wrote it, and import that here"
        )


def make(folder: Path) -> None:
    """Make the folder a store, if it is none.

    Raises:
        StoreError: it may not be written, has other things in it, or is a store of another version.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / ABOUT).exists():
            if others := sorted(one.name for one in folder.iterdir() if one.name not in _OURS):
                raise StoreError(f"{folder} is no store, and not empty ({others[0]}): name a new folder")
            (folder / EVENTS).mkdir(exist_ok=True)
            (folder / INDEX).mkdir(exist_ok=True)
            put(folder / ABOUT, _about())
    except OSError as error:
        raise told(error, "make a store in", folder) from None
    check_format(folder)


_OURS: Final = frozenset({ABOUT, ABOUT + UNFINISHED, LOCK, EVENTS, INDEX})


def _about() -> bytes:
    return json.dumps({"format": FORMAT}).encode() + b"\n"


def put(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    unfinished = path.with_name(path.name + UNFINISHED)
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)


def catalogue(folder: Path) -> Catalogue:
    """What is there now.

    Raises:
        StoreError: it is no store of this version, or cannot be read.
    """
    check_format(folder)
    try:
        # Parts before segments: whatever is begun meanwhile is then in a hole.
        found = _parts(folder / INDEX)
        segments = _segments(folder / EVENTS)
    except OSError as error:
        raise told(error, "read", error.filename or folder) from None
    parts: list[Part] = []
    holes: list[Hole] = []
    for segment in segments:
        own = [one for one in found if (one.first, one.last) == segment[:2] and one.end <= segment.size]
        at = 0
        for part in sorted(own, key=lambda one: (one.start, -one.end)):
            if part.start < at:
                continue  # contained in a wider one
            if part.start > at:
                holes.append(Hole(segment, at, part.start))
            parts.append(part)
            at = part.end
        if at < segment.size:
            holes.append(Hole(segment, at, segment.size))
    return Catalogue(segments, tuple(parts), tuple(holes))


def _segments(folder: Path) -> tuple[Segment, ...]:
    found = []
    for entry in _files(folder):
        named = _SEGMENT.fullmatch(entry.name)
        if named is None or bool(named["size"]) != bool(named["packed"]):
            continue
        first, last = int(named["first"]), int(named["last"] or named["first"])
        size = int(named["size"]) if named["size"] else entry.stat(follow_symlinks=False).st_size
        if first <= last:
            found.append(Segment(first, last, Path(entry.path), size))
    # A packed one of the same numbers is the plain one, complete.
    found.sort(key=lambda one: (one.first, -one.last, not one.packed))
    widest: list[Segment] = []
    for one in found:
        if not widest or one.first > widest[-1].last:
            widest.append(one)
    return tuple(widest)


def _parts(folder: Path) -> list[Part]:
    found = []
    for day in _entries(folder):
        if not day.name.startswith("day=") or not day.is_dir(follow_symlinks=False):
            continue
        for entry in _files(Path(day.path)):
            named = _PART.fullmatch(entry.name)
            if named is not None:
                numbers = int(named["first"]), int(named["last"] or named["first"])
                times = (int(named["oldest"]), int(named["newest"])) if named["oldest"] else None
                text = int(named["start"]), int(named["end"])
                found.append(Part(*numbers, *text, Path(entry.path), times))
    return found


def _files(folder: Path) -> Iterable[os.DirEntry[str]]:
    """Regular files: a link could lead to anything outside of the store."""
    for entry in _entries(folder):
        if stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
            yield entry


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    if folder.is_symlink():
        raise StoreError(f"{folder} is a link: a store is read only where it is")
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda one: one.name)
    except FileNotFoundError:
        return []
