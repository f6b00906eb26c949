"""An assistant with a scripted model and a voice that needs no engine, and its record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from backend.assistant import Engines, MemoryStore, Session, load_agents, open_session
from backend.assistant.agent_config import DEFAULT_AGENTS
from backend.bus import Bus
from backend.events import Event, decode_line
from backend.models import ChatModel
from backend.speech import Pcm, VoiceSettings
from backend.tap import Batch, Tap

RATE = 24_000


class Record:
    """A sink that keeps every event, decoded from its line."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def write(self, batch: Batch) -> None:
        self.events.extend(decode_line(line) for line in batch.lines)

    def close(self) -> None:
        pass

    def of(
        self, event_type: str, message_type: str | None = None, component: str | None = None
    ) -> list[Event]:
        """Events of a kind, in order."""
        return [
            event
            for event in self.events
            if event.event_type == event_type
            and (message_type is None or event.message_type == message_type)
            and (component is None or event.component == component)
        ]

    def transitions(self, component: str, session_id: str | None = None) -> list[tuple[str, str]]:
        """(from, to) of a component's state changes."""
        changes = self.of("state_change", component=component)
        return [
            (event.payload()["from"], event.payload()["to"])
            for event in changes
            if session_id is None or event.session_id == session_id
        ]


class FakeVoice:
    """A word is a piece of 100 ms; ``fail_on`` is a word at which the voice breaks."""

    def __init__(self, delay: float = 0.0, fail_on: str | None = None) -> None:
        self.delay = delay
        self.fail_on = fail_on
        self.spoken: list[tuple[str, VoiceSettings]] = []

    @property
    def sample_rate(self) -> int:
        return RATE

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def synthesize(self, text: str, voice: VoiceSettings) -> AsyncIterator[Pcm]:
        self.spoken.append((text, voice))
        for word in text.split():
            await asyncio.sleep(self.delay)
            if self.fail_on is not None and self.fail_on in word:
                raise RuntimeError("the vocoder is gone")
            yield Pcm(np.zeros(RATE // 10, np.float32), RATE)


class FakeSink:
    """Counts what is played; fails after ``fail_after`` pieces."""

    def __init__(self) -> None:
        self.pieces = 0
        self.closed = False
        self.fail_after: int | None = None

    async def write(self, pcm: Pcm) -> None:
        if self.fail_after is not None and self.pieces >= self.fail_after:
            raise OSError("no space left")
        self.pieces += 1

    async def close(self) -> None:
        self.closed = True


@dataclass
class Rig:
    """A running assistant with one session."""

    record: Record
    bus: Bus
    engines: Engines
    session: Session
    sink: FakeSink = field(default_factory=FakeSink)

    async def say(self, text: str) -> str:
        """Type a turn and wait for its end."""
        return await self.ended(self.session.user.say(text))

    async def ended(self, turn: int) -> str:
        async with asyncio.timeout(10):
            return await self.session.user.turn_ended(turn)

    async def speaks(self, turn: int) -> bool:
        async with asyncio.timeout(10):
            return await self.session.user.bot_speaks(turn)


@asynccontextmanager
async def assistant(
    model: ChatModel,
    *,
    voice: FakeVoice | None = None,
    pace: float = 0.0,
    agents: Path = DEFAULT_AGENTS,
    memory: Path | str = ":memory:",
    **more: Any,
) -> AsyncIterator[Rig]:
    """An assistant; when it is left, the record is complete."""
    record = Record()
    async with Tap("assistant", sinks=(record,)) as tap:
        bus = Bus(tap)
        store = MemoryStore(tap, memory)
        engines = Engines(model, voice or FakeVoice(), load_agents(agents), store, **more)
        sink = FakeSink()
        session = open_session(bus, engines, "s1", "ada", sink, pace=pace)
        yield Rig(record, bus, engines, session, sink)
        async with asyncio.timeout(10):
            await bus.idle()
            await session.close()
            await bus.close()
        store.close()


def assert_sound(record: Record) -> None:
    """What holds of every recording, whatever happened in it."""
    events = record.events
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    known = {event.id for event in events}
    assert len(known) == len(events)
    assert [event for event in events if event.cause is not None and event.cause not in known] == []
    received = record.of("message_received")
    handled = record.of("message_handled")
    assert sorted(str(event.task) for event in received) == sorted(str(event.task) for event in handled)
    assert events[0].message_type == "RECORDING_STARTED"
    assert events[-1].message_type == "RECORDING_ENDED"
    assert events[-1].payload()["count"] == len(events)
    _assert_one_worker_at_a_time(record)
    _assert_one_stream_at_a_time(record)
    _assert_chunks_in_order(record)
    _assert_turns_end_once(record)


def _assert_one_worker_at_a_time(record: Record) -> None:
    live: dict[str | None, set[str]] = {}
    for event in record.of("message_published"):
        workers = live.setdefault(event.session_id, set())
        if event.message_type == "TTS_CONNECTION_READY":
            workers.add(event.payload()["worker_id"])
            assert len(workers) == 1, workers
        elif event.message_type == "TTS_WORKER_COMPLETED":
            workers.discard(event.payload()["worker_id"])


def _assert_one_stream_at_a_time(record: Record) -> None:
    live: dict[str | None, set[str]] = {}
    for event in record.of("message_published", "LLM_EVENT"):
        data = event.payload()
        streams = live.setdefault(event.session_id, set())
        if data["event"] == "stream_started":
            streams.add(data["stream_id"])
            assert len(streams) == 1, streams
        elif data["event"] in ("stream_finished", "stream_cancelled", "stream_error"):
            streams.remove(data["stream_id"])
    assert not any(live.values())


def _assert_chunks_in_order(record: Record) -> None:
    last: dict[str, int] = {}
    for event in record.of("message_published", "TTS_AUDIO_CHUNK"):
        data = event.payload()
        assert data["audio_index"] == last.get(data["worker_id"], -1) + 1
        last[data["worker_id"]] = data["audio_index"]


def _assert_turns_end_once(record: Record) -> None:
    for message_type in ("AUDIO_OUTPUT_COMPLETE", "TTS_WORKER_COMPLETED"):
        workers = [event.payload()["worker_id"] for event in record.of("message_published", message_type)]
        assert len(workers) == len(set(workers)), message_type
