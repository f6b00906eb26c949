"""What is NATS's own: what the server gives out anew, forgets, refuses, and how it comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import nats
import pytest
from nats.js import api

from backend.mux import Entry, MuxAwayError, MuxRefusedError, Transport, transport_of
from backend.mux.protocol import START, UNKNOWN, Limits, MuxTooLargeError
from tests.mux.conformance import (
    LIMITS,
    NO_TIME,
    WAIT,
    payloads,
    recovered,
    stream,
    tailed,
    taken,
    texts,
)
from tests.mux.nats_server import NatsServer
from tests.mux.streaming import settled

CERTS = Path(__file__).parents[1] / "security" / "certs"
ALONE = 'authorization { user: ops, password: "p@ss word" }'
READER = """authorization { users = [ { user: viewer, password: sees, permissions: {
    publish: ["$JS.API.INFO", "$JS.API.STREAM.INFO.>", "$JS.API.CONSUMER.>"], subscribe: ["_INBOX.>"] } },
    { user: ops, password: all } ] }"""


@pytest.fixture(scope="module")
def nats_server() -> Iterator[NatsServer]:
    with NatsServer() as server:
        yield server


@pytest.fixture
async def bus(nats_server: NatsServer) -> AsyncIterator[Transport]:
    bus = transport_of(nats_server.url, LIMITS)
    yield bus
    await bus.close()


@pytest.fixture
async def other(nats_server: NatsServer) -> AsyncIterator[Transport]:
    """Another process's way to the same server."""
    bus = transport_of(nats_server.url, LIMITS)
    yield bus
    await bus.close()


async def pending(bus: Transport, name: str, count: int) -> bool:
    return (await bus.info(name)).groups[0].pending == count


async def test_the_server_gives_out_anew_what_was_held_for_too_long(bus: Transport, other: Transport) -> None:
    """To whom asks, though nobody says that the holder is dead; what is new comes by `take` meanwhile."""
    name = stream()
    await bus.publish(name, payloads(3))
    await taken(bus, name, 3, consumer="stuck")
    found: list[Entry] = []
    async with asyncio.timeout(WAIT):
        while len(found) < 3:
            found += await other.recover(name, "g", "heir", 10, 0.1)
    assert texts(found) == payloads(3)
    assert {entry.attempts for entry in found} == {2}
    await other.ack(name, "g", found)
    await bus.publish(name, payloads(1, begin=4))
    assert texts(await taken(other, name, 1)) == payloads(1, begin=4)


async def test_all_that_is_not_acknowledged_is_given_out_at_once_when_that_is_asked_for(
    bus: Transport, other: Transport
) -> None:
    """Behind others that are acknowledged, and to another process than had them; these it can acknowledge."""
    name = stream()
    await bus.publish(name, payloads(9))
    first = await taken(bus, name, 9)
    await bus.ack(name, "g", [*first[:4], first[6]])
    again = await other.recover(name, "g", "heir", 10, 0)
    assert texts(again) == [payloads(9)[number] for number in (4, 5, 7, 8)]
    await bus.ack(name, "g", again[:3])
    await settled(lambda: pending(other, name, 1))
    assert texts(await bus.recover(name, "g", "a", 10, 0)) == payloads(1, begin=9)


async def test_what_is_given_out_anew_never_comes_by_take(bus: Transport, other: Transport) -> None:
    """The server gives it in between new entries: it is kept for `recover`."""
    name = stream()
    await bus.publish(name, payloads(2))
    await taken(bus, name, 2, consumer="stuck")
    assert await other.recover(name, "g", "heir", 10, 0.05) in ([], [])
    await asyncio.sleep(0.2)  # the server's own time, which nothing tells of
    await bus.publish(name, payloads(1, begin=3))
    assert texts(await taken(other, name, 1, consumer="heir")) == payloads(1, begin=3)
    assert texts(await recovered(other, name, 2, consumer="heir")) == payloads(2)


async def test_a_group_hears_what_the_stream_let_go_before_it_came(bus: Transport) -> None:
    """Counted."""
    name = "small/v1"
    await bus.publish(name, payloads(3))
    await taken(bus, name, 3)
    await bus.publish(name, payloads(100, begin=4))
    (entry,) = await bus.take(name, "g", "a", 1, WAIT)
    assert entry.missed == 36  # of 103, 64 are kept: the 40th is the first
    assert texts([entry]) == payloads(1, begin=40)


async def test_an_entry_can_be_acknowledged_by_another_process(bus: Transport, other: Transport) -> None:
    """It was taken here, and done there."""
    name = stream()
    await bus.publish(name, payloads(2))
    entries = await taken(bus, name, 2)
    await other.ack(name, "g", entries)
    await settled(lambda: pending(other, name, 0))
    assert await other.recover(name, "g", "b", 10, 0) == []


async def test_a_stream_that_is_there_is_used_as_it_is(bus: Transport, nats_server: NatsServer) -> None:
    """An operator has made it, with limits and subjects of his own."""
    name = stream()
    client = await nats.connect(nats_server.url)
    at_server = name.replace("/", "-")
    config = api.StreamConfig(
        name=at_server, subjects=[name.replace("/", ".")], storage=api.StorageType.MEMORY
    )
    await client.jetstream().add_stream(config)
    await bus.publish(name, payloads(2))
    assert texts(await tailed(bus, name, 2)) == payloads(2)
    found = await client.jetstream().stream_info(at_server)
    assert (found.config.storage, found.config.max_msgs) == (api.StorageType.MEMORY, -1)
    await client.close()


async def test_a_stream_that_is_removed_while_it_is_used_begins_anew(
    bus: Transport, nats_server: NatsServer
) -> None:
    """Who published, read and took goes on; the reader hears that something is missing."""
    name = stream()
    await bus.publish(name, payloads(3))
    here = (await tailed(bus, name, 3))[-1].id
    await taken(bus, name, 1)
    client = await nats.connect(nats_server.url)
    await client.jetstream().delete_stream(name.replace("/", "-"))
    await client.close()
    assert await bus.tail(name, here, 10, NO_TIME) == []
    await bus.publish(name, payloads(1, begin=4))
    (new,) = await tailed(bus, name, 1, after=here)
    assert (new.payload, new.missed) == (payloads(1, begin=4)[0], UNKNOWN)
    assert texts(await taken(bus, name, 1)) == payloads(1, begin=4)


async def test_an_entry_larger_than_the_server_takes_is_refused_with_the_numbers(bus: Transport) -> None:
    """What is published with it may be there or not; smaller ones go on."""
    with pytest.raises(MuxTooLargeError, match="entries of 1,048,576 bytes at most, and one has 1,048,577"):
        await bus.publish(stream(), [b"x" * (2**20 + 1)])
    await bus.publish(stream(), [b"x" * 2**20])


async def test_many_readers_read_each_at_its_own_place(bus: Transport) -> None:
    """More than the places that are kept: who comes back later begins anew at his position."""
    name = stream()
    await bus.publish(name, payloads(100))
    places = [START]
    for _ in range(99):
        places.append((await bus.tail(name, places[-1], 1, WAIT))[0].id)
    for number, place in enumerate(places, 1):
        assert texts(await bus.tail(name, place, 1, WAIT)) == payloads(1, begin=number)


async def test_killed_and_begun_again_it_has_what_it_acknowledged() -> None:
    """Calls under way say so at once; the next ones connect again, and groups miss nothing."""
    with NatsServer() as server:
        bus = transport_of(server.url)
        await bus.publish("s/v1", payloads(4))
        here = (await tailed(bus, "s/v1", 2))[-1].id
        entries = await taken(bus, "s/v1", 2)
        await bus.ack("s/v1", "g", entries[:1])
        waiting = asyncio.ensure_future(bus.take("s/v1", "g", "a", 9, WAIT))
        tailing = asyncio.ensure_future(bus.tail("s/v1", await bus.newest("s/v1"), 9, WAIT))
        assert texts(await waiting) == payloads(2, begin=3)
        waiting = asyncio.ensure_future(bus.take("s/v1", "g", "a", 9, WAIT))
        await asyncio.sleep(0)
        server.kill()
        for call in (waiting, tailing):
            with pytest.raises(MuxAwayError, match=f"lost the connection to {server.url}"):
                await call
        with pytest.raises(MuxAwayError, match=f"cannot reach {server.url}"):
            await bus.publish("s/v1", payloads(1, begin=5))
        server.start()
        await bus.publish("s/v1", payloads(1, begin=5))
        assert texts(await tailed(bus, "s/v1", 3, after=here)) == payloads(3, begin=3)
        again: set[bytes] = set()
        async with asyncio.timeout(WAIT):
            while not again.issuperset(payloads(4, begin=2)):
                again.update(texts(await bus.recover("s/v1", "g", "b", 10, 0)))
                again.update(texts(await bus.take("s/v1", "g", "b", 10, NO_TIME)))
        # What was acknowledged or handed out just before may come again, and as new: it notes that later.
        assert again <= set(payloads(5))
        await bus.close()


async def test_what_an_interrupted_publish_leaves_is_a_beginning() -> None:
    """Readers take an entry that comes after later ones for a repetition."""
    with NatsServer() as server:
        bus = transport_of(server.url)
        sent = payloads(3_000)
        publishing = asyncio.ensure_future(bus.publish("s/v1", sent))
        while (await bus.info("s/v1")).length < 10:
            pass
        server.kill()
        with pytest.raises(MuxAwayError):
            await publishing
        server.start()
        length = (await bus.info("s/v1")).length
        assert 10 <= length < len(sent)
        assert texts(await tailed(bus, "s/v1", length)) == sent[:length]
        await bus.close()


async def test_begun_anew_without_its_data_it_is_read_from_the_start() -> None:
    """A position in the old one means nothing there, though its number is there again. The loss is told."""
    with NatsServer() as server:
        bus = transport_of(server.url)
        await bus.publish("s/v1", payloads(2))
        await taken(bus, "s/v1", 2)
        here = (await tailed(bus, "s/v1", 2))[-1].id
        server.kill(forget=True)
        server.start()
        with suppress(MuxAwayError):  # it may not have noticed yet
            await bus.newest("s/v1")
        await bus.publish("s/v1", payloads(5, begin=3))
        new = await tailed(bus, "s/v1", 5, after=here)
        assert texts(new) == payloads(5, begin=3)
        assert [entry.missed for entry in new] == [UNKNOWN, 0, 0, 0, 0]
        assert texts(await taken(bus, "s/v1", 5)) == payloads(5, begin=3)
        await bus.close()


async def test_who_may_not_is_told_so_and_how_to_say_who_he_is() -> None:
    """Without a password, with a wrong one; what is odd in a password is written as URLs do."""
    with NatsServer(ALONE) as server:
        for who in ("", "ops:guess@", "guess@"):
            bus = transport_of(server.url.replace("//", f"//{who}"))
            with pytest.raises(MuxRefusedError, match="user and password go into the URL") as told:
                await bus.connect()
            assert "guess" not in str(told.value)
            await bus.close()
        bus = transport_of(server.url.replace("//", "//ops:p%40ss%20word@"))
        await bus.connect()
        assert bus.name == server.url
        await bus.close()


async def test_a_right_that_is_missing_is_named() -> None:
    """At once, not when the time is over: who may only read cannot publish."""
    with NatsServer(READER) as server:
        ops = transport_of(server.url.replace("//", "//ops:all@"))
        await ops.publish("s/v1", payloads(2))
        viewer = transport_of(server.url.replace("//", "//viewer:sees@"))
        assert texts(await tailed(viewer, "s/v1", 2)) == payloads(2)
        with pytest.raises(MuxRefusedError, match=r'refuses: permissions violation for publish to "s\.v1"'):
            await viewer.publish("s/v1", payloads(1, begin=3))
        await viewer.close()
        await ops.close()


async def test_a_server_without_jetstream_says_what_to_do() -> None:
    with NatsServer(jetstream=False) as server:
        bus = transport_of(server.url)
        with pytest.raises(MuxRefusedError, match=f"{server.url} has no JetStream: start it with"):
            await bus.connect()
        await bus.close()


async def test_nobody_there_is_away() -> None:
    """What, where, why."""
    with NatsServer() as server:
        url = server.url
    bus = transport_of(url, {"s/v1": Limits(5)})
    with pytest.raises(MuxAwayError, match=f"cannot reach {url}: .*Connect call failed"):
        await bus.connect()
    await bus.close()


async def test_of_several_servers_one_that_is_there_is_enough(nats_server: NatsServer) -> None:
    """Written one after the other; the name for people has all of them."""
    with NatsServer() as gone:
        away = gone.url.removeprefix("nats://")
    bus = transport_of(nats_server.url.replace("//", f"//{away},"))
    assert bus.name == f"nats://{away},{nats_server.url.removeprefix('nats://')}"
    await bus.connect()
    await bus.close()
    bus = transport_of(f"nats://who:what@{away},{away}")
    with pytest.raises(MuxAwayError, match=f"cannot reach nats://{away},{away}: "):
        await bus.connect()
    await bus.close()


async def test_over_tls_the_server_has_to_be_one_that_is_trusted() -> None:
    """With the root that signed it all is well; without, the user is told what to write."""
    with NatsServer(f'tls {{ cert_file: "{CERTS}/server.pem", key_file: "{CERTS}/server.key" }}') as server:
        bus = transport_of(f"{server.url}?ca={CERTS}/root.pem")
        await bus.publish("s/v1", payloads(1))
        assert texts(await tailed(bus, "s/v1", 1)) == payloads(1)
        await bus.close()
        for url in (server.url, f"{server.url}?tls=true"):
            bus = transport_of(url)
            with pytest.raises(MuxRefusedError, match=r"TLS is asked for by \?tls=true&ca=FILE"):
                await bus.connect()
            await bus.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nats://", "no host in it"),
        ("nats://one:4222,:4222", "no host in it"),
        ("nats://one:4222,two:port", "not the URL of a stream server"),
        ("nats://127.0.0.1:4222/some/path", "no path is expected"),
        ("nats://127.0.0.1:4222?replicas=no", "replicas has to be a number from 1 to 5"),
        ("nats://127.0.0.1?colour=red", "unknown option 'colour'; there are replicas, tls, ca, cert, key"),
        ("nats://127.0.0.1?tls=maybe", "tls is true or false"),
        ("nats://127.0.0.1?ca=nowhere.pem", "ca, cert or key cannot be used: No such file or directory"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused(url: str, said: str) -> None:
    with pytest.raises(MuxRefusedError, match=said):
        transport_of(url)


async def test_a_name_that_no_server_can_have_is_refused(bus: Transport) -> None:
    """Wildcards and empty parts mean something else to a server."""
    for name in ("events/*", "events//v1", "", "a.b", "x" * 300):
        with pytest.raises(MuxRefusedError, match="no name of a stream"):
            await bus.publish(name, payloads(1))
    with pytest.raises(MuxRefusedError, match="no name of a group"):
        await bus.take(stream(), ">", "a", 1, 0)
