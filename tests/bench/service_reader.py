"""A viewer of the service's bench that takes as little of the machine as one can.

It stands for a program on another machine. A client of a library takes a twelfth of a core of this one at
50,000 events a second, so that ten of them have more of it than the publisher: what is measured then is how
two cores are divided. This one looks at the frames of a WebSocket (RFC 6455) where they were received.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

_BUFFER: Final = 1 << 20
_HEADER: Final = 2
_MORE, _MOST = 126, 127
"""Lengths that say that the length follows, in 2 or in 8 bytes."""

_FINAL_TEXT, _CLOSE, _PING, _PONG = 0x81, 0x88, 0x89, 0x8A

OnFrame = Callable[[bytearray, int, int], None]
"""Is called with a text frame's payload: a buffer, where it begins in it and where it ends."""


def handshaken(url: str, **asked: Any) -> socket.socket:
    """A WebSocket that has subscribed, and of which nobody has read yet."""
    where = urlsplit(url)
    assert where.hostname is not None
    peer = socket.create_connection((where.hostname, where.port or 80))
    key = base64.b64encode(os.urandom(16)).decode()
    head = (
        f"GET {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    )
    head += f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    said = json.dumps({"type": "subscribe", "batch": True} | asked).encode()
    peer.sendall(head.encode() + _masked(_FINAL_TEXT, said))
    return peer


def _masked(first: int, payload: bytes) -> bytes:
    assert len(payload) < _MORE
    mask = os.urandom(4)
    return (
        bytes([first, 0x80 | len(payload)]) + mask + bytes(b ^ mask[at % 4] for at, b in enumerate(payload))
    )


class Reader:
    """Reads a connection that was `handshaken`, until it ends or `finish` is called."""

    def __init__(self, peer: socket.socket, on_frame: OnFrame) -> None:
        self._peer = peer
        self._on_frame = on_frame
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)
        self._held = 0
        self._shaken = False
        self._ended = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Read; whoever is called for a frame may `finish`."""
        loop = asyncio.get_running_loop()
        self._peer.setblocking(False)
        loop.add_reader(self._peer, self._readable)
        try:
            await self._ended
        finally:
            loop.remove_reader(self._peer)
            self._peer.close()

    def finish(self) -> None:
        """Read no more. Idempotent."""
        if not self._ended.done():
            self._ended.set_result(None)

    def _readable(self) -> None:
        try:
            count = self._peer.recv_into(self._view[self._held :])
        except BlockingIOError:
            return
        except OSError:
            count = 0
        if not count:
            self.finish()
            return
        self._held += count
        at = self._frames(0 if self._shaken else self._shake())
        self._buffer[: self._held - at] = self._view[at : self._held]
        self._held -= at

    def _shake(self) -> int:
        """Where the server's answer to the handshake ends; 0 if it is not all there."""
        end = self._buffer.find(b"\r\n\r\n", 0, self._held) + 4
        if end < 4:
            return 0
        answer = bytes(self._buffer[:end])
        if not answer.startswith(b"HTTP/1.1 101 "):
            raise RuntimeError(answer.decode())
        self._shaken = True
        return end

    def _frames(self, at: int) -> int:
        """Hand on the whole frames; where the first begins that is not all there."""
        buffer, held = self._buffer, self._held
        while self._shaken and held - at >= _HEADER:
            first, size, start = buffer[at], buffer[at + 1], at + _HEADER
            if size >= _MORE:
                start += 2 if size == _MORE else 8
                if held < start:
                    break
                size = int.from_bytes(buffer[at + _HEADER : start], "big")
            if held < start + size:
                break
            at = start + size
            if first == _FINAL_TEXT:
                self._on_frame(buffer, start, at)
            elif first == _PING:
                self._peer.sendall(_masked(_PONG, bytes(buffer[start:at])))
            elif first == _CLOSE:
                self.finish()
        return at
