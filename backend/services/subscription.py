"""One subscriber of the event bus: a client of the hub as any other, which reads in this program."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import msgspec

from backend.services.system_events import SystemEvent
from backend.tap.hub import Hub
from backend.tap.tasks import silent
from backend.wire.frames import Frame, Gap, Subscribe
from backend.wire.server import FeedSession


class SubscriberDroppedError(Exception):
    """The subscriber took nothing for 100 ms while its queue was full, and gets no more."""


class _Reading(FeedSession):
    """Its dialogue: frames are read here, and not sent."""

    kind = "subscription"


_END = Frame(())


class _Gap(msgspec.Struct, frozen=True):
    type: str
    from_seq: int = 0
    to_seq: int = 0
    source: str | None = None


class _Events(msgspec.Struct, frozen=True):
    type: str
    events: list[dict[str, Any]] = []


_decode = msgspec.json.Decoder(_Events).decode
_decode_gap = msgspec.json.Decoder(_Gap).decode


class Subscription:
    """Iterate over it once: ``async for event in subscription``. Events count from when it was made.

    The iteration ends with the bus, after all that was emitted. What this subscriber was too slow for comes
    as an event of type ``gap``. As ``async with`` it is closed at the end of the block, else when the
    iteration ends.

    Raises:
        SubscriberDroppedError: from the iteration, where the hub gave it up.
    """

    def __init__(self, hub: Hub, wanted: Subscribe, name: str) -> None:
        self._hub = hub
        self._frames: asyncio.Queue[Frame] = asyncio.Queue(1)
        self._dropped = False
        self._client = hub.attach(name, self._drop, session=_Reading)
        self._client.subscribe(wanted)
        self._pumping = silent(self._pump(), f"event-bus-{name}")

    async def _pump(self) -> None:
        try:
            await self._client.pump(self._frames.put)
            await self._frames.put(_END)
        finally:
            self._hub.detach(self._client)

    def _drop(self) -> None:
        """The hub's word that this one is too slow."""
        self._dropped = True
        self._pumping.cancel()

    @property
    def dropped(self) -> bool:
        """Whether the hub gave this subscriber up."""
        return self._dropped

    async def __aiter__(self) -> AsyncIterator[SystemEvent]:
        """The events, as they come."""
        try:
            while (frame := await self._next()) is not _END:
                for event in _events_of(frame):
                    yield event
        finally:
            self.close()
        if self._dropped:
            raise SubscriberDroppedError("this subscriber took nothing for 100 ms with a full queue")

    async def _next(self) -> Frame:
        """The next frame; the end where no more can come."""
        while self._frames.empty():
            if self._pumping.done():
                return _END
            taking = asyncio.ensure_future(self._frames.get())
            try:
                await asyncio.wait((taking, self._pumping), return_when=asyncio.FIRST_COMPLETED)
                if taking.done():
                    return taking.result()
            finally:
                taking.cancel()
        return self._frames.get_nowait()

    def close(self) -> None:
        """Get no more. Idempotent."""
        self._client.leave()
        self._pumping.cancel()

    def end(self) -> None:
        """Get what is there, and then no more: the bus stops."""
        self._client.finish()

    @property
    def done(self) -> bool:
        """Whether the hub is done with this subscriber."""
        return self._pumping.done()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _events_of(frame: Frame) -> list[SystemEvent]:
    """What a frame of the `system` dialect holds; nothing for one that is no news."""
    told = _decode(frame.data)
    if told.type == "gap":
        gap = _decode_gap(frame.data)
        return [_gap_event(Gap(gap.from_seq, gap.to_seq, gap.source))]
    return [SystemEvent.model_construct(**event) for event in told.events]


def _gap_event(gap: Gap) -> SystemEvent:
    lost = gap.to_seq - gap.from_seq + 1
    return SystemEvent(
        timestamp=time.time(),
        type="gap",
        message=f"{lost} events of {gap.source} are lost to this subscriber",
        severity="warning",
        metadata={"source": gap.source, "from_seq": gap.from_seq, "to_seq": gap.to_seq},
    )
