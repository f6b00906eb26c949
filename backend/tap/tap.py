"""The tap: stamps what a program tells, with ids, clocks and causality.

The publisher's path is one struct and one append; `backend.tap.drain` does the rest.
"""

from __future__ import annotations

import itertools
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct

from backend.events import EMPTY, SCHEMA, Payload, encode_payload, error_text
from backend.events.vocabulary import RECORDING_ENDED, RECORDING_STARTED, SYSTEM
from backend.tap.batch import Sink, TellsMore
from backend.tap.clock import Clock
from backend.tap.context import OUTSIDE, Activation, current
from backend.tap.drain import Drain, Head, running_loop
from backend.tap.emitter import Emit, emitter
from backend.tap.stamped import Stamped

if TYPE_CHECKING:
    from backend.tap.redaction import Redaction, Redactor

_SHOWN_FRAMES = 8

StateGetter = Callable[[], Mapping[str, Any] | Struct]


class Tap:
    """Emits the events of one process.

    ``service`` names the source, ``source`` overrides the whole name; ``topology`` is
    asked for what a late viewer should know. What ``redact`` names no sink gets to see; a `Hub` among the
    sinks tells none of it of the topology either. Use it as ``async with Tap(...) as tap:``
    (tasks created inside report themselves), or call `start` and `close`.
    """

    def __init__(
        self,
        service: str = "app",
        *,
        sinks: tuple[Sink, ...] = (),
        clock: Clock | None = None,
        source: str | None = None,
        topology: Callable[[], Mapping[str, Any]] | None = None,
        redact: Redaction | None = None,
    ) -> None:
        self.source = source or f"{service}-{secrets.token_hex(4)}"
        self.topology: Callable[[], Mapping[str, Any]] = topology or dict
        self.clock = clock or Clock()
        self.redactor = None if redact is None else _redactor(redact)
        self._drain = Drain(self.clock, sinks, self.redactor)
        for sink in sinks:
            self._redact_by(sink)
        self._drain.on_sink_failed = self._tell_of_sink
        self.emit: Emit = emitter(self.source, self.clock, self._drain)
        self._tasks = itertools.count(1)
        self._uninstall: Callable[[], None] | None = None
        self._state = "new"

    def system(self, message_type: str, data: Payload | None = None, *, severity: str = "info") -> str:
        """Record a typed event that is no bus message, such as ``MODEL_STATE``."""
        return self.emit(SYSTEM, None, message_type, data, severity=severity)

    def error(
        self,
        error: BaseException,
        *,
        component: str | None = None,
        recovery_action: str | None = None,
        state: Payload = EMPTY,
    ) -> str:
        """Record an error with its stack trace, and what was done about it."""
        data = describe_error(error, component or current.get().component)
        if recovery_action is not None:
            data["recovery_action"] = recovery_action
        return self.emit("error", component, None, data, severity="error", state=state)

    def new_task_id(self, kind: str) -> str:
        """A name for an activation, unique in the recording."""
        return f"{self.source}/{kind}{next(self._tasks)}"

    @property
    def running(self) -> bool:
        """Whether what is emitted is recorded: from `start` to `close`."""
        return self._state == "started"

    @property
    def pending(self) -> int:
        """Events that wait for the next drain."""
        return len(self._drain)

    @property
    def sink_errors(self) -> tuple[str, ...]:
        """What failing sinks said before they were removed."""
        return tuple(self._drain.errors)

    def drain(self) -> None:
        """Hand on what waits, now. Happens by itself within 2 ms; harmless to call."""
        self._drain.drain()

    def watch(self, known: Callable[[Head], object], show: Callable[[Stamped], None]) -> None:
        """Have events shown to `show` the moment they are emitted. See `Drain.watch`."""
        self._drain.watch(known, show)

    def unwatch(self) -> None:
        """The reverse."""
        self._drain.unwatch()

    def add_sink(self, sink: Sink) -> None:
        """Let `sink` have every event that is emitted from now on."""
        self._redact_by(sink)
        self._drain.add(sink)

    def remove_sink(self, sink: Sink) -> None:
        """Give `sink` what waits, then close it."""
        self._drain.remove(sink)

    def _redact_by(self, sink: Sink) -> None:
        if self.redactor is not None and isinstance(sink, TellsMore):
            sink.redact_by(self.redactor)

    def _tell_of_sink(self, sink: Sink, error: Exception) -> None:
        name = type(sink).__name__
        data = describe_error(error, name) | {"recovery_action": "sink removed"}
        self.emit("error", "tap", None, data, severity="error")

    def start(self) -> None:
        """Begin the recording. Inside a running loop, tasks report themselves from here on."""
        if self._state != "new":
            raise RuntimeError(f"this tap is {self._state}; make another one")
        self._state = "started"
        loop = running_loop()
        about = {"schema": SCHEMA, "source": self.source, "pid": os.getpid(), "topology": self.topology()}
        before = current.get()
        current.set(OUTSIDE)  # an earlier tap of this program may have left its activation here
        started = self._drain.open(loop, lambda: self.emit(SYSTEM, "tap", RECORDING_STARTED, about))
        current.set(before)
        if loop is not None:
            from backend.tap.tasks import install  # noqa: PLC0415 - tasks need the tap's type

            # What the program does by itself has the beginning of the recording for its cause.
            current.set(Activation(self.new_task_id("main"), started, "main", before.scope))
            self._uninstall = install(self, loop)

    def close(self) -> None:
        """End the recording: the count, the last drain, and every sink closed. Idempotent."""
        if self._state != "started":
            return
        self._state = "closed"
        if self._uninstall is not None:
            self._uninstall()
        self._drain.close(
            lambda: self.emit(SYSTEM, "tap", RECORDING_ENDED),
            lambda count: encode_payload({"count": count, "source": self.source}),
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _redactor(redact: Redaction) -> Redactor:
    from backend.tap.redaction import Redactor  # noqa: PLC0415 - who redacts nothing loads none of it

    return Redactor(redact)


def describe_error(error: BaseException, component: str) -> dict[str, Any]:
    """The data of an ``error`` event: type, message, component and the innermost frames.

    Files are named as they are found on the import path: a recording that is sent to
    somebody tells nothing of the machine's folders.
    """
    import traceback  # noqa: PLC0415 - 8 ms that a program without errors never pays

    frames = traceback.extract_tb(error.__traceback__)[-_SHOWN_FRAMES:]
    lines = [
        f"{_short_name(frame.filename)}:{frame.lineno} in {frame.name}: {frame.line}" for frame in frames
    ]
    return {
        "error_type": type(error).__name__,
        "error_message": error_text(error),
        "component": component,
        "stack_trace": "\n".join(lines),
    }


def _short_name(filename: str) -> str:
    bases = [
        base.rstrip("/") + "/" for base in sys.path if base and filename.startswith(base.rstrip("/") + "/")
    ]
    if not bases:
        return filename.rpartition("/")[2]
    return filename.removeprefix(max(bases, key=len))
