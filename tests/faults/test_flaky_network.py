"""The network that tests let fail does fail so: stalled, half open, cut."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.flaky_proxy import HOST, FlakyProxy

_A_WHILE = 0.05


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    """A server that says again what it hears; its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while content := await reader.read(100):
                writer.write(content)
            writer.close()
        except OSError:
            pass

    server = await asyncio.start_server(answer, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def silent(reader: asyncio.StreamReader) -> bool:
    """Whether nothing comes, not even an end, for a while."""
    try:
        async with asyncio.timeout(_A_WHILE):
            await reader.read(100)
    except TimeoutError:
        return True
    return False


async def test_a_stall_keeps_everything_back_and_loses_nothing() -> None:
    """Both what is on its way and a new connection; the end of a connection is carried too."""
    async with echo() as port, FlakyProxy(port) as network:
        reader, writer = await asyncio.open_connection(HOST, network.port)
        writer.write(b"one")
        assert await reader.readexactly(3) == b"one"
        network.stall()
        writer.write(b"two")
        late, to_late = await asyncio.open_connection(HOST, network.port)
        to_late.write(b"new")
        assert await silent(reader)
        assert await silent(late)
        network.flow()
        assert await reader.readexactly(3) == b"two"
        assert await late.readexactly(3) == b"new"
        writer.write_eof()
        assert await reader.read() == b""
        to_late.close()


async def test_a_vanished_peer_says_nothing_and_its_successor_speaks() -> None:
    """No end, no reset: the connection looks alive."""
    async with echo() as port, FlakyProxy(port) as network:
        reader, writer = await asyncio.open_connection(HOST, network.port)
        writer.write(b"one")
        assert await reader.readexactly(3) == b"one"
        network.vanish()
        writer.write(b"two")
        assert await silent(reader)
        again, to_again = await asyncio.open_connection(HOST, network.port)
        to_again.write(b"new")
        assert await again.readexactly(3) == b"new"
        to_again.close()


async def test_a_cut_is_a_reset_and_nobody_behind_it_is_a_refusal() -> None:
    """As by a router that forgot, and by a server that is down."""
    async with echo() as port, FlakyProxy(port) as network:
        reader, writer = await asyncio.open_connection(HOST, network.port)
        writer.write(b"one")
        assert await reader.readexactly(3) == b"one"
        network.cut()
        with pytest.raises(ConnectionResetError):
            await reader.read()
        network.target = 1  # nobody listens there
        reader, writer = await asyncio.open_connection(HOST, network.port)
        with contextlib.suppress(ConnectionResetError):  # an end is as good
            assert await reader.read() == b""
        assert network.accepted == 2
