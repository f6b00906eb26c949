"""A live feed into a recording: every event's line as it came, framed by events of the recorder's own.

The file begins with a ``RECORDING_STARTED`` of the recorder's source and ends with its
``RECORDING_ENDED``; between them stand the feed's lines, byte for byte, and a ``GAP`` for whatever
the feed says is lost.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterable, Callable
from typing import Any

from msgspec import Struct

from backend.errors import UserError
from backend.events import SCHEMA, Event, encode_event, encode_payload
from backend.events.vocabulary import GAP, RECORDING_ENDED, RECORDING_STARTED, SYSTEM
from backend.jsonl_file import JsonlFile
from backend.wire.client import (
    ControlAnswered,
    ControlChanged,
    EventsReceived,
    GapReceived,
    NotUnderstood,
    ServerRefused,
    SourceChanged,
    StatesReceived,
)
from debugger.log.tally import BELIEVABLE
from debugger.sources.feed import Connected, Disconnected, Silent, Update

FLUSH_SECONDS = 1.0
"""What a compressed file holds back at most; a plain one holds back nothing."""


class Outcome(Struct, frozen=True):
    """What was recorded: events of the feed, how many of them are known to be lost, and why it ended."""

    events: int
    lost: int
    reason: str


class Recording:
    """Writes to `file`, which `end` closes. ``events`` and ``lost`` count what came and what did not."""

    def __init__(self, file: JsonlFile) -> None:
        self.events = 0
        self.lost = 0
        self.started = False
        self._file = file
        self._source = f"record-{secrets.token_hex(4)}"
        self._seq = 0

    def start(self, connected: Connected | None) -> None:
        """Write the first line, once; later connections add nothing to it."""
        if self.started:
            return
        self.started = True
        about: dict[str, Any] = {"schema": SCHEMA, "source": self._source, "pid": os.getpid()}
        if connected is not None:
            hello = connected.hello
            about |= {
                "url": connected.url,
                "recorded_source": hello.source,
                "from_seq": hello.start_seq,
                "topology": hello.topology,
            }
        self._own(RECORDING_STARTED, about)

    def write(self, lines: tuple[bytes, ...]) -> None:
        """Append events as they came."""
        self.start(None)  # a server that does not greet is recorded too
        self._file.write(b"\n".join(lines) + b"\n")
        self.events += len(lines)

    def gap(self, source: str | None, from_seq: int, to_seq: int | None, reason: str) -> None:
        """Name a loss; ``to_seq`` None: nobody knows how far it goes."""
        self.start(None)
        lost = {"source": source, "from_seq": from_seq, "to_seq": to_seq, "reason": reason}
        if to_seq is not None:
            count = lost["count"] = to_seq - from_seq + 1
            self.lost += count if count <= BELIEVABLE else 0
        self._own(GAP, lost, severity="warning")

    def flush(self) -> None:
        """Put what is held back into the file."""
        self._file.flush()

    def end(self, reason: str) -> Outcome:
        """Write the last line and close the file."""
        try:
            self.start(None)
            self._own(
                RECORDING_ENDED,
                {
                    "count": self._seq + 1,  # this one included
                    "source": self._source,
                    "events": self.events,
                    "lost": self.lost,
                    "reason": reason,
                },
            )
        finally:
            self._file.close()
        return Outcome(self.events, self.lost, reason)

    def _own(self, message_type: str, data: dict[str, Any], severity: str = "info") -> None:
        self._seq += 1
        wall = time.time_ns()
        event = Event(
            wall / 1e9,
            SYSTEM,
            "recorder",
            message_type,
            data=encode_payload(data),
            id=f"{self._source}-{self._seq}",
            source=self._source,
            seq=self._seq,
            timestamp_ns=wall,
            mono_ns=time.monotonic_ns(),
            severity=severity,
        )
        self._file.write(encode_event(event) + b"\n")


async def record(
    updates: AsyncIterable[Update],
    recording: Recording,
    *,
    stop: asyncio.Event,
    max_events: int | None = None,
    once: bool = False,
    note: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Record `updates` until `stop` is set, `max_events` are in, or, with `once`, the connection ends.

    `note` is told, a line each, what a person wants to know: connected, lost, refused.

    Raises:
        UserError: the server refused; what came before is in the file, and ended properly.
        OSError: the file cannot be written.
    """
    follow = asyncio.create_task(_follow(updates, recording, max_events, note, once=once))
    stopped = asyncio.create_task(stop.wait())
    flushing = asyncio.create_task(_flush(recording))
    tasks: tuple[asyncio.Task[Any], ...] = (follow, stopped, flushing)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if flushing.done():
            flushing.result()  # raises: the file cannot be written
        reason = follow.result() if follow.done() else "stopped"
    except UserError:
        if recording.started:
            recording.end("refused")
        raise
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return recording.end(reason)


async def _flush(recording: Recording) -> None:
    while True:
        await asyncio.sleep(FLUSH_SECONDS)
        recording.flush()


async def _follow(
    updates: AsyncIterable[Update],
    recording: Recording,
    max_events: int | None,
    note: Callable[[str], None],
    *,
    once: bool,
) -> str:
    """Write updates until there is a reason to end, and return it."""
    noted: set[str] = set()
    async for update in updates:
        if isinstance(update, EventsReceived):
            room = None if max_events is None else max_events - recording.events
            recording.write(update.lines[:room])
            if room is not None and len(update.lines) >= room:
                return "events"
        elif isinstance(update, Disconnected):
            if update.retry_in is None:
                raise UserError(update.reason)
            if once and recording.started:
                return f"server: {update.reason}"
            if update.reason not in noted:  # said once, not at each attempt
                note(f"{update.reason}; trying again")
            noted.add(update.reason)
        elif isinstance(update, Silent):
            if update.message not in noted:
                note(update.message)
            noted.add(update.message)
        else:
            noted.clear()
            _tell(update, recording, note)
    return "feed ended"


def _tell(
    update: Connected
    | GapReceived
    | StatesReceived
    | SourceChanged
    | NotUnderstood
    | ServerRefused
    | ControlAnswered
    | ControlChanged,
    recording: Recording,
    note: Callable[[str], None],
) -> None:
    if isinstance(update, Connected):
        recording.start(update)
        note(f"connected{' again' if update.again else ''} to {update.url}")
    elif isinstance(update, GapReceived):
        recording.gap(update.source, update.from_seq, update.to_seq, "the feed could not keep them")
        doubt = "" if update.count <= BELIEVABLE else "; not believed, its numbers must be wrong"
        note(f"lost {update.count} events of {update.source}: {update.from_seq} to {update.to_seq}{doubt}")
    elif isinstance(update, SourceChanged):
        if not update.ended:
            recording.gap(update.old, update.known_seq + 1, None, "the producer was replaced before its end")
            note(f"{update.old} is gone; what it emitted after event {update.known_seq} is lost")
    elif isinstance(update, NotUnderstood | ServerRefused):
        note(update.message)
