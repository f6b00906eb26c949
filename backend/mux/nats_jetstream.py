"""Streams on a NATS server with JetStream (2.10 or later): ``nats://``.

A stream ``events/v1`` is the JetStream stream ``events-v1`` of the subject ``events.v1``. It is made with
`Limits` when something is published or a group begins; one that is there is used as it is. A user of the
server must be allowed to publish to ``$JS.API.>`` and ``$JS.ACK.>``, and to the subjects.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

from msgspec import Struct
from nats.js import api
from nats.js.errors import NoStreamResponseError, NotFoundError

from backend.mux.brokers import address_of
from backend.mux.nats_groups import Group
from backend.mux.nats_link import GoneError, Link, Session
from backend.mux.nats_pull import Pull
from backend.mux.nats_streams import (
    Position,
    Streams,
    begin_behind,
    micros,
    our_name,
    server_name,
    stream_info,
    subject_of,
)
from backend.mux.poison import encode_poison
from backend.mux.protocol import (
    POISON,
    START,
    Entry,
    GroupInfo,
    Limits,
    MuxAwayError,
    MuxTooLargeError,
    StreamInfo,
)
from backend.wire.frames import one_line

T = TypeVar("T")

_PORT: Final = 4222
_OPTIONS: Final = {"replicas": "how many servers of a cluster keep a stream"}
_PUBLISH_SECONDS: Final = 0.1
"""So long an entry may take when many are published at once."""
_TAILS: Final = 64
_TAIL_SECONDS: Final = 60.0
"""A reader's place is kept so long for its next `tail`; it costs two round trips to make it anew."""
_LOOK_SECONDS: Final = 0.25
"""How often is looked for a stream that is not there yet."""


class _Tail(Struct):
    """A reader alone: what is left of it between two calls."""

    pull: Pull
    created: int
    seq: int
    """Of the entry that it had last; 0: none yet."""
    missed: int
    """To be told with its first entry."""


class NatsTransport:
    """See `Transport`; what is said there holds, and is not said again."""

    def __init__(self, url: str, limits: Mapping[str, Limits]) -> None:
        address = address_of(url, _PORT, _OPTIONS)
        self.name = address.name
        self._streams = Streams(limits, address.number("replicas", 1, 1, 5))
        self._link = Link(address)
        self._tails: dict[tuple[str, str], _Tail] = {}
        self._groups: dict[tuple[str, str], Group] = {}

    async def connect(self) -> None:
        """Reach the server, and see that it has JetStream."""
        await self._link.ask(lambda session: session.js.account_info())

    async def close(self) -> None:
        """Let go of the connection."""
        await self._link.close()

    async def _ask(self, do: Callable[[Session], Awaitable[T]], wait: float = 0.0) -> T:
        """Once more where a stream or group was removed since it was looked for."""
        try:
            return await self._link.ask(do, wait)
        except GoneError:
            pass
        try:
            return await self._link.ask(do, wait)
        except GoneError as error:
            raise MuxAwayError(f"{self.name} says: {one_line(error)}") from None

    # --- writing ----------------------------------------------------------------------

    async def publish(self, stream: str, payloads: Sequence[bytes]) -> None:
        """One after the other, each acknowledged before the next is sent.

        Sent at once, the first could be refused (the server begins, a cluster chooses a leader) and later
        ones kept. An atomic batch of the server's is synced to the disk: 25 ms, whatever its size.
        """
        subject = subject_of(stream)
        at = 0

        async def ask(session: Session) -> None:
            nonlocal at
            await self._streams.created(session, stream)
            most = session.client.max_payload
            while at < len(payloads):
                if len(payloads[at]) > most:
                    raise MuxTooLargeError(
                        f"{self.name} takes entries of {most:,} bytes at most, and one has "
                        f"{len(payloads[at]):,}: send fewer events an entry, or give it a larger max_payload"
                    )
                try:
                    # Its `publish` is three times as much work: a request with a timer of its own.
                    await (await session.js.publish_async(subject, payloads[at]))
                except NoStreamResponseError:
                    session.created.pop(stream, None)
                    raise GoneError("nobody keeps what is published") from None
                at += 1

        if payloads:
            await self._ask(ask, len(payloads) * _PUBLISH_SECONDS)

    # --- reading alone ----------------------------------------------------------------

    async def newest(self, stream: str, back: int = 0) -> str:
        """Also when all of its entries were removed."""
        info = await self._ask(lambda session: stream_info(session, stream))
        if info is None or not info.state.last_seq:
            return START
        if back and info.state.last_seq - back < info.state.first_seq:
            return START
        return str(Position(micros(info.created), info.state.last_seq - back))

    async def tail(self, stream: str, after: str, most: int, wait: float) -> list[Entry]:
        """One round trip, from the second call on that goes on where one ended."""
        until = time.monotonic() + wait

        async def ask(session: Session) -> list[Entry]:
            tail = await self._tail(session, stream, after)
            while tail is None:
                left = until - time.monotonic()
                if left <= 0:
                    return []
                await asyncio.sleep(min(left, _LOOK_SECONDS))
                tail = await self._tail(session, stream, after)
            done = False
            try:
                messages = await tail.pull.messages(most, max(0.0, until - time.monotonic()))
                done = True
            finally:
                if not done:
                    await tail.pull.close()
            found = []
            for message in messages:
                seq = message.metadata.sequence.stream
                missed = tail.missed or (seq - tail.seq - 1 if tail.seq else 0)
                tail.seq, tail.missed = seq, 0
                found.append(Entry(stream, str(Position(tail.created, seq)), message.data, missed=missed))
            await self._keep(stream, found[-1].id if found else after, tail)
            return found

        return await self._ask(ask, wait)

    async def _tail(self, session: Session, stream: str, after: str) -> _Tail | None:
        """The reader that stopped there, or a new one; None without a stream."""
        kept = self._tails.pop((stream, after), None)
        if kept is not None and kept.pull.session is session:
            return kept
        info = await stream_info(session, stream)
        if info is None:
            return None
        created = micros(info.created)
        begin = begin_behind(after, created, info.state)
        config = api.ConsumerConfig(
            deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=max(begin.seq, 1),
            ack_policy=api.AckPolicy.NONE,
            inactive_threshold=_TAIL_SECONDS,
            num_replicas=1,
            mem_storage=True,
        )
        try:
            consumer = await session.js.add_consumer(server_name(stream), config)
        except NotFoundError:
            return None  # removed just now
        seen = 0 if after == START or begin.missed else Position.of(after).seq
        pull = await Pull.of(session, server_name(stream), consumer.name)
        return _Tail(pull, created, seen, begin.missed)

    async def _keep(self, stream: str, at: str, tail: _Tail) -> None:
        before = self._tails.pop((stream, at), None)
        self._tails[stream, at] = tail
        if before is None and len(self._tails) > _TAILS:
            before = self._tails.pop(next(iter(self._tails)))
        if before is not None:
            await before.pull.close()

    # --- reading in a group -----------------------------------------------------------

    async def _group(self, session: Session, stream: str, name: str) -> Group:
        known = self._groups.get((stream, name))
        if known is None or known.session is not session:
            created = await self._streams.created(session, stream)
            try:
                known = await Group.of(session, stream, name, created)
            except NotFoundError:
                session.created.pop(stream, None)
                raise GoneError(f"{stream} is not there") from None
            self._groups[stream, name] = known
        return known

    async def _in_group(
        self, stream: str, name: str, do: Callable[[Group], Awaitable[T]], wait: float = 0.0
    ) -> T:
        async def ask(session: Session) -> T:
            group = await self._group(session, stream, name)
            try:
                return await do(group)
            except (GoneError, NotFoundError) as error:
                self._groups.pop((stream, name), None)
                session.created.pop(stream, None)
                raise GoneError(error) from None

        return await self._ask(ask, wait)

    async def take(self, stream: str, group: str, consumer: str, most: int, wait: float) -> list[Entry]:
        """One round trip where there is something."""
        until = time.monotonic() + wait
        while True:
            left = max(0.0, until - time.monotonic())

            def take(one: Group, left: float = left) -> Awaitable[list[Entry]]:
                return one.take(consumer, most, left)

            found = await self._in_group(stream, group, take, left)
            if found or left <= 0:
                return found

    async def ack(self, stream: str, group: str, entries: Sequence[Entry]) -> None:
        """One round trip for all of them."""
        if entries:
            await self._in_group(stream, group, lambda one: one.ack(entries))

    async def recover(self, stream: str, group: str, consumer: str, most: int, idle: float) -> list[Entry]:
        """The server gives out anew what is due; ``idle`` is when, for all of the group, from now on.

        What the stream let go meanwhile does not come again: the events' own numbers tell that.
        """
        return await self._in_group(stream, group, lambda one: one.recover(consumer, most, idle))

    async def set_aside(self, stream: str, group: str, entry: Entry, reason: str) -> None:
        """Kept, then acknowledged: interrupted in between, it is kept twice."""
        await self.publish(stream + POISON, [encode_poison(entry, group, reason)])
        await self.ack(stream, group, [entry])

    # --- what there is ----------------------------------------------------------------

    async def info(self, stream: str) -> StreamInfo:
        """``consumers`` of a group are those that wait for entries now; a server does not know others."""

        async def ask(session: Session) -> StreamInfo:
            found = await stream_info(session, stream)
            if found is None:
                return StreamInfo(stream)
            poison = await stream_info(session, stream + POISON)
            created, state = micros(found.created), found.state
            groups = await session.js.consumers_info(server_name(stream))
            return StreamInfo(
                stream,
                state.messages,
                str(Position(created, state.first_seq)) if state.messages else START,
                str(Position(created, state.last_seq)) if state.messages else START,
                poison.state.last_seq if poison else 0,
                tuple(
                    GroupInfo(
                        our_name(one.name), one.num_pending, one.num_ack_pending or 0, one.num_waiting or 0
                    )
                    for one in sorted(groups, key=lambda one: one.name)
                    if one.config.durable_name
                ),
            )

        return await self._ask(ask)
