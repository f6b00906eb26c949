"""A Kafka consumer group: one member has the topic, and keeps account of what is taken and acknowledged.

Kafka notes one offset for a group, before which all is done, and a few words with it. In these is what one
offset cannot say: how far entries were handed out, and which behind the offset are done. They are noted
before an entry is handed out, so whoever has the topic next knows what somebody has had already.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka import errors as wrong
from aiokafka.structs import OffsetAndMetadata
from msgspec import Struct

from backend.mux.brokers import checked_name
from backend.mux.kafka_link import Link
from backend.mux.protocol import UNKNOWN, Entry

_NOTE_BYTES: Final = 3_800
"""The brokers' ``offset.metadata.max.bytes`` is 4,096."""
_MOST_TAKEN: Final = 8_192
"""With so many not acknowledged no more are handed out, so that they fit in memory."""
_FULL_SECONDS: Final = 0.05
_INHERIT_SECONDS: Final = 1.0


class Ledger(Struct, frozen=True, omit_defaults=True):
    """What a group has noted: entries before ``done`` are acknowledged, those before ``taken`` handed out."""

    taken: int
    done: int = 0
    acked: list[tuple[int, int]] = []
    """Ranges of offsets behind ``done`` that are acknowledged too; the ends are not in them."""
    attempts: dict[int, int] = {}
    """How often entries were handed out, if more than once."""

    @property
    def pending(self) -> int:
        """Entries handed out and not acknowledged."""
        return max(0, self.taken - self.done - sum(end - begin for begin, end in self.acked))

    def is_acked(self, offset: int) -> bool:
        """Whether an entry is done."""
        return offset < self.done or any(begin <= offset < end for begin, end in self.acked)


def group_id(where: TopicPartition, group: str) -> str:
    """A group's name at the brokers: ``store.events.v1``.

    One group of theirs may have many topics, and then those of one wait for those of another.
    """
    return f"{checked_name(group, 'group').replace('/', '.')}.{where.topic}"


async def ledger_of(link: Link, where: TopicPartition, group: str) -> Ledger | None:
    """What a group has noted; None if nothing, or if there is no such group."""
    admin = await link.admin()
    found = await link.ask(admin.list_consumer_group_offsets(group_id(where, group), partitions=[where]))
    noted = found.get(where)
    if noted is None or noted.offset < 0:
        return None
    try:
        ledger = msgspec.json.decode(noted.metadata or b"{}", type=Ledger)
    except msgspec.DecodeError:
        return Ledger(noted.offset, noted.offset)  # by another program: what it says is done
    return msgspec.structs.replace(ledger, done=noted.offset, taken=max(ledger.taken, noted.offset))


class _Held(Struct):
    """An entry that a consumer has, since when."""

    entry: Entry
    at: float


class Group(ConsumerRebalanceListener):  # type: ignore[misc]  # untyped where it comes from
    """One process's membership. Consumers are names in it: the entries are divided among them here."""

    def __init__(self, link: Link, where: TopicPartition, stream: str, name: str) -> None:
        self.consumers: set[str] = set()
        self._link = link
        self._where = where
        self._stream = stream
        self._name = name
        self._member = link.member(group_id(where, name))
        self._member.subscribe([where.topic], listener=self)
        self._joining = asyncio.ensure_future(link.begin(self._member, 2 * link.session_seconds))
        self._fetching = asyncio.Lock()
        self._noting = asyncio.Lock()
        self._broken = False
        self._known = False
        """Whether what follows is up to date with what the group has noted."""
        self._ledger = Ledger(0)
        self._taken = 0
        self._seen = 0
        """The offset that the next entry has which is fetched, if nothing is missing."""
        self._lost = 0
        self._held: dict[int, _Held] = {}
        self._due: dict[int, Entry] = {}
        """Somebody had them, who has not the topic any more."""
        self._fresh: dict[int, Entry] = {}

    @property
    def failed(self) -> bool:
        """Whether it could not join, or its client has given up: it has to be made anew."""
        if self._broken or not self._joining.done():
            return self._broken
        return self._joining.cancelled() or self._joining.exception() is not None

    async def leave(self) -> None:
        """Let others have the topic."""
        self._joining.cancel()
        await asyncio.wait({self._joining})
        await self._link.end(self._member)

    async def on_partitions_revoked(self, revoked: Any) -> None:  # noqa: ARG002 - as it is called
        """Others may have the topic from now on."""
        self._known = False

    async def on_partitions_assigned(self, assigned: Any) -> None:  # noqa: ARG002 - as it is called
        """It may be this one's."""
        self._known = False

    # --- what is asked of it ----------------------------------------------------------

    async def take(self, consumer: str, most: int, until: float) -> list[Entry]:
        """New entries, as soon as there are some."""
        self.consumers.add(consumer)
        while True:
            left = max(0.0, until - time.monotonic())
            if await self._joined(left):
                if len(self._held) >= _MOST_TAKEN:
                    await asyncio.sleep(min(left, _FULL_SECONDS))
                elif not self._fresh:
                    await self._fetch(most, left)
                found = [self._fresh.pop(offset) for offset in sorted(self._fresh)[:most]]
                if found and await self._hand_out(found):
                    return found
            if time.monotonic() >= until:
                return []

    async def recover(self, consumer: str, most: int, idle: float) -> list[Entry]:
        """What somebody had who is dead, and what was held here for too long."""
        self.consumers.add(consumer)
        if not await self._joined(self._link.seconds + self._link.session_seconds):
            return []
        until = time.monotonic() + _INHERIT_SECONDS
        while self._inherits() and time.monotonic() < until:
            await self._fetch(most, until - time.monotonic())
        before = time.monotonic() - idle
        old = {offset: one.entry for offset, one in self._held.items() if one.at <= before}
        found = [(self._due | old)[offset] for offset in sorted(self._due | old)[:most]]
        found = [entry._replace(attempts=entry.attempts + 1, missed=0) for entry in found]
        await asyncio.sleep(0)
        return found if found and await self._hand_out(found) else []

    async def ack(self, entries: Sequence[Entry]) -> None:
        """Noted, if the topic is still this one's."""
        for entry in entries:
            self._held.pop(_offset(entry), None)
            self._due.pop(_offset(entry), None)
        await self._note()

    # --- fetching ---------------------------------------------------------------------

    async def _joined(self, wait: float) -> bool:
        """Whether this is a member, after ``wait`` at most."""
        if not self._joining.done():
            await asyncio.wait({self._joining}, timeout=wait)
        if not self._joining.done():
            return False
        await self._joining  # raises why it could not join
        return True

    def _inherits(self) -> bool:
        """Whether there is more to fetch that somebody has had."""
        ours = self._where in self._member.assignment()
        return ours and (not self._known or self._seen < self._taken)

    async def _fetch(self, most: int, wait: float) -> None:
        """Have new entries in `_fresh`, and what others had in `_due`; empty hands after ``wait``."""
        until = time.monotonic() + wait
        try:
            async with asyncio.timeout(wait):
                await self._fetching.acquire()
        except TimeoutError:
            return  # another consumer of this process waits already
        try:
            async with asyncio.timeout(max(0.0, until - time.monotonic()) + self._link.seconds):
                records = await self._fetched(most, until)
        except (wrong.KafkaError, OSError, TimeoutError) as error:
            # Of what passes by itself the client says nothing here.
            self._broken = isinstance(error, wrong.KafkaError)
            raise self._link.told(error) from None
        finally:
            self._fetching.release()
        for record in records:
            self._put(record.offset, record.timestamp, record.value or b"")
        if not records and not self._fresh and self._where in self._member.assignment():
            await self._link.bounds(self._where)  # a member does not say that nobody is there

    async def _fetched(self, most: int, until: float) -> list[Any]:
        if self._where in self._member.assignment():
            await self._know()
        if self._fresh:
            return []
        left = max(0.0, until - time.monotonic())
        found = await self._member.getmany(timeout_ms=round(left * 1000), max_records=most)
        records: list[Any] = found.get(self._where, [])
        if records:
            await self._know()
        return records

    async def _know(self) -> None:
        """Read what the group has noted, if others may have had the topic since."""
        if self._known:
            return
        ledger = await ledger_of(self._link, self._where, self._name)
        begin, end = await self._link.bounds(self._where)
        if ledger is None or ledger.done > end:
            self._lost = UNKNOWN if self._taken or ledger is not None else 0
            ledger = Ledger(begin, begin)
        if ledger.taken != self._taken or self._lost:  # not as this one has left it
            self._held.clear()
        self._ledger = ledger
        self._due.clear()
        self._fresh.clear()
        self._taken, self._seen = ledger.taken, ledger.done
        self._known = True

    def _put(self, offset: int, stamp: int, payload: bytes) -> None:
        if offset < self._seen:  # read from its start again: another cluster's entries
            self._held.clear()
            self._due.clear()
            self._ledger, self._taken, self._lost = Ledger(offset, offset), offset, UNKNOWN
        missed = self._lost or max(0, offset - self._seen)
        self._seen = offset + 1
        entry = Entry(self._stream, f"{offset}-{stamp}", payload, 1, missed)
        if offset >= self._taken:
            self._fresh[offset] = entry
            self._lost = 0
        elif offset not in self._held and not self._ledger.is_acked(offset):
            self._due[offset] = entry._replace(attempts=self._ledger.attempts.get(offset, 1))
            self._lost = 0

    # --- noting -----------------------------------------------------------------------

    async def _hand_out(self, entries: list[Entry]) -> bool:
        """Note that somebody has these from now on; False if the topic is not this one's any more."""
        taken, now = self._taken, time.monotonic()
        held = {_offset(entry): self._held.get(_offset(entry)) for entry in entries}
        due = {offset: self._due.pop(offset) for offset in held if offset in self._due}
        self._held |= {_offset(entry): _Held(entry, now) for entry in entries}
        self._taken = max(taken, _offset(entries[-1]) + 1)
        noted = False
        try:
            noted = await self._note()
        finally:
            if not noted:  # nobody has had them
                self._taken = taken
                self._due |= due
                for offset, before in held.items():
                    self._held.pop(offset, None)
                    if before is not None:
                        self._held[offset] = before
        return noted

    async def _note(self) -> bool:
        async with self._noting:
            if not self._known or self._where not in self._member.assignment():
                return False
            done, note = self._account()
            try:
                async with asyncio.timeout(self._link.seconds):
                    await self._member.commit({self._where: OffsetAndMetadata(done, note)})
            except (wrong.CommitFailedError, wrong.IllegalStateError):
                return False  # others are about to have the topic
            except (wrong.KafkaError, OSError, TimeoutError) as error:
                raise self._link.told(error) from None
            return True

    def _account(self) -> tuple[int, str]:
        """The offset before which all is done, and what is to be said with it."""
        open_ = sorted({*self._held, *self._due})
        not_seen = min(self._seen, self._taken)
        done = min([*open_[:1], not_seen])
        acked = []
        at = done
        for offset in [one for one in open_ if one < not_seen] + [not_seen]:
            if offset > at:
                acked.append((at, offset))
            at = offset + 1
        acked += [(max(begin, not_seen), end) for begin, end in self._ledger.acked if end > not_seen]
        attempts = {
            offset: one.entry.attempts for offset, one in self._held.items() if one.entry.attempts > 1
        }
        attempts |= {offset: entry.attempts for offset, entry in self._due.items() if entry.attempts > 1}
        ledger = Ledger(self._taken, 0, acked, attempts)
        for lesser in (ledger, Ledger(self._taken, 0, acked), Ledger(self._taken)):
            note = msgspec.json.encode(lesser)
            if len(note) <= _NOTE_BYTES:
                break
        return done, note.decode()


def _offset(entry: Entry) -> int:
    return int(entry.id.partition("-")[0])
