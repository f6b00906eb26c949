"""Entries of many producers as one order of events: each once, and none before its cause. No I/O.

Every producer sends what it has within some 10 ms, each by its own way: a receive may stand in the stream
before its publish. Laws:

1. Events of one source come in the order in which the stream has them, each seq once.
2. An event whose cause is another source's that has not come waits for it, and its source's later events
   with it, at most `HOLD_SECONDS` from when it came itself. For a source of which nothing came in that time
   nobody waits again, until something does.
3. What does not wait comes in the order of the stream: to everybody who reads it, the same.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from backend.events import BrokenLineError, Event, decode_line, decode_lines
from backend.mux.protocol import START
from backend.mux.recent import Recent

HOLD_SECONDS: Final = 1.0
MOST_HELD: Final = 50_000
"""Events that wait, of all sources; more would be memory without bound, so then the oldest go on."""
MOST_SOURCES: Final = 16_384
MOST_IDS: Final = 65_536
_MIXED_UP: Final = 8
_DIGITS: Final = 18  # of a number that is one
LONGEST_NAME: Final = 500
"""Characters of an id or a source that is remembered: what is longer would be memory without bound."""


class Run(NamedTuple):
    """Consecutive events of one source. Events that have no numbers are of "", and are numbered here."""

    source: str
    first_seq: int
    lines: list[bytes]
    events: list[Event]
    """The same, decoded."""


class _Entry:
    """An entry that is not through yet: so many of its events wait."""

    __slots__ = ("left", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.left = 0


class _Held(NamedTuple):
    event: Event
    line: bytes
    entry: _Entry
    until: float


class Merge:
    """Call `put` with the lines of each entry, then `take`, and `take` again when `waits_until` is over.

    Counts: ``repeated`` events that came before, ``broken`` lines that are none, ``late`` ones whose cause
    did not come in time. ``position`` is the entry up to which all is through.
    """

    def __init__(self, position: str = START) -> None:
        self.position = position
        self.repeated = self.broken = self.late = self.held = 0
        self._entries: deque[_Entry] = deque()
        self._seqs: dict[str, int] = {}
        self._begun: dict[str, float] = {}  # when the first event of a source was, to know it from a namesake
        self._tops: dict[str, int] = {}  # of ids that end in a number, the highest
        self._ids = Recent(MOST_IDS)
        self._absent = Recent(MOST_SOURCES)  # sources that were waited for in vain
        self._lanes: dict[str, deque[_Held]] = {}
        self._unnumbered = 0
        self._out: list[Run] = []

    def put(self, name: str, lines: Sequence[bytes], now: float) -> None:
        """The events of an entry, at `now` (seconds of any one clock)."""
        entry = _Entry(name)
        self._entries.append(entry)
        events = _decoded(lines)
        if not self._pass_run(events, lines):
            self._put_each(events, lines, entry, now + HOLD_SECONDS)
        # After each entry, not when somebody takes: what is read at once is not the same for everybody.
        self._release()

    def _put_each(
        self, events: Sequence[Event | None], lines: Sequence[bytes], entry: _Entry, until: float
    ) -> None:
        for event, line in zip(events, lines, strict=True):
            if event is None:
                self.broken += 1
                continue
            source = event.source or ""
            lane = self._lanes.get(source)
            if lane is not None or not self._caused(event):
                self._lanes.setdefault(source, deque()).append(_Held(event, line, entry, until))
                entry.left += 1
                self.held += 1
            else:
                self._pass(event, line)

    def take(self, now: float) -> list[Run]:
        """What may go on by now."""
        if self._lanes:
            self._release(now)
        out, self._out = self._out, []
        return out

    def waits_until(self) -> float | None:
        """When something goes on though nothing comes; None: never."""
        return min((lane[0].until for lane in self._lanes.values()), default=None)

    # --- one event ----------------------------------------------------------------------

    def _caused(self, event: Event) -> bool:
        """Whether its cause came, or is not one to wait for."""
        cause, source = event.cause, event.source
        if cause is None or source is None or cause == event.id:
            return True
        prefix, _, number = cause.rpartition("-")
        if prefix == source:
            return True  # its own earlier event, by the way in which ids are made
        if _is_count(number) and prefix in self._tops:
            return int(number) <= self._tops[prefix]
        return cause in self._ids or prefix in self._absent

    def _pass(self, event: Event, line: bytes) -> None:
        """It goes on, if it is the first of its name."""
        source, seq = event.source, event.seq
        if source is None or seq is None or seq < 1 or len(source) > LONGEST_NAME:
            if event.id is not None and event.id in self._ids:
                self.repeated += 1
                return
            self._know(event)
            self._pass_unnumbered(event, line)
            return
        self._know(event)
        known = self._seqs.get(source)
        if known is not None and seq <= known and not self._namesake(event, seq):
            self.repeated += 1
            return
        if known is None and len(self._seqs) >= MOST_SOURCES:
            oldest = next(iter(self._seqs))
            for told in (self._seqs, self._begun, self._tops):
                told.pop(oldest, None)
        if seq == 1:
            self._begun[source] = event.timestamp
        self._seqs[source] = seq
        self._append(Run(source, seq, [line], [event]))

    def _pass_run(self, events: Sequence[Event | None], lines: Sequence[bytes]) -> bool:
        """The usual case, in a quarter of the time: the next events of one source that waits for nobody."""
        first = events[0] if events else None
        if first is None or first.source is None or first.seq is None or first.source in self._lanes:
            return False
        source, seq = first.source, first.seq
        if seq <= self._seqs.get(source, seq):  # not known yet, or known already: both take a closer look
            return False
        own = f"{source}-"
        for event in events:
            if (
                event is None
                or event.seq != seq
                or event.source != source
                or not (event.id or "").startswith(own)
                or not (event.cause or own).startswith(own)
            ):
                return False
            seq += 1
        # Threads may have mixed the last ones up, no more.
        last = [(event.id or "")[len(own) :] for event in events[-_MIXED_UP:] if event is not None]
        if not all(map(_is_count, last)):
            return False
        self._tops[source] = max(self._tops.get(source, 0), *map(int, last))
        self._seqs[source] = seq - 1
        self._append(Run(source, first.seq, [*lines], [event for event in events if event is not None]))
        return True

    def _append(self, run: Run) -> None:
        last = self._out[-1] if self._out else None
        if (
            last is not None
            and last.source == run.source
            and last.first_seq + len(last.lines) == run.first_seq
        ):
            last.lines.extend(run.lines)
            last.events.extend(run.events)
        else:
            self._out.append(run)

    def _namesake(self, event: Event, seq: int) -> bool:
        """Whether a source begins again at 1: another run of a program that names itself."""
        return seq == 1 and self._begun.get(event.source or "", event.timestamp) != event.timestamp

    def _pass_unnumbered(self, event: Event, line: bytes) -> None:
        self._unnumbered += 1
        last = self._out[-1] if self._out else None
        if last is not None and last.source == "":
            last.lines.append(line)
            last.events.append(event)
        else:
            self._out.append(Run("", self._unnumbered, [line], [event]))

    def _know(self, event: Event) -> None:
        """Effects of it need not wait from now on."""
        name, source = event.id, event.source
        if name is None or len(name) > LONGEST_NAME:
            return
        if source is not None:
            prefix, _, number = name.rpartition("-")
            if prefix == source and _is_count(number):
                self._tops[source] = max(self._tops.get(source, 0), int(number))
                return
        self._ids.add(name)

    # --- what waits ---------------------------------------------------------------------

    def _release(self, now: float = -math.inf) -> None:
        """Let go on what need not wait any more."""
        moved = bool(self._lanes)
        while moved:
            moved = False
            for source, lane in tuple(self._lanes.items()):
                while lane:
                    first = lane[0]
                    if not self._caused(first.event):
                        if now < first.until and self.held <= MOST_HELD:
                            break
                        self.late += 1
                        self._miss(first.event.cause or "")
                    moved = True
                    lane.popleft()
                    first.entry.left -= 1
                    self.held -= 1
                    self._pass(first.event, first.line)
                if not lane:
                    del self._lanes[source]
        self._settle()

    def _miss(self, cause: str) -> None:
        """What a program causes that publishes nothing here would only be delayed, each time."""
        prefix = cause.rpartition("-")[0]
        if prefix and prefix not in self._tops and len(prefix) <= LONGEST_NAME:
            self._absent.add(prefix)

    def _settle(self) -> None:
        """Move the position behind what is through."""
        while self._entries and not self._entries[0].left:
            self.position = self._entries.popleft().name


def _is_count(text: str) -> bool:
    return text.isdecimal() and len(text) <= _DIGITS


def _decoded(lines: Sequence[bytes]) -> Sequence[Event | None]:
    """The event of each line; None where it is none, as whoever gets it would find out."""
    return decode_lines(lines) or [_decoded_one(line) for line in lines]


def _decoded_one(line: bytes) -> Event | None:
    try:
        return decode_line(line)
    except BrokenLineError:
        return None
