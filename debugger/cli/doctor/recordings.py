"""A store or a recording: can it be read, and is it all there?"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import typer

from backend.store.errors import StoreError
from backend.store.layout import LOCK, Catalogue, catalogue
from debugger.cli.doctor.diagnosis import Diagnosis, note, ok, problem

_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_PARQUET: Final = b"PAR1"
_ROOM: Final = 500 << 20
_SHOWN: Final = 3


def store(folder: Path) -> Iterator[Diagnosis]:
    """By names, sizes and ends of its files, so that terabytes take no longer; `check` reads all of it."""
    try:
        there = catalogue(folder)
    except StoreError as error:
        yield problem("store", str(error))
        return
    size = sum(map(_size, (segment.path for segment in there.segments)))
    yield ok(
        "store", f"{len(there.segments):,} segments, {size / 1e6:,.1f} MB, {len(there.parts):,} of its index"
    )
    yield from _writer(folder)
    yield from _segments(there)
    yield from _index(folder, there)
    free = shutil.disk_usage(folder).free
    if free < _ROOM:
        yield problem(
            "disk", f"{free >> 20} MiB are left", "make room, or keep less: doubletalk store retain"
        )


def _writer(folder: Path) -> Iterator[Diagnosis]:
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return  # it was made by hand
    except OSError as error:
        yield problem("writer", f"{folder / LOCK}: {error.strerror}")
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield ok("writer", "none now")
    except OSError:
        pid = os.read(descriptor, 32).decode("ascii", "replace").strip()
        yield ok("writer", f"pid {pid[:20]} writes to it")
    finally:
        os.close(descriptor)


def _segments(there: Catalogue) -> Iterator[Diagnosis]:
    fix = "its events are lost; export what there is, or put back a copy"
    before = 0
    for segment in there.segments:
        if before and segment.first != before + 1:
            yield note(
                "segments", f"from {before + 1} to {segment.first - 1} are not there", "removed by retain?"
            )
        before = segment.last
    ends = {one: found for one in there.segments if one.size and (found := _ends(one.path)) is not None}
    bad = [one.path.name for one, (first, _) in ends.items() if one.packed and first != _ZSTD]
    if bad:
        yield problem("segments", f"damaged: {', '.join(bad[:_SHOWN])}", fix)
    torn = [one for one, (_, last) in ends.items() if not one.packed and not last.endswith(b"\n")]
    for one in torn:
        newest = one is there.segments[-1]
        told = f"{one.path.name} ends within a line"
        yield (note if newest else problem)("segments", told, "the next writer mends it" if newest else fix)
    if not bad and not torn:
        yield ok("segments", "each can be read")


def _index(folder: Path, there: Catalogue) -> Iterator[Diagnosis]:
    bad = [one.path.name for one in there.parts if _ends(one.path) not in {None, (_PARQUET, _PARQUET)}]
    rest = sum(hole.end - hole.start for hole in there.holes)
    rebuild = f"doubletalk store rebuild {folder}"
    if bad:
        yield problem("index", f"damaged: {', '.join(bad[:_SHOWN])}", rebuild)
    elif rest:
        yield note(
            "index",
            f"{rest / 1e6:,.1f} MB are not indexed: slower to ask",
            f"the next writer does it, or {rebuild}",
        )
    else:
        yield ok("index", "all is indexed")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # put together with others meanwhile


def _ends(path: Path) -> tuple[bytes, bytes] | None:
    """The first and last four bytes; None of a file that was put together with others meanwhile."""
    try:
        with path.open("rb") as file:
            first = file.read(4)
            file.seek(max(0, path.stat().st_size - 4))
            return first, file.read(4)
    except FileNotFoundError:
        return None
    except OSError:
        return b"", b""


def recording(path: str) -> Iterator[Diagnosis]:
    """All of it is read: two seconds for a million events."""
    from backend.events.vocabulary import RECORDING_ENDED  # noqa: PLC0415 - as all here
    from debugger.log import EventLog  # noqa: PLC0415
    from debugger.sources.file import open_recordings  # noqa: PLC0415
    from debugger.sources.recording import SourceError  # noqa: PLC0415

    log = EventLog()
    try:
        source = open_recordings([path])
        try:
            for _ in source.load(log):
                pass
        finally:
            source.close()
    except (SourceError, typer.Exit) as error:
        yield from (problem("recording", line) for line in getattr(error, "problems", [str(error)]))
        return
    stats = log.stats
    if not stats.events:
        yield (problem if stats.broken_count else note)(
            "recording", "no events in it", "was the tap started?"
        )
        return
    yield ok("recording", f"{stats.events:,} events, {len(stats.sessions):,} sessions")
    if stats.broken_count:
        yield problem("lines", f"{stats.broken_count:,} are no events", f"doubletalk stats {path} names them")
    missing = sum(stats.missing.values())
    if missing:
        yield problem(
            "events", f"{missing:,} are missing in {stats.gaps:,} places", "findings there are pending"
        )
    elif not stats.broken_count:
        yield ok("events", "none is missing")
    if log.header(len(log) - 1).message_type == RECORDING_ENDED:
        yield ok("end", "it says that it ended")
    else:
        yield note("end", "it does not say that it ended", "the program was killed, or is still running")
