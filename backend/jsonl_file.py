"""Append JSONL to a file so that `kill -9` costs at most what was not flushed.

Plain files get each write at once, unbuffered. ``.gz`` and ``.zst`` files get
complete members (frames) of at most `BLOCK` bytes of text each, so that whatever stands in
the file after a kill is valid to any reader, up to a block that was torn in the write itself.
"""

from __future__ import annotations

import os
import stat
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol, Self

from backend.errors import UserError

BLOCK: Final = 128 * 1024
"""Bytes of text that a compressed file holds back at most. Smaller blocks compress worse."""

_GZIP_LEVEL = 3
_ZSTD_LEVEL = 1
_READ = 1 << 20


class JsonlFileError(UserError, OSError):
    """The file cannot be opened or written; the text is one line: what, where, what to do."""


class JsonlFile:
    """A recording being written. ``write`` takes whole lines, each ended by its newline.

    The suffix says how: ``.gz``, ``.zst``, anything else is plain; ``-`` is standard output.
    An existing file is replaced, gone on with (`append`), or refused (`exclusive`).
    After an error in `write` or `flush` a regular file holds whole lines or blocks only.

    Raises:
        JsonlFileError: from the constructor, `write`, `flush` and `close`.
        FileExistsError: from the constructor, with `exclusive`.
        BrokenPipeError: whoever read standard output is gone.
    """

    def __init__(self, path: str | Path, *, append: bool = False, exclusive: bool = False) -> None:
        self.path = str(path)
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._compress = _compressor(self.path)
        self._fd = -1
        if self.path == "-":
            self._fd = sys.stdout.fileno()
            self._size: int | None = None
            return
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        if exclusive:
            flags |= os.O_EXCL
        elif not append:
            flags |= os.O_TRUNC
        try:
            self._fd = os.open(self.path, flags, 0o666)
            status = os.fstat(self._fd)
            # Only a regular file can be cut back after a failed write; a pipe or device cannot.
            self._size = status.st_size if stat.S_ISREG(status.st_mode) else None
            if append and self._size:
                self._mend_end()
        except OSError as error:
            self._abandon()
            raise _told(error, self.path) from None

    def write(self, lines: bytes) -> None:
        """Append lines; a plain file has them when this returns."""
        if self._compress is None:
            self._put(lines)
            return
        self._held.append(lines)
        self._held_bytes += len(lines)
        if self._held_bytes >= BLOCK:
            self.flush()

    def flush(self) -> None:
        """Put what is held back into the file, as a block of its own."""
        if self._compress is not None and self._held:
            text = b"".join(self._held)
            self._held.clear()
            self._held_bytes = 0
            self._put(self._compress(text))

    def close(self) -> None:
        """Flush and close. Idempotent; standard output stays open."""
        if self._fd < 0:
            return
        try:
            self.flush()
        finally:
            self._abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _put(self, content: bytes) -> None:
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError as error:
            if self._size is not None:
                os.ftruncate(self._fd, self._size)  # no torn line for the next writer or reader
            raise _told(error, self.path) from None
        if self._size is not None:
            self._size += len(content)

    def _abandon(self) -> None:
        if self._fd >= 0 and self.path != "-":
            os.close(self._fd)
        self._fd = -1

    def _mend_end(self) -> None:
        """See that what is appended begins on a line of its own."""
        if self._compress is None:
            last = os.pread(self._fd, 1, (self._size or 1) - 1)
        else:
            last = self._last_byte_of_blocks()
        if last not in {b"\n", b""}:
            # A killed writer's torn line: ended here, it is skipped and named by readers.
            self._put(b"\n" if self._compress is None else self._compress(b"\n"))

    def _last_byte_of_blocks(self) -> bytes:
        """The last byte of text in the file.

        Raises:
            JsonlFileError: its last block is torn; appending would hide all that follows.
        """
        last, offset = b"", 0
        block: _Block | None = None
        while chunk := os.pread(self._fd, _READ, offset):
            offset += len(chunk)
            while chunk:
                block = block or _block(self.path)
                try:
                    text = block.decompress(chunk)
                except Exception as error:  # noqa: BLE001 - zlib.error or zstandard's own
                    raise JsonlFileError(
                        f"{self.path} is damaged ({error}): record to another file"
                    ) from None
                last = text[-1:] or last
                chunk = block.unused_data if block.eof else b""
                block = None if block.eof else block
        if block is not None:
            raise JsonlFileError(f"{self.path} ends in a torn block: record to another file")
        return last


class _Block(Protocol):
    """A decompressor of one block: what zlib's and zstandard's have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def _compressor(path: str) -> Callable[[bytes], bytes] | None:
    if path.endswith(".gz"):
        return _gzip_block
    if path.endswith(".zst"):
        compress: Callable[[bytes], bytes] = _zstandard(path).ZstdCompressor(level=_ZSTD_LEVEL).compress
        return compress
    return None


def _gzip_block(text: bytes) -> bytes:
    member = zlib.compressobj(_GZIP_LEVEL, wbits=31)  # 31: a gzip header and trailer around it
    return member.compress(text) + member.flush()


def _block(path: str) -> _Block:
    if path.endswith(".gz"):
        return zlib.decompressobj(wbits=31)
    block: _Block = _zstandard(path).ZstdDecompressor().decompressobj()
    return block


def _zstandard(path: str) -> Any:
    """The module, imported when the first file needs it."""
    try:
        import zstandard  # noqa: PLC0415 - heavy, and optional for the tap
    except ImportError:
        raise JsonlFileError(f"{path}: .zst needs zstandard: pip install zstandard, or use .gz") from None
    return zstandard


def _told(error: OSError, path: str) -> OSError:
    if isinstance(error, JsonlFileError | BrokenPipeError | FileExistsError):
        return error
    where = "standard output" if path == "-" else path
    return JsonlFileError(f"cannot write {where}: {error.strerror or error}")
