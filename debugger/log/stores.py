"""Where the bytes of the lines are: in the file itself, or in compressed blocks in memory."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

import zstandard

from debugger.log.slabs import Slabs

BLOCK: Final = 128 * 1024
"""Bytes of text compressed together. Level 1 makes events about nine times smaller;
opening one then costs some 0.1 ms."""

_CACHED_BLOCKS = 8


class Store(Protocol):
    """Text that is read by its position. What was before `first_offset` is gone."""

    @property
    def first_offset(self) -> int:
        """Where the text begins that is still there."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """The bytes there; shorter, down to nothing, when they are gone."""
        ...


class FileStore:
    """The lines of an open, uncompressed file: nothing is kept in memory.

    Takes over the descriptor and closes it with itself.
    """

    first_offset = 0

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._seen = _stamp(fd)

    def fileno(self) -> int:
        """The descriptor, for a process that reads the same file."""
        return self._fd

    @property
    def untouched(self) -> bool:
        """Whether nobody wrote to it since it was opened, not even more lines."""
        return _stamp(self._fd) == self._seen

    def read(self, offset: int, length: int) -> bytes:
        """As `Store.read`; short if the file was cut meanwhile."""
        try:
            found = os.pread(self._fd, length, offset)
            while 0 < len(found) < length:
                more = os.pread(self._fd, length - len(found), offset + len(found))
                if not more:
                    break
                found += more
        except OSError:
            return b""
        return found

    def __del__(self) -> None:
        """Close the file."""
        os.close(self._fd)


def _stamp(fd: int) -> tuple[int, int]:
    status = os.fstat(fd)
    return status.st_size, status.st_mtime_ns


class _Block(NamedTuple):
    start: int
    packed: memoryview
    lines: int


class Sealed(NamedTuple):
    """A block that was compressed before it came here: how long its text is, and how many lines end in it."""

    size: int
    lines: int
    packed: bytes


def sealed(text: bytes | bytearray) -> Sealed:
    """Compress a block."""
    # A compressor holds a context of ~1 MB: made per block, so that idle stores hold none.
    # What it returns keeps the room of the uncompressed text, nine times as much: a copy does not.
    packed = bytes(memoryview(zstandard.ZstdCompressor(level=1).compress(bytes(text))))
    return Sealed(len(text), text.count(b"\n"), packed)


class _Tail(NamedTuple):
    start: int
    text: bytearray


class BlockStore:
    """Text in memory, in compressed blocks. With ``limit`` the oldest blocks go when it is reached.

    ``limit`` counts compressed bytes, and never costs the newest block. `first_offset`
    is where the text that is still there begins.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self.first_offset = 0
        self.end = 0
        self.resident = 0
        self.evicted = 0
        # Both are replaced or appended to in one step each: other threads read meanwhile.
        self._blocks: list[_Block] = []
        self._slabs = Slabs()
        self._tail = _Tail(0, bytearray())
        self._tail_lines = 0
        self._opened: OrderedDict[int, bytes] = OrderedDict()

    def put(self, text: bytes, lines: int = 1) -> int:
        """Append a line, or some; returns the offset. `evicted` counts the lines that are gone."""
        offset = self.end
        tail = self._tail.text
        tail += text
        self._tail_lines += lines
        self.end = offset + len(text)
        if len(tail) >= BLOCK:
            self._seal()
        return offset

    def put_sealed(self, blocks: Sequence[Sealed]) -> int:
        """Append blocks, all lines of which end in them; returns the offset of the first."""
        if self._tail.text:
            self._seal()
        offset = self.end
        for block in blocks:
            self._blocks.append(_Block(self.end, self._slabs.put(block.packed), block.lines))
            self.end += block.size
            self.resident += len(block.packed)
        self._tail = _Tail(self.end, bytearray())
        self._limit()
        return offset

    def _seal(self) -> None:
        packed = sealed(self._tail.text).packed
        self._blocks.append(_Block(self._tail.start, self._slabs.put(packed), self._tail_lines))
        self._tail = _Tail(self.end, bytearray())
        self._tail_lines = 0
        self.resident += len(packed)
        self._limit()

    def _limit(self) -> None:
        """Drop what is too much."""
        if self.limit is None or self.resident <= self.limit:
            return
        over, excess = self.resident - self.limit, 0
        while over > 0 and excess < len(self._blocks) - 1:
            over -= len(self._blocks[excess].packed)
            excess += 1
        self._drop(excess)

    def _drop(self, count: int) -> None:
        """Drop the oldest blocks; one is left."""
        blocks = self._blocks
        for block in blocks[:count]:
            self.resident -= len(block.packed)
            self.evicted += block.lines
        self.first_offset = blocks[count].start
        self._blocks = blocks[count:]

    def forget(self, offset: int) -> None:
        """Text before `offset` is no longer needed: whole blocks of it go."""
        count = bisect_right(self._blocks, offset, key=lambda block: block.start) - 1
        if count > 0:
            self._drop(count)

    def read(self, offset: int, length: int) -> bytes:
        """As `Store.read`."""
        if offset < self.first_offset:
            return b""
        found = bytearray()
        while length > 0 and offset < self.end:
            start, text = self._at(offset)
            part = text[offset - start : offset - start + length]
            if not part:
                break
            found += part
            offset += len(part)
            length -= len(part)
        return bytes(found)

    def _at(self, offset: int) -> tuple[int, bytes | bytearray]:
        """The start and text of the block that holds `offset`."""
        tail = self._tail
        if offset >= tail.start:
            return tail
        blocks = self._blocks
        number = bisect_right(blocks, offset, key=lambda block: block.start) - 1
        if number < 0:  # evicted since the caller looked
            return offset, b""
        block = blocks[number]
        text = self._opened.get(block.start)
        if text is None:
            text = zstandard.ZstdDecompressor().decompress(block.packed)
            self._opened[block.start] = text
            if len(self._opened) > _CACHED_BLOCKS:
                self._opened.popitem(last=False)
        return block.start, text
