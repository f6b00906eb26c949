"""What is Kafka's own: who has the topic, what it notes, brokers that go down, refuse, and forget."""

from __future__ import annotations

import asyncio
import signal
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from backend.mux import Entry, MuxAwayError, MuxRefusedError, Transport, transport_of
from backend.mux.kafka_groups import Ledger, ledger_of
from backend.mux.kafka_link import partition_of
from backend.mux.kafka_topics import KafkaTransport
from backend.mux.protocol import UNKNOWN, MuxTooLargeError
from tests.mux.conformance import NO_TIME, WAIT, payloads, stream, tailed, taken, texts
from tests.mux.kafka_cluster import FETCH, JOIN_GROUP, PRODUCE, KafkaCluster

NOT_AUTHORIZED = 29
GROUP_NOT_AUTHORIZED = 30
TOO_LARGE = 10
OUT_OF_RANGE = 1
_VERSIONS, _HANDSHAKE, _AUTHENTICATE = 18, 17, 36
QUICK = "?timeout=1&session=1"

CONSUMER = """
import asyncio, sys
from backend.mux import transport_of
async def main():
    bus = transport_of(sys.argv[1])
    entries = await bus.take(sys.argv[2], "g", "dead", 9, 20)
    await bus.ack(sys.argv[2], "g", entries[1:2])
    print(len(entries), flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[KafkaCluster]:
    with KafkaCluster() as server:
        yield server


@pytest.fixture
async def bus(cluster: KafkaCluster) -> AsyncIterator[Transport]:
    bus = transport_of(cluster.url + QUICK)
    yield bus
    await bus.close()


@pytest.fixture
async def other(cluster: KafkaCluster) -> AsyncIterator[Transport]:
    """Another process's way to the same cluster."""
    bus = transport_of(cluster.url + QUICK)
    yield bus
    await bus.close()


async def all_of(ask: Callable[[], Awaitable[list[Entry]]], count: int) -> list[Entry]:
    """So many entries, however they come; brokers may say "not now" while a group comes to terms."""
    found: list[Entry] = []
    async with asyncio.timeout(3 * WAIT):
        while len(found) < count:
            with suppress(MuxAwayError):
                found += await ask()
    return found


async def noted(bus: Transport, name: str) -> Ledger | None:
    assert isinstance(bus, KafkaTransport)
    return await ledger_of(bus._link, partition_of(name), "g")


async def test_another_process_stands_by_and_goes_on_where_the_first_ended(
    cluster: KafkaCluster, bus: Transport, other: Transport
) -> None:
    """What was acknowledged in between is not repeated, what was not has one attempt more."""
    name = stream()
    await bus.publish(name, payloads(6))
    first = await taken(bus, name, 4)
    await bus.ack(name, "g", [first[0], first[2]])
    cluster.let_followers_sync_first()
    with suppress(MuxAwayError):
        assert await other.recover(name, "g", "b", 9, 0) == []  # it has joined, and the first has the topic
    again = await all_of(lambda: bus.take(name, "g", "a", 1, WAIT), 1)
    assert texts(again) == payloads(1, begin=5)
    waiting = asyncio.ensure_future(all_of(lambda: other.take(name, "g", "b", 9, WAIT), 1))
    await asyncio.sleep(NO_TIME)
    assert not waiting.done()
    await bus.close()
    assert texts(await waiting) == payloads(1, begin=6)
    heirs = await all_of(lambda: other.recover(name, "g", "b", 3, 0), 3)
    assert [(one.payload, one.attempts) for one in heirs] == [
        (payload, 2) for payload in (payloads(4)[1], payloads(4)[3], payloads(1, begin=5)[0])
    ]
    assert await noted(other, name) == Ledger(6, 1, [(2, 3)], {1: 2, 3: 2, 4: 2})


async def test_what_a_killed_process_had_is_recovered_when_its_session_is_over(
    cluster: KafkaCluster, bus: Transport
) -> None:
    """The brokers find it dead; what it had acknowledged behind the offset is known from the words beside."""
    name = stream()
    await bus.publish(name, payloads(3))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CONSUMER,
        cluster.url + QUICK,
        name,
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"3\n"
    process.send_signal(signal.SIGKILL)
    await process.wait()
    heirs = await all_of(lambda: bus.recover(name, "g", "heir", 9, 0), 2)
    assert [(one.payload, one.attempts) for one in heirs] == [(payloads(3)[0], 2), (payloads(3)[2], 2)]
    assert await bus.take(name, "g", "heir", 9, NO_TIME) == []


async def test_a_broker_that_is_down_is_away_and_comes_back_with_everything(
    cluster: KafkaCluster, bus: Transport, capfd: pytest.CaptureFixture[str]
) -> None:
    """Who publishes, reads and takes hears of it and goes on afterwards; nothing is printed."""
    name = stream()
    await bus.publish(name, payloads(2))
    here = (await tailed(bus, name, 2))[-1].id
    await taken(bus, name, 2)
    cluster.down()
    try:
        with pytest.raises(MuxAwayError, match=f"cannot reach {cluster.url}|{cluster.url} does not answer"):
            await bus.publish(name, payloads(1, begin=3))
        with pytest.raises(MuxAwayError, match=cluster.url):
            await bus.tail(name, here, 9, NO_TIME)
        with pytest.raises(MuxAwayError, match=cluster.url):
            await bus.take(name, "g", "a", 9, NO_TIME)
        new = transport_of(cluster.url)
        with pytest.raises(MuxAwayError, match=f"cannot reach {cluster.url}: .*Connect call failed"):
            await new.connect()
        await new.close()
    finally:
        cluster.up()
    async with asyncio.timeout(WAIT):
        while True:
            try:
                await bus.publish(name, payloads(1, begin=3))
            except MuxAwayError:
                continue
            break
        entry = (await tailed(bus, name, 1, after=here))[0]
        assert entry.payload == payloads(1, begin=3)[0]
        found: list[bytes] = []
        while payloads(1, begin=3)[0] not in found:
            try:
                found += texts(await bus.take(name, "g", "a", 9, 1.0))
            except MuxAwayError:
                continue
    assert capfd.readouterr().err == ""


async def test_what_an_interrupted_publish_leaves_is_a_beginning(
    cluster: KafkaCluster, bus: Transport
) -> None:
    """A batch may be there twice, as the client sends it again by itself; none is without those before it."""
    name = stream()
    sent = [b"%d" % number + b"." * 50_000 for number in range(60)]
    publishing = asyncio.ensure_future(bus.publish(name, sent))
    while (await bus.info(name)).length == 0:
        pass
    cluster.down()
    with suppress(MuxAwayError):
        await publishing
    cluster.up()
    there = await all_of(lambda: bus.tail(name, "", 200, NO_TIME), 1)
    begun = list(dict.fromkeys(texts(there)))
    assert begun == sent[: len(begun)]


async def test_who_asks_for_entries_while_another_waits_for_some_is_answered_in_time(bus: Transport) -> None:
    """Two consumers of one process: nobody has to wait longer than he wants to."""
    name = stream()
    await bus.publish(name, payloads(1))
    await taken(bus, name, 1)
    patient = asyncio.ensure_future(bus.take(name, "g", "a", 9, WAIT))
    await asyncio.sleep(0)
    assert await bus.take(name, "g", "b", 9, NO_TIME) == []
    assert not patient.done()
    await bus.publish(name, payloads(1, begin=2))
    assert texts(await patient) == payloads(1, begin=2)


async def test_what_the_brokers_refuse_is_said_with_what_to_do(cluster: KafkaCluster, bus: Transport) -> None:
    """A topic or a group that this user may not use; an entry larger than they take."""
    name = stream()
    await bus.publish(name, payloads(1))
    cluster.refuse(PRODUCE, NOT_AUTHORIZED)
    with pytest.raises(MuxRefusedError, match=r"refuses: .*TopicAuthorizationFailedError.*kafka://USER:PASS"):
        await bus.publish(name, payloads(1))
    cluster.refuse(PRODUCE, TOO_LARGE)
    with pytest.raises(MuxTooLargeError, match="takes no entry of that size: send fewer events"):
        await bus.publish(name, payloads(1))
    cluster.refuse(JOIN_GROUP, GROUP_NOT_AUTHORIZED)
    with pytest.raises(MuxRefusedError, match=r"refuses: .*GroupAuthorizationFailedError"):
        await bus.take(name, "g", "a", 1, WAIT)
    assert texts(await taken(bus, name, 1)) == payloads(1)  # and with the right, it goes on


@pytest.mark.parametrize(
    ("offers", "code", "said"),
    [("PLAIN", 58, "SaslAuthenticationFailed"), ("GSSAPI", 33, "Unsupported")],
)
async def test_brokers_that_do_not_know_the_user_are_not_away(offers: str, code: int, said: str) -> None:
    """The client says it only to its log, and that it cannot bootstrap."""
    server = await asyncio.start_server(
        partial(_asks_for_a_password, offers=offers, code=code), "127.0.0.1", 0
    )
    host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    bus = transport_of(f"kafka://ops:guess@{host}?timeout=1")
    assert bus.name == f"kafka://{host}"
    with pytest.raises(MuxRefusedError, match=f"kafka://{host} refuses: .*{said}.*user and password") as told:
        await bus.connect()
    assert "guess" not in str(told.value)
    await bus.close()
    server.close()


async def _asks_for_a_password(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, offers: str, code: int
) -> None:
    """As much of a broker as comes before the password is wrong: the cluster of these tests asks for none."""
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            (size,) = struct.unpack(">i", await reader.readexactly(4))
            request = await reader.readexactly(size)
            kind, _, number = struct.unpack(">hhi", request[:8])
            name = struct.pack(">h", len(offers)) + offers.encode()
            answers = {
                _VERSIONS: struct.pack(">hi", 0, 3)
                + b"".join(struct.pack(">hhh", one, 0, 1) for one in (_VERSIONS, _HANDSHAKE, _AUTHENTICATE)),
                _HANDSHAKE: struct.pack(">hi", 0 if offers == "PLAIN" else code, 1) + name,
                _AUTHENTICATE: struct.pack(">hhiq", code, -1, 0, 0),
            }
            answer = struct.pack(">i", number) + answers[kind]
            writer.write(struct.pack(">i", len(answer)) + answer)
    writer.close()


async def test_a_position_in_another_clusters_stream_means_nothing_in_this_one(
    cluster: KafkaCluster, bus: Transport
) -> None:
    """A cluster that was begun anew numbers from 0 again: the time of publishing tells. The loss is told."""
    name = stream()
    with KafkaCluster() as before:
        old = transport_of(before.url + QUICK)
        await old.publish(name, payloads(2))
        short, here = (entry.id for entry in await tailed(old, name, 2))
        await old.close()
    await bus.publish(name, payloads(1, begin=3))
    (new,) = await tailed(bus, name, 1, after=here)  # there is no such number yet
    assert (new.payload, new.missed) == (payloads(1, begin=3)[0], UNKNOWN)
    await bus.publish(name, payloads(3, begin=4))
    for position in (here, short):
        entries = await tailed(bus, name, 4, after=position)
        assert texts(entries) == payloads(4, begin=3)
        assert [entry.missed for entry in entries] == [UNKNOWN, 0, 0, 0]


async def test_a_reader_whose_place_is_gone_goes_on_at_what_is_there(
    cluster: KafkaCluster, bus: Transport, other: Transport
) -> None:
    """The brokers say that its offset is out of range."""
    name = stream()
    await bus.publish(name, payloads(2))
    here = (await tailed(bus, name, 1))[-1].id
    cluster.refuse(FETCH, OUT_OF_RANGE)
    assert texts(await tailed(other, name, 1, after=here)) == payloads(1, begin=2)


async def test_an_offset_that_another_program_noted_is_what_is_done(bus: Transport, other: Transport) -> None:
    """Tools that set a group back or on write no words of ours with it."""
    name = stream()
    await bus.publish(name, payloads(4))
    assert isinstance(other, KafkaTransport)
    member = other._link.member(f"g.{partition_of(name).topic}")
    member.subscribe([partition_of(name).topic])
    await other._link.begin(member)
    await member.commit({partition_of(name): 3})
    await other._link.end(member)
    assert texts(await taken(bus, name, 1)) == payloads(1, begin=4)


async def test_an_entry_larger_than_a_batch_goes_alone(bus: Transport) -> None:
    """In its place among others."""
    name = stream()
    sent = [b"1", b"2" * 700_000, b"3", b"4" * 200_000, b"5" * 200_000, b"6" * 200_000]
    await bus.publish(name, sent)
    assert texts(await tailed(bus, name, 6)) == sent


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("kafka://", "no host in it"),
        ("kafka://127.0.0.1:9092/events", "no path is expected"),
        ("kafka://127.0.0.1?timeout=0", "timeout has to be a number from 1 to 300"),
        ("kafka://127.0.0.1?sasl=GUESS", "sasl is one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512"),
        ("kafka://127.0.0.1?group=x", "unknown option 'group'; there are replicas, sasl, timeout, session"),
    ],
)
async def test_a_url_that_cannot_be_used_is_refused(url: str, said: str) -> None:
    with pytest.raises(MuxRefusedError, match=said):
        transport_of(url)
