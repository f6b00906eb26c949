"""A TCP door in front of a server, at which the network fails as a test says.

    async with FlakyProxy(server_port) as network:
        ...connect to network.port...
        network.stall()

What a firewall would do needs rights that a test has not; what the two peers notice is the same.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit, urlunsplit

HOST: Final = "127.0.0.1"
_PIECE: Final = 64 * 1024
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: closed with an RST, not with a FIN


class FlakyProxy:
    """Carries bytes between its own port and `port`, both ways, unless it is told otherwise."""

    def __init__(self, port: int) -> None:
        self.target = port
        """Where new connections go to; may be changed."""
        self.accepted = 0
        """Connections ever."""
        self._server: asyncio.Server | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._links: set[_Link] = set()
        self._serving: set[asyncio.Task[None]] = set()

    # --- what goes wrong -----------------------------------------------------------

    def stall(self) -> None:
        """Carry nothing, in neither direction, until `flow`. Nothing is lost, and nobody is told."""
        self._flowing.clear()

    def flow(self) -> None:
        """The end of a stall."""
        self._flowing.set()

    def vanish(self) -> None:
        """The connections that there are carry nothing any more, and neither end hears of it: half open."""
        for link in self._links:
            link.vanished = True

    def cut(self) -> None:
        """Reset the connections that there are; what is on its way is lost."""
        for link in tuple(self._links):
            link.reset()

    # --- where ---------------------------------------------------------------------

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def connections(self) -> int:
        """How many are open, as far as this end knows."""
        return len(self._links)

    def before(self, url: str) -> str:
        """The URL of the server, by way of this."""
        return urlunsplit(urlsplit(url)._replace(netloc=f"{HOST}:{self.port}"))

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, HOST, 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    # --- one connection --------------------------------------------------------------

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._flowing.wait()
            there = await asyncio.open_connection(HOST, self.target)
        except OSError:
            writer.transport.abort()
        else:
            await self._carry(_Link((reader, writer), there))

    async def _carry(self, link: _Link) -> None:
        self._links.add(link)
        (here, to_here), (there, to_there) = link.ends
        try:
            await asyncio.gather(self._pump(link, here, to_there), self._pump(link, there, to_here))
        except OSError:
            pass
        finally:
            self._links.discard(link)
            link.reset()

    async def _pump(self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while content := await reader.read(_PIECE):
            await self._passes(link)
            writer.write(content)
            await writer.drain()
        await self._passes(link)
        if writer.can_write_eof():
            with suppress(OSError):
                writer.write_eof()

    async def _passes(self, link: _Link) -> None:
        """Wait until bytes of this connection are carried; without end where it vanished."""
        await self._flowing.wait()
        if link.vanished:
            await asyncio.get_running_loop().create_future()


class _Link:
    """The two ends of one connection."""

    def __init__(self, *ends: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        self.ends = ends
        self.vanished = False

    def reset(self) -> None:
        for _, writer in self.ends:
            own: socket.socket | None = writer.get_extra_info("socket")
            if own is not None and own.fileno() >= 0:
                own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()
