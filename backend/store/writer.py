"""The one who writes to a store: lines first, then what is known of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Literal, Self

from msgspec import Struct

from backend.events import BrokenLineError, Event, decode_line, decode_lines
from backend.store.compaction import compact
from backend.store.errors import StoreError
from backend.store.index import PART_EVENTS, Pending, learn, note_in, write_part
from backend.store.layout import EVENTS, Segment, catalogue, make, segment_name
from backend.store.lock import WriterLock
from backend.store.retention import Limits, paths_of, retain
from backend.store.seen import Seen
from backend.store.segments import lines_of
from backend.store.truth import Truth, remove

SEGMENT_BYTES: Final = 64 << 20
"""Text of a segment, about: what retention removes, and compaction compresses, at once."""

_SYNC_SECONDS: Final = 1.0
_CLOSING_SECONDS: Final = 5.0  # for what the index lacks at the end; the next writer makes the rest
_RETAIN_SECONDS: Final = 60.0
_PIECE: Final = (
    16 << 20
)  # of text that is indexed at a time: a fifth of a second, in which nobody is answered

Fsync = Literal["batch", "second", "never"]
Told = Callable[[str], None]


class Policy(Struct, frozen=True):
    """How a store is written. ``fsync``: whom an acknowledged event outlives.

    The writer's own death always. ``batch``: the machine's too; ``second``: the machine's, but for
    the last second; ``never``: as the system likes.
    """

    fsync: Fsync = "second"
    segment_bytes: int = SEGMENT_BYTES
    limits: Limits = Limits()


class Taken(Struct):
    """What became of lines: an event is stored, or was already, or is none."""

    stored: int = 0
    repeated: int = 0
    broken: int = 0


class Writer:
    """An open store. One at a time; whoever reads is not in its way. ``rebuild`` makes the index anew.

    Raises:
        StoreError: it cannot be opened, or another process writes to it.
    """

    def __init__(
        self,
        folder: Path,
        policy: Policy | None = None,
        tell: Told = lambda _: None,
        *,
        rebuild: bool = False,
    ) -> None:
        self.folder = folder
        self.policy = policy or Policy()
        self._tell = tell
        self._seen = Seen()
        self.behind = False
        """Whether the index lacks something that is no longer pending."""
        make(folder)
        self._lock = WriterLock(folder)
        try:
            if rebuild:
                for path in folder.glob("index/day=*/*.parquet"):
                    remove(path)
            self._number, self._truth, self._pending = self._recover()
        except BaseException:
            self._lock.close()
            raise
        now = time.monotonic()
        self._synced = self._retained = now

    # --- beginning ----------------------------------------------------------------

    def _recover(self) -> tuple[int, Truth, Pending]:
        """Take up where the last writer stopped, however it did."""
        self._remove_rests()
        there = catalogue(self.folder)
        for part in there.parts:
            note = note_in(part.path)
            if note is None:
                self._tell(f"{part.path}: damaged, made anew from the events")
                remove(part.path)
            else:
                learn(self._seen, part, note)
        there = catalogue(self.folder)
        last = there.segments[-1] if there.segments else None
        number = 1 if last is None else last.last + 1 if last.packed else last.last
        own = [one.end for one in there.parts if last is not None and one[:2] == last[:2] == (number, number)]
        truth = Truth(self.folder / EVENTS / segment_name(number, number))
        if truth.torn:
            self._tell(f"{truth.path}: {truth.torn} bytes of a torn last line cut off")
        try:
            for hole in there.holes:
                if hole.segment is not last or last.packed or hole.end < (own[-1] if own else 0):
                    self._index(hole.segment, hole.start, hole.end)
            start = own[-1] if own else 0
            pending = Pending(start)
            for events, end in self._learned(truth.path, start, truth.size):
                pending.add(events, end)
        except BaseException:
            truth.close()
            raise
        return number, truth, pending

    def _remove_rests(self) -> None:
        """What a killed writer began, and what something wider has taken the place of."""
        for path in self.folder.rglob("*.tmp"):
            remove(path)
        kept = set(paths_of(catalogue(self.folder)))
        for pattern in (f"{EVENTS}/*.jsonl", f"{EVENTS}/*.jsonl.zst", "index/day=*/*.parquet"):
            for path in self.folder.glob(pattern):
                if path not in kept and not path.is_symlink():
                    remove(path)

    def _index(self, segment: Segment, start: int, end: int) -> bool:
        """Make the missing index of a text; whether there was an event in it."""
        span = segment[:2]
        pending = Pending(start)
        for events, at in self._learned(segment.path, start, end):
            pending.add(events, at)
            if pending.rows >= PART_EVENTS:
                self._flush(span, pending)
        self._flush(span, pending)
        return pending.end > start

    def _learned(self, path: Path, start: int, end: int) -> Iterator[tuple[list[Event], int]]:
        """Events of a text that is in the store."""
        for events, at in lines_of(path, start, end):
            self._seen.take(events)
            yield events, at

    @property
    def seen(self) -> Seen:
        """Which events are in the store: to be looked at only."""
        return self._seen

    # --- writing ------------------------------------------------------------------

    def write(self, lines: bytes, *, index: bool = True) -> Taken:
        """Store the events of these lines, each ended by a newline, but those that are stored already.

        When this returns they are in the file (with ``fsync="batch"``, on the disk). Without `index`, for
        which there may be no time, they are left to `tick` when that is idle.

        Raises:
            StoreError: they cannot be written; none of them is stored then.
        """
        texts = lines[:-1].split(b"\n")
        taken = Taken()
        events = decode_lines(texts)
        if events is None:
            texts, events = _decoded_each(texts, taken)
        if not events:
            return taken
        new = self._seen.take(events)
        if new is not None or taken.broken:
            chosen = range(len(events)) if new is None else new
            taken.repeated = len(events) - len(chosen)
            lines = b"".join(texts[place] + b"\n" for place in chosen)
            events = [events[place] for place in chosen]
        if not events:
            return taken
        self._put(lines, events, index=index)
        taken.stored = len(events)
        return taken

    def _put(self, lines: bytes, events: list[Event], *, index: bool) -> None:
        # A failed append leaves `seen` ahead of the file: the process ends with the error, and begins anew.
        self._truth.append(lines)
        if self.policy.fsync == "batch":
            self._truth.sync()
        if index:
            self._pending.add(events, self._truth.size)
            return
        self._flush((self._number, self._number), self._pending)
        self._pending = Pending(self._truth.size)
        self.behind = True

    def tick(self, *, idle: bool = False) -> None:
        """What is due besides: to be called after writes, and now and then; `idle`: there is time.

        Raises:
            StoreError: the disk does not take it.
        """
        if self._pending.rows >= PART_EVENTS:
            self._flush((self._number, self._number), self._pending)
        if self._truth.size >= self.policy.segment_bytes:
            self._begin_segment()
        if idle and self.behind:
            self._catch_up()
        now = time.monotonic()
        if self.policy.fsync == "second" and now - self._synced >= _SYNC_SECONDS:
            self._synced = now
            self._truth.sync()
        if now - self._retained >= _RETAIN_SECONDS:
            self._retained = now
            self.retain()

    def _catch_up(self) -> None:
        """Make a piece of the index that was left out, if there is one."""
        for segment, start, end in catalogue(self.folder).holes:
            if segment.first == self._number and start >= self._pending.start:
                continue  # that is pending
            if self._index(segment, start, min(end, start + _PIECE)) or self._index(segment, start, end):
                return
        self.behind = False

    def _flush(self, span: tuple[int, int], pending: Pending) -> None:
        if pending.rows:
            text = pending.start, pending.end
            write_part(self.folder, span, text, pending.taken())

    def _begin_segment(self) -> None:
        self._flush((self._number, self._number), self._pending)
        self._truth.close()
        self._number += 1
        self._truth = Truth(self.folder / EVENTS / segment_name(self._number, self._number))
        self._pending = Pending(0)
        self.retain()

    def retain(self) -> None:
        """Remove the oldest segments that are beyond the limits."""
        for segment in retain(self.folder, self.policy.limits):
            self._tell(f"{segment.path.name} is beyond the limits: removed")

    def compact(self) -> int:
        """Compact what is not written to any more; returns how many files that saved.

        Raises:
            StoreError: it cannot be; the store is as it was.
        """
        return compact(self.folder, self.policy.segment_bytes, self._index)

    # --- the end ------------------------------------------------------------------

    def close(self, *, index: bool = True) -> None:
        """Write what is held back, and let the next writer in. Idempotent.

        Raises:
            StoreError: the disk does not take it; the events are in the file all the same.
        """
        try:
            if index:
                self._flush((self._number, self._number), self._pending)
                until = time.monotonic() + _CLOSING_SECONDS
                while self.behind and time.monotonic() < until:
                    self._catch_up()
        finally:
            try:
                self._truth.close()
            finally:
                self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(index=kind is None or not issubclass(kind, StoreError))


def _decoded_each(texts: list[bytes], taken: Taken) -> tuple[list[bytes], list[Event]]:
    """Those that are events, where at least one is not."""
    good: list[bytes] = []
    events: list[Event] = []
    for text in texts:
        content = text.removesuffix(b"\r")
        if not content.strip():
            continue
        try:
            events.append(decode_line(content))
        except BrokenLineError:
            taken.broken += 1
        else:
            good.append(content)
    return good, events
