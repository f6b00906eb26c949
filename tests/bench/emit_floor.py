"""The least that a recorded event can cost: construct it, append, encode 512 at a time, write."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from pathlib import Path

import msgspec

from backend.events import EMPTY, Event
from backend.events.vocabulary import PUBLISH, PUBLISHED
from tests.bench.emit_story import BURST, CAUSE, COMPONENT, CORRELATION, KIND, MESSAGE, SOURCE, TASK

ENCODE_AT = 512


class _Writer:
    """Both floors' other half."""

    def __init__(self, path: Path) -> None:
        self.held: list[Event] = []
        self._encode = msgspec.json.Encoder().encode_lines
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def flush(self) -> None:
        os.write(self._file, self._encode(self.held))
        self.held.clear()

    def close(self) -> None:
        os.close(self._file)


async def constants(path: Path, events: int) -> float:
    """Nanoseconds an event, all of whose fields are constants."""
    writer = _Writer(path)
    held, append = writer.held, writer.held.append
    began = time.process_time_ns()
    for _ in range(events // BURST):
        for _ in range(BURST):
            append(
                Event(
                    1_795_246_257.123456,
                    PUBLISHED,
                    COMPONENT,
                    KIND,
                    "session-1",
                    "ada",
                    PUBLISH,
                    MESSAGE,
                    CORRELATION,
                    EMPTY,
                    "assistant-5f0c91d2-123456",
                    SOURCE,
                    123_456,
                    1_795_246_257_123_456_789,
                    4_501_234_567_891,
                    CAUSE,
                    TASK,
                    3,
                    "worker-7",
                    "info",
                    (),
                    (),
                )
            )
            if len(held) >= ENCODE_AT:
                writer.flush()
        await asyncio.sleep(0)
    writer.flush()
    took = time.process_time_ns() - began
    writer.close()
    return took / events


async def stamped(path: Path, events: int) -> float:
    """Nanoseconds an event with an id, a number and two clock readings of its own."""
    writer = _Writer(path)
    held, append = writer.held, writer.held.append
    next_number, wall_ns, mono_ns = itertools.count(1).__next__, time.time_ns, time.monotonic_ns
    began = time.process_time_ns()
    for _ in range(events // BURST):
        for _ in range(BURST):
            number, wall = next_number(), wall_ns()
            append(
                Event(
                    wall / 1e9,
                    PUBLISHED,
                    COMPONENT,
                    KIND,
                    "session-1",
                    "ada",
                    PUBLISH,
                    MESSAGE,
                    CORRELATION,
                    EMPTY,
                    f"assistant-5f0c91d2-{number}",
                    SOURCE,
                    number,
                    wall,
                    mono_ns(),
                    CAUSE,
                    TASK,
                    3,
                    "worker-7",
                    "info",
                    (),
                    (),
                )
            )
            if len(held) >= ENCODE_AT:
                writer.flush()
        await asyncio.sleep(0)
    writer.flush()
    took = time.process_time_ns() - began
    writer.close()
    return took / events
