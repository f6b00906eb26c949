"""One recording being read: a file, or standard input, to events, piece by piece."""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from debugger.log.pack import Pack
from debugger.log.records import BrokenLine
from debugger.log.stores import BLOCK, BlockStore, FileStore, Store
from debugger.sources.changes import MARK, Changes
from debugger.sources.errors import SourceError
from debugger.sources.helpers import Helpers, worth_helpers
from debugger.sources.linereader import Batch, LineReader
from debugger.sources.unpack import Unpacker, unpacker_for

FIRST_CHUNK: Final = 256 * 1024
"""Bytes of the first read: some 600 events, enough for the first screen."""

CHUNK: Final = 1024 * 1024
_WAIT_SECONDS: Final = 0.2  # for a pipe: so often whoever reads it may change its mind

__all__ = ["CHUNK", "FIRST_CHUNK", "Placed", "Recording", "SourceError"]


class Placed(NamedTuple):
    """Packed events (None while a pipe lets wait), and where their lines are in the store."""

    pack: Pack | None
    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]


class Recording:
    """A file, or standard input (``-``), read piece by piece.

    `batches` and `packs` read what is there now and can be called again when the file has grown.
    A last line without its end is taken if it is an event, and else waits (`torn`).

    Of a plain file it may be only the text from `start` to `end`, which are the bounds of lines.

    Raises:
        SourceError: it cannot be opened, or is not what its name says.
    """

    def __init__(self, path: str, start: int = 0, end: int | None = None) -> None:
        self.path = path
        self._end = end
        self.name = "standard input" if path == "-" else path
        self.bytes_read = 0
        self._begun = False
        self._fd = _open(path, self.name)
        self._regular = stat.S_ISREG(os.fstat(self._fd).st_mode)
        self._unpacker: Unpacker | None = None
        self._kept: BlockStore | None = None
        self._changes: Changes | None = None
        self._helpers: Helpers | None = None
        if self._regular:
            # Standard input may be a file that somebody else read the beginning of.
            self.bytes_read = start or os.lseek(self._fd, 0, os.SEEK_CUR)
            self._changes = Changes(path, self._fd)
        self._start = self._read_start()
        self._lines = LineReader(path)
        self.store: Store = self._begin()

    @property
    def size(self) -> int | None:
        """Bytes of the file as it is now; None for a pipe, or once it is closed."""
        if not self._regular or self._fd < 0:
            return None
        there = os.fstat(self._fd).st_size
        return there if self._end is None else min(there, self._end)

    @property
    def follows(self) -> bool:
        """Whether it is a pipe, which is over only when its writer closes it."""
        return not self._regular

    @property
    def events(self) -> int:
        """Events that were read."""
        return self._lines.events

    @property
    def torn(self) -> BrokenLine | None:
        """The unfinished last line, if there is one."""
        return self._lines.torn

    def take_broken(self) -> list[BrokenLine]:
        """Lines that were skipped since the last call."""
        broken = self._lines.broken
        self._lines.broken = []
        return broken

    @property
    def damage(self) -> str | None:
        """What is wrong with its compression, in a line; None if nothing, or if it has none."""
        unpacker, events = self._unpacker, self._lines.events
        if unpacker is not None and unpacker.error is not None:
            return (
                f"{self.name}: damaged {unpacker.kind} ({unpacker.error}); "
                f"the {events} events before the damage are shown"
            )
        if unpacker is not None and unpacker.inside:
            return (
                f"{self.name}: ends inside a {unpacker.kind} block, torn or still being written; "
                f"{events} events could be read"
            )
        return None

    @property
    def notice(self) -> str | None:
        """What is to be said about the file as it was read so far; None if nothing."""
        if (told := self.damage or self.changed) is not None:
            return told
        if not self._lines.events and self.torn is None:
            return f"{self.name}: no events in it"
        return None

    @property
    def changed(self) -> str | None:
        """What became of the file while it was open, in a line; None if it only grew."""
        told = None if self._changes is None or self._fd < 0 else self._changes.look(self._fd)
        return None if told is None else f"{self.name}: {told}"

    def close(self) -> None:
        """Stop reading; lines already known stay readable. Idempotent."""
        if self._helpers is not None:
            self._helpers.stop()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    # --- bytes -----------------------------------------------------------------

    def _read_start(self) -> bytes:
        """The first bytes, by which compression is recognised; the file's name is only a hint."""
        start = b""
        while len(start) < 4 and (more := self._read(4 - len(start))):  # noqa: PLR2004 - zstandard's magic
            start += more
        return start

    def _begin(self) -> Store:
        self._unpacker = unpacker_for(self._start)
        suffix = os.path.splitext(self.path)[1]  # noqa: PTH122 - of text that may be "-"
        if (
            self._start
            and self._unpacker is None
            and suffix in {".gz", ".zst"}
            and self._start[:1] not in b"{ \n\r"
        ):
            kind = "gzip" if suffix == ".gz" else "zstandard"
            self.close()
            raise SourceError(f"{self.name}: not {kind}, whatever its name says; check where it comes from")
        if self._regular and self._unpacker is None:
            self.bytes_read -= len(self._start)
            self._start = b""
            self._lines = LineReader(self.path, self.bytes_read)
            return FileStore(os.dup(self._fd))
        self._kept = BlockStore()
        return self._kept

    def _read(self, size: int) -> bytes:
        if self._end is not None:
            size = min(size, max(self._end - self.bytes_read, 0))
        try:
            found = os.pread(self._fd, size, self.bytes_read) if self._regular else os.read(self._fd, size)
        except OSError as error:
            raise SourceError(f"{self.name}: cannot be read: {error.strerror}") from None
        self.bytes_read += len(found)
        return found

    def _texts(self) -> Iterator[bytes]:
        """The text from where reading stopped to the end; an empty one when a pipe lets wait."""
        start, self._start = self._start, b""
        while True:
            if self.follows and not select.select([self._fd], [], [], _WAIT_SECONDS)[0]:
                yield b""
                continue
            packed, start = start + self._read(CHUNK if self._begun else FIRST_CHUNK), b""
            self._begun = True
            if not packed:
                return
            if self._changes is not None:
                self._changes.read(packed, self.bytes_read)
            if self._unpacker is None:
                yield packed
                continue
            text = self._unpacker.feed(packed)
            for at in range(0, len(text), CHUNK):
                yield text[at : at + CHUNK]
            if self._unpacker.error is not None:
                return

    # --- lines -----------------------------------------------------------------

    def prepare(self) -> None:
        """Begin to read a long file in other processes, for `packs`; nothing for any other."""
        size = self.size
        if (
            self._kept is None
            and self._helpers is None
            and not self._begun
            and size is not None
            and worth_helpers(size - self.bytes_read)
        ):
            self._helpers = Helpers(self._fd, self.path, self.bytes_read, size, FIRST_CHUNK)

    def packs(self) -> Iterator[Placed]:
        """As `batches`, packed; a long file is read by other processes.

        Raises:
            SourceError: reading fails.
        """
        self.prepare()
        if self._helpers is not None and not self._begun:
            yield from self._packs_of(self._helpers)
        for batch in self.batches():
            yield Placed(batch.packed() if batch.events else None, batch.offsets, batch.lengths)

    def _packs_of(self, helpers: Helpers) -> Iterator[Placed]:
        """All that helpers can read: the rest, down to everything, is left to `batches`."""
        nothing: NDArray[np.int64] = np.zeros(0, np.int64)
        for segment in helpers.segments():
            if segment is None:
                yield Placed(None, nothing, nothing)
                continue
            self._begun = True
            self.bytes_read = segment.end
            self._lines.skip_to(segment.end, segment.lines, len(segment.offsets), segment.broken)
            yield Placed(segment.pack, segment.offsets, segment.lengths)
        if self._changes is not None:
            self._changes.read(os.pread(self._fd, MARK, max(self.bytes_read - MARK, 0)), self.bytes_read)

    def batches(self) -> Iterator[Batch]:
        """The events that came since the last call, in pieces; an empty one when a pipe lets wait.

        Raises:
            SourceError: reading fails.
        """
        if self._unpacker is not None and self._unpacker.error is not None:
            return
        if self._changes is not None and self._changes.must_stop(self._fd):
            return
        for text in self._texts():
            if self._kept is not None:
                for at in range(0, len(text), BLOCK):
                    self._kept.put(text[at : at + BLOCK])
            yield self._lines.take(text)
        last = self._lines.take_last()
        if last.events:
            yield last


def _open(path: str, name: str) -> int:
    if path == "-":
        try:
            return os.dup(sys.stdin.fileno())
        except (OSError, ValueError, AttributeError):
            raise SourceError(f"{name}: closed") from None
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            os.close(fd)
            raise SourceError(f"{name}: is a directory; name the recordings in it")
    except FileNotFoundError:
        raise SourceError(f"{name}: no such file") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SourceError(f"{name}: cannot be opened: {reason}") from None
    return fd
