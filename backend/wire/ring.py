"""The history that all clients of a feed read from: encoded batches, bounded, oldest out first.

A *position* counts events in the ring's own order of arrival. It is the cursor of a
client and never leaves this process; on the wire an event is named by source and seq.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Protocol

from backend.events import Event
from backend.wire.shared import SharedFrames
from backend.wire.states import Kept, Key, States

_SHOWN_SOURCES = 100
_MOST_SOURCES = 16_384  # that are known without an event of theirs being held


class EventBatch(Protocol):
    """What the ring takes of a batch: consecutive events of one source, encoded once."""

    jsonl: bytes
    first_seq: int

    @property
    def events(self) -> Sequence[Event]:
        """The events as objects; the ring looks at the first one's source only."""

    def states(self) -> Mapping[Key, int]:
        """The index of the last snapshot of each component and session."""


class Segment:
    """One batch as the ring keeps it: its bytes, no event objects.

    An event in it is named by its index and the offset where its line begins.
    """

    __slots__ = ("count", "first_seq", "jsonl", "kept", "source", "start")

    def __init__(self, batch: EventBatch, start: int) -> None:
        self.jsonl = batch.jsonl
        self.source = batch.events[0].source or ""
        self.first_seq = batch.first_seq
        self.count = len(batch.events)
        self.start = start
        self.kept: dict[Key, Kept] = {}

    @property
    def last_seq(self) -> int:
        """``seq`` of its last event."""
        return self.first_seq + self.count - 1

    def line(self, index: int) -> bytes:
        """One event as its JSON without newline. Looks through the bytes, from the nearer end."""
        if index * 2 < self.count:
            offset = self.offset(index)
            return self.jsonl[offset : self.jsonl.index(b"\n", offset)]
        end = len(self.jsonl) - 1
        for _ in range(self.count - 1 - index):
            end = self.jsonl.rindex(b"\n", 0, end)
        return self.jsonl[self.jsonl.rfind(b"\n", 0, end) + 1 : end]

    def offset(self, index: int) -> int:
        """Where the line of event `index` begins. Looks through the bytes: for the first read only."""
        offset = 0
        for _ in range(index):
            offset = self.jsonl.index(b"\n", offset) + 1
        return offset

    def cut(self, index: int, offset: int, room: int) -> tuple[int, int]:
        """Index and offset after the last event that fits into `room` bytes; unchanged if none does."""
        # JSON text holds no raw newline, so newlines are the ends of events and nothing else.
        stop = self.jsonl.rfind(b"\n", offset, offset + room) + 1
        if stop == 0:
            return index, offset
        if stop == len(self.jsonl):
            return self.count, stop
        return index + self.jsonl.count(b"\n", offset, stop), stop

    def one(self, index: int, offset: int) -> tuple[int, int]:
        """Index and offset after the event at `offset`."""
        return index + 1, self.jsonl.index(b"\n", offset) + 1

    def joined(self, offset: int, stop: int) -> bytes:
        """The events in this range of bytes, joined by commas."""
        return self.jsonl[offset : stop - 1].replace(b"\n", b",")

    def lines(self, offset: int, stop: int) -> list[bytes]:
        """The events in this range of bytes, each as its JSON without newline."""
        return self.jsonl[offset : stop - 1].split(b"\n")

    def lines_of(self, index: int, stop: int) -> list[bytes]:
        """Events by index, each as its JSON without newline. Looks through the bytes."""
        offset = end = self.offset(index)
        for _ in range(index, stop):
            end = self.jsonl.index(b"\n", end) + 1
        return self.lines(offset, end)


class Ring:
    """The latest events, at most `max_events` and `max_bytes`, but always the newest batch.

    Batches of several sources may be mixed; each source's own come in order. ``states`` are the snapshots of
    components: those that are told to late clients. ``shared`` are frames that were made of it lately.
    """

    def __init__(self, max_events: int, max_bytes: int) -> None:
        if max_events < 1 or max_bytes < 1:
            raise ValueError("a ring needs room for at least one event")
        self.max_events = max_events
        self.max_bytes = max_bytes
        self.bytes = 0
        self.source: str | None = None
        self.states = States()
        self.shared = SharedFrames()
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
        self._next_seq[segment.source] = segment.last_seq + 1
        segment.kept = self.states.came(segment, batch.states())
        if len(self._next_seq) > _MOST_SOURCES:
            self._forget_sources()
        head, last = self._head, len(self._segments) - 1
        while head < last and (
            self.end - self._starts[head] > self.max_events or self.bytes > self.max_bytes
        ):
            gone = self._segments[head]
            self.bytes -= len(gone.jsonl)
            self.states.went(gone.kept, len(gone.jsonl))
            head += 1
        self._head = head
        if head > 1024 and head * 2 > last:  # noqa: PLR2004 - rare enough that a deletion costs nothing
            del self._segments[:head], self._starts[:head]
            self._head = 0

    def find(self, position: int) -> Segment:
        """The segment that holds the event at `position`, which must be in the ring."""
        return self._segments[bisect_right(self._starts, position, lo=self._head) - 1]

    @property
    def next_seqs(self) -> dict[str, int]:
        """`next_seq` of each source that came lately, in order of appearance."""
        return dict(list(self._next_seq.items())[-_SHOWN_SOURCES:])

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
        """Position right after event `seq` of `source`; the oldest where that event is held no longer.

        What others emitted after it is behind that position. None when `source` is unknown here or has not
        come as far as `seq`: then the seq was counted by another incarnation.
        """
        source = source or self.source
        if source is None or seq >= self._next_seq.get(source, 0):
            return None
        for segment in reversed(self._segments[self._head :]):
            if segment.source == source and segment.first_seq <= seq:
                return segment.start + min(seq + 1 - segment.first_seq, segment.count)
        return self.oldest

    def position_of_news(self, known: Mapping[str, int]) -> int:
        """Position of the first event held whose seq is above what is known of its source."""
        for segment in self._segments[self._head :]:
            seq = known.get(segment.source, 0)
            if segment.last_seq > seq:
                return segment.start + max(0, seq + 1 - segment.first_seq)
        return self.end

    def _forget_sources(self) -> None:
        """Those that came first and have nothing here any more: runs of programs, of long ago."""
        held = {segment.source for segment in self._segments[self._head :]}
        for source in [one for one in self._next_seq if one not in held][: _MOST_SOURCES // 2]:
            del self._next_seq[source], self._first_seq[source]
