"""A group: a durable consumer of a JetStream stream, which many processes ask for entries."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.js import api
from nats.js.errors import NotFoundError

from backend.mux.nats_link import ANSWER_SECONDS, Session
from backend.mux.nats_pull import Pull
from backend.mux.nats_streams import Position, server_name
from backend.mux.protocol import Entry

_REDELIVER_SECONDS: Final = 30.0
"""After so long an entry that was not acknowledged is given out anew, until `recover` says otherwise."""
_TAKEN_AT_MOST: Final = 65_536
_SHORTEST_IDLE: Final = 0.05
_GIVEN_SECONDS: Final = 2.0
"""What is to be given out at once comes a moment later."""
_LOOK_SECONDS: Final = 0.1
_ACK: Final = b"+ACK"
_NAK: Final = b"-NAK"


class Group:
    """What this process knows of a group while a connection lives.

    The server gives entries out anew by itself, in between new ones. `fresh` and `due` keep apart what
    came to the wrong one of `take` and `recover` until the other is called.
    """

    def __init__(
        self, session: Session, stream: str, name: str, created: int, info: api.ConsumerInfo
    ) -> None:
        self.session = session
        self._stream = stream
        self._name = name
        self._created = created
        self._config = info.config
        delivered = info.delivered or api.SequenceInfo(0, 0)
        self._stream_seq = delivered.stream_seq
        self._consumer_seq = delivered.consumer_seq
        self._pulls: dict[str, Pull] = {}
        self._fresh: dict[int, Entry] = {}
        self._due: dict[int, Entry] = {}
        self._replies: dict[int, str] = {}

    @classmethod
    async def of(cls, session: Session, stream: str, name: str, created: int) -> Group:
        """The group of a stream that is there; it begins with what the stream keeps."""
        at_server = server_name(stream)
        try:
            info = await session.js.consumer_info(at_server, server_name(name, "group"))
        except NotFoundError:
            config = api.ConsumerConfig(
                durable_name=server_name(name, "group"),
                deliver_policy=api.DeliverPolicy.ALL,
                ack_policy=api.AckPolicy.EXPLICIT,
                ack_wait=_REDELIVER_SECONDS,
                max_deliver=-1,
                max_ack_pending=_TAKEN_AT_MOST,
            )
            info = await session.js.add_consumer(at_server, config)
        return cls(session, stream, name, created, info)

    async def take(self, consumer: str, most: int, wait: float) -> list[Entry]:
        """New entries; empty although ``wait`` is not over, where only others came."""
        found = self._kept(self._fresh, most)
        if len(found) < most:
            pull = await self._pull(consumer)
            for message in await pull.messages(most - len(found), 0 if found else wait):
                entry = self._entry(message)
                if entry.attempts == 1:
                    found.append(entry)
                else:
                    self._due[Position.of(entry.id).seq] = entry
        return found

    async def recover(self, consumer: str, most: int, idle: float) -> list[Entry]:
        """What the server gives out anew, after ``idle`` seconds from now on."""
        if idle > 0:
            await self._give_out_after(max(idle, _SHORTEST_IDLE))
        info = await self._info()
        if not self._somebodys(info):
            self._due.clear()
            return []
        if idle <= 0:
            self._due.clear()
            await self._give_out_now(info)
        pull = await self._pull(consumer)
        until = time.monotonic() + (_GIVEN_SECONDS if idle <= 0 else 0)
        while len(self._due) < (wanted := min(most, self._somebodys(info))):
            left = until - time.monotonic()
            messages = await pull.messages(wanted - len(self._due), max(0.0, min(left, _LOOK_SECONDS)))
            for message in messages:
                entry = self._entry(message)
                (self._fresh if entry.attempts == 1 else self._due)[Position.of(entry.id).seq] = entry
            if left <= 0:
                break
            if not messages:  # what the stream let go meanwhile does not come
                info = await self._info()
        return self._kept(self._due, most)

    def _somebodys(self, info: api.ConsumerInfo) -> int:
        """Entries that somebody has, or had and never acknowledged."""
        return max(0, (info.num_ack_pending or 0) - len(self._fresh))

    def _kept(self, kept: dict[int, Entry], most: int) -> list[Entry]:
        return [kept.pop(seq) for seq in sorted(kept)[:most]]

    async def _pull(self, consumer: str) -> Pull:
        if consumer not in self._pulls:
            stream, group = server_name(self._stream), server_name(self._name, "group")
            self._pulls[consumer] = await Pull.of(self.session, stream, group)
        return self._pulls[consumer]

    def _entry(self, message: Msg) -> Entry:
        """Tells what the stream let go before anybody in the group had it.

        Numbers of entries that others in the group were given are not missing; where something was given
        out anew to others meanwhile, less is told than is missing.
        """
        about = message.metadata
        seq = about.sequence.stream
        self._replies[seq] = message.reply
        missed = 0
        if about.num_delivered == 1:
            others = about.sequence.consumer - self._consumer_seq
            missed = max(0, seq - self._stream_seq - others)
            self._stream_seq = max(self._stream_seq, seq)
        self._consumer_seq = max(self._consumer_seq, about.sequence.consumer)
        name = str(Position(self._created, seq))
        return Entry(self._stream, name, message.data, about.num_delivered, missed)

    # --- what is acknowledged, and what is not ----------------------------------------

    async def ack(self, entries: Sequence[Entry]) -> None:
        """The server has heard of all when this returns; of those that others took, soon after."""
        seqs = [Position.of(entry.id).seq for entry in entries]
        ours = {seq: self._replies.pop(seq) for seq in seqs if seq in self._replies}
        others = [seq for seq in seqs if seq not in ours]
        if others:
            info = await self._info()
            for seq in others:
                await self.session.client.publish(self._reply(seq, info), _ACK)
        await self._tell(list(ours.values()), _ACK)

    async def _give_out_now(self, info: api.ConsumerInfo) -> None:
        """All that is not acknowledged; what was acknowledged among it the server knows."""
        floor, delivered = info.ack_floor, info.delivered
        if floor is None or delivered is None:
            return
        seqs = range(floor.stream_seq + 1, delivered.stream_seq + 1)
        await self._tell([self._reply(seq, info) for seq in seqs if seq not in self._fresh], _NAK)

    async def _tell(self, replies: list[str], word: bytes) -> None:
        """The server does this in order: when it has answered to the last, it has done all."""
        for reply in replies[:-1]:
            await self.session.client.publish(reply, word)
        if replies:
            try:
                await self.session.client.request(replies[-1], word, timeout=ANSWER_SECONDS)
            except NoRespondersError:
                return  # there is no such group any more

    def _reply(self, seq: int, info: api.ConsumerInfo) -> str:
        """Where an entry is acknowledged that somebody else was given.

        Of when that was the server takes any number that it has used since the last one acknowledged.
        """
        given = info.delivered.consumer_seq if info.delivered else 1
        return f"$JS.ACK.{server_name(self._stream)}.{server_name(self._name, 'group')}.1.{seq}.{given}.0.0"

    async def _give_out_after(self, seconds: float) -> None:
        if self._config.ack_wait != seconds:
            self._config = self._config.evolve(ack_wait=seconds)
            await self.session.js.add_consumer(server_name(self._stream), self._config)

    async def _info(self) -> api.ConsumerInfo:
        stream, group = server_name(self._stream), server_name(self._name, "group")
        info: api.ConsumerInfo = await self.session.js.consumer_info(stream, group)
        return info
