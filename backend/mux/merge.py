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
from contextlib import suppress
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from backend.events import BrokenLineError, decode_line
from backend.mux.protocol import START

HOLD_SECONDS: Final = 1.0
MOST_HELD: Final = 50_000
"""Events that wait, of all sources; more would be memory without bound, so then the oldest go on."""
MOST_SOURCES: Final = 16_384
MOST_IDS: Final = 65_536
LONGEST_NAME: Final = 500
"""Characters of an id or a source that is remembered: what is longer would be memory without bound."""


class Run(NamedTuple):
    """Consecutive events of one source. Events that have no numbers are of "", and are numbered here."""

    source: str
    first_seq: int
    lines: list[bytes]


class _Head(Struct, gc=False):
    """Of an event, what its place depends on."""

    event_type: str
    component: str
    timestamp: float
    id: str | None = None
    source: str | None = None
    seq: int | None = None
    cause: str | None = None


_WRONG: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_head: Final = msgspec.json.Decoder(_Head)


class _Entry:
    """An entry that is not through yet: so many of its events wait."""

    __slots__ = ("left", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.left = 0


class _Event(NamedTuple):
    head: _Head
    line: bytes
    entry: _Entry
    until: float


class _Recent:
    """The latest of many, as a set in two halves: the older one goes when the younger is full."""

    def __init__(self, most: int) -> None:
        self._most = most // 2
        self._young: set[str] = set()
        self._old: set[str] = set()

    def add(self, one: str) -> None:
        if len(self._young) >= self._most:
            self._old, self._young = self._young, set()
        self._young.add(one)

    def __contains__(self, one: object) -> bool:
        return one in self._young or one in self._old


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
        self._ids = _Recent(MOST_IDS)
        self._absent = _Recent(MOST_SOURCES)  # sources that were waited for in vain
        self._lanes: dict[str, deque[_Event]] = {}
        self._unnumbered = 0
        self._out: list[Run] = []

    def put(self, name: str, lines: Sequence[bytes], now: float) -> None:
        """The events of an entry, at `now` (seconds of any one clock)."""
        entry = _Entry(name)
        self._entries.append(entry)
        until = now + HOLD_SECONDS
        for head, line in zip(_heads(lines), lines, strict=True):
            if head is None:
                self.broken += 1
                continue
            source = head.source or ""
            lane = self._lanes.get(source)
            if lane is not None or not self._caused(head):
                self._lanes.setdefault(source, deque()).append(_Event(head, line, entry, until))
                entry.left += 1
                self.held += 1
            else:
                self._pass(head, line)
        # After each entry, not when somebody takes: what is read at once is not the same for everybody.
        self._release()

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

    def _caused(self, head: _Head) -> bool:
        """Whether its cause came, or is not one to wait for."""
        cause, source = head.cause, head.source
        if cause is None or source is None or cause == head.id:
            return True
        prefix, _, number = cause.rpartition("-")
        if prefix == source:
            return True  # its own earlier event, by the way in which ids are made
        if number.isdecimal() and prefix in self._tops:
            return int(number) <= self._tops[prefix]
        return cause in self._ids or prefix in self._absent

    def _pass(self, head: _Head, line: bytes) -> None:
        """It goes on, if it is the first of its name."""
        source, seq = head.source, head.seq
        if source is None or seq is None or seq < 1 or len(source) > LONGEST_NAME:
            if head.id is not None and head.id in self._ids:
                self.repeated += 1
                return
            self._know(head)
            self._pass_unnumbered(line)
            return
        self._know(head)
        known = self._seqs.get(source)
        if known is not None and seq <= known and not self._namesake(head, seq):
            self.repeated += 1
            return
        if known is None and len(self._seqs) >= MOST_SOURCES:
            oldest = next(iter(self._seqs))
            for told in (self._seqs, self._begun, self._tops):
                told.pop(oldest, None)
        if seq == 1:
            self._begun[source] = head.timestamp
        self._seqs[source] = seq
        last = self._out[-1] if self._out else None
        if last is not None and last.source == source and last.first_seq + len(last.lines) == seq:
            last.lines.append(line)
        else:
            self._out.append(Run(source, seq, [line]))

    def _namesake(self, head: _Head, seq: int) -> bool:
        """Whether a source begins again at 1: another run of a program that names itself."""
        return seq == 1 and self._begun.get(head.source or "", head.timestamp) != head.timestamp

    def _pass_unnumbered(self, line: bytes) -> None:
        self._unnumbered += 1
        last = self._out[-1] if self._out else None
        if last is not None and last.source == "":
            last.lines.append(line)
        else:
            self._out.append(Run("", self._unnumbered, [line]))

    def _know(self, head: _Head) -> None:
        """Effects of it need not wait from now on."""
        name, source = head.id, head.source
        if name is None or len(name) > LONGEST_NAME:
            return
        if source is not None:
            prefix, _, number = name.rpartition("-")
            if prefix == source and number.isdecimal():
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
                    if not self._caused(first.head):
                        if now < first.until and self.held <= MOST_HELD:
                            break
                        self.late += 1
                        self._miss(first.head.cause or "")
                    moved = True
                    lane.popleft()
                    first.entry.left -= 1
                    self.held -= 1
                    self._pass(first.head, first.line)
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


def _heads(lines: Sequence[bytes]) -> Sequence[_Head | None]:
    """The head of each line; None where it is no event."""
    with suppress(*_WRONG):
        return _head.decode_lines(b"\n".join(lines))
    return [_head_of(line) for line in lines]


def _head_of(line: bytes) -> _Head | None:
    try:
        decode_line(line)  # as strictly as whoever reads it later
        return _head.decode(line)
    except (BrokenLineError, *_WRONG):
        return None
