"""Clients that speak HTTP and WebSocket by hand, as wrongly as is wanted."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable

from tests.gateway.feeds import Server, feed_url

Headers = Iterable[tuple[str, str]]
PATH = "/ws/events"


class Raw:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, place: str) -> None:
        self.reader = reader
        self.writer = writer
        self.place = place

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    def frame(self, opcode: int, payload: bytes, *, fin: bool = True) -> None:
        """A masked frame, its mask being zero."""
        size = len(payload)
        head = bytes([(0x80 if fin else 0) | opcode])
        if size < 126:
            head += bytes([0x80 | size])
        else:
            head += bytes([0x80 | 126]) + size.to_bytes(2, "big")
        self.say(head + bytes(4) + payload)

    async def ended(self, seconds: float = 10, until: Callable[[bytes], bool] | None = None) -> bytes:
        """All that comes until the server closes. It has to once this end has, at ``until``."""
        said = b""
        with contextlib.suppress(OSError):  # cut off, perhaps before this end could say that it is done
            async with asyncio.timeout(seconds):
                while chunk := await self.reader.read(65536):
                    said += chunk
                    if until is not None and until(said):
                        self.writer.write_eof()
                        until = None
        return said

    async def head(self) -> tuple[int, bytes]:
        """Status and the rest of a response's head."""
        async with asyncio.timeout(10):
            told = await self.reader.readuntil(b"\r\n\r\n")
        return int(told.split(b" ", 2)[1]), told


@contextlib.asynccontextmanager
async def raw(server: Server) -> AsyncIterator[Raw]:
    place = feed_url(server).removeprefix("ws://").partition("/")[0]
    host, _, port = place.rpartition(":")
    reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    try:
        yield Raw(reader, writer, place)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def opening(place: str, headers: Headers = (), path: str = PATH, host: str | None = "") -> bytes:
    """A WebSocket handshake. ``host`` None leaves the header out."""
    lines = [] if host is None else [("Host", host or place)]
    lines += [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
        *headers,
    ]
    return (
        f"GET {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines) + "\r\n"
    ).encode()


async def status_of(server: Server, headers: Headers = (), path: str = PATH, host: str | None = "") -> int:
    """What a handshake is answered with."""
    async with raw(server) as client:
        client.say(opening(client.place, headers, path, host))
        return (await client.head())[0]
