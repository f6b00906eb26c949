"""Bookmarks and notes of recordings, in a file beside each: ``FILE.notes.json``."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from debugger.log import NONE, EventLog

SUFFIX: Final = ".notes.json"
SCHEMA: Final = "doubletalk.notes/1"
MAX_NOTE: Final = 2_000
"""Characters of a note."""

_MAX_BYTES: Final = 4 << 20


class Mark(Struct, frozen=True):
    """A marked event: by source and seq where it has them, else by its row; and what was noted."""

    row: int
    source: str | None = None
    seq: int | None = None
    note: str = ""


class _File(Struct, frozen=True):
    schema: str
    marks: tuple[Mark, ...] = ()


class Notes:
    """The marks of a log, in the order of its rows. ``paths`` are its recordings, in the order of its stores.

    What was made on a live feed or on standard input is kept in memory only: `volatile` says so.
    """

    def __init__(self, paths: Sequence[str] = ()) -> None:
        self._paths = tuple(path for path in paths if path != "-")
        self._marks: dict[int, Mark] = {}
        self._waiting: list[Mark] = []
        self.problems: list[str] = []
        for path in self._paths:
            self._read(path)

    @property
    def volatile(self) -> bool:
        """Whether marks are lost at the end."""
        return not self._paths

    @property
    def marks(self) -> tuple[Mark, ...]:
        """All marks whose events are there."""
        return tuple(self._marks[row] for row in sorted(self._marks))

    def at(self, row: int) -> Mark | None:
        """The mark on a row."""
        return self._marks.get(row)

    def beyond(self, row: int, direction: int) -> int | None:
        """The nearest marked row after (or before) `row`."""
        rows = [one for one in self._marks if (one > row if direction > 0 else one < row)]
        return (min(rows) if direction > 0 else max(rows)) if rows else None

    def resolve(self, log: EventLog) -> None:
        """Find the events of marks that were read; those that are not there yet wait. Call while it loads."""
        waiting, self._waiting = self._waiting, []
        for mark in waiting:
            row = _row_of(log, mark)
            if row is None:
                self._waiting.append(mark)
            else:
                self._marks[row] = msgspec.structs.replace(mark, row=row)

    def put(self, log: EventLog, row: int, note: str = "") -> Mark:
        """Mark a row, or change its note.

        Raises:
            OSError: the mark is there, but could not be written.
        """
        seq = int(log.column("seq")[row])
        source = log.interner("source").value(int(log.column("source")[row]))
        mark = Mark(row, source, None if seq == NONE else seq, _writable(note[:MAX_NOTE]))
        self._marks[row] = mark
        self._write()
        return mark

    def drop(self, row: int) -> None:
        """Take a mark away.

        Raises:
            OSError: it is away here, but the file still has it.
        """
        self._marks.pop(row, None)
        self._write()

    # --- files -----------------------------------------------------------------

    def _read(self, path: str) -> None:
        file = Path(path + SUFFIX)
        try:
            self._waiting += _marks_of(file)
        except FileNotFoundError:
            return
        except (OSError, ValueError, RecursionError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            self.problems.append(f"{file}: no notes ({reason}); it is left alone, and new notes are not kept")
            self._paths = ()

    def _write(self) -> None:
        """All marks into the first recording's file; several recordings are one log here."""
        if not self._paths:
            return
        file = Path(self._paths[0] + SUFFIX)
        marks = (*self.marks, *self._waiting)
        if not marks:
            with suppress(FileNotFoundError):
                file.unlink()
            return
        text = msgspec.json.format(msgspec.json.encode(_File(SCHEMA, marks)))
        handle, name = tempfile.mkstemp(prefix=".notes-", dir=file.parent)
        try:
            with os.fdopen(handle, "wb") as written:
                written.write(text + b"\n")
            Path(name).replace(file)
        except OSError:
            with suppress(OSError):
                Path(name).unlink()
            raise


def _marks_of(file: Path) -> tuple[Mark, ...]:
    found = msgspec.json.decode(_content(file), type=_File)
    if found.schema != SCHEMA:
        raise ValueError(f"its schema is {found.schema[:40]!r}, not {SCHEMA!r}")
    return tuple(msgspec.structs.replace(mark, note=mark.note[:MAX_NOTE]) for mark in found.marks)


def _content(file: Path) -> bytes:
    # Whoever sent the recording may have sent this too: it may be a pipe, or endless.
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as opened:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("not a file")
        if status.st_size > _MAX_BYTES:
            raise ValueError(f"over {_MAX_BYTES >> 20} MiB")
        return opened.read(_MAX_BYTES)


def _writable(text: str) -> str:
    """`text` without halves of pairs, of which there is no UTF-8."""
    return text.encode("utf-8", "replace").decode()


def _row_of(log: EventLog, mark: Mark) -> int | None:
    if mark.seq is not None:
        return log.find(mark.source, mark.seq)
    return mark.row if 0 <= mark.row < len(log) else None
