"""The history that all clients of a feed read from: encoded batches, bounded, oldest out first.

A *position* counts events in the ring's own order of arrival. It is the cursor of a
client and never leaves this process; on the wire an event is named by source and seq.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from itertools import accumulate
from typing import Protocol

from backend.events import Event


class EventBatch(Protocol):
    """What the ring takes of a batch: consecutive events of one source, encoded once."""

    events: tuple[Event, ...]
    jsonl: bytes
    first_seq: int


class Segment:
    """One batch as the ring keeps it: the bytes and where each line ends, no event objects."""

    __slots__ = ("_ends", "count", "first_seq", "jsonl", "source", "start")

    def __init__(self, batch: EventBatch, start: int) -> None:
        self.jsonl = batch.jsonl
        self.source = batch.events[0].source or ""
        self.first_seq = batch.first_seq
        self.count = len(batch.events)
        self.start = start
        self._ends: array[int] | None = None

    @property
    def ends(self) -> array[int]:
        """Offset just after each event's newline; found when the first client reads the segment."""
        ends = self._ends
        if ends is None:
            # JSON text holds no raw newline, so splitting is exact.
            lines = self.jsonl.split(b"\n", self.count)
            ends = array("Q", accumulate(len(line) + 1 for line in lines[: self.count]))
            self._ends = ends
        return ends

    def cut(self, first: int, room: int) -> int:
        """Index after the last event that fits into `room` bytes from event `first` on; may be `first`."""
        ends = self.ends
        base = ends[first - 1] if first else 0
        return bisect_right(ends, base + room, lo=first)

    def joined(self, first: int, stop: int) -> bytes:
        """Events `first` to `stop` - 1, joined by commas."""
        ends = self.ends
        begin = ends[first - 1] if first else 0
        return self.jsonl[begin : ends[stop - 1] - 1].replace(b"\n", b",")

    def lines(self, first: int, stop: int) -> list[bytes]:
        """Events `first` to `stop` - 1, each as its JSON without newline."""
        ends = self.ends
        begin = ends[first - 1] if first else 0
        return self.jsonl[begin : ends[stop - 1] - 1].split(b"\n")


class Ring:
    """The latest events, at most `max_events` and `max_bytes`, but always the newest batch.

    Batches of several sources may be mixed; each source's own come in order.
    """

    def __init__(self, max_events: int, max_bytes: int) -> None:
        if max_events < 1 or max_bytes < 1:
            raise ValueError("a ring needs room for at least one event")
        self.max_events = max_events
        self.max_bytes = max_bytes
        self.bytes = 0
        self.source: str | None = None
        self._segments: list[Segment] = []
        self._starts: list[int] = []
        self._head = 0  # segments before it are evicted; compacted now and then
        self._first_seq: dict[str, int] = {}
        self._next_seq: dict[str, int] = {}
        self.end = 0

    @property
    def oldest(self) -> int:
        """Position of the oldest event held; equals ``end`` when empty."""
        return self._starts[self._head] if self._head < len(self._starts) else self.end

    def __len__(self) -> int:
        """Events held."""
        return self.end - self.oldest

    def append(self, batch: EventBatch) -> None:
        """Take a batch, and let go of the oldest ones beyond the bounds."""
        segment = Segment(batch, self.end)
        self._segments.append(segment)
        self._starts.append(segment.start)
        self.end += segment.count
        self.bytes += len(segment.jsonl)
        self.source = segment.source
        self._first_seq.setdefault(segment.source, segment.first_seq)
        self._next_seq[segment.source] = segment.first_seq + segment.count
        head, last = self._head, len(self._segments) - 1
        while head < last and (
            self.end - self._starts[head] > self.max_events or self.bytes > self.max_bytes
        ):
            self.bytes -= len(self._segments[head].jsonl)
            head += 1
        self._head = head
        if head > 1024 and head * 2 > last:  # noqa: PLR2004 - rare enough that a deletion costs nothing
            del self._segments[:head], self._starts[:head]
            self._head = 0

    def find(self, position: int) -> Segment:
        """The segment that holds the event at `position`, which must be in the ring."""
        return self._segments[bisect_right(self._starts, position, lo=self._head) - 1]

    def next_seq(self, source: str) -> int:
        """The seq that the next event of `source` will have; 1 for a source never seen."""
        return self._next_seq.get(source, 1)

    def first_seq(self, source: str) -> int:
        """The first seq of `source` that ever came, evicted or not; 1 for a source never seen."""
        return self._first_seq.get(source, 1)

    def seqs_from(self, position: int) -> dict[str, int]:
        """For each source, the seq of its first event at or after `position`, or its next one."""
        found: dict[str, int] = {}
        position = max(position, self.oldest)
        if position < self.end:
            at = bisect_right(self._starts, position, lo=self._head) - 1
            for segment in self._segments[at:]:
                if segment.source not in found:
                    found[segment.source] = segment.first_seq + max(0, position - segment.start)
                    if len(found) == len(self._next_seq):
                        break
        return self._next_seq | found

    def position_after(self, source: str | None, seq: int) -> int | None:
        """Position of the first event held of `source` with a seq above `seq`.

        None when `source` is unknown here or has not come as far as `seq`: then
        the seq was counted by another incarnation.
        """
        source = source or self.source
        if source is None or source not in self._next_seq or seq >= self._next_seq[source]:
            return None
        for segment in self._segments[self._head :]:
            if segment.source == source and segment.first_seq + segment.count > seq + 1:
                return segment.start + max(0, seq + 1 - segment.first_seq)
        return self.end
