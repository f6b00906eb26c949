"""What a producer and the store's process say to each other: a kind, a length, and as many bytes.

producer → store   LINES   number (8 bytes), then JSONL: one batch
store → producer   READY   {"pid": …}
                   STORED  number: this batch, and all before it, outlive both processes
                   FAILED  one line of text, and the process ends
"""

from __future__ import annotations

import struct
from typing import Final

from backend.store.errors import StoreError

LINES: Final = b"L"
HURRY: Final = b"H"
READY: Final = b"R"
STORED: Final = b"S"
FAILED: Final = b"F"
KINDS: Final = (LINES, HURRY, READY, STORED, FAILED)

LONGEST: Final = 256 << 20
"""Bytes of a frame, above which whoever sends it is no producer of ours."""

_HEAD: Final = struct.Struct(">cI")
_NUMBER: Final = struct.Struct(">Q")


def frame(kind: bytes, content: bytes = b"") -> bytes:
    """A frame, to be written as it is."""
    return _HEAD.pack(kind, len(content)) + content


def lines_head(number: int, size: int, kind: bytes = LINES) -> bytes:
    """What stands before the `size` bytes of a batch: so that they need no copy."""
    return _HEAD.pack(kind, _NUMBER.size + size) + _NUMBER.pack(number)


def stored(number: int) -> bytes:
    """The frame that acknowledges a batch, and all before it."""
    return frame(STORED, _NUMBER.pack(number))


def number_in(content: bytes) -> int:
    """The number that a frame of lines, or an acknowledgement, begins with.

    Raises:
        StoreError: it has none.
    """
    if len(content) < _NUMBER.size:
        raise StoreError("a frame without its number: this is no producer of this version")
    found: int = _NUMBER.unpack_from(content)[0]
    return found


def lines_in(content: bytes) -> bytes:
    """The lines of a frame of lines."""
    return content[_NUMBER.size :]


class Frames:
    """Bytes as they come, to frames."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def take(self, content: bytes) -> list[tuple[bytes, bytes]]:
        """The frames that end in `content`: kind, and what is in it.

        Raises:
            StoreError: this is something else.
        """
        held = self._bytes
        held += content
        found: list[tuple[bytes, bytes]] = []
        at = 0
        while len(held) - at >= _HEAD.size:
            kind, size = _HEAD.unpack_from(held, at)
            if kind not in KINDS or size > LONGEST:
                raise StoreError(f"no frame begins with {bytes(held[at : at + 5])!r}: is this a producer?")
            end = at + _HEAD.size + size
            if len(held) < end:
                break
            found.append((kind, bytes(held[at + _HEAD.size : end])))
            at = end
        del held[:at]
        return found
