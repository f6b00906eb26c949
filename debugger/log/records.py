"""The frozen values that the log hands out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from msgspec import Struct

from backend.events import Family


class Header(Struct, frozen=True, gc=False):
    """All fields of one event but its payloads, as CONTRACT section 1 names them.

    Fields that only the line itself holds (``id``, ``user_id``, ``cause``, ``reads``,
    ``writes``) are empty once the line was evicted; ``evicted`` says so.
    """

    row: int
    timestamp_ns: int
    mono_ns: int | None
    event_type: str
    component: str
    message_type: str | None
    session_id: str | None
    user_id: str | None
    direction: str | None
    correlation_id: str | None
    id: str | None
    source: str | None
    seq: int | None
    cause: str | None
    cause_row: int | None
    task: str | None
    turn: int | None
    worker_id: str | None
    severity: str
    family: Family
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    evicted: bool = False

    @property
    def timestamp(self) -> float:
        """Seconds since the epoch, for people."""
        return self.timestamp_ns / 1e9


NO_HEADER: Final = Header(
    row=0,
    timestamp_ns=0,
    mono_ns=None,
    event_type="",
    component="",
    message_type=None,
    session_id=None,
    user_id=None,
    direction=None,
    correlation_id=None,
    id=None,
    source=None,
    seq=None,
    cause=None,
    cause_row=None,
    task=None,
    turn=None,
    worker_id=None,
    severity="info",
    family=Family.SYSTEM,
    evicted=True,
)
"""Of an event that is forgotten."""


class Snapshot(NamedTuple):
    """A component's state as recorded by the event in `row`; a fresh dict."""

    row: int
    state: dict[str, Any]


class BrokenLine(NamedTuple):
    """A line that is no event: its number from 1, why, and the file."""

    line: int
    reason: str
    path: str = ""


class LogStats(Struct, frozen=True):
    """What is in the log, and what is missing from it.

    ``broken`` holds the first hundred of ``broken_count`` skipped lines, ``torn`` the
    unfinished last lines of files, which may still be completed. ``missing`` counts, by source,
    the events that a jump of ``seq`` shows to be absent; the sources of which there cannot be so many, so
    that their numbers are wrong, are ``unbelieved``. ``evicted`` lines keep their row,
    but their payload is gone. ``overfull``: columns of a log that forgets which have more names than are
    kept, so that the later ones are one; ``topology`` stands for ways and subscriptions. Of the ``events``
    that there were, the oldest ``forgotten`` have no row any more; ``sessions`` may be without theirs,
    and ``first_timestamp_ns`` is the first that is known. Times are in ns since the epoch, None in an
    empty log.
    """

    events: int
    broken: tuple[BrokenLine, ...]
    broken_count: int
    torn: tuple[BrokenLine, ...]
    gaps: int
    missing: Mapping[str, int]
    evicted: int
    first_timestamp_ns: int | None
    last_timestamp_ns: int | None
    sessions: tuple[str, ...] = ()
    by_component: Mapping[str, int] = {}
    forgotten: int = 0
    overfull: tuple[str, ...] = ()
    unbelieved: tuple[str, ...] = ()
