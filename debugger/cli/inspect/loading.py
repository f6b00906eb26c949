"""Recordings into a log, for commands that print."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from backend.errors import UserError
from backend.store.layout import ABOUT, is_store
from debugger.cli.telling import note, tell

if TYPE_CHECKING:
    from debugger.log import EventLog
    from debugger.sources.file import Progress

_PROGRESS_SECONDS = 0.2
RECORDINGS = (".jsonl", ".jsonl.gz", ".jsonl.zst")


def recordings_in(paths: Sequence[str]) -> list[str]:
    """The recordings that are named: a folder means all that are in it and below, by name; a store is one.

    Raises:
        UserError: a folder has none.
    """
    found: list[str] = []
    for path in paths:
        if path == "-" or is_store(path) or not Path(path).is_dir():
            found.append(path)
            continue
        inside = inside_of(path, RECORDINGS)
        if not inside:
            raise UserError(f"{path}: no recordings in this folder ({', '.join(RECORDINGS)})")
        found += inside
    return found


def inside_of(folder: str, suffixes: tuple[str, ...]) -> list[str]:
    """The files of these suffixes in a folder and below, by name; a store in it is one, not its files."""
    found = sorted(Path(folder).rglob("*"))
    stores = {one.parent for one in found if one.name == ABOUT and is_store(one.parent)}
    files = (one for one in found if one.name.endswith(suffixes) and stores.isdisjoint(one.parents))
    return sorted([*(str(one) for one in files if one.is_file()), *map(str, stores)])


@contextlib.contextmanager
def loaded(paths: Sequence[str]) -> Iterator[EventLog]:
    """One log of all recordings; what is wrong with them goes to stderr, a line each.

    Raises:
        typer.Exit: 2, when one cannot be read at all, or has lines but none that is an event.
    """
    from debugger.log import EventLog  # noqa: PLC0415 - loads numpy
    from debugger.sources.file import open_recordings  # noqa: PLC0415
    from debugger.sources.recording import SourceError  # noqa: PLC0415
    from debugger.sources.told import NO_EVENTS, told_of  # noqa: PLC0415

    log = EventLog()
    try:
        source = open_recordings(paths)
        try:
            watched(source.load(log))
        finally:
            source.close()
    except SourceError as error:
        for problem in error.problems:
            tell(problem)
        raise typer.Exit(2) from None
    for line in told_of(log.stats, source):
        note(line)
    if not len(log) and log.stats.broken_count:
        tell(NO_EVENTS)
        raise typer.Exit(2)
    yield log


def watched(steps: Iterator[Progress]) -> None:
    """Load with a counting line while stderr is a terminal."""
    if not sys.stderr.isatty():
        for _ in steps:
            pass
        return
    told = 0.0
    try:
        for progress in steps:
            now = time.monotonic()
            if now - told >= _PROGRESS_SECONDS:
                told = now
                sys.stderr.write(f"\r\x1b[2Kloading: {progress.events:,} events")
                sys.stderr.flush()
    finally:
        sys.stderr.write("\r\x1b[2K")
