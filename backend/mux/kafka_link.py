"""Clients of a Kafka cluster: made when they are needed; their errors as ours."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, Final, Protocol, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka import errors as wrong
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

from backend.mux.brokers import Address, checked_name
from backend.mux.protocol import MuxAwayError, MuxError, MuxRefusedError, MuxTooLargeError
from backend.wire.frames import one_line

T = TypeVar("T")

OPTIONS: Final = {
    "replicas": "how many brokers of a cluster keep a topic that is made",
    "sasl": "how a user and password are given: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512",
    "timeout": "seconds after which a broker that says nothing is away",
    "session": "seconds after which a consumer that is not heard of is dead",
}
_MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_BATCH_BYTES: Final = 512 * 1024
"""Half of what a broker takes at once by default; an entry above it goes alone."""
_LARGEST: Final = 64 * 1024 * 1024
"""The broker says how large an entry may be; this is only more than any allows."""
_FETCH_BYTES: Final = 4 * 1024 * 1024
_ALREADY_THERE: Final = 36

_reasons: ContextVar[list[Exception] | None] = ContextVar("why a Kafka client did not begin", default=None)


class _Reasons(logging.Handler):
    """The client says why it cannot reach a broker only to its log: here it is heard, and not printed."""

    def emit(self, record: logging.LogRecord) -> None:
        heard = _reasons.get()
        if heard is not None and isinstance(record.args, tuple):
            heard.extend(one for one in record.args if isinstance(one, Exception))


logging.getLogger("aiokafka").addHandler(_Reasons())


class _Client(Protocol):
    async def start(self) -> None: ...
    async def stop(self) -> None: ...


def partition_of(stream: str) -> TopicPartition:
    """Where a stream is kept: in the first partition of a topic, which alone has one order."""
    return TopicPartition(checked_name(stream, "stream").replace("/", "."), 0)


class Link:
    """Makes clients, and asks them."""

    def __init__(self, address: Address) -> None:
        self.name = address.name
        self.seconds = float(address.number("timeout", 10, 1, 300))
        self.session_seconds = float(address.number("session", 10, 1, 300))
        self._replicas = address.number("replicas", 1, 1, 99)
        mechanism = address.options.get("sasl", "PLAIN").upper()
        if mechanism not in _MECHANISMS:
            raise MuxRefusedError(f"{self.name}: sasl is one of {', '.join(_MECHANISMS)}")
        self._settings: dict[str, Any] = {
            "bootstrap_servers": list(address.hosts),
            "client_id": "doubletalk",
            "request_timeout_ms": round(self.seconds * 1000),
            "ssl_context": address.tls,
            "security_protocol": ("SASL_" if address.user else "") + ("SSL" if address.tls else "PLAINTEXT"),
            "sasl_mechanism": mechanism,
            "sasl_plain_username": address.user,
            "sasl_plain_password": address.password or "",
        }
        self._making = asyncio.Lock()
        self._open: list[_Client] = []
        self._producer: AIOKafkaProducer | None = None
        self._probe: AIOKafkaConsumer | None = None
        self._admin: AIOKafkaAdminClient | None = None
        self._topics: set[str] = set()

    # --- asking -----------------------------------------------------------------------

    async def ask(self, answer: Awaitable[T], wait: float = 0.0) -> T:
        """What the cluster answers, its errors as ours.

        Raises:
            MuxError: always one of ours.
        """
        try:
            async with asyncio.timeout(self.seconds + wait + 1.0):
                return await answer
        except (wrong.KafkaError, OSError, TimeoutError) as error:
            raise self.told(error) from None

    def told(self, error: Exception) -> MuxError:  # noqa: PLR0911 - one answer for each kind of error
        """What went wrong, in words of ours."""
        text = one_line(error, 160) or type(error).__name__
        if isinstance(error, wrong.MessageSizeTooLargeError | wrong.RecordListTooLargeError):
            return MuxTooLargeError(
                f"{self.name} takes no entry of that size: send fewer events an entry, or give the brokers a "
                "larger message.max.bytes"
            )
        if isinstance(error, _NOT_ALLOWED):
            return MuxRefusedError(
                f"{self.name} refuses: {text}; a user and password go into the URL: "
                "kafka://USER:PASSWORD@HOST?sasl=PLAIN"
            )
        if isinstance(error, ssl.SSLError):
            return MuxRefusedError(f"{self.name}: {text}; TLS is asked for by ?tls=true&ca=FILE")
        if isinstance(error, wrong.InvalidTopicError | wrong.IncompatibleBrokerVersion):
            return MuxRefusedError(f"{self.name} refuses: {text}")
        if isinstance(error, wrong.KafkaTimeoutError | wrong.RequestTimedOutError | TimeoutError):
            return MuxAwayError(f"{self.name} does not answer")
        if isinstance(error, wrong.KafkaConnectionError | wrong.NodeNotReadyError | OSError):
            return MuxAwayError(f"cannot reach {self.name}: {text}")
        return MuxAwayError(f"{self.name} says: {text}")

    async def begin(self, client: _Client, wait: float = 0.0) -> None:
        """Have a client connect; one that cannot is let go."""
        heard: list[Exception] = []
        before = _reasons.set(heard)
        self._open.append(client)
        try:
            async with asyncio.timeout(self.seconds + wait + 1.0):
                await client.start()
        except (wrong.KafkaError, OSError, TimeoutError) as error:
            await self.end(client)
            raise self.told(heard[-1] if heard else error) from None
        except asyncio.CancelledError:
            await self.end(client)
            raise
        finally:
            _reasons.reset(before)

    async def end(self, client: _Client) -> None:
        """Let go of a client, and what it still has to say."""
        if client not in self._open:
            return
        self._open.remove(client)
        stopping = asyncio.ensure_future(client.stop())
        stopping.add_done_callback(_looked_at)
        await asyncio.wait({stopping}, timeout=self.seconds + 1.0)
        if not stopping.done() or stopping.cancelled() or stopping.exception():
            # A consumer that was about to ask again ends in its own cancellation, its connections open.
            stopping.cancel()
            connections = getattr(client, "_client", None) or getattr(client, "client", None)
            if connections is not None:
                with suppress(wrong.KafkaError, OSError):
                    await connections.close()

    async def close(self) -> None:
        """Let go of all."""
        await asyncio.gather(*(self.end(client) for client in list(self._open)))

    # --- clients ----------------------------------------------------------------------

    async def producer(self) -> AIOKafkaProducer:
        """Who publishes: all brokers that keep a copy have an entry before it is acknowledged."""
        async with self._making:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    acks="all", max_batch_size=_BATCH_BYTES, max_request_size=_LARGEST, **self._settings
                )
                await self.begin(producer)
                self._producer = producer
            return self._producer

    async def probe(self) -> AIOKafkaConsumer:
        """Who asks where topics begin and end: apart from those who wait for entries on their connection."""
        async with self._making:
            if self._probe is None:
                probe = AIOKafkaConsumer(**self._settings)
                await self.begin(probe)
                self._probe = probe
            return self._probe

    async def admin(self) -> AIOKafkaAdminClient:
        """Who makes topics, and asks after groups."""
        async with self._making:
            if self._admin is None:
                admin = AIOKafkaAdminClient(**self._settings)
                await self.begin(_Admin(admin))
                self._admin = admin
            return self._admin

    async def reader(self, where: TopicPartition, offset: int) -> AIOKafkaConsumer:
        """Who reads alone, from an offset on."""
        reader = AIOKafkaConsumer(
            auto_offset_reset="none",
            enable_auto_commit=False,
            max_partition_fetch_bytes=_FETCH_BYTES,
            **self._settings,
        )
        await self.begin(reader)
        reader.assign([where])
        reader.seek(where, offset)
        return reader

    def member(self, group: str) -> AIOKafkaConsumer:
        """Who reads for a group; not begun yet, as that takes as long as the others need to agree."""
        patience = round((self.seconds + 2 * self.session_seconds) * 1000)
        return AIOKafkaConsumer(
            group_id=group,
            # Who has the topic keeps it while others come and go. What it has is noted in the class itself.
            partition_assignment_strategy=(type("Sticky", (StickyPartitionAssignor,), {}),),
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            max_partition_fetch_bytes=_FETCH_BYTES,
            session_timeout_ms=round(self.session_seconds * 1000),
            rebalance_timeout_ms=round(self.session_seconds * 1000),
            heartbeat_interval_ms=round(min(3.0, self.session_seconds / 4) * 1000),
            **(self._settings | {"request_timeout_ms": patience}),
        )

    # --- topics -----------------------------------------------------------------------

    async def there(self, topic: str) -> bool:
        """Whether there is such a topic; asking makes none."""
        if topic not in self._topics:
            probe = await self.probe()
            self._topics = set(await self.ask(probe.topics()))
        return topic in self._topics

    async def make(self, topic: str) -> None:
        """Have a topic of one partition, if there is none of that name."""
        if await self.there(topic):
            return
        admin = await self.admin()
        wanted = NewTopic(topic, num_partitions=1, replication_factor=self._replicas)
        try:
            answer = await self.ask(admin.create_topics([wanted]))
        except AttributeError:
            pass  # what the client says where no broker is in charge of that: topics make themselves, then
        else:
            for _, code, *_ in answer.topic_errors:
                if code not in {0, _ALREADY_THERE}:
                    raise self.told(wrong.for_code(code)(f"topic {topic}"))
        self._topics.add(topic)

    async def bounds(self, where: TopicPartition) -> tuple[int, int]:
        """The offset of a topic's first entry, and the one that its next will have."""
        probe = await self.probe()
        begin = await self.ask(probe.beginning_offsets([where]))
        end = await self.ask(probe.end_offsets([where]))
        return begin[where], end[where]


def _looked_at(task: asyncio.Future[None]) -> None:
    """Nobody wants to know any more how it ended."""
    if not task.cancelled():
        task.exception()


class _Admin:
    """Says `stop` as the others do."""

    def __init__(self, admin: AIOKafkaAdminClient) -> None:
        self.start = admin.start
        self.stop = admin.close


_NOT_ALLOWED: Final = (
    wrong.SaslAuthenticationFailed,
    wrong.UnsupportedSaslMechanismError,
    wrong.IllegalSaslStateError,
    wrong.TopicAuthorizationFailedError,
    wrong.GroupAuthorizationFailedError,
    wrong.ClusterAuthorizationFailedError,
)
