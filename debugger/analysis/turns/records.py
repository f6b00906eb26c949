"""The frozen values that the analysis of turns hands out. Durations are ints in ns, named ``*_ns``."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

Status = Literal["open", "ok", "interrupted", "failed", "cancelled"]
STATUSES: Final[tuple[Status, ...]] = ("open", "ok", "interrupted", "failed", "cancelled")
"""What the numbers of a status mean. Only ``ok`` turns count in percentiles."""

MILESTONES: Final = (
    "end_of_speech",
    "transcript",
    "first_token",
    "first_chunk",
    "ready",
    "first_audio",
    "end",
)
"""What happens in a turn, in the order in which a slow voice would have it. A fast one is ready earlier."""


class Milestone(Struct, frozen=True, gc=False):
    """When something was reached: the row that shows it, the wall clock, and which message says so.

    The time is that of the row, but for an end of speech that its transcript tells afterwards.
    """

    row: int
    timestamp_ns: int
    message: str


class Stage(Struct, frozen=True, gc=False):
    """The wait for one milestone since the one reached before it."""

    since: str
    until: str
    duration_ns: int


class Turn(Struct, frozen=True):
    """One turn of a conversation, as far as the log tells it.

    ``number`` is None for a correlation that names no turn. ``said`` and ``answered`` are the words of user
    and assistant, bounded, as they came: foreign text. ``status_row`` and ``reason`` are where the status is
    shown and why it is so. ``missing`` names the milestones that the log does not have (yet). ``stages`` are
    in the order of time, from the end of speech on: a milestone reached earlier cost nothing and has none.
    ``total_ns`` is what the user waits: from ``total_since`` (``end_of_speech``, or ``transcript`` where
    that is not known) to ``first_audio``. Where the clock went backwards within the turn, ``clock_suspect``
    is set and there are no durations.
    """

    session: str | None
    number: int | None
    correlation: str
    first_row: int
    last_row: int
    events: int
    said: str
    answered: str
    agent: str
    tool_calls: int
    status: Status
    reason: str
    status_row: int | None
    milestones: dict[str, Milestone]
    missing: tuple[str, ...]
    stages: tuple[Stage, ...]
    total_ns: int | None
    total_since: str
    clock_suspect: bool


class Spread(Struct, frozen=True):
    """How durations are spread. ``values`` in the order of the turns.

    Percentiles are by nearest rank: the smallest value that at least so many percent do not exceed, so each
    is a duration that did occur. All None where nothing was counted.
    """

    counted: int
    min_ns: int | None
    p50_ns: int | None
    p95_ns: int | None
    max_ns: int | None
    values_ns: tuple[int, ...] = ()


class LatencySummary(Struct, frozen=True):
    """Latency over turns.

    ``excluded`` counts by kind those that are left out: a status, or ``clock_suspect``, or ``unmeasured``
    (answered, but the log does not show when speech ended or audio began).
    ``stages`` has the wait for each milestone; a turn that lacks it is not in that stage's ``counted``.
    ``from_transcript`` counted turns have their total from the transcript, for want of an end of speech.
    ``totals_ns`` is the total of each turn in order, None where it is not counted.
    """

    turns: int
    counted: int
    excluded: dict[str, int]
    from_transcript: int
    total: Spread
    stages: dict[str, Spread]
    totals_ns: tuple[int | None, ...] = ()


class Histogram(Struct, frozen=True):
    """``counts[i]`` values from ``edges_ns[i]`` up to ``edges_ns[i + 1]``, the last one with that edge."""

    edges_ns: tuple[int, ...]
    counts: tuple[int, ...]


class HandlerTime(Struct, frozen=True):
    """How long a component's handler of one message runs, from receive to handled.

    ``p50_ns`` and ``p95_ns`` are within 3 %; ``count`` and ``max_ns`` are exact.
    """

    component: str
    message: str
    count: int
    p50_ns: int
    p95_ns: int
    max_ns: int


def to_json(value: Struct | list[Any] | tuple[Any, ...]) -> Any:
    """Any of these as dicts, lists, numbers and text, for ``--json``."""
    return msgspec.to_builtins(value)
