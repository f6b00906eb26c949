"""One recording being read: bytes to whole lines to events, with the place of each line."""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from backend.events import EMPTY, BrokenLineError, Event, decode_line
from debugger.log.records import BrokenLine
from debugger.log.stores import BLOCK, BlockStore, FileStore, Store
from debugger.sources.unpack import Unpacker, unpacker_for

FIRST_CHUNK: Final = 256 * 1024
"""Bytes of the first read: some 600 events, enough for the first screen."""

CHUNK: Final = 512 * 1024
MAX_LINE: Final = 64 << 20
"""Bytes of a line, above which it is skipped as broken instead of filling the memory."""

_decode_lines: Final = msgspec.json.Decoder(Event).decode_lines
_begins: Final[Any] = memoryview  # a payload just decoded is always Raw
_NEWLINE, _BRACE = b"\n{"
_BOM: Final = b"\xef\xbb\xbf"
_WAIT_SECONDS: Final = 0.2  # for a pipe: so often whoever reads it may change its mind


class SourceError(Exception):
    """Recordings that cannot be read: one line for each, saying which, why, and what to do."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Batch(NamedTuple):
    """Events in the order of the file, and where their lines are in the store."""

    events: list[Event]
    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]


NOTHING: Final = Batch([], np.zeros(0, np.int64), np.zeros(0, np.int64))


class Recording:
    """A file, or standard input (``-``), read piece by piece.

    `batches` reads what is there now and can be called again when the file has grown.
    A last line without its end is taken if it is an event, and else waits (`torn`).

    Raises:
        SourceError: it cannot be opened, or is not what its name says.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = "standard input" if path == "-" else path
        self.broken: list[BrokenLine] = []
        self.torn: BrokenLine | None = None
        self.bytes_read = 0
        self.lines = 0
        self.events = 0
        self._pending = b""
        self._pending_offset = 0
        self._unended = False  # the last line taken had no end; one may still come
        self._skipping = False  # inside a line that is too long
        self._begun = False
        self._fd = _open(path, self.name)
        self._regular = stat.S_ISREG(os.fstat(self._fd).st_mode)
        self._unpacker: Unpacker | None = None
        self._kept: BlockStore | None = None
        self._start = self._read_start()
        self.store: Store = self._begin()

    @property
    def size(self) -> int | None:
        """Bytes of the file as it is now; None for a pipe, or once it is closed."""
        return os.fstat(self._fd).st_size if self._regular and self._fd >= 0 else None

    @property
    def follows(self) -> bool:
        """Whether it is a pipe, which is over only when its writer closes it."""
        return not self._regular

    @property
    def notice(self) -> str | None:
        """What is to be said about the file as it was read so far; None if nothing."""
        unpacker = self._unpacker
        if unpacker is not None and unpacker.error is not None:
            return (
                f"{self.name}: damaged {unpacker.kind} ({unpacker.error}); "
                f"the {self.events} events before the damage are shown"
            )
        if unpacker is not None and unpacker.inside:
            return (
                f"{self.name}: ends inside a {unpacker.kind} block, torn or still being written; "
                f"{self.events} events could be read"
            )
        size = self.size
        if size is not None and size < self.bytes_read:
            return f"{self.name}: was cut from {self.bytes_read} to {size} bytes while open; open it again"
        if not self.events and not self.broken and self.torn is None:
            return f"{self.name}: no events in it"
        return None

    def close(self) -> None:
        """Stop reading; lines already known stay readable. Idempotent."""
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
            # Standard input may be a file that somebody else read the beginning of.
            self._pending_offset = os.lseek(self._fd, 0, os.SEEK_CUR) - len(self._start)
            return FileStore(os.dup(self._fd))
        self._kept = BlockStore()
        return self._kept

    def _read(self, size: int) -> bytes:
        try:
            found = os.read(self._fd, size)
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
            if self._unpacker is None:
                yield packed
                continue
            text = self._unpacker.feed(packed)
            for at in range(0, len(text), CHUNK):
                yield text[at : at + CHUNK]
            if self._unpacker.error is not None:
                return

    # --- lines -----------------------------------------------------------------

    def batches(self) -> Iterator[Batch]:
        """The events that came since the last call, in pieces; an empty one when a pipe lets wait.

        Raises:
            SourceError: reading fails.
        """
        if self._unpacker is not None and self._unpacker.error is not None:
            return
        for text in self._texts():
            yield self._take(text)
        last = self._take_last()
        if last.events:
            yield last

    def _take(self, text: bytes) -> Batch:
        if self._kept is not None:
            for at in range(0, len(text), BLOCK):
                self._kept.put(text[at : at + BLOCK])
        offset = self._pending_offset
        if self._skipping:
            end = text.find(b"\n") + 1
            self._skipping = not end
            self.lines += bool(end)
            skipped = end or len(text)
            offset += skipped
            text = text[skipped:]
        elif self._unended and text:
            # Its line was counted already: an end that comes now ends no line of its own.
            self._unended = False
            self.lines -= text.startswith((b"\n", b"\r\n"))
        text = self._pending + text
        end = text.rfind(b"\n") + 1
        self._pending, self._pending_offset = text[end:], offset + end
        batch = self._decode(text[: end - 1], offset) if end else NOTHING
        if len(self._pending) > MAX_LINE:
            self.broken.append(BrokenLine(self.lines + 1, f"over {MAX_LINE >> 20} MiB", self.path))
            self._skipping = True
            self._pending_offset += len(self._pending)
            self._pending = b""
        return batch

    def _decode(self, text: bytes, offset: int) -> Batch:
        """Whole lines, without the end of the last, as events."""
        batch = decode_all(text, offset)
        if batch is not None:
            self.lines += len(batch.events)
        else:
            batch = self._decode_each(text, offset)
            self.lines += text.count(b"\n") + 1
        self.events += len(batch.events)
        return batch

    def _decode_each(self, text: bytes, offset: int) -> Batch:
        """Line by line, where at least one is not plain and good."""
        events: list[Event] = []
        places: list[tuple[int, int]] = []
        for number, line in enumerate(text.split(b"\n"), self.lines + 1):
            content = line.removesuffix(b"\r")
            event = self._event(content, number)
            if event is not None:
                bom = len(_BOM) if content.startswith(_BOM) else 0
                events.append(event)
                places.append((offset + bom, len(content) - bom))
            offset += len(line) + 1
        offsets, lengths = np.array(places, np.int64).reshape(-1, 2).T
        return Batch(events, offsets, lengths)

    def _event(self, line: bytes, number: int) -> Event | None:
        """The event of a line; a blank one is nothing, any other is broken."""
        line = line.removeprefix(_BOM)
        if not line.strip():
            return None
        try:
            return decode_line(line)
        except BrokenLineError as error:
            self.broken.append(BrokenLine(number, str(error), self.path))
            return None

    def _take_last(self) -> Batch:
        """A last line without its end: an event if it is one, else torn."""
        self.torn = None
        line, offset = self._pending, self._pending_offset
        if not line.strip() or self._skipping:
            return NOTHING
        before = len(self.broken)
        batch = self._decode(line, offset)
        if batch.events:
            self._pending, self._pending_offset = b"", offset + len(line)
            self._unended = True
        else:
            self.lines -= 1
            self.torn = self.broken.pop() if len(self.broken) > before else None
        return batch


def decode_all(text: bytes, offset: int) -> Batch | None:
    """All lines at once, which takes half the time; None if one is blank, broken or ends in CR LF."""
    if b"\r" in text:
        return None
    try:
        events = _decode_lines(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == _NEWLINE)
    if len(events) != len(ends) + 1:
        return None
    for event in events:
        if _begins(event.data)[0] != _BRACE:
            return None
        state = event.component_state
        if state != EMPTY and _begins(state)[0] != _BRACE:
            return None
    starts = np.concatenate(([0], ends + 1))
    lengths = np.append(ends, len(text)) - starts
    return Batch(events, starts + offset, lengths)


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
