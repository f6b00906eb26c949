"""What every transport has to do: `class TestX(Conformance)` with a fixture `bus` holds it to that.

    class TestValkey(Conformance):
        @pytest.fixture
        async def bus(self, server: str) -> AsyncIterator[Transport]:
            bus = transport_of(server, LIMITS)
            await bus.connect()
            yield bus
            await bus.close()

A test uses a stream name of its own, so that one server does for a file.
"""

from __future__ import annotations

import asyncio
import itertools

from backend.mux import Entry, Transport
from backend.mux.poison import decode_poison
from backend.mux.protocol import POISON, START, UNKNOWN, Limits

SMALL = "small/v1"
"""A stream that keeps few entries: about `KEPT`."""
KEPT = 64
LIMITS = {SMALL: Limits(KEPT)}
WAIT = 10.0
"""Longer than anything here takes: what waits so long fails."""
NO_TIME = 0.05

_numbers = itertools.count(1)


def stream() -> str:
    """A name that no other test uses."""
    return f"conformance_{next(_numbers)}/v1"


def payloads(count: int, begin: int = 1) -> list[bytes]:
    return [b'{"number":%d}' % number for number in range(begin, begin + count)]


async def tailed(bus: Transport, name: str, count: int, after: str = START) -> list[Entry]:
    """So many entries after a position, however they are handed out."""
    found: list[Entry] = []
    async with asyncio.timeout(WAIT):
        while len(found) < count:
            found += await bus.tail(name, found[-1].id if found else after, count - len(found), WAIT)
    return found


async def taken(bus: Transport, name: str, count: int, group: str = "g", consumer: str = "a") -> list[Entry]:
    found: list[Entry] = []
    async with asyncio.timeout(WAIT):
        while len(found) < count:
            found += await bus.take(name, group, consumer, count - len(found), WAIT)
    return found


async def recovered(bus: Transport, name: str, count: int, consumer: str, group: str = "g") -> list[Entry]:
    found: list[Entry] = []
    async with asyncio.timeout(WAIT):
        while len(found) < count:
            found += await bus.recover(name, group, consumer, count, 0)
    return found


def texts(entries: list[Entry]) -> list[bytes]:
    return [entry.payload for entry in entries]


class Conformance:
    """The laws of `backend.mux.protocol`, one test each."""

    async def test_what_is_published_is_tailed_in_its_order_by_everybody(self, bus: Transport) -> None:
        """Two readers without a group both get all, byte for byte, with ids that are unlike."""
        name = stream()
        await bus.publish(name, payloads(3))
        await bus.publish(name, payloads(2, begin=4))
        first, second = await tailed(bus, name, 5), await tailed(bus, name, 5)
        assert texts(first) == texts(second) == payloads(5)
        assert len({entry.id for entry in first}) == 5
        assert [entry.stream for entry in first] == [name] * 5

    async def test_bytes_of_every_kind_come_as_they_went(self, bus: Transport) -> None:
        """No text encoding, no trimming: all 256 bytes, newlines, and 200 kB in one entry."""
        name = stream()
        odd = [bytes(range(256)), b"\n\r\n\x00", b"x" * 200_000]
        await bus.publish(name, odd)
        assert texts(await tailed(bus, name, 3)) == odd

    async def test_a_tail_goes_on_where_it_ended(self, bus: Transport) -> None:
        """From an entry's id: what comes behind it, nothing twice and nothing missed."""
        name = stream()
        await bus.publish(name, payloads(4))
        two = await tailed(bus, name, 2)
        rest = await tailed(bus, name, 2, after=two[-1].id)
        assert texts(rest) == payloads(2, begin=3)
        assert [entry.missed for entry in two + rest] == [0, 0, 0, 0]

    async def test_a_tail_from_the_newest_reads_only_what_comes(self, bus: Transport) -> None:
        """Also of a stream that nobody has written to."""
        name = stream()
        begin = await bus.newest(name)
        await bus.publish(name, payloads(1))
        assert texts(await tailed(bus, name, 1, after=begin)) == payloads(1)
        behind = await bus.newest(name)
        assert await bus.tail(name, behind, 10, NO_TIME) == []
        await bus.publish(name, payloads(1, begin=2))
        assert texts(await tailed(bus, name, 1, after=behind)) == payloads(1, begin=2)

    async def test_a_tail_can_begin_a_number_of_entries_back(self, bus: Transport) -> None:
        """For who wants no more than the latest; all there is if that is less."""
        name = stream()
        assert await bus.newest(name, back=5) == START
        await bus.publish(name, payloads(150))
        begin = await bus.newest(name, back=100)
        assert texts(await tailed(bus, name, 100, after=begin)) == payloads(100, begin=51)
        begin = await bus.newest(name, back=150)
        assert texts(await tailed(bus, name, 150, after=begin)) == payloads(150)
        assert await bus.newest(name, back=151) == START

    async def test_a_tail_that_waits_is_woken_by_a_publish(self, bus: Transport) -> None:
        """It need not wait out its time."""
        name = stream()
        await bus.publish(name, payloads(1))
        behind = await bus.newest(name)
        waiting = asyncio.ensure_future(tailed(bus, name, 1, after=behind))
        await asyncio.sleep(0)
        await bus.publish(name, payloads(1, begin=2))
        assert texts(await waiting) == payloads(1, begin=2)

    async def test_a_stream_keeps_its_newest_entries_and_tells_a_reader_what_it_missed(
        self, bus: Transport
    ) -> None:
        """The reader that stood at the third entry hears of those that went while it did not look."""
        await bus.publish(SMALL, payloads(3))
        here = await tailed(bus, SMALL, 3)
        await bus.publish(SMALL, payloads(40 * KEPT, begin=4))
        left = await bus.tail(SMALL, here[-1].id, 1, WAIT)
        number = int(left[0].payload.removeprefix(b'{"number":').removesuffix(b"}"))
        assert number > 4, "the server keeps everything: set fewer entries for this test's stream"
        assert left[0].missed in {number - 4, UNKNOWN}
        assert (await bus.info(SMALL)).length < 40 * KEPT

    async def test_a_group_hands_each_entry_to_one_consumer(self, bus: Transport) -> None:
        """Two consumers of one group share; another group has all for itself, from the start."""
        name = stream()
        await bus.publish(name, payloads(6))
        some = await taken(bus, name, 3, consumer="a")
        rest = await taken(bus, name, 3, consumer="b")
        assert sorted(texts(some + rest)) == payloads(6)
        assert texts(await taken(bus, name, 6, group="other")) == payloads(6)
        assert {entry.attempts for entry in some + rest} == {1}

    async def test_what_is_acknowledged_never_comes_again(self, bus: Transport) -> None:
        """Acknowledging twice does no harm."""
        name = stream()
        await bus.publish(name, payloads(4))
        some = await taken(bus, name, 4)
        await bus.ack(name, "g", some[:3])
        await bus.ack(name, "g", some[:3])
        assert texts(await recovered(bus, name, 1, consumer="b")) == payloads(1, begin=4)
        info = await bus.info(name)
        assert [(one.name, one.pending) for one in info.groups] == [("g", 1)]

    async def test_what_a_dead_consumer_had_taken_is_recovered_by_another(self, bus: Transport) -> None:
        """In the stream's order, with the attempts counted; new entries come by `take` as before."""
        name = stream()
        await bus.publish(name, payloads(3))
        await taken(bus, name, 3, consumer="dead")
        await bus.publish(name, payloads(1, begin=4))
        again = await recovered(bus, name, 3, consumer="heir")
        assert texts(again) == payloads(3)
        assert [entry.attempts for entry in again] == [2, 2, 2]
        new = await taken(bus, name, 1, consumer="heir")
        assert texts(new) == payloads(1, begin=4)
        await bus.ack(name, "g", again + new)
        assert [one.pending for one in (await bus.info(name)).groups] == [0]

    async def test_what_a_living_consumer_has_is_left_to_it(self, bus: Transport) -> None:
        """Taken just now is not idle for a minute."""
        name = stream()
        await bus.publish(name, payloads(2))
        await taken(bus, name, 2, consumer="alive")
        assert await bus.recover(name, "g", "b", 10, 60.0) == []

    async def test_a_poisoned_entry_is_kept_aside_with_its_reason(self, bus: Transport) -> None:
        """It is counted, its bytes are all there, and the group does not see it again."""
        name = stream()
        await bus.publish(name, [b"\xff\x00 no event"])
        (bad,) = await taken(bus, name, 1)
        await bus.set_aside(name, "g", bad, "not an envelope")
        (kept,) = await tailed(bus, name + POISON, 1)
        poison = decode_poison(kept.payload)
        assert poison is not None
        assert (poison.stream, poison.id, poison.group) == (name, bad.id, "g")
        assert (poison.reason, poison.payload) == ("not an envelope", b"\xff\x00 no event")
        info = await bus.info(name)
        assert (info.poisoned, info.groups[0].pending) == (1, 0)

    async def test_a_group_counts_what_it_has_not_handed_out(self, bus: Transport) -> None:
        """Where the server can tell, its lag is exact."""
        name = stream()
        await bus.publish(name, payloads(5))
        await taken(bus, name, 2)
        info = await bus.info(name)
        assert info.length == 5
        assert [one.pending for one in info.groups] == [2]
        assert info.groups[0].lag in {3, None}

    async def test_a_stream_that_is_not_there_is_empty(self, bus: Transport) -> None:
        """Asking for it makes no noise."""
        name = stream()
        info = await bus.info(name)
        assert (info.stream, info.length, info.first, info.last, info.groups) == (name, 0, START, START, ())
        assert await bus.newest(name) == START
        assert await bus.tail(name, START, 10, NO_TIME) == []
        assert await bus.take(name, "g", "a", 10, NO_TIME) == []
        assert await bus.recover(name, "g", "a", 10, 0) == []
        assert await bus.newest(name) == START  # also now that there may be a group, and so a stream

    async def test_its_name_for_people_has_no_password(self, bus: Transport) -> None:
        """It is put into messages and logs."""
        assert "@" not in bus.name
        assert "://" in bus.name
