"""Many recordings counted as one: what of an overview can be put together, and how."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from typing import Self

from msgspec import Struct, field

from debugger.analysis.overview import ComponentTotals, Overview
from debugger.analysis.turns import HandlerTime, HandlerTimes, LatencySummary
from debugger.fleet.durations import Durations


class Total(Struct, frozen=True):
    """All recordings as a whole; ``seconds`` are those of all of them, one after the other.

    A source that is in several recordings is one, and so is a session of the same sources. ``exact`` says
    whether percentiles of turns are durations that did occur; else, and always of handlers, they are within
    3 %.
    """

    recordings: int
    events: int
    seconds: float
    first_timestamp_ns: int | None
    last_timestamp_ns: int | None
    sources: int
    sessions: int
    turns: int
    components: tuple[ComponentTotals, ...]
    event_types: dict[str, int]
    messages: dict[str, int]
    latency: LatencySummary
    exact: bool
    handlers: tuple[HandlerTime, ...]
    findings: dict[str, int]
    broken_lines: int
    gaps: int
    missing_events: int


class Totals(Struct):
    """Counts of any number of recordings. Grows with their names and sessions, not with their events."""

    recordings: int = 0
    events: int = 0
    span_ns: int = 0
    times_ns: tuple[int, int] | None = None
    sources: set[int] = field(default_factory=set)
    sessions: set[int] = field(default_factory=set)
    turns: int = 0
    components: dict[str, list[int]] = field(default_factory=dict)
    event_types: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    counted: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    from_transcript: int = 0
    total: Durations = field(default_factory=Durations)
    stages: dict[str, Durations] = field(default_factory=dict)
    handlers: dict[tuple[str, str], Durations] = field(default_factory=dict)
    findings: Counter[str] = field(default_factory=Counter)
    broken_lines: int = 0
    gaps: int = 0
    missing_events: int = 0

    @classmethod
    def of(cls, one: Overview, handlers: HandlerTimes) -> Self:
        """Those of one recording."""
        first, last = one.first_timestamp_ns, one.last_timestamp_ns
        times = None if first is None or last is None else (first, last)
        return cls(
            recordings=1,
            events=one.events,
            span_ns=0 if times is None else times[1] - times[0],
            times_ns=times,
            sources=set(map(_mark, one.sources)),
            sessions={_mark(name, *sorted(one.sources)) for name in one.sessions},
            turns=one.turns,
            components={c.component: [c.events, c.sent, c.received, c.failed] for c in one.components},
            event_types=Counter(one.event_types),
            messages=Counter(one.messages),
            counted=one.latency.counted,
            excluded=Counter(one.latency.excluded),
            from_transcript=one.latency.from_transcript,
            total=Durations.of(one.latency.total.values_ns),
            stages={name: Durations.of(spread.values_ns) for name, spread in one.latency.stages.items()},
            handlers={
                (component, message): Durations.of_buckets(buckets, longest)
                for component, message, longest, buckets in handlers.histograms()
            },
            findings=Counter(finding.rule for finding in one.findings),
            broken_lines=one.broken_lines,
            gaps=one.gaps,
            missing_events=one.missing_events,
        )

    def add(self, other: Totals) -> None:
        """Take others in. In which order does not matter to what is told."""
        self.recordings += other.recordings
        self.events += other.events
        self.span_ns += other.span_ns
        if self.times_ns is None or other.times_ns is None:
            self.times_ns = self.times_ns or other.times_ns
        else:
            self.times_ns = (
                min(self.times_ns[0], other.times_ns[0]),
                max(self.times_ns[1], other.times_ns[1]),
            )
        self.sources |= other.sources
        self.sessions |= other.sessions
        self.turns += other.turns
        for component, counts in other.components.items():
            mine = self.components.setdefault(component, [0] * len(counts))
            mine[:] = map(sum, zip(mine, counts, strict=True))
        self.event_types.update(other.event_types)
        self.messages.update(other.messages)
        self.counted += other.counted
        self.excluded.update(other.excluded)
        self.from_transcript += other.from_transcript
        self.total.add(other.total)
        for name, durations in other.stages.items():
            self.stages.setdefault(name, Durations()).add(durations)
        for key, durations in other.handlers.items():
            if (known := self.handlers.get(key)) is None:
                self.handlers[key] = durations
            else:
                known.add(durations)
        self.findings.update(other.findings)
        self.broken_lines += other.broken_lines
        self.gaps += other.gaps
        self.missing_events += other.missing_events

    def told(self) -> Total:
        """What is said of them: the most frequent first, of handlers the slowest."""
        spreads = [(names, durations.spread()) for names, durations in self.handlers.items()]
        handlers = [
            HandlerTime(*names, one.counted, one.p50_ns or 0, one.p95_ns or 0, one.max_ns or 0)
            for names, one in spreads
        ]
        return Total(
            recordings=self.recordings,
            events=self.events,
            seconds=self.span_ns / 1e9,
            first_timestamp_ns=None if self.times_ns is None else self.times_ns[0],
            last_timestamp_ns=None if self.times_ns is None else self.times_ns[1],
            sources=len(self.sources),
            sessions=len(self.sessions),
            turns=self.turns,
            components=tuple(
                ComponentTotals(name, *counts)
                for name, counts in sorted(self.components.items(), key=lambda item: (-item[1][0], item[0]))
            ),
            event_types=_frequent(self.event_types),
            messages=_frequent(self.messages),
            latency=LatencySummary(
                turns=self.turns,
                counted=self.counted,
                excluded=_frequent(self.excluded),
                from_transcript=self.from_transcript,
                total=self.total.spread(),
                stages={name: durations.spread() for name, durations in self.stages.items()},
            ),
            exact=self.total.exact,
            handlers=tuple(sorted(handlers, key=lambda one: (-one.p95_ns, one.component, one.message))),
            findings=_frequent(self.findings),
            broken_lines=self.broken_lines,
            gaps=self.gaps,
            missing_events=self.missing_events,
        )


def _mark(*names: str) -> int:
    """Eight bytes that stand for a name: there may be millions."""
    told = "\0".join(names).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(told, digest_size=8).digest(), "little")


def _frequent(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(((name, n) for name, n in counts.items() if n), key=lambda item: (-item[1], item[0])))
