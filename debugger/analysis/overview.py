"""What is in a log as a whole: counts, times, latency, what is missing."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from backend.events.vocabulary import PUBLISHED
from debugger.analysis.findings import Finding, Findings
from debugger.analysis.turns import HandlerTime, HandlerTimes, LatencySummary, TurnIndex
from debugger.analysis.turns.handlers import all_handler_times
from debugger.log import EventLog
from debugger.log.counts import Counts


class ComponentTotals(Struct, frozen=True):
    """All events of a component, and how many messages it sent, received, and failed at."""

    component: str
    events: int
    sent: int
    received: int
    failed: int


class Overview(Struct, frozen=True):
    """A log as a whole. Times are in ns since the epoch, None in an empty one; ``messages`` are publishes."""

    events: int
    seconds: float
    first_timestamp_ns: int | None
    last_timestamp_ns: int | None
    sources: tuple[str, ...]
    sessions: tuple[str, ...]
    turns: int
    components: tuple[ComponentTotals, ...]
    event_types: dict[str, int]
    messages: dict[str, int]
    latency: LatencySummary
    handlers: tuple[HandlerTime, ...]
    findings: tuple[Finding, ...]
    broken_lines: int
    gaps: int
    missing_events: int


def overview(log: EventLog, handlers: HandlerTimes | None = None) -> Overview:
    """Look at all of a log; ``handlers`` are its times, if somebody looked at them before."""
    stats = log.stats
    counts, findings, turns = Counts(log), Findings(log), TurnIndex(log)
    counts.move(len(log) - 1)
    while not findings.complete:
        findings.advance(_no_clock, 0)
    while not turns.complete:
        turns.advance(_no_clock, 0)
    first, last = stats.first_timestamp_ns, stats.last_timestamp_ns
    return Overview(
        events=stats.events,
        seconds=0.0 if first is None or last is None else (last - first) / 1e9,
        first_timestamp_ns=first,
        last_timestamp_ns=last,
        sources=tuple(name for name in log.interner("source").names_from(1) if name is not None),
        sessions=stats.sessions,
        turns=len(turns),
        components=tuple(
            ComponentTotals(name, events, *counts.of(name)) for name, events in stats.by_component.items()
        ),
        event_types=_by_name(log, "event_type", log.column("event_type")),
        messages=_by_name(log, "message_type", _published(log)),
        latency=turns.summary(),
        handlers=tuple((handlers or all_handler_times(log)).times()),
        findings=findings.all(),
        broken_lines=stats.broken_count,
        gaps=stats.gaps,
        missing_events=sum(stats.missing.values()),
    )


def _published(log: EventLog) -> NDArray[Any]:
    """The message types of all publishes."""
    published = log.id_of("event_type", PUBLISHED)
    messages: NDArray[Any] = log.column("message_type")
    return messages[:0] if published is None else messages[log.column("event_type") == published]


def _by_name(log: EventLog, column: str, numbers: NDArray[Any]) -> dict[str, int]:
    """How often each name is there, the most frequent first."""
    counts = np.bincount(numbers) if len(numbers) else np.zeros(0, np.int64)
    order = np.argsort(-counts, kind="stable").tolist()
    return {log.name(column, number): int(counts[number]) for number in order if counts[number] and number}


def _no_clock() -> int:
    return 0
