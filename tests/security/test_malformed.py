"""What is no frame, over a real socket: it ends its own connection at most, and nobody else notices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio

from backend.gateway import Gateway
from backend.tap.feed import FeedServer
from backend.tap.hub import Hub
from tests.gateway.feeds import Server, batch, events, feed_url, subscribed
from tests.security.raw import Raw, opening, raw


def text(payload: bytes) -> bytes:
    return frame(1, payload)


def frame(opcode: int, payload: bytes, *, fin: bool = True, masked: bool = True, rsv: int = 0) -> bytes:
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    mask = 0x80 if masked else 0
    size = len(payload)
    if size < 126:
        head += bytes([mask | size])
    elif size < 1 << 16:
        head += bytes([mask | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([mask | 127]) + size.to_bytes(8, "big")
    return head + (bytes(4) if masked else b"") + payload


NESTED = 30_000
SAID = {
    "not JSON": text(b"subscribe please"),
    "nothing": text(b""),
    "a list": text(b"[]"),
    "null": text(b"null"),
    "NaN": text(b'{"type":"subscribe","since_seq":NaN}'),
    "another type": text(b'{"type":"hello"}'),
    "nested lists": text(b"[" * NESTED),
    "nested objects": text(b'{"a":' * (NESTED // 3)),
    "nested in a field": text(b'{"type":"subscribe","x":' + b"[" * NESTED),
    "broken UTF-8": text(b'{"type":"\xff\xfe"}'),
    "a zero byte": text(b'{"type":"subscribe"}\x00'),
    "twice in one": text(b'{"type":"subscribe"}{"type":"subscribe"}'),
    "binary noise": frame(2, bytes(range(256)) * 4),
    "MessagePack": frame(2, msgspec.msgpack.encode({"type": "subscribe", "format": "msgpack"})),
    "too large": text(b" " * 70_000),
    "too large in fragments": b"".join(frame(0 if n else 1, b" " * 1000, fin=False) for n in range(70)),
    "the size of a disk": b"\x81\xff" + (1 << 62).to_bytes(8, "big") + bytes(4),
    "a negative size": b"\x81\xff" + b"\xff" * 8 + bytes(4),
    "not masked": frame(1, b'{"type":"subscribe"}', masked=False),
    "an unknown opcode": frame(5, b"x"),
    "reserved bits": frame(1, b"x", rsv=4),
    "the rest of nothing": frame(0, b"x"),
    "a fragmented ping": frame(9, b"x", fin=False),
    "a long ping": frame(9, b"x" * 126),
    "a close of one byte": frame(8, b"x"),
    "a close with a wrong code": frame(8, b"\x00\x01"),
    "HTTP again": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=[FeedServer, Gateway], ids=["tap feed", "gateway"]
)
async def served(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Hub, Server]]:
    hub = Hub()
    async with request.param(hub, port=0) as server:
        yield hub, server


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
async def test_a_broken_frame_ends_its_connection_and_no_other(
    served: tuple[Hub, Server], said: bytes
) -> None:
    """Told by a close code that names it, where there is anybody to tell."""
    hub, server = served
    async with subscribed(feed_url(server)) as (other, _), raw(server) as client:
        client.say(opening(client.place))
        assert (await client.head())[0] == 101
        client.say(said)
        closing = await client.ended(until=lambda told: code_of(told) is not None)
        assert code_of(closing) in {None, 1000, 1002, 1003, 1007, 1008, 1009}
        first = hub.ring.next_seq("s")
        hub.write(batch(first, 1))
        assert [one["seq"] for one in await events(other, 1)] == [first]


def code_of(said: bytes) -> int | None:
    """The close code in what a server said last; None if it closed without."""
    at, code = 0, None
    while at + 2 <= len(said):
        opcode, size = said[at] & 15, said[at + 1] & 127
        at += 2
        if size == 126:
            size, at = int.from_bytes(said[at : at + 2], "big"), at + 2
        if opcode == 8 and size >= 2:
            code = int.from_bytes(said[at : at + 2], "big")
        at += size
    return code


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "said",
    [
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),  # TLS, where there is none
        b"GET\r\n\r\n",
        b"GET /ws/events HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET /ws/events HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /ws/events HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /ws/%2e%2e/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_answered_or_closed(served: tuple[Hub, Server], said: bytes) -> None:
    """Never with a 5xx of an error of ours, and the next one is served."""
    _, server = served
    async with raw(server) as client:
        await _say_what_it_takes(client, said)
        told = await client.ended(15)
        assert not told or told.split(b" ", 2)[1][:1] == b"4", told[:100]
        assert b"Traceback" not in told
    async with subscribed(feed_url(server)) as (_, hello):
        assert hello["type"] == "hello"


async def _say_what_it_takes(client: Raw, said: bytes) -> None:
    client.say(said)
    await asyncio.sleep(0)
    if client.writer.can_write_eof():
        client.writer.write_eof()
