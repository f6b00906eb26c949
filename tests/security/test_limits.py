"""How many may come, how fast, how slowly, and how much they may say: refused, told, counted, and no more."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from backend.gateway import Gateway
from backend.tap.hub import Hub
from backend.wire.limits import Bucket, Door, Limits, client_of, limits_of
from tests.gateway.feeds import Server, batch, events, feed_url, subscribed, until
from tests.security.raw import opening, raw

TINY = 1e-6  # a second, of a bucket: what it has at once is all that it ever has


async def test_more_connections_than_allowed_are_turned_away(make: Callable[..., Server]) -> None:
    """503 and one line; who is in stays, and when somebody goes there is room again."""
    hub = Hub(limits=Limits(connections=3))
    async with make(hub) as server, AsyncExitStack() as stack:
        others = [await stack.enter_async_context(subscribed(feed_url(server))) for _ in range(3)]
        async with raw(server) as one_more:
            one_more.say(opening(one_more.place))
            told = await one_more.ended()
        assert told.startswith(b"HTTP/1.1 503 ")
        assert told.endswith(b"too many connections; try again later\n")
        assert hub.stats().turned_away == {"connections": 1}
        hub.write(batch(1, 1))
        assert len(await events(others[0][0], 1)) == 1
        await others[1][0].close()
        await until(lambda: hub.stats().active_subscribers == 2)
        async with subscribed(feed_url(server), since_seq=0) as (feed, _):
            assert len(await events(feed, 1)) == 1


async def test_one_address_does_not_take_all_the_room(make: Callable[..., Server]) -> None:
    """Its own share, counted by itself."""
    hub = Hub(limits=Limits(address_connections=1))
    async with make(hub) as server, subscribed(feed_url(server)):
        with pytest.raises(InvalidStatus) as refused:
            await connect(feed_url(server), proxy=None)
        assert refused.value.response.status_code == 503
        assert hub.stats().turned_away == {"address_connections": 1}


async def test_who_comes_back_too_fast_is_told_so(make: Callable[..., Server]) -> None:
    """429 and one line, before any token is looked at: guessing is slow."""
    hub = Hub(limits=Limits(requests=0.2))
    async with make(hub) as server:
        for _ in range(2):
            async with connect(feed_url(server), proxy=None):
                pass
        with pytest.raises(InvalidStatus) as refused:
            await connect(feed_url(server), proxy=None)
        assert refused.value.response.status_code == 429
        assert refused.value.response.body == b"more than 0.2 requests a second\n"
        assert hub.stats().turned_away == {"requests": 1}


async def test_a_client_that_talks_without_end_is_stopped(make: Callable[..., Server]) -> None:
    """A rate of messages: told as an error, closed with 1008."""
    hub = Hub(limits=Limits(messages=0.5))
    async with make(hub) as server, subscribed(feed_url(server)) as (feed, _):
        asked = json.dumps({"type": "control", "id": 1, "do": "alive"})
        with pytest.raises(ConnectionClosed):  # noqa: PT012 - sending may be what fails
            for _ in range(10):
                await feed.send(asked)
            async with asyncio.timeout(10):
                while True:
                    told = json.loads(await feed.recv())
        assert told == {"type": "error", "message": "more than 0.5 messages a second"}
        assert feed.close_code == 1008
        assert hub.stats().turned_away == {"messages": 1}
        assert hub.stats().refused == 1


@pytest.mark.parametrize(("opcode", "fin"), [(9, True), (0, False)], ids=["pings", "empty fragments"])
async def test_what_is_no_message_costs_something_too(
    make: Callable[..., Server], opcode: int, fin: bool
) -> None:
    """Pings are answered and fragments are kept, so bytes are counted: the connection is cut off."""
    hub = Hub(limits=Limits(bytes=2_000))
    async with make(hub) as server, raw(server) as client:
        client.say(opening(client.place))
        assert (await client.head())[0] == 101
        if not fin:
            client.frame(1, b"", fin=False)
        for _ in range(4_000):
            client.frame(opcode, b"", fin=fin)
        await client.ended()
        await until(lambda: hub.stats().active_subscribers == 0)
        assert hub.stats().turned_away == {"bytes": 1}


async def test_a_million_subscriptions_are_one(make: Callable[..., Server]) -> None:
    """The second is a violation, and nothing behind it is looked at; others do not notice."""
    hub = Hub()
    async with make(hub) as server, subscribed(feed_url(server)) as (other, _), raw(server) as client:
        client.say(opening(client.place))
        await client.head()
        client.frame(1, b'{"type":"subscribe"}')
        with_many = b"".join(bytes([0x81, 0x94]) + bytes(4) + b'{"type":"subscribe"}' for _ in range(1000))
        try:
            for _ in range(1000):
                client.say(with_many)
                await client.writer.drain()
        except ConnectionError:
            pass
        await client.ended()
        await until(lambda: hub.stats().active_subscribers == 1)
        assert hub.stats().refused <= 1  # none, where the bytes were too many first
        hub.write(batch(1, 1))
        assert len(await events(other, 1)) == 1


@pytest.mark.parametrize(
    "wanted",
    [{"types": ["x"] * 1001}, {"components": ["y"] * 5000}, {"sessions": ["z" * 501]}, {"source": "s" * 501}],
    ids=["types", "components", "a long name", "a long source"],
)
async def test_too_long_lists_are_refused(make: Callable[..., Server], wanted: dict[str, object]) -> None:
    """Each event would be looked up in them: 1008, and what is wrong with it."""
    async with make(Hub()) as server, subscribed(feed_url(server), **wanted) as (feed, told):
        assert told["type"] == "error"
        assert "length <=" in told["message"]
        await feed.wait_closed()
        assert feed.close_code == 1008


HALVES = {
    "nothing at all": b"",
    "half a line": b"GET /ws/ev",
    "no end of headers": b"GET /ws/events HTTP/1.1\r\nHost: localhost\r\n",
}


@pytest.mark.parametrize("said", HALVES.values(), ids=HALVES)
async def test_who_does_not_finish_a_handshake_is_let_go(make: Callable[..., Server], said: bytes) -> None:
    """However slowly it dribbles: the time is for the whole of it, not for a byte."""
    hub = Hub(limits=Limits(handshake_seconds=0.3))
    async with make(hub) as server, raw(server) as client:
        client.say(said)

        async def dribble() -> None:
            while True:
                client.say(b"X" if said else b"")
                await asyncio.sleep(0.02)

        dribbling = asyncio.create_task(dribble())
        await client.ended()
        dribbling.cancel()
        async with subscribed(feed_url(server)):
            pass


async def test_a_body_that_never_ends_and_a_second_request_that_does_not_come() -> None:
    """408 and counted; a connection that was kept alive has no more time than a new one."""
    hub = Hub(limits=Limits(handshake_seconds=0.3))
    async with Gateway(hub, port=0) as gateway:
        async with raw(gateway) as client:
            client.say(b"POST /api/events/stats HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nx")
            told = await client.ended()
            assert told.split(b" ", 2)[1] in {b"405", b"408"}
        async with raw(gateway) as client:
            client.say(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert (await client.head())[0] == 200
            client.say(b"GET /hea")
            assert b"no whole request within 0.3 s" in await client.ended()
        assert hub.stats().turned_away["slow"] >= 1


async def test_a_head_without_end_is_refused(make: Callable[..., Server]) -> None:
    """By its size, long before the time is over."""
    hub = Hub()
    async with make(hub) as server, raw(server) as client:
        client.say(b"GET /ws/events HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 300_000)
        told = await client.ended()
        assert not told or told.split(b" ", 2)[1] in {b"400", b"431"}
        assert hub.stats().active_subscribers == 0


async def test_an_answer_that_takes_long_is_not_cut_off() -> None:
    """The clock is for requests: what the server takes to answer is its own affair."""
    hub = Hub(limits=Limits(handshake_seconds=0.2))

    def slow() -> dict[str, object]:
        return {"text": "x" * 5_000_000}

    async with (
        Gateway(hub, port=0, assistant_info=slow) as gateway,
        httpx.AsyncClient(base_url=gateway.url, trust_env=False) as http,
        subscribed(feed_url(gateway)) as (feed, _),
    ):
        async with http.stream("GET", "/api/assistant") as response:
            size = 0
            async for chunk in response.aiter_bytes(500_000):
                size += len(chunk)
                await asyncio.sleep(0.05)
        assert size > 5_000_000
        hub.write(batch(1, 1))  # and a feed is open for ever
        assert len(await events(feed, 1)) == 1
        assert hub.stats().turned_away == {}


# --- the counting itself -------------------------------------------------------------------


@given(st.floats(0.1, 1000), st.lists(st.floats(0, 5), max_size=300))
def test_a_bucket_lets_its_rate_pass_and_ten_seconds_at_once(rate: float, waits: list[float]) -> None:
    """Never more in all than what it had and what has come since."""
    bucket, now, passed = Bucket(rate, 0.0), 0.0, 0
    for wait in waits:
        now += wait
        passed += bucket.take(now)
    assert passed <= max(rate * 10, 1) + rate * now + 1e-6


def test_addresses_are_told_apart_as_far_as_somebody_owns_them() -> None:
    """An IPv6 client has a whole /64; one with a zone, or an IPv4 one in IPv6, is what it is."""
    assert client_of("2001:db8::1") == client_of("2001:db8::ffff") == "2001:db8::/64"
    assert client_of("2001:db8:0:1::1") != client_of("2001:db8::1")
    assert client_of("::ffff:192.0.2.1") == client_of("192.0.2.1")
    assert client_of("fe80::1%eth0") == client_of("fe80::2")
    assert client_of(None) == "unknown"


def test_many_addresses_are_not_remembered_without_end() -> None:
    """Who has not come for the longest is forgotten first."""
    door = Door(Limits(requests=0.1), Counter())
    assert door.ask("192.0.2.1", 0) is None
    assert door.ask("192.0.2.1", 0) is not None
    for number in range(5000):
        door.ask(f"10.0.{number // 250}.{number % 250}", 0)
    assert len(door._buckets) <= 4096
    assert door.ask("192.0.2.1", 0) is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"clients": 5}, "'clients' is no limit; there are connections"),
        ({"connections": 0}, ">= 1"),
        ({"messages": -1}, "> 0"),
        ({"connections": 1.5}, "int"),
        ({"requests": float("nan")}, "not possible"),
    ],
)
def test_a_limit_that_is_none_is_told(wrong: dict[str, float], message: str) -> None:
    """By name, with what there is."""
    with pytest.raises(ValueError, match=message):
        limits_of(wrong)
    assert limits_of({"connections": 5.0, "messages": 2.5}) == Limits(connections=5, messages=2.5)
