"""A hub that is filled from a stream: what a gateway without a program of its own serves.

It keeps nothing that is not in the stream too, so any number of them may stand side by side, and be killed.
All of them have the same events in the same order.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from backend.events import Event, encode_lines
from backend.events.vocabulary import SYSTEM
from backend.mux.merge import Run
from backend.mux.missing import missing_event
from backend.mux.packing import ENTRY_EVENTS
from backend.mux.protocol import MuxError, MuxRefusedError, Transport
from backend.mux.reader import FIRST_DELAY, LAST_DELAY, Events, Lost, Missing, Poisoned, Reached, StreamReader
from backend.mux.streams import EVENTS
from backend.tap import Batch, silent
from backend.tap.hub import HISTORY_EVENTS, Hub

CATCH_UP_SECONDS: Final = 5.0
"""A gateway opens its door when it has the history, or after that long."""

_UNNUMBERED: Final = Event(0.0, SYSTEM, "event_mux")


class StreamFeed:
    """Fills `hub` with what `bus` has in a stream. `start`, and `close` at the end.

    It begins so many entries back that ``history`` events fill them, if they are full ones.
    ``note`` is told, a line each, what an operator wants to know.
    """

    def __init__(
        self,
        bus: Transport,
        hub: Hub,
        *,
        stream: str = EVENTS,
        history: int = HISTORY_EVENTS,
        note: Callable[[str], None] = lambda _: None,
        first_delay: float = FIRST_DELAY,
        last_delay: float = LAST_DELAY,
    ) -> None:
        self.problem = ""
        self.missing = 0
        self._bus = bus
        self._hub = hub
        self._stream = stream
        self._back = -(-history // ENTRY_EVENTS)
        self._note = note
        self._delays = first_delay, last_delay
        self._reader: StreamReader | None = None
        self._task: asyncio.Task[None] | None = None
        self._name = f"gateway-{secrets.token_hex(4)}"
        self._gaps = 0
        hub.topology = self.topology

    async def start(self) -> None:
        """Read the history, as far as `CATCH_UP_SECONDS` allow. A server that is away is waited for.

        Raises:
            MuxRefusedError: the server does not let us.
        """
        begin = asyncio.Event()
        self._task = silent(self._follow(begin), "doubletalk-stream")
        waiting = silent(begin.wait(), "doubletalk-stream-start")
        await asyncio.wait((waiting, self._task), timeout=CATCH_UP_SECONDS, return_when="FIRST_COMPLETED")
        waiting.cancel()
        if self._task.done():
            await self._task

    async def close(self) -> None:
        """Read no more; clients get what is there and are told to go. Idempotent."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError, MuxError):
                await task
            await self._bus.close()
        self._hub.close()

    def topology(self) -> Mapping[str, Any]:
        """For the hello: where the events come from."""
        return {"stream": {"server": self._bus.name, "name": self._stream}, "producers": self.producers()}

    def producers(self) -> list[dict[str, Any]]:
        """Who writes what is read here, and when each did last, by its own clock."""
        return [
            {
                "run": one.run,
                "host": one.host,
                "service": one.service,
                "environment": one.environment,
                "entries": one.number,
                "last_ingested_ns": one.ingested_ns,
            }
            for one in (self._reader.producers.values() if self._reader is not None else ())
        ]

    def info(self) -> dict[str, Any]:
        """In numbers, for whoever asks what runs here."""
        told: dict[str, Any] = {"gateway": dict(self.topology()), "problem": self.problem}
        if self._reader is not None:
            merge = self._reader.merge
            told["read"] = {
                "entries": self._reader.entries,
                "poisoned": self._reader.poisoned,
                "missing": self.missing,
                "repeated": merge.repeated,
                "broken": merge.broken,
                "held": merge.held,
                "late": merge.late,
                "position": merge.position,
            }
        return told

    # --- the stream -------------------------------------------------------------------

    async def _follow(self, caught_up: asyncio.Event) -> None:
        first, last = self._delays
        reader = self._reader = StreamReader(
            self._bus, self._stream, first_delay=first, last_delay=last, begin=self._begin
        )
        async for told in reader:
            match told:
                case Events(runs=runs):
                    for run in runs:
                        self._hub.write(batch_of(run))
                    await asyncio.sleep(0)
                case Missing(entries=entries):
                    self._lost(entries)
                case Poisoned(entry=entry, reason=reason):
                    self._note(f"entry {entry.id} of {self._stream} is left out: {reason}")
                case Reached(again=again):
                    self.problem = ""
                    self._note(f"{'again ' if again else ''}reading {self._stream} of {self._bus.name}")
                case Lost(reason=reason, retry_in=retry_in):
                    self._trouble(reason, again=retry_in is not None)
            if reader.passed_mark:
                caught_up.set()
        raise MuxRefusedError(self.problem)

    async def _begin(self, reader: StreamReader) -> str:
        """Where to begin, once the server is there: not further back than is worth it."""
        reader.mark = await self._bus.newest(self._stream)
        begin = await self._bus.newest(self._stream, self._back)
        reader.passed_mark = begin == reader.mark
        return begin

    def _trouble(self, reason: str, *, again: bool) -> None:
        if again and reason != self.problem:
            self._note(f"{reason}; trying again")
        self.problem = reason

    def _lost(self, entries: int) -> None:
        """Entries are gone, and nobody knows whose: told as an event, beside the gaps of each source."""
        self.missing += max(entries, 1)
        self._gaps += 1
        line = encode_lines([missing_event(self._stream, entries, f"{self._name}-{self._gaps}")])
        self._hub.write(Batch([_UNNUMBERED], line, self._gaps))


def batch_of(run: Run) -> Batch:
    """A run for a hub."""
    # What has no number is nobody's for a hub, whatever source it names.
    events = run.events if run.source else [_UNNUMBERED] * len(run.lines)
    return Batch(events, b"\n".join((*run.lines, b"")), run.first_seq)
