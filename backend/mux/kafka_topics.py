"""Streams on a Kafka cluster (0.11 or later): ``kafka://``.

A stream ``events/v1`` is the topic ``events.v1``, of which the first partition is used: only there is one
order. What a topic keeps is the brokers' to say (``retention.ms``, ``retention.bytes``), not `Limits`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka import errors as wrong
from msgspec import Struct

from backend.mux.brokers import address_of
from backend.mux.kafka_groups import Group, ledger_of
from backend.mux.kafka_link import OPTIONS, Link, partition_of
from backend.mux.poison import encode_poison
from backend.mux.protocol import POISON, START, UNKNOWN, Entry, GroupInfo, Limits, MuxAwayError, StreamInfo
from backend.mux.streams import GROUPS

_PORT: Final = 9092
_TAILS: Final = 16
"""Readers whose place is kept for the next `tail`: each has a connection of its own."""
_LOOK_SECONDS: Final = 0.25
"""How often is looked for a topic that is not there yet."""


class _Position(NamedTuple):
    """An entry's offset and the time it was published, by which a cluster that was begun anew is known."""

    offset: int
    stamp: int | None

    def __str__(self) -> str:
        return f"{self.offset}-{'' if self.stamp is None else self.stamp}"

    @classmethod
    def of(cls, text: str) -> _Position | None:
        """The reverse; None for what is none."""
        offset, _, stamp = text.partition("-")
        try:
            return cls(int(offset), int(stamp) if stamp else None)
        except ValueError:
            return None


class _Tail(Struct):
    """A reader alone: what is left of it between two calls."""

    reader: AIOKafkaConsumer
    next: int
    """The offset that its next entry has, if nothing is missing."""
    missed: int = 0
    """To be told with its first entry."""
    check: _Position | None = None
    """What the first entry that comes has to be, to be left out."""


class _AnewError(Exception):
    """The entries are those of another cluster, or of a topic that was made anew."""


class KafkaTransport:
    """See `Transport`; what is said there holds, and is not said again."""

    def __init__(self, url: str, limits: Mapping[str, Limits]) -> None:
        del limits
        address = address_of(url, _PORT, OPTIONS)
        self.name = address.name
        self._link = Link(address)
        self._tails: dict[tuple[str, str], _Tail] = {}
        self._groups: dict[tuple[str, str], Group] = {}

    async def connect(self) -> None:
        """Reach the cluster, and see that it answers."""
        probe = await self._link.probe()
        await self._link.ask(probe.topics())

    async def close(self) -> None:
        """Leave the groups, let go of the connections."""
        await asyncio.gather(*(group.leave() for group in self._groups.values()))
        await self._link.close()

    # --- writing ----------------------------------------------------------------------

    async def publish(self, stream: str, payloads: Sequence[bytes]) -> None:
        """In batches, each of which all brokers that keep a copy acknowledge before the next is sent.

        A batch is there as a whole or not at all: what an interrupted call leaves is a beginning.
        """
        if payloads:
            where = partition_of(stream)
            await self._link.make(where.topic)
            producer = await self._link.producer()
            left = list(reversed(payloads))
            while left:
                batch = producer.create_batch()
                while left and batch.append(timestamp=None, key=None, value=left[-1]) is not None:
                    left.pop()
                await self._link.ask(_sent(producer, batch, where))

    # --- reading alone ----------------------------------------------------------------

    async def newest(self, stream: str, back: int = 0) -> str:
        """Also when all of its entries were removed."""
        where = partition_of(stream)
        if not await self._link.there(where.topic):
            return START
        begin, end = await self._link.bounds(where)
        offset = end - 1 - back
        if offset < begin:
            return START if back or not end else str(_Position(offset, None))
        reader = await self._link.reader(where, offset)
        try:
            found = await self._link.ask(
                reader.getmany(timeout_ms=round(self._link.seconds * 1000), max_records=1), self._link.seconds
            )
        finally:
            await self._link.end(reader)
        records = found.get(where, [])
        if not records:
            raise MuxAwayError(f"{self.name} does not give the entry that it says it has")
        return str(_Position(offset, records[0].timestamp))

    async def tail(self, stream: str, after: str, most: int, wait: float) -> list[Entry]:
        """A request is always under way for who goes on where a call ended."""
        where = partition_of(stream)
        until = time.monotonic() + wait
        if not await self._appears(where.topic, until):
            return []
        tail = self._tails.pop((stream, after), None) or await self._begin(where, after)
        try:
            found = await self._read(where, stream, tail, most, until)
        except (_AnewError, wrong.OffsetOutOfRangeError) as error:
            await self._link.end(tail.reader)
            position = START if isinstance(error, _AnewError) else after
            tail = await self._begin(where, position)
            tail.missed = UNKNOWN if isinstance(error, _AnewError) else tail.missed
            found = await self._read(where, stream, tail, most, until)
        except BaseException:
            await self._link.end(tail.reader)
            raise
        if not found:
            await self._link.bounds(where)  # a reader alone does not say that nobody is there
        await self._keep(stream, found[-1].id if found else after, tail)
        return found

    async def _appears(self, topic: str, until: float) -> bool:
        while not await self._link.there(topic):
            left = until - time.monotonic()
            if left <= 0:
                return False
            await asyncio.sleep(min(left, _LOOK_SECONDS))
        return True

    async def _begin(self, where: TopicPartition, after: str) -> _Tail:
        begin, end = await self._link.bounds(where)
        position = _Position.of(after)
        if after == START or position is None or position.offset >= end:
            missed = 0 if after == START else UNKNOWN
            return _Tail(await self._link.reader(where, begin), begin, missed)
        if position.offset < begin or position.stamp is None:
            at = max(position.offset + 1, begin)
            return _Tail(await self._link.reader(where, at), position.offset + 1)
        reader = await self._link.reader(where, position.offset)
        return _Tail(reader, position.offset + 1, check=position)

    async def _read(
        self, where: TopicPartition, stream: str, tail: _Tail, most: int, until: float
    ) -> list[Entry]:
        found: list[Entry] = []
        while not found:
            left = max(0.0, until - time.monotonic())
            try:
                async with asyncio.timeout(left + self._link.seconds):
                    got = await tail.reader.getmany(
                        timeout_ms=round(left * 1000), max_records=most + (tail.check is not None)
                    )
            except wrong.OffsetOutOfRangeError:
                raise
            except (wrong.KafkaError, OSError, TimeoutError) as error:
                raise self._link.told(error) from None
            for record in got.get(where, []):
                check, tail.check = tail.check, None
                if check is not None and record.offset == check.offset:
                    if record.timestamp != check.stamp:
                        raise _AnewError
                    continue
                missed = tail.missed or record.offset - tail.next
                tail.next, tail.missed = record.offset + 1, 0
                position = _Position(record.offset, record.timestamp)
                found.append(Entry(stream, str(position), record.value or b"", missed=missed))
            if time.monotonic() >= until:
                break
        return found

    async def _keep(self, stream: str, at: str, tail: _Tail) -> None:
        before = self._tails.pop((stream, at), None)
        self._tails[stream, at] = tail
        if before is None and len(self._tails) > _TAILS:
            before = self._tails.pop(next(iter(self._tails)))
        if before is not None:
            await self._link.end(before.reader)

    # --- reading in a group -----------------------------------------------------------

    async def _group(self, stream: str, name: str) -> Group:
        known = self._groups.get((stream, name))
        if known is not None and not known.failed:
            return known
        where = partition_of(stream)
        await self._link.make(where.topic)
        if known is not None:
            await known.leave()
        if self._groups.get((stream, name)) is known:  # and nobody else was quicker
            self._groups[stream, name] = Group(self._link, where, stream, name)
        return self._groups[stream, name]

    async def take(self, stream: str, group: str, consumer: str, most: int, wait: float) -> list[Entry]:
        """One process of a group has the topic; the others stand by. A round trip notes what is taken."""
        until = time.monotonic() + wait
        return await (await self._group(stream, group)).take(consumer, most, until)

    async def ack(self, stream: str, group: str, entries: Sequence[Entry]) -> None:
        """One round trip. Who is not the one that has the topic any more cannot: they come again."""
        if entries:
            await (await self._group(stream, group)).ack(entries)

    async def recover(self, stream: str, group: str, consumer: str, most: int, idle: float) -> list[Entry]:
        """Of this process's consumers; of others' when they are dead, whatever ``idle`` is."""
        return await (await self._group(stream, group)).recover(consumer, most, idle)

    async def set_aside(self, stream: str, group: str, entry: Entry, reason: str) -> None:
        """Kept, then acknowledged: interrupted in between, it is kept twice."""
        await self.publish(stream + POISON, [encode_poison(entry, group, reason)])
        await self.ack(stream, group, [entry])

    # --- what there is ----------------------------------------------------------------

    async def info(self, stream: str) -> StreamInfo:
        """``consumers`` are those of this process."""
        where, aside = partition_of(stream), partition_of(stream + POISON)
        if not await self._link.there(where.topic):
            return StreamInfo(stream)
        begin, end = await self._link.bounds(where)
        poisoned = (await self._link.bounds(aside))[1] if await self._link.there(aside.topic) else 0
        groups = []
        for name in sorted(await self._group_names(stream)):
            ledger = await ledger_of(self._link, where, name)
            if ledger is not None:
                ours = self._groups.get((stream, name))
                consumers = len(ours.consumers) if ours else 0
                lag = max(0, end - max(ledger.taken, begin))
                groups.append(GroupInfo(name, lag, ledger.pending, consumers))
        first = str(_Position(begin, None)) if end > begin else START
        last = str(_Position(end - 1, None)) if end > begin else START
        return StreamInfo(stream, end - begin, first, last, poisoned, tuple(groups))

    async def _group_names(self, stream: str) -> set[str]:
        """Those of this process; others' where the brokers tell of them, else the one that is usual."""
        names = {name for there, name in self._groups if there == stream}
        admin = await self._link.admin()
        try:
            listed = await admin.list_consumer_groups()
        except (wrong.KafkaError, OSError):
            return names | {GROUPS[stream]} if stream in GROUPS else names
        behind = "." + partition_of(stream).topic
        return names | {
            one[0].removesuffix(behind).replace(".", "/") for one in listed if one[0].endswith(behind)
        }


async def _sent(producer: AIOKafkaProducer, batch: Any, where: TopicPartition) -> None:
    acknowledged = await producer.send_batch(batch, where.topic, partition=where.partition)
    await acknowledged
