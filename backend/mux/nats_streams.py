"""Our streams as JetStream has them: their names, how they are made, positions in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from nats.js import api
from nats.js.errors import BadRequestError, NotFoundError

from backend.mux.brokers import checked_name, limits_of
from backend.mux.nats_link import Session
from backend.mux.protocol import START, UNKNOWN, Limits

_TO_SERVER: Final = str.maketrans({"/": "-", "-": "="})
_FROM_SERVER: Final = str.maketrans({"-": "/", "=": "-"})
_OTHER_CONFIGURATION: Final = 10058
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def server_name(name: str, what: str = "stream") -> str:
    """The name of a stream or group at the server, which allows no ``/``."""
    return checked_name(name, what).translate(_TO_SERVER)


def our_name(name: str) -> str:
    """The reverse."""
    return name.translate(_FROM_SERVER)


def subject_of(stream: str) -> str:
    """Where a stream's entries are published."""
    return checked_name(stream, "stream").replace("/", ".")


class Position(NamedTuple):
    """An entry of a stream that was made at ``created`` (µs since the epoch), the ``seq``-th."""

    created: int
    seq: int

    def __str__(self) -> str:
        return f"{self.created:x}-{self.seq}"

    @classmethod
    def of(cls, text: str) -> Position:
        """The reverse. What is none stands for a stream that is there no longer."""
        created, _, seq = text.partition("-")
        try:
            return cls(int(created, 16), int(seq))
        except ValueError:
            return cls(-1, 0)


class Begin(NamedTuple):
    """Where to begin to read, and how many entries between there and the position asked for are gone."""

    seq: int
    missed: int


def begin_behind(after: str, created: int, state: api.StreamState) -> Begin:
    """Where a reader goes on that has seen everything up to a position."""
    if after == START:
        return Begin(state.first_seq, 0)
    seen = Position.of(after)
    if seen.created != created or seen.seq > state.last_seq:
        return Begin(state.first_seq, UNKNOWN)  # the server was begun anew, without its data
    return Begin(max(seen.seq + 1, state.first_seq), 0)


class Streams:
    """Makes streams, as they are needed."""

    def __init__(self, limits: Mapping[str, Limits], replicas: int) -> None:
        self._limits = limits
        self._replicas = replicas

    async def created(self, session: Session, stream: str) -> int:
        """When a stream was made: now, if it is not there. One that is there is used as it is."""
        if stream not in session.created:
            found = await stream_info(session, stream) or await self._make(session, stream)
            session.created[stream] = micros(found.created)
        return session.created[stream]

    async def _make(self, session: Session, stream: str) -> api.StreamInfo:
        config = api.StreamConfig(
            name=server_name(stream),
            subjects=[subject_of(stream)],
            max_msgs=limits_of(self._limits, stream).entries,
            discard=api.DiscardPolicy.OLD,
            storage=api.StorageType.FILE,
            num_replicas=self._replicas,
        )
        try:
            return await session.js.add_stream(config)
        except BadRequestError as error:
            if error.err_code != _OTHER_CONFIGURATION:
                raise
            return await session.js.stream_info(server_name(stream))  # another was first, with other limits


async def stream_info(session: Session, stream: str) -> api.StreamInfo | None:
    """What the server says of a stream; None if it has none of that name."""
    try:
        return await session.js.stream_info(server_name(stream))
    except NotFoundError:
        session.created.pop(stream, None)
        return None


def micros(when: datetime | None) -> int:
    """Microseconds since the epoch, exactly."""
    return 0 if when is None else (when - _EPOCH) // timedelta(microseconds=1)
