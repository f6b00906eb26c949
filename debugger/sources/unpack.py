"""Compressed recordings as text, as far as they can be read."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, Final

import zstandard

GZIP_MAGIC: Final = b"\x1f\x8b"
ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"

# A piece of input may grow a thousandfold (gzip) or far more (zstandard): small pieces bound the memory.
_PIECE: Final = 16 * 1024


class Unpacker:
    """Text of a stream of gzip members or zstandard frames; goes on when the file grows.

    After damage `error` says what it is, and nothing more comes.
    """

    def __init__(self, kind: str, new_block: Callable[[], Any]) -> None:
        self.kind = kind
        self.error: str | None = None
        self._new_block = new_block
        self._block: Any = None

    @property
    def inside(self) -> bool:
        """Whether the input so far ends in the middle of a block."""
        return self._block is not None

    def feed(self, packed: bytes) -> bytes:
        """More input; returns the text that it gives."""
        text: list[bytes] = []
        for at in range(0, len(packed), _PIECE):
            if self.error is not None:
                break
            self._feed(packed[at : at + _PIECE], text)
        return b"".join(text)

    def _feed(self, packed: bytes, text: list[bytes]) -> None:
        while packed:
            if self._block is None:
                packed = packed.lstrip(b"\0")  # tapes and some tools pad with zeros
                if not packed:
                    return
                self._block = self._new_block()
            try:
                text.append(self._block.decompress(packed))
            except (zlib.error, zstandard.ZstdError) as error:
                self.error = str(error)
                return
            packed = self._block.unused_data if self._block.eof else b""
            if self._block.eof:
                self._block = None


def unpacker_for(start: bytes) -> Unpacker | None:
    """What reads a file that begins with `start`; None for plain text."""
    if start.startswith(GZIP_MAGIC):
        return Unpacker("gzip", lambda: zlib.decompressobj(wbits=31))  # 31: with header and checksum
    if start.startswith(ZSTD_MAGIC):
        return Unpacker("zstandard", lambda: zstandard.ZstdDecompressor().decompressobj())
    return None
